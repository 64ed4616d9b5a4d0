// What the two readers of ini files here share: profile_file.h, which is as lenient as AWS's SDKs,
// and credentials.h, which refuses what it does not know by its line.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace pawl::runtime::aws {

inline constexpr std::size_t kIniBytesMax = std::size_t{1} << 20;

// Without blanks around it, and without the carriage return of a line's end.
std::string_view trimmed(std::string_view text);

// The whole file. kNotFound, kIo, kLimit: it has more than kIniBytesMax; the message names it.
// Blocks.
Result<std::string> read_ini_file(const std::string& path);

}  // namespace pawl::runtime::aws
