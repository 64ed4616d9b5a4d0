#include "connectors/lambda/function_pool.h"

#include "runtime/log/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pawl::connectors {
namespace {

ServiceError throttled(const Call& call) {
  return {"TooManyRequestsException", "Rate Exceeded.", 429, call.event.request_id, true, {}};
}

ServiceError unavailable(const Call& call, const std::string& message) {
  return {"ServiceException", message, 500, call.event.request_id, true, {}};
}

// What a function without a program to run answers, in the words of Lambda's supervisor.
std::string entrypoint_document(const FunctionConfig& config, const Call& call,
                                const Error& error) {
  const std::string what =
      config.runtime == RuntimeKind::kProvided && config.command.empty() &&
              error.code == ErrorCode::kNotFound
          ? fmt::format("Couldn't find valid bootstrap(s): [{}/bootstrap]", config.directory)
          : error.message;
  return error_document("Runtime.InvalidEntrypoint",
                        fmt::format("RequestId: {} Error: {}", call.event.request_id, what));
}

// "2026/11/20/[$LATEST]0123...": the day and something that is not used twice.
std::string log_stream(std::string_view request_id, std::string_view version) {
  runtime::RealClock clock;
  const auto day = std::chrono::floor<std::chrono::days>(clock.wall_now());
  const std::chrono::year_month_day date(day);
  std::string id(request_id);
  id.erase(std::remove(id.begin(), id.end(), '-'), id.end());
  return fmt::format("{:04}/{:02}/{:02}/[{}]{}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     version, id);
}

}  // namespace

FunctionPool::FunctionPool(runtime::Shard& shard, FunctionConfig config, PoolLimits limits,
                           std::string path)
    : shard_(shard),
      config_(std::make_shared<const FunctionConfig>(std::move(config))),
      limits_(limits),
      path_(std::move(path)) {}

InvocationOutcome FunctionPool::run(const std::shared_ptr<Call>& call) {
  if (call->abandoned) return InvocationCancelled{};
  if (!start(call)) return throttled(*call);
  while (!call->outcome && !call->abandoned) {
    static_cast<void>(call->changed.wait_for_input(runtime::kNever));
  }
  if (call->outcome) return *std::move(call->outcome);
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), call), waiting_.end());
  return InvocationCancelled{};
}

bool FunctionPool::start(const std::shared_ptr<Call>& call) {
  if (closed_) {
    call->outcome = InvocationCancelled{};
    return true;
  }
  if (running_ < static_cast<std::size_t>(config_->concurrency)) {
    ++running_;
    shard_.spawn_when_possible(
        [self = shared_from_this(), call, hold = shard_.hold_time()] { self->serve(call); });
    return true;
  }
  if (config_->concurrency == 0 || waiting_.size() >= limits_.waiting_max) return false;
  waiting_.push_back(call);
  return true;
}

// Serves `call` and then whatever waits: as many fibers are in here as calls are running.
void FunctionPool::serve(std::shared_ptr<Call> call) {
  for (;;) {
    serve_one(*call);
    if (waiting_.empty()) break;
    call = std::move(waiting_.front());
    waiting_.pop_front();
  }
  --running_;
}

void FunctionPool::serve_one(Call& call) {
  const auto answer = [&call](InvocationOutcome outcome) {
    call.outcome = std::move(outcome);
    call.changed.wake();
  };
  for (;;) {
    auto worker = take_worker(call);
    if (closed_) {
      if (worker) (*worker)->kill();
      return answer(InvocationCancelled{});
    }
    if (!worker) {
      const Error& error = worker.error();
      const bool no_program =
          error.code == ErrorCode::kNotFound || error.code == ErrorCode::kInvalid;
      runtime::log().warn("function {}: cannot be started: {}", config_->name, error.message);
      if (!no_program) return answer(unavailable(call, error.message));
      return answer(InvocationAnswer{200, call.event.request_id, call.event.trace_id,
                                     entrypoint_document(*config_, call, error), true,
                                     config_->version, ""});
    }
    WorkerAnswer result = (*worker)->run(call.event, call.tail_log);
    // Killed by us and not by its own doing: nothing is known of what it did.
    if (closed_) return answer(InvocationCancelled{});
    if (!result.delivered) continue;  // it ended while it was idle: another one

    InvocationAnswer finished{200,
                              call.event.request_id,
                              call.event.trace_id,
                              std::move(result.payload),
                              result.is_error,
                              config_->version,
                              ""};
    if (call.tail_log) finished.log_result = (*worker)->log_result();
    // The caller goes on at once; the process is ours until it asks for more.
    ++settling_;
    answer(std::move(finished));
    const bool again = (*worker)->settle();
    --settling_;
    if (again) keep(*std::move(worker));
    if (!takers_.empty()) takers_.front()->wake();
    return;
  }
}

// A process that has just answered is a moment away from its next event: who calls a function in a
// loop gets the same process each time, not a second one because it was too quick.
void FunctionPool::await_settling() {
  const runtime::SteadyTime give_up = real_.after(limits_.settle_patience);
  while (idle_.empty() && settling_ > takers_.size() && !closed_) {
    const runtime::SteadyTime now = real_.steady_now();
    if (now >= give_up) return;
    runtime::WaitPoint point;
    takers_.push_back(&point);
    static_cast<void>(point.wait_for_input(shard_.clock().after(give_up - now)));
    takers_.erase(std::find(takers_.begin(), takers_.end(), &point));
  }
}

Result<std::shared_ptr<Worker>> FunctionPool::take_worker(const Call& call) {
  await_settling();
  if (closed_) return Error{ErrorCode::kCancelled, "The functions have been shut down.", ""};
  while (!idle_.empty()) {
    std::shared_ptr<Worker> worker = std::move(idle_.back().worker);
    idle_.pop_back();
    if (worker->alive()) return worker;
  }
  Worker::Options options;
  options.config = config_;
  options.region = call.region;
  options.path = path_;
  options.init_timeout = limits_.init_timeout;
  options.log_stream = log_stream(call.event.request_id, config_->version);
  options.on_exit = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->drop_ended();
  };
  auto worker = Worker::start(shard_, std::move(options));
  if (!worker) return worker;
  ++started_;
  workers_.erase(std::remove_if(workers_.begin(), workers_.end(),
                                [](const std::weak_ptr<Worker>& known) { return known.expired(); }),
                 workers_.end());
  workers_.push_back(*worker);
  return worker;
}

void FunctionPool::keep(std::shared_ptr<Worker> worker) {
  if (closed_ || (retired_ && waiting_.empty())) return worker->kill();
  idle_.push_back({std::move(worker), shard_.now()});
  arm_reaper();
}

// A reaper is due when the process that has been idle for longest is.
void FunctionPool::arm_reaper() {
  if (idle_.empty() || reaper_.armed() || shard_.clock().is_virtual()) return;
  reaper_ = shard_.at(idle_.front().since + limits_.idle_timeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->reap_idle();
  });
}

void FunctionPool::reap_idle() {
  const runtime::SteadyTime now = shard_.now();
  while (!idle_.empty() && now - idle_.front().since >= limits_.idle_timeout) {
    idle_.front().worker->kill();
    idle_.erase(idle_.begin());
  }
  arm_reaper();
}

void FunctionPool::drop_ended() {
  idle_.erase(std::remove_if(idle_.begin(), idle_.end(),
                             [](const Idle& idle) { return !idle.worker->alive(); }),
              idle_.end());
}

void FunctionPool::shut_down() {
  closed_ = true;
  reaper_.cancel();
  for (const std::weak_ptr<Worker>& known : workers_) {
    if (const auto worker = known.lock()) worker->kill();
  }
  workers_.clear();
  idle_.clear();
  for (const std::shared_ptr<Call>& call : std::exchange(waiting_, {})) {
    call->outcome = InvocationCancelled{};
    call->changed.wake();
  }
  for (runtime::WaitPoint* taker : takers_) taker->wake();
}

void FunctionPool::retire() {
  retired_ = true;
  for (const Idle& idle : std::exchange(idle_, {})) idle.worker->kill();
}

PoolStats FunctionPool::stats() const {
  return {running_, settling_, waiting_.size(), idle_.size(), started_};
}

}  // namespace pawl::connectors
