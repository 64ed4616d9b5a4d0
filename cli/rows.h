// "name      value" lines on standard output: how one thing is shown to a reader.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pawl::cli {

class Rows {
 public:
  explicit Rows(std::size_t name_width) : width_(name_width) {}

  void row(std::string_view name, std::string_view value) const;
  // JSON set out over lines, under its name; what is no JSON as it is.
  void document(std::string_view name, std::string_view json) const;

 private:
  std::size_t width_;
};

}  // namespace pawl::cli
