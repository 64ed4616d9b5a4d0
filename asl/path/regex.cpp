#include "asl/path/regex.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace pawl::asl::jsonpath {

namespace {

// Java's COMMENTS flag, which RE2 does not have: white space and #... outside classes is dropped.
std::string without_comments(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      out.push_back(c);
      out.push_back(pattern[++i]);
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    if (!in_class && c == '#') {
      while (i < pattern.size() && pattern[i] != '\n') ++i;
      continue;
    }
    if (!in_class && (c == ' ' || (c >= '\t' && c <= '\r'))) continue;
    out.push_back(c);
  }
  return out;
}

bool is_hex(std::string_view digits) {
  return digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// Escapes that Java has and RE2 writes in another way: \uXXXX, \h (a blank) and \Z (before the end,
// with which the whole value ends here).
std::string with_java_escapes(std::string_view pattern) {
  constexpr std::string_view kBlanks =
      " \\t\\x{A0}\\x{1680}\\x{180E}\\x{2000}-\\x{200A}\\x{202F}\\x{205F}\\x{3000}";
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    if (c != '\\' || i + 1 == pattern.size()) {
      out.push_back(c);
      continue;
    }
    const char escaped = pattern[++i];
    const std::string_view digits = pattern.substr(i + 1, 4);
    if (escaped == 'u' && digits.size() == 4 && is_hex(digits)) {
      ((out += "\\x{") += digits) += '}';
      i += 4;
    } else if (escaped == 'h') {
      (out += in_class ? "" : "[") += kBlanks;
      if (!in_class) out += ']';
    } else if (escaped == 'Z') {
      out += "\\z";
    } else if (escaped == 'Q') {  // plain text up to \E
      const std::size_t end = std::min(pattern.find("\\E", i), pattern.size());
      out += pattern.substr(i - 1, end - i + 1);
      i = end - 1;
    } else {
      (out += '\\') += escaped;
    }
  }
  return out;
}

}  // namespace

std::shared_ptr<const re2::RE2> compile_regex(std::string_view text) {
  const std::size_t end = text.rfind('/');
  std::string pattern(text.substr(1, end - 1));
  std::string flags;
  for (const char flag : text.substr(end + 1)) {
    if (flag == 'i' || flag == 's' || flag == 'm') flags.push_back(flag);
    if (flag == 'x') pattern = without_comments(pattern);
  }
  pattern = with_java_escapes(pattern);
  if (!flags.empty()) pattern = "(?" + flags + ")" + pattern;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(std::int64_t{1} << 20);  // programs are small; see kMaxPathBytes
  auto regex = std::make_shared<const re2::RE2>(pattern, options);
  return regex->ok() ? regex : nullptr;
}

}  // namespace pawl::asl::jsonpath
