// The engine in process, one workload at a time. Prints one line of JSON per figure (figure.h).
//
//   engine_bench W1|W2|W3|W5|W6|W9|W11|W12 --directory DIR [--workloads bench/workloads]
//                [--seconds 1] [--sleepers 100000] [--finished 10000]
//                [--executions N] [--turn-events 2000]
//
// What the workloads are: bench/README.md. ./dev bench runs them beside peers and limits.
#include "bench/engine/world.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  using pawl::bench::Run;
  static const std::map<std::string_view, void (*)(const Run&)> workloads{
      {"W1", pawl::bench::pure_transitions}, {"W2", pawl::bench::durable_transitions},
      {"W3", pawl::bench::one_step},         {"W5", pawl::bench::fan_out},
      {"W6", pawl::bench::sleepers},         {"W9", pawl::bench::recovery},
      {"W11", pawl::bench::large_payload},   {"W12", pawl::bench::growth},
  };
  const auto workload = workloads.find(argc > 1 ? argv[1] : "");
  Run run;
  run.workloads = "bench/workloads";
  bool understood = workload != workloads.end() && argc % 2 == 0;
  for (int i = 2; understood && i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--directory") {
      run.directory = value;
    } else if (name == "--workloads") {
      run.workloads = value;
    } else if (name == "--seconds") {
      run.seconds = std::strtod(value, nullptr);
    } else if (name == "--sleepers") {
      run.sleepers = std::atoi(value);
    } else if (name == "--finished") {
      run.finished = std::atoi(value);
    } else if (name == "--executions") {
      run.executions = std::atoi(value);
    } else if (name == "--turn-events") {
      run.turn_events = static_cast<std::uint32_t>(std::atoi(value));
    } else {
      understood = false;
    }
  }
  if (!understood || run.directory.empty()) {
    std::fprintf(stderr, "usage: see the beginning of bench/engine/main.cpp\n");
    return 2;
  }
  workload->second(run);
  return 0;
}
