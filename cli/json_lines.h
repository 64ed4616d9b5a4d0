// JSON lines between standard input and standard output: what every --batch does.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace pawl::cli {

// Answers each line of standard input with one line, in the same order, until the end. Answers are
// handed on when no input is waiting, so that a program may ask one question at a time. Returns the
// exit code.
int answer_lines(const std::function<std::string(std::string_view)>& answer);

}  // namespace pawl::cli
