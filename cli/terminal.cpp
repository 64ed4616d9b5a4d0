#include "cli/terminal.h"

#include "runtime/log/log.h"

#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace pawl::cli {
namespace {

bool wants_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && term != nullptr &&
         std::string_view(term) != "dumb";
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\033[1m";
    case Style::kDim:
      return "\033[2m";
    case Style::kRed:
      return "\033[31m";
    case Style::kGreen:
      return "\033[32m";
    case Style::kYellow:
      return "\033[33m";
    case Style::kCyan:
      return "\033[36m";
  }
  return "";
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void show(Style style, std::string_view prefix, std::string_view message) {
  err().line(err().paint(style, std::string("pawl: ").append(prefix)) + std::string(message));
}

}  // namespace

Terminal::Terminal(int descriptor)
    : descriptor_(descriptor),
      interactive_(::isatty(descriptor) == 1),
      colours_(interactive_ && wants_colours()) {}

int Terminal::columns() const {
  constexpr int kUnknown = 80;
  winsize size{};
  if (!interactive_ || ::ioctl(descriptor_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return kUnknown;
  }
  return size.ws_col;
}

std::string Terminal::paint(Style style, std::string_view text) const {
  if (!colours_ || style == Style::kPlain || text.empty()) return std::string(text);
  return std::string(code_of(style)).append(text).append("\033[0m");
}

void Terminal::line(std::string_view text) const {
  // Who closed the stream does not want to read: nothing to do about it.
  static_cast<void>(write_all(descriptor_, std::string(text) + '\n'));
}

const Terminal& out() {
  static const Terminal terminal(STDOUT_FILENO);
  return terminal;
}

const Terminal& err() {
  static const Terminal terminal(STDERR_FILENO);
  return terminal;
}

void show_error(std::string_view message) { show(Style::kRed, "error: ", message); }
void show_warning(std::string_view message) { show(Style::kYellow, "warning: ", message); }
void show_note(std::string_view message) { err().line(err().paint(Style::kDim, message)); }

bool write_out(std::string_view text) {
  std::string whole(text);
  if (!whole.ends_with('\n')) whole += '\n';
  return write_all(STDOUT_FILENO, whole);
}

std::string one_line(std::string_view text, std::size_t characters) {
  std::string line = runtime::escape_for_log(text.substr(0, 4 * characters));
  std::size_t seen = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80U) continue;  // inside a character
    if (++seen > characters) {
      line.resize(i);
      return line + "...";
    }
  }
  return text.size() > 4 * characters ? line + "..." : line;
}

}  // namespace pawl::cli
