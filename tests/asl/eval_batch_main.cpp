// pawl_eval_batch [eval --batch] [--dialect aws|reference]: answers questions about JSONPath and
// JSONata, one JSON line each, from stdin to stdout. A test tool that stands in for the `pawl` of
// `pawl eval --batch`, without the rest of the program; its clock and its random numbers stand
// still.
#include "asl/jsonata/batch.h"
#include "asl/path/batch.h"

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  namespace jsonata = pawl::asl::jsonata;
  std::ios::sync_with_stdio(false);
  jsonata::Dialect dialect = jsonata::Dialect::kAws;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "reference") dialect = jsonata::Dialect::kReference;
  }
  jsonata::BatchEnvironment environment;
  environment.now_ms = 1'700'000'000'000;
  environment.elapsed_ms = [] {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  };
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.empty()) continue;
    std::optional<std::string> answer;
    if (line.find("\"jsonata\"") != std::string::npos) {
      answer = jsonata::answer_jsonata_line(line, dialect, environment);
    }
    std::cout << (answer ? *answer : pawl::asl::answer_path_line(line)) << '\n';
  }
  return 0;
}
