// TaskHandler: how a Task state reaches a system outside the engine.
//
// A connector implements one handler per Resource it serves and writes it as straight code: run()
// is called on a fiber of its own, may suspend (sockets, timers, child processes), and returns an
// Outcome. The engine calls it only after the scheduling of the task is durable (but see
// decides()), always with the same idempotency key for the same attempt: after a crash it may be
// called again with that key.
#pragma once

#include "asl/json/payload.h"
#include "asl/model/definition.h"
#include "runtime/clock/clock.h"
#include "runtime/store/store.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pawl::engine {

// An error of the language: data that flows through Retry and Catch. Both parts may be absent.
struct Failure {
  std::optional<std::string> error;
  std::optional<std::string> cause;
};

// Told when nobody waits for the task any more: it timed out, or its execution was stopped.
// Belongs to the shard's thread; only cancelled() may be asked elsewhere.
class Cancellation {
 public:
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Runs `callback` at cancellation (at once if it has happened). It must not suspend: wake a wait
  // point, set a flag. One callback at a time; an empty one unregisters.
  void on_cancel(std::function<void()> callback);
  void cancel();  // the engine's

 private:
  std::atomic<bool> cancelled_ = false;
  std::function<void()> callback_;
};

// The HTTP exchange behind a Task, for who tests a state and wants to see it (TestState's TRACE).
// All text, as the service shows it.
struct HttpTrace {
  struct Response {
    std::string status_code;
    std::string status_message;
    std::string headers;
    std::string body;
  };
  // Asked for by the tester: what a connection added is shown, too.
  bool reveal_secrets = false;
  std::string protocol;  // "https"; empty: nothing was sent
  std::string method;
  std::string url;
  std::string headers;  // "[name: text, name: text]"
  std::string body;
  std::optional<Response> response;
};

struct TaskRequest {
  const asl::Resource* resource = nullptr;  // valid during the call
  asl::Payload parameters;                  // the resolved Parameters: what history shows
  std::string execution_arn;
  std::string execution_name;
  std::string state_machine_arn;
  std::string state_name;
  std::string role_arn;
  std::optional<std::string> credentials_role_arn;
  std::string region;
  std::string account;
  std::string task_token;  // empty unless the pattern is .waitForTaskToken
  // Stable per attempt: execution ARN and the id of the scheduling event. Pass it on wherever the
  // system has a field for it.
  std::string idempotency_key;
  // For nested executions: names this attempt, so that the child's end reaches it (StartRequest).
  std::uint64_t execution_number = 0;
  std::uint32_t branch = 0;
  std::int64_t scheduled_event_id = 0;
  std::int64_t attempt = 0;  // 0 for the first, then $$.State.RetryCount
  runtime::SteadyTime deadline = runtime::SteadyTime::max();  // of TimeoutSeconds
  std::shared_ptr<Cancellation> cancellation;
  std::shared_ptr<HttpTrace> trace;  // null unless somebody wants to see it: filled by the handler
};

// What becomes of the writes that an outcome carries. Both calls come on the thread of the shard
// that runs the execution, and must not suspend. Destroyed without appended(): nobody waited for
// the outcome any more, and nothing was written.
class WritesFate {
 public:
  virtual ~WritesFate() = default;
  // They are in the journal: every commit that is appended from now on comes after them.
  virtual void appended() = 0;
  // They are on disk, or the store failed and only it knows.
  virtual void durable(const Status& status) = 0;
};

// Rows that join the commit which records an outcome: the effect of an embedded connector happens
// exactly once, with it. Empty for everything that acts outside the store.
struct JoinedWrites {
  runtime::Batch batch;
  std::shared_ptr<WritesFate> fate;  // may be null
};

struct TaskSucceeded {
  asl::Payload output;
  JoinedWrites writes;
};

struct TaskFailed {
  Failure failure;
  JoinedWrites writes = {};  // what was done all the same
};

// The call was accepted and its end comes later: by task token, by a child execution's end, or by
// asking again. Shown as TaskSubmitted if `output` is present.
struct TaskSubmitted {
  asl::Payload output;
  // Given back to resume(); whatever the connector needs to find its job again. Durable.
  asl::Payload continuation;
  // Call resume() again after this long; absent: only a token or a child's end goes on.
  std::optional<std::chrono::milliseconds> poll_after;
  JoinedWrites writes = {};
};

using Outcome = std::variant<TaskSucceeded, TaskFailed, TaskSubmitted>;

class TaskHandler {
 public:
  virtual ~TaskHandler() = default;

  virtual Outcome run(const TaskRequest& request) = 0;

  // Whether run() is one decision on the store's rows: it acts through the writes of its outcome
  // alone, and takes microseconds. Then it is called within the turn that schedules the task,
  // before anything is durable: scheduling, effect and outcome are one commit, and a crash leaves
  // nothing of them. Its request has no cancellation.
  virtual bool decides(const asl::Resource& /*resource*/) const { return false; }

  // Goes on with a submitted task: its poll is due, or its child execution has ended. Answers
  // TaskSubmitted without output to keep waiting.
  virtual Outcome resume(const TaskRequest& request, const asl::Payload& continuation);

  // The task was cancelled after it had been submitted: stop the job if the system can.
  virtual void cancel(const TaskRequest& request, const asl::Payload& continuation);
};

// Finds the handler of a resource. Registered by whoever wires the engine; asked on the shard's
// thread. nullptr: no such connector, the task fails with States.Runtime.
class TaskHandlers {
 public:
  virtual ~TaskHandlers() = default;
  // The names of machine and state let a test case mock one state and leave its neighbours real.
  virtual TaskHandler* find(const asl::Resource& resource, std::string_view state_machine_name,
                            std::string_view state_name) = 0;
};

}  // namespace pawl::engine
