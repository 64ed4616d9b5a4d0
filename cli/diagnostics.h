// The problems of a definition, shown with their place in its file.
#pragma once

#include "asl/validate/validate.h"

#include <string>
#include <string_view>
#include <vector>

namespace pawl::cli {

bool has_errors(const std::vector<asl::Diagnostic>& diagnostics);

// "FILE:LINE:COL" of a JSON pointer or of a location as the service writes it; "FILE" if the text
// has no such place.
std::string place_in_file(const std::string& path, std::string_view text, std::string_view pointer);

// One line per problem, on standard error:
//   FILE:LINE:COL: error CODE: message at /States/X/Next
void show_diagnostics(const std::string& path, std::string_view text,
                      const std::vector<asl::Diagnostic>& diagnostics);

}  // namespace pawl::cli
