// What an operator has paused: machines, and single executions.
//
// While an execution is paused no state of it is entered and no Task is tried again. What is under
// way goes on outside, and its outcome is recorded; StopExecution and the machine's timeout still
// end it. A pause is a row, and holds over restarts.
#pragma once

#include "base/result.h"
#include "engine/records.h"
#include "runtime/store/store.h"

#include <set>
#include <string>
#include <string_view>

namespace pawl::engine {

struct Pauses {
  std::set<std::string, std::less<>> machines;
  std::set<ExecutionNumber> executions;

  bool holds(std::string_view machine, ExecutionNumber execution) const {
    return (!machines.empty() && machines.contains(machine)) ||
           (!executions.empty() && executions.contains(execution));
  }
};

// As the store has them.
Result<Pauses> load_pauses(const runtime::Store& store);

}  // namespace pawl::engine
