#include "runtime/metrics/metrics.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <utility>

namespace pawl::runtime {

Counter& Metrics::counter(std::string_view name, std::string_view help) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[std::string(name)];
  PAWL_ASSERT(!entry.read);
  entry.help = help;
  return entry.counter;
}

void Metrics::gauge(std::string_view name, std::string_view help, std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  if (!read) {
    entries_.erase(std::string(name));
    return;
  }
  Entry& entry = entries_[std::string(name)];
  entry.help = help;
  entry.read = std::move(read);
}

std::string Metrics::render() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  std::string_view described;  // the family whose HELP and TYPE were written
  for (const auto& [name, entry] : entries_) {
    const std::string_view family = std::string_view(name).substr(0, name.find('{'));
    if (family != described) {
      described = family;
      text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family, entry.help, family,
                          entry.read ? "gauge" : "counter");
    }
    if (entry.read) {
      text += fmt::format("{} {}\n", name, entry.read());
    } else {
      text += fmt::format("{} {}\n", name, entry.counter.value());
    }
  }
  return text;
}

}  // namespace pawl::runtime
