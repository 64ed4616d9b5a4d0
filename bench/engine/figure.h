// One measured figure, and what it is measured with. Programs of bench/ print each as a line of
// JSON; bench/run.py reads them, from pawl and its peers alike.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::bench {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin);
double cpu_seconds();          // of this process, user and system
std::size_t resident_bytes();  // of this process, now

// Times of single calls.
class Latencies {
 public:
  void add(double milliseconds) { milliseconds_.push_back(milliseconds); }
  std::size_t count() const { return milliseconds_.size(); }
  double quantile(double q);  // milliseconds; 0 if there are none

 private:
  std::vector<double> milliseconds_;
};

struct Figure {
  std::string_view workload;  // "W2"
  std::string metric;  // the same words for every subject: figures of one metric are compared
  double value = 0;
  std::string_view unit;  // "ms" and "B": less is better; anything else: more is
  std::string_view subject = "pawl";
  std::optional<double> p50_ms = {};
  std::optional<double> p99_ms = {};
  std::optional<double> cores = {};          // of the process, on average
  std::optional<double> bytes_written = {};  // to the journal, per unit
};

void print(const Figure& figure);

// Ends the program: a figure of a run that went wrong is void.
[[noreturn]] void fail(const std::string& message);

}  // namespace pawl::bench
