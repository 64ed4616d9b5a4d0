// What is text: a JSON string holds Unicode, and bytes from outside may be none.
#pragma once

#include <string_view>

namespace pawl::asl {

bool is_ascii(std::string_view text);
// RFC 3629: the shortest form, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace pawl::asl
