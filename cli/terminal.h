// How the program looks: colours on a terminal that has them, plain text elsewhere.
//
// NO_COLOR (any value) and TERM=dumb turn colours off; see https://no-color.org.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace pawl::cli {

enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// One of the two streams as people see it. Any thread; a line is written as a whole.
class Terminal {
 public:
  explicit Terminal(int descriptor);

  bool interactive() const { return interactive_; }
  int columns() const;  // 80 where that is not known

  std::string paint(Style style, std::string_view text) const;
  void line(std::string_view text) const;  // adds the line feed

 private:
  int descriptor_;
  bool interactive_ = false;
  bool colours_ = false;
};

const Terminal& out();  // standard output
const Terminal& err();  // standard error

// "pawl: error: MESSAGE" on standard error. Further lines of `message` are shown as they are.
void show_error(std::string_view message);
void show_warning(std::string_view message);
void show_note(std::string_view message);  // dim, without a prefix

// Writes `text` to standard output and a line feed if it lacks one. False if that failed.
bool write_out(std::string_view text);

// `text` on one line, control characters escaped, cut to `characters` at most ("..." at the end).
std::string one_line(std::string_view text, std::size_t characters);

}  // namespace pawl::cli
