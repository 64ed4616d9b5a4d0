// What a program counts, as plain values, and how Prometheus reads it.
//
// Whoever counts keeps ordinary integers and histograms of its own, on its own thread: no lock, no
// atomic, nothing shared. Who wants to see them asks for a copy there (Shard::call_on) and writes
// the copies with MetricsText. Adding to a counter costs what ++ costs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::runtime {

// How many values fell below which bound. Copies are cheap; one thread at a time.
class Histogram {
 public:
  static constexpr std::size_t kBucketsMax = 18;

  // Seconds, from 50 us to 60 s.
  static Histogram of_seconds();
  // Numbers of things, in powers of two to 131,072.
  static Histogram of_sizes();

  void add(double value);
  void add_all(const Histogram& other);  // of the same kind

  std::span<const double> bounds() const { return bounds_; }
  std::uint64_t bucket(std::size_t index) const { return buckets_[index]; }  // not cumulative
  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}
  std::span<const double> bounds_;                        // of static storage
  std::array<std::uint64_t, kBucketsMax + 1> buckets_{};  // the last: above all bounds
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

// The Prometheus text format. All samples of a family follow its family() line:
//
//   MetricsText text;
//   text.family("pawl_requests_total", "counter", "Requests answered.");
//   text.sample({{"operation", "StartExecution"}}, 7);
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // `type`: counter, gauge or histogram.
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(Labels labels, double value);
  void sample(Labels labels, std::uint64_t value);
  void histogram(Labels labels, const Histogram& histogram);

  // A family with one sample.
  void counter(std::string_view name, std::string_view help, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, double value);

  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view suffix, Labels labels, std::string_view bound, std::string_view value);

  std::string name_;
  std::string text_;
};

// What the operating system knows of this process. Reads /proc, which does not wait for a disk.
struct ProcessStatistics {
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t descriptors_max = 0;
  double cpu_seconds = 0;
};
ProcessStatistics process_statistics();

}  // namespace pawl::runtime
