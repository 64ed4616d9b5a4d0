// Which error meets which retrier and catcher, and how long a retry waits.
#include "engine/retry.h"

#include "tests/catch.h"

namespace pawl::engine {

namespace {

RaisedError error_of(std::string name) { return {.failure = {std::move(name), std::nullopt}}; }

}  // namespace

TEST_CASE("error names match exactly, by wildcard, or by kind", "[engine][retry]") {
  const std::vector<std::string> all{"States.ALL"};
  const std::vector<std::string> task{"States.TaskFailed"};
  const std::vector<std::string> heartbeat{"States.HeartbeatTimeout"};
  CHECK(matches_error(all, error_of("Anything")));
  CHECK(matches_error(all, error_of("States.Timeout")));
  CHECK_FALSE(matches_error(all, error_of("States.Runtime")));
  CHECK(matches_error(task, error_of("Anything")));
  CHECK_FALSE(matches_error(task, error_of("States.Timeout")));
  CHECK_FALSE(matches_error(task, error_of("States.Runtime")));
  CHECK(matches_error(heartbeat, {.failure = {"States.Timeout", std::nullopt}, .heartbeat = true}));
  CHECK_FALSE(matches_error(heartbeat, error_of("States.Timeout")));
  CHECK_FALSE(matches_error(std::vector<std::string>{"anything"}, error_of("Anything")));
}

TEST_CASE("the delay grows by BackoffRate and stops at MaxDelaySeconds", "[engine][retry]") {
  asl::Retrier retrier;
  retrier.interval_seconds = 3;
  retrier.backoff_rate = 2;
  retrier.max_delay_seconds = 10;
  using std::chrono::seconds;
  CHECK(retry_delay(retrier, 1, 0) == seconds(3));
  CHECK(retry_delay(retrier, 2, 0) == seconds(6));
  CHECK(retry_delay(retrier, 3, 0) == seconds(10));
  retrier.full_jitter = true;
  CHECK(retry_delay(retrier, 2, 0) == seconds(0));
  CHECK(retry_delay(retrier, 2, ~0ULL) <= seconds(6));
  CHECK(retry_delay(retrier, 2, 1ULL << 63U) == seconds(3));
}

TEST_CASE("a delay beyond every bound stays finite", "[engine][retry]") {
  asl::Retrier retrier;
  retrier.interval_seconds = 99'999'999;
  retrier.backoff_rate = 1e308;
  CHECK(retry_delay(retrier, 50, 0) == kMaxRetryDelay);
}

TEST_CASE("a retrier that is used up falls through to Catch", "[engine][retry]") {
  std::vector<asl::Retrier> retriers(2);
  retriers[0].error_equals = {"A"};
  retriers[0].max_attempts = 1;
  retriers[1].error_equals = {"States.ALL"};
  const std::vector<std::int32_t> attempts{1, 0};
  CHECK_FALSE(find_retrier(retriers, attempts, error_of("A")).has_value());
  CHECK(find_retrier(retriers, attempts, error_of("B")) == std::size_t{1});
}

}  // namespace pawl::engine
