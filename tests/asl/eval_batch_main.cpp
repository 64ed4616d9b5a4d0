// pawl_eval_batch: answers questions about the JSONPath language, one JSON line each, from stdin to
// stdout. A test tool that stands in for the `pawl` of `pawl eval --batch`; arguments are ignored.
#include "asl/path/batch.h"

#include <iostream>
#include <string>

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    if (!line.empty()) std::cout << pawl::asl::answer_path_line(line) << '\n';
  }
  return 0;
}
