#include "bench/engine/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace pawl::bench {

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::size_t resident_bytes() {
  std::ifstream pages("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  pages >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double Latencies::quantile(double q) {
  if (milliseconds_.empty()) return 0;
  const auto last = static_cast<double>(milliseconds_.size() - 1);
  const auto at = milliseconds_.begin() + std::lround(q * last);
  std::nth_element(milliseconds_.begin(), at, milliseconds_.end());
  return *at;
}

void print(const Figure& figure) {
  std::string line =
      fmt::format(R"({{"subject":"{}","workload":"{}","metric":"{}","value":{:.6g},"unit":"{}")",
                  figure.subject, figure.workload, figure.metric, figure.value, figure.unit);
  const auto add = [&line](std::string_view name, const std::optional<double>& value) {
    if (value) line += fmt::format(R"(,"{}":{:.5g})", name, *value);
  };
  add("p50", figure.p50_ms);
  add("p99", figure.p99_ms);
  add("cores", figure.cores);
  add("bytes", figure.bytes_written);
  std::puts((line + "}").c_str());
  std::fflush(stdout);
}

void fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::_Exit(1);
}

}  // namespace pawl::bench
