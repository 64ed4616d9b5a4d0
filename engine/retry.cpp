#include "engine/retry.h"

#include <algorithm>
#include <cmath>

namespace pawl::engine {

bool matches_error(std::span<const std::string> names, const RaisedError& error) {
  if (error.failure.error == kStatesRuntime) return false;
  const bool timeout = error.failure.error == kStatesTimeout;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    if (name == kStatesAll) return true;
    if (name == kStatesTaskFailed) return !timeout;
    if (name == kStatesHeartbeatTimeout && error.heartbeat) return true;
    if (name == kStatesBranchFailed && error.branch_failed) return true;
    return error.failure.error.has_value() && name == *error.failure.error;
  });
}

std::optional<std::size_t> find_retrier(std::span<const asl::Retrier> retriers,
                                        std::span<const std::int32_t> attempts,
                                        const RaisedError& error) {
  for (std::size_t i = 0; i < retriers.size(); ++i) {
    if (!matches_error(retriers[i].error_equals, error)) continue;
    const std::int64_t made = i < attempts.size() ? attempts[i] : 0;
    if (made < retriers[i].max_attempts) return i;
    return std::nullopt;
  }
  return std::nullopt;
}

std::chrono::milliseconds retry_delay(const asl::Retrier& retrier, std::int32_t attempt,
                                      std::uint64_t random) {
  double seconds = static_cast<double>(retrier.interval_seconds) *
                   std::pow(retrier.backoff_rate, static_cast<double>(attempt - 1));
  if (retrier.max_delay_seconds.has_value()) {
    seconds = std::min(seconds, static_cast<double>(*retrier.max_delay_seconds));
  }
  const double longest = std::chrono::duration<double>(kMaxRetryDelay).count();
  seconds = std::min(seconds, longest);
  if (retrier.full_jitter) {
    constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53: 53 random bits to [0, 1)
    seconds *= static_cast<double>(random >> 11U) * kUnit;
  }
  return std::chrono::milliseconds(std::llround(seconds * 1000.0));
}

std::optional<std::size_t> find_catcher(std::span<const asl::Catcher> catchers,
                                        const RaisedError& error) {
  for (std::size_t i = 0; i < catchers.size(); ++i) {
    if (matches_error(catchers[i].error_equals, error)) return i;
  }
  return std::nullopt;
}

}  // namespace pawl::engine
