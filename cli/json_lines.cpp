#include "cli/json_lines.h"

#include "cli/command.h"

#include <iostream>

namespace pawl::cli {

int answer_lines(const std::function<std::string(std::string_view)>& answer) {
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::cout << answer(line) << '\n';
    if (std::cin.rdbuf()->in_avail() <= 0) std::cout.flush();
    if (!std::cout) return kEngineFailed;
  }
  std::cout.flush();
  return std::cout ? kOk : kEngineFailed;
}

}  // namespace pawl::cli
