#include "asl/path/java_text.h"

#include "asl/json/writer.h"

#include <cstdint>
#include <limits>

namespace pawl::asl {

namespace {

bool fits_int32(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

// Depth of recursion: that of the document, at most kMaxDepth.
void append_java(const Value& value, bool json_lists, std::string& out) {
  switch (value.kind()) {
    case Kind::kString:
      out += value.as_string();
      return;
    case Kind::kObject: {
      out.push_back('{');
      bool first = true;
      for (const Member& member : value.members()) {
        if (!first) out += ", ";
        first = false;
        out += member.key.as_string();
        out.push_back('=');
        append_java(member.value, json_lists, out);
      }
      out.push_back('}');
      return;
    }
    case Kind::kArray: {
      if (json_lists) break;
      out.push_back('[');
      bool first = true;
      for (const Value& item : value.items()) {
        if (!first) out += ", ";
        first = false;
        append_java(item, json_lists, out);
      }
      out.push_back(']');
      return;
    }
    default:
      break;
  }
  write_json(value, out);
}

// The lead of the next character as UTF-16: the character itself, or its high surrogate.
char32_t decode(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<char32_t>(static_cast<unsigned char>(text[i])) : 0;
  };
  const char32_t first = byte(at);
  if (first < 0x80) {
    at += 1;
    return first;
  }
  if (first < 0xE0) {
    const char32_t code = ((first & 0x1F) << 6) | (byte(at + 1) & 0x3F);
    at += 2;
    return code;
  }
  if (first < 0xF0) {
    const char32_t code =
        ((first & 0x0F) << 12) | ((byte(at + 1) & 0x3F) << 6) | (byte(at + 2) & 0x3F);
    at += 3;
    return code;
  }
  const char32_t code = ((first & 0x07) << 18) | ((byte(at + 1) & 0x3F) << 12) |
                        ((byte(at + 2) & 0x3F) << 6) | (byte(at + 3) & 0x3F);
  at += 4;
  return code;
}

}  // namespace

std::string java_to_string(const Value& value) {
  std::string out;
  append_java(value, true, out);
  return out;
}

std::string java_collection_string(const Value& value) {
  std::string out;
  append_java(value, false, out);
  return out;
}

std::string_view java_class_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "java.util.LinkedHashMap$LinkedKeySet";  // what keys() gives: see path/functions.h
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "java.lang.Boolean";
    case Kind::kInt:
      return fits_int32(value.as_int()) ? "java.lang.Integer" : "java.lang.Long";
    case Kind::kDouble:
      return "java.lang.Double";
    case Kind::kString:
      return "java.lang.String";
    case Kind::kArray:
      return "net.minidev.json.JSONArray";
    case Kind::kObject:
      return "java.util.LinkedHashMap";
  }
  return "null";
}

std::size_t utf16_length(std::string_view utf8) {
  std::size_t length = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) length += byte >= 0xF0U ? 2 : 1;
  }
  return length;
}

int compare_utf16(std::string_view a, std::string_view b) {
  std::size_t same = 0;
  const std::size_t shorter = a.size() < b.size() ? a.size() : b.size();
  while (same < shorter && a[same] == b[same]) ++same;
  if (same == a.size() || same == b.size()) {
    return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
  }
  // Back to the start of the character that differs.
  while (same > 0 && (static_cast<unsigned char>(a[same]) & 0xC0U) == 0x80U) --same;
  std::size_t at_a = same;
  std::size_t at_b = same;
  const char32_t x = decode(a, at_a);
  const char32_t y = decode(b, at_b);
  const bool x_pair = x > 0xFFFF;
  const bool y_pair = y > 0xFFFF;
  if (x_pair == y_pair) return x < y ? -1 : 1;
  // A pair begins with a unit of 0xD800..0xDBFF.
  if (x_pair) return y < 0xD800 ? 1 : -1;
  return x < 0xD800 ? -1 : 1;
}

void append_utf8(char32_t code_point, std::string& out) {
  if (code_point >= 0xD800 && code_point <= 0xDFFF) code_point = 0xFFFD;
  if (code_point < 0x80) {
    out.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out.push_back(static_cast<char>(0xC0U | (code_point >> 6U)));
    out.push_back(static_cast<char>(0x80U | (code_point & 0x3FU)));
  } else if (code_point < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | (code_point >> 12U)));
    out.push_back(static_cast<char>(0x80U | ((code_point >> 6U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (code_point & 0x3FU)));
  } else {
    out.push_back(static_cast<char>(0xF0U | (code_point >> 18U)));
    out.push_back(static_cast<char>(0x80U | ((code_point >> 12U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | ((code_point >> 6U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (code_point & 0x3FU)));
  }
}

}  // namespace pawl::asl
