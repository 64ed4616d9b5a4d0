// Counters and gauges with names, as Prometheus text.
//
// A part that counts holds a Counter and adds to it: one relaxed atomic addition, from any thread.
// What can be computed when asked (connections open, fibers alive) registers a gauge instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace pawl::runtime {

class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Any thread. Names are those of Prometheus, labels included:
// `pawl_requests_total{action="Start"}`.
class Metrics {
 public:
  // The counter of that name, made when it is not there; lives as long as the registry.
  Counter& counter(std::string_view name, std::string_view help);

  // `read` is called by render(), on its thread. Another one of that name is replaced; an empty
  // function takes it back.
  void gauge(std::string_view name, std::string_view help, std::function<double()> read);

  // All of them in the Prometheus text format, sorted by name.
  std::string render() const;

 private:
  struct Entry {
    std::string help;
    Counter counter;
    std::function<double()> read;  // set: a gauge
  };
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace pawl::runtime
