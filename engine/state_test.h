// StateTest: runs one state by itself, in memory, and says how it ended and what its data looked
// like on the way. What AWS calls TestState; the API over it is service/test_state/.
//
// The state runs as it would within an execution: by the interpreter, with the engine's handlers
// for its Task. It is not retried and leads nowhere: a retry or a transition is the result. Nothing
// is stored, and nothing of it is in a history.
#pragma once

#include "asl/json/payload.h"
#include "asl/model/definition.h"
#include "engine/engine.h"
#include "engine/inspector.h"
#include "engine/task.h"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pawl::engine {

struct StateTest {
  std::shared_ptr<const asl::Definition> definition;  // its first state is the one to test
  asl::Payload input;
  std::vector<Variable> variables;  // in scope when the state is entered
  std::string role_arn;             // may be empty

  // In the place of the Task's call, of the Parallel's branches, of the Map's iterations. Without:
  // the Task is called, and a Parallel or Map fails.
  std::optional<std::variant<asl::Payload, Failure>> mock;

  // What happened before, as the state is told.
  std::int32_t retries = 0;                     // by the retrier that applies
  std::optional<std::int64_t> failed_children;  // iterations of the Map, with a mocked result
  std::optional<asl::Value> context;            // instead of a context object made up
  std::optional<MapItem> map_item;              // the state is within a Map: the item of its turn
  std::optional<std::string> item_data;         // what the Map's ItemReader reads, as it is there

  // Wants to see the HTTP exchange of its Task, if it has one.
  std::optional<HttpTrace> trace;

  // Past it: States.Timeout.
  std::chrono::milliseconds longest = std::chrono::minutes(5);
};

struct StateTestReport {
  enum class Status { kSucceeded, kFailed, kRetriable, kCaughtError };
  Status status = Status::kFailed;
  asl::Payload output;     // absent if the state failed or would be retried
  Failure failure;         // unless it succeeded
  std::string next_state;  // empty: none

  std::array<asl::Payload, kFlowSteps> steps;  // by FlowStep; absent: not reached
  std::vector<Variable> variables;             // once the state was over
  std::optional<MapSettings> map;
  std::optional<HttpTrace> trace;  // absent: it was not asked for, or there was no exchange

  // The retrier and catcher that apply to the failure.
  std::optional<std::size_t> retry_index;
  std::optional<std::chrono::milliseconds> retry_delay;  // absent: it is used up
  std::optional<std::size_t> catch_index;

  const asl::Payload& step(FlowStep which) const { return steps[static_cast<std::size_t>(which)]; }
};

// On a fiber of one of the engine's shards. Suspends for a Task's call or a Wait.
StateTestReport test_state(const Engine& engine, StateTest test);

}  // namespace pawl::engine
