#include "asl/jsonata/regex.h"

#include <re2/re2.h>

#include <array>

namespace pawl::asl::jsonata {
namespace {

// JavaScript's notation in RE2's: \uXXXX, \/, (?<name>, and the classes [] and [^].
std::string translate(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char next = pattern[i + 1];
      if (next == 'u' && i + 5 < pattern.size()) {
        out += "\\x{" + std::string(pattern.substr(i + 2, 4)) + "}";
        i += 5;
      } else if (next == '/') {
        out += '/';
        ++i;
      } else if (next == 's') {
        // RE2's \s lacks the vertical tab and the Unicode spaces.
        out += in_class ? "\\s\\v\\x{a0}\\x{feff}\\x{2028}\\x{2029}\\p{Zs}"
                        : "[\\s\\v\\x{a0}\\x{feff}\\x{2028}\\x{2029}\\p{Zs}]";
        ++i;
      } else {
        out += c;
        out += next;
        ++i;
      }
      continue;
    }
    if (!in_class && c == '[') {
      in_class = true;
      if (pattern.substr(i, 3) == "[^]") {
        out += "[\\x{0}-\\x{10ffff}]";
        i += 2;
        in_class = false;
        continue;
      }
    } else if (in_class && c == '[') {
      out += "\\[";
      continue;
    } else if (c == ']') {
      in_class = false;
    }
    if (!in_class && pattern.substr(i, 3) == "(?<" && i + 3 < pattern.size() &&
        pattern[i + 3] != '=' && pattern[i + 3] != '!') {
      out += "(?P<";
      i += 2;
      continue;
    }
    out += c;
  }
  return out;
}

}  // namespace

Regex::Regex(std::string_view pattern, std::string_view flags) : source_(pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(flags.find('i') == std::string_view::npos);
  options.set_max_mem(8 << 20);
  std::string text = translate(pattern);
  if (flags.find('m') != std::string_view::npos) text = "(?m)" + text;
  compiled_ = std::make_unique<RE2>(text, options);
}

Regex::~Regex() = default;

bool Regex::ok() const { return compiled_->ok(); }
std::string Regex::error() const { return compiled_->error(); }

bool Regex::find(std::string_view text, std::size_t from, Match& match) const {
  if (from > text.size()) return false;
  const auto groups = static_cast<std::size_t>(compiled_->NumberOfCapturingGroups());
  constexpr std::size_t kFew = 8;
  std::array<re2::StringPiece, kFew> few;
  std::vector<re2::StringPiece> many(groups < kFew ? 0 : groups + 1);
  re2::StringPiece* found = many.empty() ? few.data() : many.data();
  const re2::StringPiece subject(text.data(), text.size());
  if (!compiled_->Match(subject, from, text.size(), RE2::UNANCHORED, found,
                        static_cast<int>(groups) + 1)) {
    return false;
  }
  match.start = static_cast<std::size_t>(found[0].data() - text.data());
  match.end = match.start + found[0].size();
  match.groups.clear();
  match.groups.reserve(groups);
  for (std::size_t i = 1; i <= groups; ++i) {
    if (found[i].data() == nullptr) {
      match.groups.emplace_back(std::nullopt);
    } else {
      match.groups.emplace_back(std::string_view(found[i].data(), found[i].size()));
    }
  }
  return true;
}

}  // namespace pawl::asl::jsonata
