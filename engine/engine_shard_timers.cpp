// EngineShard: timers. The store has all of them, ordered by time; memory has the near ones.
#include "engine/engine_shard.h"
#include "runtime/log/log.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

namespace {

// Timers further away than this stay in the store; memory holds the near ones only.
constexpr std::chrono::milliseconds kNearTimers = std::chrono::seconds(60);
constexpr std::chrono::milliseconds kReloadTimers = std::chrono::seconds(30);
// Absolute waits follow the wall clock, which may step: look at it at least this often.
constexpr std::chrono::milliseconds kWallCheck = std::chrono::seconds(1);
// The year 9999: later than any timer.
constexpr runtime::WallTime kFarFuture{std::chrono::milliseconds(253'402'300'799'000)};

}  // namespace

void EngineShard::arm(ExecutionNumber number, const ArmedTimer& timer, bool durable) {
  // A far timer of a Standard execution has its row; load_timers() finds it in time.
  if (durable && timer.at > timers_loaded_until_) return;
  const NearTimer near{number, timer.branch, timer.at};
  if (timer.absolute) {
    absolute_.emplace(timer.at, near);
  } else {
    const auto left =
        std::max(std::chrono::milliseconds(0), timer.at - services_.clock->wall_now());
    relative_.emplace(services_.clock->steady_now() + left, near);
  }
  set_alarm();
}

void EngineShard::load_timers() {
  const runtime::WallTime now = services_.clock->wall_now();
  // Virtual time leaps from timer to timer, so it has to know them all.
  const runtime::WallTime until = services_.clock->is_virtual() ? kFarFuture : now + kNearTimers;
  const std::string from = keys::timer(timers_loaded_until_, 0, 0);
  timers_loaded_until_ = until;
  const auto rows = engine_.options().store->scan(from, keys::timer(until, 0, 0));
  for (; rows->valid(); rows->next()) {
    const auto row = keys::parse_timer(rows->key());
    if (!row || shard_of(row->execution) != number_) continue;
    arm(row->execution, {row->branch, row->at, rows->value() == "a"}, true);
  }
  if (const Status status = rows->status(); !status) {
    runtime::log().error("The timers cannot be read: {}", status.error().message);
  }
  set_alarm();
}

void EngineShard::set_alarm() {
  const runtime::SteadyTime now = services_.clock->steady_now();
  runtime::SteadyTime at = services_.clock->is_virtual() ? runtime::kNever : now + kReloadTimers;
  if (!relative_.empty()) at = std::min(at, relative_.begin()->first);
  if (!absolute_.empty()) {
    const auto left = std::max(std::chrono::milliseconds(0),
                               absolute_.begin()->first - services_.clock->wall_now());
    at = std::min(at, now + (services_.clock->is_virtual() ? left : std::min(left, kWallCheck)));
  }
  if (at == runtime::kNever || (alarm_.armed() && alarm_at_ <= at)) return;
  alarm_.cancel();
  alarm_at_ = at;
  // Delivering and loading read the store: not on the dispatcher.
  alarm_ = shard_.at(at, [this] { shard_.spawn_when_possible([this] { fire_timers(); }); });
}

void EngineShard::fire_timers() {
  if (!open_) return;
  const runtime::SteadyTime now = services_.clock->steady_now();
  const runtime::WallTime wall = services_.clock->wall_now();
  std::vector<NearTimer> due;
  while (!relative_.empty() && relative_.begin()->first <= now) {
    due.push_back(relative_.begin()->second);
    relative_.erase(relative_.begin());
  }
  while (!absolute_.empty() && absolute_.begin()->first <= wall) {
    due.push_back(absolute_.begin()->second);
    absolute_.erase(absolute_.begin());
  }
  if (timers_loaded_until_ < kFarFuture && wall + kReloadTimers >= timers_loaded_until_) {
    load_timers();
  } else {
    set_alarm();
  }
  for (const NearTimer& timer : due) {
    const Status delivered = deliver(timer.execution, TimerMessage{timer.branch, timer.at});
    if (!delivered && delivered.error().code != ErrorCode::kNotFound) {
      runtime::log().warn("A timer could not be delivered: {}", delivered.error().message);
    }
    shard_.yield_if_due();
  }
}

}  // namespace pawl::engine
