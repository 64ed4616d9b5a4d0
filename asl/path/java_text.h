// Texts as Java prints them: what shows through in the service's messages and in States.Format.
#pragma once

#include "asl/json/value.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace pawl::asl {

// Object.toString of a parsed document: strings bare, objects as maps ({a=1, b=[2,3]}), arrays as
// the parser's list type prints itself, which is JSON ([1,"a",{"b":2}]).
std::string java_to_string(const Value& value);

// The same with lists in the style of java.util.AbstractCollection ([1, a, {b=2}]): what
// States.Format prints.
std::string java_collection_string(const Value& value);

// The run-time class of a parsed value: "java.lang.Integer", "net.minidev.json.JSONArray"; "null".
std::string_view java_class_name(const Value& value);

// String.length: UTF-16 code units.
std::size_t utf16_length(std::string_view utf8);

// String.compareTo by UTF-16 code units: negative, zero or positive. Differs from the order of
// bytes only where a character beyond U+FFFF meets one of U+E000..U+FFFF.
int compare_utf16(std::string_view a, std::string_view b);

// Appends `code_point` in UTF-8; a lone surrogate becomes U+FFFD.
void append_utf8(char32_t code_point, std::string& out);

}  // namespace pawl::asl
