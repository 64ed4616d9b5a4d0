#include "asl/intrinsics/call.h"
#include "asl/intrinsics/functions.h"
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/path/java_text.h"

#include <string>
#include <vector>

namespace pawl::asl::intrinsics {

namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Bytes of the character at `at`.
std::size_t character_size(std::string_view text, std::size_t at) {
  std::size_t size = 1;
  while (at + size < text.size() && is_continuation(text[at + size])) ++size;
  return size;
}

}  // namespace

// Each `{}` takes the next value; as many values as `{}` are wanted. Objects and arrays are
// printed as Java prints them.
Outcome format(std::string_view raw_template, Arguments values) {
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i < raw_template.size(); ++i) {
    const char c = raw_template[i];
    const char next = i + 1 < raw_template.size() ? raw_template[i + 1] : '\0';
    if (c == '\\' && (next == '{' || next == '}' || next == '\'' || next == '\\')) {
      out.push_back(next);
      ++i;
    } else if (c == '{' && next == '}') {
      if (used == values.size()) return std::nullopt;
      const Value& value = values[used++];
      if (exceeds_bytes(value, kMaxTextBytes)) return std::nullopt;
      out += java_collection_string(value);
      ++i;
    } else {
      out.push_back(c);
    }
    if (out.size() > kMaxTextBytes) return std::nullopt;
  }
  if (used != values.size()) return std::nullopt;
  return Value::string(out);
}

Outcome string_to_json(Arguments arguments) {
  if (!arguments[0].is_string()) return std::nullopt;
  const std::string_view text = arguments[0].as_string();
  if (is_blank(text)) return Value::null();
  Result<Value> value = read_json(text);
  if (!value) return std::nullopt;
  return *std::move(value);
}

Outcome json_to_string(Arguments arguments) {
  if (exceeds_bytes(arguments[0], kMaxTextBytes)) return std::nullopt;
  return Value::string(to_json(arguments[0]));
}

// Splits at every character of the second string; empty pieces are dropped.
Outcome string_split(Arguments arguments) {
  if (!arguments[0].is_string() || !arguments[1].is_string()) return std::nullopt;
  const std::string_view text = arguments[0].as_string();
  const std::string_view delimiters = arguments[1].as_string();
  std::vector<Value> pieces;
  std::size_t begin = 0;
  const auto add = [&](std::size_t end) {
    if (end > begin) pieces.push_back(Value::string(text.substr(begin, end - begin)));
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = character_size(text, i);
    if (delimiters.find(text.substr(i, size)) != std::string_view::npos) {
      add(i);
      begin = i + size;
    }
    i += size;
  }
  add(text.size());
  return Value::array(std::move(pieces));
}

}  // namespace pawl::asl::intrinsics
