// Which retrier or catcher an error meets, and how long to wait. Pure.
//
// Source: States Language, "Errors"; `asl-facts` section 12.
#pragma once

#include "asl/model/definition.h"
#include "engine/task.h"

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::engine {

inline constexpr std::string_view kStatesAll = "States.ALL";
inline constexpr std::string_view kStatesTaskFailed = "States.TaskFailed";
inline constexpr std::string_view kStatesTimeout = "States.Timeout";
inline constexpr std::string_view kStatesHeartbeatTimeout = "States.HeartbeatTimeout";
inline constexpr std::string_view kStatesRuntime = "States.Runtime";
inline constexpr std::string_view kStatesDataLimitExceeded = "States.DataLimitExceeded";
inline constexpr std::string_view kStatesBranchFailed = "States.BranchFailed";

// A failure as Retry and Catch see it: what history says, and what else it answers to.
struct RaisedError {
  Failure failure;
  bool heartbeat = false;      // a missed heartbeat: also matches States.HeartbeatTimeout
  bool branch_failed = false;  // of a Parallel's branch: also matches States.BranchFailed
};

// True if one of `names` matches. States.Runtime is matched by nothing.
bool matches_error(std::span<const std::string> names, const RaisedError& error);

// Index of the first retrier whose names match and that is not used up, by `attempts` (retries
// already made per retrier). A matching retrier that is used up ends the search: the caller goes
// on to Catch.
std::optional<std::size_t> find_retrier(std::span<const asl::Retrier> retriers,
                                        std::span<const std::int32_t> attempts,
                                        const RaisedError& error);

// Waiting time before retry number `attempt` (from 1): interval * backoff_rate^(attempt - 1),
// capped at max_delay_seconds; with FULL jitter a uniform draw from zero to that, from `random`
// (64 uniform bits). At most kMaxRetryDelay.
std::chrono::milliseconds retry_delay(const asl::Retrier& retrier, std::int32_t attempt,
                                      std::uint64_t random);

inline constexpr std::chrono::milliseconds kMaxRetryDelay = std::chrono::hours(24 * 366);

std::optional<std::size_t> find_catcher(std::span<const asl::Catcher> catchers,
                                        const RaisedError& error);

}  // namespace pawl::engine
