#include "asl/parse/pointer.h"

#include <charconv>
#include <string>

namespace pawl::asl {
namespace {

std::size_t match_written_key(std::string_view pointer, std::string_view key) {
  if (!pointer.starts_with('/') || !pointer.substr(1).starts_with(key)) return 0;
  const std::string_view rest = pointer.substr(1 + key.size());
  if (!rest.empty() && rest.front() != '/' && rest.front() != '[') return 0;
  return 1 + key.size();
}

std::string escape(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::size_t match_key(std::string_view pointer, std::string_view key) {
  const std::size_t raw = match_written_key(pointer, key);
  if (raw > 0 || key.find_first_of("~/") == std::string_view::npos) return raw;
  return match_written_key(pointer, escape(key));
}

std::optional<IndexMatch> match_index(std::string_view pointer) {
  if (pointer.empty() || (pointer.front() != '[' && pointer.front() != '/')) return std::nullopt;
  const bool bracket = pointer.front() == '[';
  IndexMatch match;
  const char* const begin = pointer.data() + 1;
  const char* const end = pointer.data() + pointer.size();
  const auto [last, failure] = std::from_chars(begin, end, match.index);
  if (failure != std::errc() || last == begin) return std::nullopt;
  match.consumed = static_cast<std::size_t>(last - pointer.data());
  if (!bracket) return match;
  if (last == end || *last != ']') return std::nullopt;
  ++match.consumed;
  return match;
}

}  // namespace pawl::asl
