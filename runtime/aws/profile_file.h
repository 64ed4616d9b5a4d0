// The files in which AWS's tools keep profiles (~/.aws/credentials, ~/.aws/config): [sections] of
// NAME = VALUE lines. Lenient, as these tools are: what is for others is skipped.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace pawl::runtime::aws {

// Values by name, sections by name: "[profile x]" of the config file is "x". Of equal names the
// last value wins; sections of one name are one. Nested values ("s3 =" and indented lines) are
// left out.
using ProfileFile =
    std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>>;

ProfileFile parse_profiles(std::string_view text);
// Blocks. kNotFound, kIo; kLimit past kIniBytesMax (ini.h).
Result<ProfileFile> load_profiles(const std::string& path);

}  // namespace pawl::runtime::aws
