// What a function writes, line by line.
#pragma once

#include "runtime/fiber/unique_function.h"

#include <string>
#include <string_view>

namespace pawl::connectors {

// Cuts a stream into lines. A longer line is handed on in pieces.
class LineCutter {
 public:
  static constexpr std::size_t kLineBytesMax = 8 * 1024;

  explicit LineCutter(runtime::unique_function<void(std::string_view)> on_line)
      : on_line_(std::move(on_line)) {}
  void write(std::string_view text);
  void finish();  // hands on what has no end of line yet

 private:
  runtime::unique_function<void(std::string_view)> on_line_;
  std::string open_;
};

// The last bytes of what was written: X-Amz-Log-Result.
class LogTail {
 public:
  static constexpr std::size_t kBytesMax = 4 * 1024;

  void add_line(std::string_view line);
  void clear() { text_.clear(); }
  std::string base64() const;

 private:
  std::string text_;
};

}  // namespace pawl::connectors
