// The grammar of Reference Paths, which is the States Language's own. Internal to asl/path.
#pragma once

#include "asl/path/compiled.h"
#include "base/result.h"

#include <string_view>

namespace pawl::asl::jsonpath {

// See Path::parse_reference.
Result<CompiledPath> parse_reference_path(std::string_view text);

}  // namespace pawl::asl::jsonpath
