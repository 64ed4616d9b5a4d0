#include "asl/json/reader.h"
#include "asl/parse/parse.h"
#include "asl/parse/pointer.h"
#include "asl/parse/yaml_document.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::asl {
namespace {

// Walks JSON text without reading it into a Value. It trusts nothing: a definition with an error
// is what people ask about, so every step answers "not found" on text that is no JSON.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t offset() const { return offset_; }
  void go_to(std::size_t offset) { offset_ = offset; }

  char peek() {
    skip_blanks();
    return offset_ < text_.size() ? text_[offset_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++offset_;
    return true;
  }

  // The text between the quotes of a string, as it stands.
  std::optional<std::string_view> raw_string() {
    if (!take('"')) return std::nullopt;
    const std::size_t begin = offset_;
    while (offset_ < text_.size() && text_[offset_] != '"') {
      offset_ += text_[offset_] == '\\' ? 2 : 1;
    }
    if (offset_ >= text_.size()) return std::nullopt;
    return text_.substr(begin, offset_++ - begin);
  }

  // Passes one value, however deep, by counting brackets.
  bool skip_value() {
    std::size_t depth = 0;
    do {
      const char c = peek();
      if (c == '\0') return false;
      if (c == '"') {
        if (!raw_string()) return false;
      } else if (c == '{' || c == '[') {
        ++depth;
        ++offset_;
      } else if (c == '}' || c == ']') {
        if (depth == 0) return false;
        --depth;
        ++offset_;
      } else if (c == ',' || c == ':') {
        if (depth == 0) return false;
        ++offset_;
      } else {
        const std::size_t end = text_.find_first_of(",:{}[]\" \t\r\n", offset_);
        offset_ = std::min(end, text_.size());
      }
    } while (depth > 0);
    return true;
  }

 private:
  void skip_blanks() {
    offset_ = std::min(text_.find_first_not_of(" \t\r\n", offset_), text_.size());
  }

  std::string_view text_;
  std::size_t offset_ = 0;
};

// A step into the text: where the place stands (key or item), where its value begins, and how much
// of the pointer led there.
struct Step {
  std::size_t place = 0;
  std::size_t value = 0;
  std::size_t consumed = 0;
};

std::optional<Step> step_into_object(Scanner& scanner, std::string_view pointer) {
  std::optional<Step> best;
  if (!scanner.take('{') || scanner.peek() == '}') return best;
  do {
    scanner.peek();
    const std::size_t place = scanner.offset();
    const std::optional<std::string_view> raw = scanner.raw_string();
    if (!raw || !scanner.take(':')) return best;
    scanner.peek();
    std::size_t consumed = match_key(pointer, *raw);
    if (consumed == 0 && raw->find('\\') != std::string_view::npos) {
      const Result<Value> key = read_json('"' + std::string(*raw) + '"');
      if (key && key->is_string()) consumed = match_key(pointer, key->as_string());
    }
    // Of several keys that fit ("a" and "a/b") the longest; of equal keys the last, which counts.
    if (consumed > 0 && (!best || consumed >= best->consumed)) {
      best = Step{place, scanner.offset(), consumed};
    }
    if (!scanner.skip_value()) return best;
  } while (scanner.take(','));
  return best;
}

std::optional<Step> step_into_array(Scanner& scanner, std::string_view pointer) {
  const std::optional<IndexMatch> match = match_index(pointer);
  if (!match || !scanner.take('[')) return std::nullopt;
  for (std::size_t i = 0; i < match->index; ++i) {
    if (!scanner.skip_value() || !scanner.take(',')) return std::nullopt;
  }
  const char c = scanner.peek();
  if (c == ']' || c == '\0') return std::nullopt;
  return Step{scanner.offset(), scanner.offset(), match->consumed};
}

std::optional<std::size_t> locate_json(std::string_view text, std::string_view pointer) {
  Scanner scanner(text);
  scanner.peek();
  std::size_t place = scanner.offset();
  while (!pointer.empty()) {
    const std::optional<Step> step = scanner.peek() == '{' ? step_into_object(scanner, pointer)
                                                           : step_into_array(scanner, pointer);
    if (!step) return std::nullopt;
    place = step->place;
    scanner.go_to(step->value);
    pointer.remove_prefix(step->consumed);
  }
  return place;
}

}  // namespace

Result<SourceLine> locate(std::string_view text, std::string_view pointer) {
  if (pointer == "/") pointer = {};
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    if (const std::optional<std::size_t> offset = locate_json(text, pointer)) {
      const TextPosition position = position_of(text, *offset);
      return SourceLine{position.line, position.column};
    }
  }
  return locate_yaml(text, pointer);
}

}  // namespace pawl::asl
