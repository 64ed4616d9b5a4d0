// Observer: learns what happens to executions, after it is durable.
//
// For what follows from executions and is no part of them: logs, events to the outside, metrics. An
// observer is best effort: it is not told again after a crash.
#pragma once

#include "engine/execution.h"

#include <cstdint>

namespace pawl::engine {

class Observer {
 public:
  virtual ~Observer() = default;

  // An Express execution of `machine` starts: whether its history is to be kept until it ends
  // (Execution::memory_history), for this observer to read then.
  virtual bool wants_history(std::string_view machine) = 0;

  // The execution started or was redriven (kRunning), or ended; `execution` itself may be further
  // on. On its shard: must be short, and must not suspend. Copies what it wants to keep.
  virtual void status_changed(const Execution& execution, ExecutionStatus status) = 0;

  // `events` events of a Standard execution are in the store, from the history record `record` on.
  // As status_changed().
  virtual void recorded(const Execution& execution, std::uint32_t record, std::uint32_t events) = 0;
};

}  // namespace pawl::engine
