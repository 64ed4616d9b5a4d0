#include "engine/state_test.h"

#include "engine/interpreter.h"
#include "engine/states/states.h"
#include "runtime/fiber/shard.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

namespace {

constexpr std::string_view kThresholdExceeded = "States.ExceedToleratedFailureThreshold";
constexpr std::string_view kThresholdExceededCause =
    "The specified tolerated failure threshold was exceeded";

// Answers every Task with what the test mocks, at once, whatever the resource and its pattern.
class MockedTask final : public TaskHandlers, public TaskHandler {
 public:
  explicit MockedTask(const std::variant<asl::Payload, Failure>& mock) : mock_(mock) {}
  TaskHandler* find(const asl::Resource& /*resource*/, std::string_view /*machine*/,
                    std::string_view /*state*/) override {
    return this;
  }
  Outcome run(const TaskRequest& /*request*/) override {
    if (const auto* result = std::get_if<asl::Payload>(&mock_)) return TaskSucceeded{*result, {}};
    return TaskFailed{std::get<Failure>(mock_)};
  }

 private:
  const std::variant<asl::Payload, Failure>& mock_;
};

// One call of a Task's handler, on a fiber of its own: the test may be over before it returns.
struct Call {
  TaskRequest request;
  std::shared_ptr<const asl::Definition> definition;  // the request borrows of it
  std::optional<Outcome> outcome;
  runtime::WaitPoint* waiting = nullptr;  // nullptr: nobody waits any more
};

class Run final : public Inspector {
 public:
  Run(const Engine& engine, StateTest test) : engine_(engine), test_(std::move(test)) {
    const EngineOptions& options = engine.options();
    services_.clock = options.clock;
    services_.random = options.random;
    services_.limits = &options.limits;
    services_.handlers = options.handlers;
    services_.region = options.region;
    services_.account = options.account;
    services_.partition = options.partition;
    services_.give_way = [] { runtime::Shard::current()->yield_if_due(); };
    services_.inspector = this;
    if (test_.mock) services_.handlers = &mocked_.emplace(*test_.mock);
  }

  StateTestReport run() {
    prepare();
    {
      Turn turn(execution_, services_);
      begin_work(turn, root());
      turn_ended(turn);
    }
    while (!over()) {
      if (!wait_for_next()) {
        time_out();
        break;
      }
    }
    finish();
    return std::move(report_);
  }

  // --- Inspector ---
  void saw(FlowStep step, const asl::Payload& data) override {
    report_.steps[static_cast<std::size_t>(step)] = data;
  }
  void exited(const Branch& branch, const asl::Payload& output, asl::StateIndex next) override {
    exited_ = true;
    report_.output = output;
    report_.variables = branch.frame.variables;
    if (next != asl::kNoState) {
      report_.next_state =
          machine_of(execution_, branch).states[static_cast<std::size_t>(next)].name;
    }
  }
  void raised(const Branch& branch, const RaisedError& error) override {
    error_ = error;
    report_.variables = branch.frame.variables;
  }
  const asl::Value* context() const override { return test_.context ? &*test_.context : nullptr; }
  const MapItem* map_item() const override { return test_.map_item ? &*test_.map_item : nullptr; }
  const std::string* item_data() const override {
    return test_.item_data ? &*test_.item_data : nullptr;
  }
  bool go_on() const override { return services_.clock->wall_now() < end_; }
  void end_children(Turn& turn, Branch& branch, const MapSettings* settings) override {
    if (settings != nullptr) report_.map = *settings;
    if (!test_.mock) {
      return raise_runtime(turn, branch, "Without a mock there is nobody to run its states.");
    }
    if (const auto* failure = std::get_if<Failure>(&*test_.mock)) {
      return raise(turn, branch, {.failure = *failure, .branch_failed = settings == nullptr});
    }
    if (settings != nullptr && threshold_exceeded(*settings)) {
      return raise_failure(turn, branch, kThresholdExceeded, std::string(kThresholdExceededCause));
    }
    succeed_state(turn, branch, std::get<asl::Payload>(*test_.mock));
  }

 private:
  void prepare() {
    execution_.definition = test_.definition;
    execution_.input = test_.input;
    execution_.inspected = true;
    execution_.durable = false;
    execution_.keeps_history = false;
    ExecutionRecord& record = execution_.record;
    record.name = runtime::uuid4(*services_.random);
    record.machine = runtime::uuid4(*services_.random);
    record.role_arn = test_.role_arn;
    record.express = true;
    record.start_date = services_.clock->wall_now();
    end_ = record.start_date + test_.longest;
    // Recorded: an Express execution's ARN without the id of its start.
    execution_.arn = engine_.machine_arn(record.machine + ":" + record.name);
    execution_.arn.replace(execution_.arn.find(":stateMachine:"), 14, ":express:");
    execution_.state_machine_arn = engine_.machine_arn(record.machine);

    auto branch = std::make_unique<Branch>();
    Frame& frame = branch->frame;
    frame.state = execution_.definition->machines[0].start_at;
    frame.input = test_.input;
    frame.variables = test_.variables;
    frame.entered_at = record.start_date;
    frame.retry_count = test_.retries;
    state_ = &state_of(execution_, *branch);
    frame.retries.assign(state_->retry.size(), test_.retries);
    execution_.branches.emplace(kRootBranch, std::move(branch));
    report_.variables = test_.variables;
  }

  Branch& root() { return *execution_.find(kRootBranch); }

  bool over() { return exited_ || execution_.ended() || root().frame.phase == Phase::kBackoff; }

  void turn_ended(Turn& turn) {
    for (const Dispatch& what : turn.take_dispatches()) start_call(what);
  }

  void handle_next(Message message) {
    Turn turn(execution_, services_);
    // As handle(), but it goes no further than to the end of the state.
    handle_message(turn, message);
    turn_ended(turn);
  }

  void start_call(const Dispatch& what) {
    Branch& branch = root();
    branch.cancellation = std::make_shared<Cancellation>();
    call_ = std::make_shared<Call>();
    call_->request = task_request(execution_, branch, services_);
    call_->definition = test_.definition;
    call_->waiting = &changed_;
    if (test_.trace) call_->request.trace = trace_ = std::make_shared<HttpTrace>(*test_.trace);
    TaskHandler* handler =
        services_.handlers->find(*call_->request.resource, execution_.record.machine, state_->name);
    if (test_.mock) {
      call_->outcome = handler->run(call_->request);
      return;
    }
    runtime::Shard::current()->spawn_when_possible(
        [call = call_, handler, resume = what.resume,
         continuation = branch.frame.continuation]() mutable {
          Outcome outcome = TaskFailed{{std::string(kStatesRuntime), std::string()}};
          if (handler != nullptr) {
            outcome =
                resume ? handler->resume(call->request, continuation) : handler->run(call->request);
          }
          call->outcome = std::move(outcome);
          if (call->waiting != nullptr) call->waiting->wake();
        });
  }

  // Waits until something happens to the state, and lets it. False: the test takes too long.
  bool wait_for_next() {
    const Frame& frame = root().frame;
    const std::optional<runtime::WallTime> wake = frame.wake_at;
    if (call_ != nullptr && call_->outcome) {
      const std::shared_ptr<Call> call = std::exchange(call_, nullptr);
      handle_next(OutcomeMessage{call->request.branch, call->request.scheduled_event_id,
                                 *std::move(call->outcome)});
      return true;
    }
    const runtime::WallTime now = services_.clock->wall_now();
    if (now >= end_) return false;
    if (wake && *wake <= now) {
      handle_next(TimerMessage{kRootBranch, *wake});
      return true;
    }
    const runtime::WallTime until = wake ? std::min(*wake, end_) : end_;
    changed_.wait(services_.clock->steady_now() + (until - now));
    return !runtime::Shard::current()->stopping();
  }

  void time_out() {
    Turn turn(execution_, services_);
    turn.end(ExecutionStatus::kFailed, {}, {std::string(kStatesTimeout), std::nullopt});
    error_.reset();
  }

  // Without either bound no failure is one too many (recorded).
  bool threshold_exceeded(const MapSettings& settings) const {
    const std::int64_t failed = test_.failed_children.value_or(0);
    const auto& count = settings.tolerated_failure_count;
    const auto& percentage = settings.tolerated_failure_percentage;
    return (count && failed > *count) ||
           (percentage && 100.0 * static_cast<double>(failed) >
                              *percentage * static_cast<double>(settings.iterations));
  }

  void finish() {
    if (trace_ != nullptr && !trace_->protocol.empty()) report_.trace = *trace_;
    if (call_ != nullptr) call_->waiting = nullptr;
    if (Branch* branch = execution_.find(kRootBranch);
        branch != nullptr && branch->cancellation != nullptr) {
      branch->cancellation->cancel();
    }
    using Status = StateTestReport::Status;
    if (exited_) {
      report_.status = error_ ? Status::kCaughtError : Status::kSucceeded;
    } else {
      report_.status = execution_.ended() ? Status::kFailed : Status::kRetriable;
    }
    if (error_) report_.failure = error_->failure;
    if (execution_.ended() && !exited_) report_.failure = execution_.record.failure;
    if (error_) explain_error(*error_);
  }

  void explain_error(const RaisedError& error) {
    const auto& retry = state_->retry;
    const auto retrier = std::find_if(retry.begin(), retry.end(), [&](const asl::Retrier& one) {
      return matches_error(one.error_equals, error);
    });
    if (retrier != retry.end()) {
      report_.retry_index = static_cast<std::size_t>(retrier - retry.begin());
      if (report_.status == StateTestReport::Status::kRetriable) {
        report_.retry_delay =
            retry_delay(*retrier, test_.retries + 1, services_.random->next_u64());
      }
    }
    if (report_.status == StateTestReport::Status::kCaughtError) {
      report_.catch_index = find_catcher(state_->catchers, error);
    }
  }

  const Engine& engine_;
  StateTest test_;
  TurnServices services_;
  std::optional<MockedTask> mocked_;

  Execution execution_;
  const asl::State* state_ = nullptr;
  runtime::WallTime end_{};           // the test takes no longer
  std::shared_ptr<Call> call_;        // that runs, or whose outcome is not handled yet
  std::shared_ptr<HttpTrace> trace_;  // what its handler tells
  runtime::WaitPoint changed_;

  bool exited_ = false;
  std::optional<RaisedError> error_;  // the last one
  StateTestReport report_;
};

}  // namespace

StateTestReport test_state(const Engine& engine, StateTest test) {
  return Run(engine, std::move(test)).run();
}

}  // namespace pawl::engine
