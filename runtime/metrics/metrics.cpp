#include "runtime/metrics/metrics.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pawl::runtime {
namespace {

constexpr std::array<double, Histogram::kBucketsMax> kSeconds = {
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10,   60};
constexpr std::array<double, Histogram::kBucketsMax> kSizes = {
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072};

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

}  // namespace

Histogram Histogram::of_seconds() { return Histogram(kSeconds); }
Histogram Histogram::of_sizes() { return Histogram(kSizes); }

void Histogram::add(double value) {
  const auto place = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  ++buckets_[static_cast<std::size_t>(place - bounds_.begin())];
  ++count_;
  sum_ += value;
}

void Histogram::add_all(const Histogram& other) {
  PAWL_ASSERT(bounds_.data() == other.bounds_.data());
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
}

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::line(std::string_view suffix, Labels labels, std::string_view bound,
                       std::string_view value) {
  text_.append(name_).append(suffix);
  if (labels.size() > 0 || !bound.empty()) {
    text_ += '{';
    bool first = true;
    const auto label = [&](std::string_view key, std::string_view text) {
      if (!std::exchange(first, false)) text_ += ',';
      text_.append(key).append("=\"");
      append_escaped(text_, text);
      text_ += '"';
    };
    for (const auto& [key, text] : labels) label(key, text);
    if (!bound.empty()) label("le", bound);
    text_ += '}';
  }
  text_.append(" ").append(value).append("\n");
}

void MetricsText::sample(Labels labels, double value) {
  line("", labels, "", fmt::format("{}", value));
}

void MetricsText::sample(Labels labels, std::uint64_t value) {
  line("", labels, "", fmt::format("{}", value));
}

void MetricsText::histogram(Labels labels, const Histogram& histogram) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
    below += histogram.bucket(i);
    line("_bucket", labels, fmt::format("{}", histogram.bounds()[i]), fmt::format("{}", below));
  }
  line("_bucket", labels, "+Inf", fmt::format("{}", histogram.count()));
  line("_sum", labels, "", fmt::format("{}", histogram.sum()));
  line("_count", labels, "", fmt::format("{}", histogram.count()));
}

void MetricsText::counter(std::string_view name, std::string_view help, std::uint64_t value) {
  family(name, "counter", help);
  sample({}, value);
}

void MetricsText::gauge(std::string_view name, std::string_view help, double value) {
  family(name, "gauge", help);
  sample({}, value);
}

ProcessStatistics process_statistics() {
  ProcessStatistics statistics;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re"); file != nullptr) {
    unsigned long size = 0;
    unsigned long resident = 0;
    if (std::fscanf(file, "%lu %lu", &size, &resident) == 2) {
      statistics.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    }
    std::fclose(file);
  }
  if (DIR* directory = opendir("/proc/self/fd"); directory != nullptr) {
    while (readdir(directory) != nullptr) ++statistics.open_descriptors;
    closedir(directory);
    // Not ".", "..", and the one that was reading.
    statistics.open_descriptors -= std::min<std::uint64_t>(statistics.open_descriptors, 3);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) statistics.descriptors_max = limit.rlim_cur;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    statistics.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  return statistics;
}

}  // namespace pawl::runtime
