// What was asked of the API, how it was answered, and how long that took. One thread.
#pragma once

#include "runtime/metrics/metrics.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace pawl::service {

class RequestStatistics {
 public:
  struct Operation {
    std::map<std::string, std::uint64_t, std::less<>> codes;  // "OK", or the error's name
    runtime::Histogram seconds = runtime::Histogram::of_seconds();
  };
  using Operations = std::map<std::string, Operation, std::less<>>;

  // `operation` must be one of the API, or a fixed word: names from outside would grow without end.
  void count(std::string_view operation, std::string_view code, std::chrono::nanoseconds time);

  const Operations& operations() const { return operations_; }

 private:
  Operations operations_;
};

}  // namespace pawl::service
