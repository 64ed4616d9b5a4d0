// Text that the command line names: files, standard input, JSON given in place.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace pawl::cli {

// A file beyond this is not meant to be read here.
inline constexpr std::size_t kFileBytesMax = std::size_t{64} << 20;

// kNotFound, kIo, kLimit; the message begins with the path. "-" is standard input.
Result<std::string> read_text(const std::string& path);

// The value of an option that takes JSON: the text itself, @FILE, or - for standard input. kInvalid
// if it is not JSON: the message has the place and the line that is wrong.
Result<std::string> read_json_argument(std::string_view option, const std::string& value);

// kInvalid with "NAME: line L, column C: what is wrong" and the line in question below it.
Status check_json(std::string_view name, std::string_view text);

// Line `line` of `text` with a caret under `column`; empty when there is no such line.
std::string excerpt(std::string_view text, std::size_t line, std::size_t column);

// Writes a file as a whole or not at all.
Status replace_file(const std::string& path, std::string_view text);

}  // namespace pawl::cli
