// Cursor: a position in the text of a path or filter, with the look-ahead its grammar needs.
//
// The text may end before the underlying characters do: trimming and the brackets around a filter
// only move the bounds. Reading past the characters gives NUL and marks the cursor as overrun;
// parsers check that once, at the end (`overrun`).
//
// Blanks are spaces only. Sources: measured outcomes of Jayway JsonPath 2.10.0.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pawl::asl::jsonpath {

class Cursor {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  explicit Cursor(std::string_view text) : text_(text), end_(text.size()) {}

  std::string_view text() const { return text_; }
  std::size_t position() const { return position_; }
  void set_position(std::size_t position) { position_ = position; }
  void advance(std::size_t count = 1) { position_ += count; }
  std::size_t end() const { return end_; }  // one past the last character in bounds

  bool in_bounds(std::size_t at) const { return at < end_; }
  bool in_bounds() const { return in_bounds(position_); }
  // On the last character, or past it. One outside the BMP counts as two, as in Java.
  bool at_tail() const {
    if (position_ + 1 >= end_) return true;
    const unsigned lead = static_cast<unsigned char>(text_[position_]);
    return lead >= 0xC0 && lead < 0xF0 && position_ + (lead < 0xE0 ? 2 : 3) >= end_;
  }

  char at(std::size_t index) {
    if (index < text_.size()) return text_[index];
    if (!overrun_) overrun_at_ = index;
    overrun_ = true;
    return '\0';
  }
  char current() { return at(position_); }
  bool current_is(char c) { return current() == c; }
  bool next_is(char c) const { return in_bounds(position_ + 1) && text_[position_ + 1] == c; }
  bool last_is(char c) const { return end_ > 0 && text_[end_ - 1] == c; }

  bool overrun() const { return overrun_; }
  std::size_t overrun_at() const { return overrun_at_; }
  void clear_overrun() { overrun_ = false; }

  std::string_view slice(std::size_t begin, std::size_t end) const {
    begin = begin < text_.size() ? begin : text_.size();
    return text_.substr(begin, end > begin ? end - begin : 0);
  }

  Cursor& skip_blanks() {
    while (position_ + 1 < end_ && text_[position_] == ' ') ++position_;
    return *this;
  }
  void trim() {
    skip_blanks();
    while (position_ + 1 < end_ && text_[end_ - 1] == ' ') --end_;
  }
  void drop_last() { --end_; }

  // The next character after `from` that is no blank; ' ' if there is none.
  char next_significant(std::size_t from) const {
    const std::size_t at = after_blanks(from);
    return in_bounds(at) ? text_[at] : ' ';
  }
  bool next_significant_is(std::size_t from, char c) const {
    const std::size_t at = after_blanks(from);
    return in_bounds(at) && text_[at] == c;
  }
  // Its index if it is `c`, else kNone.
  std::size_t index_of_next_significant(std::size_t from, char c) {
    const std::size_t found = after_blanks(from);
    return at(found) == c ? found : kNone;
  }
  // The last character before `from` that is no blank; kNone if there is none.
  std::size_t index_of_previous_significant(std::size_t from) const {
    while (from > 0) {
      --from;
      if (!in_bounds(from) || text_[from] != ' ') return in_bounds(from) ? from : kNone;
    }
    return kNone;
  }

  std::size_t index_of(std::size_t from, char c) const {
    for (std::size_t i = from; i < end_; ++i) {
      if (text_[i] == c) return i;
    }
    return kNone;
  }
  // After `from`, not counting characters behind a backslash.
  std::size_t index_of_unescaped(std::size_t from, char c) const {
    bool escaped = false;
    for (std::size_t i = from + 1; i < end_; ++i) {
      if (escaped) {
        escaped = false;
      } else if (text_[i] == '\\') {
        escaped = true;
      } else if (text_[i] == c) {
        return i;
      }
    }
    return kNone;
  }

  // The bracket that closes the one at `from`, passing over quoted strings and, if asked, over
  // regular expressions. kNone if there is none; `problem` is set if a string or regular
  // expression has no end.
  std::size_t index_of_closing(std::size_t from, char open, char close, bool skip_regex,
                               std::string& problem) {
    int opened = 1;
    for (std::size_t i = from + 1; in_bounds(i); ++i) {
      if (const char quote = at(i); quote == '\'' || quote == '"') {
        i = index_of_unescaped(i, quote);
        if (i == kNone) {
          problem = std::string("Could not find matching close quote for ") + quote +
                    " when parsing : " + std::string(text_);
          return kNone;
        }
        ++i;
      }
      if (skip_regex && at(i) == '/') {
        i = index_of_unescaped(i, '/');
        if (i == kNone) {
          problem =
              "Could not find matching close for / when parsing regex in : " + std::string(text_);
          return kNone;
        }
        ++i;
      }
      const char c = at(i);
      if (c == open) ++opened;
      if (c == close && --opened == 0) return i;
    }
    return kNone;
  }

 private:
  std::size_t after_blanks(std::size_t from) const {
    std::size_t at = from + 1;
    while (in_bounds(at) && text_[at] == ' ') ++at;
    return at;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t end_;
  bool overrun_ = false;
  std::size_t overrun_at_ = 0;
};

}  // namespace pawl::asl::jsonpath
