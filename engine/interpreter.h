// The interpreter: runs branches, one state after the other, until they wait.
//
// The state types are in engine/states/, one file each, with the same function names: enter_x()
// begins a state's work, and where a state can wait, resume_x() and its kin go on. This file holds
// what they share: entering and leaving, errors, the ends of branches.
#pragma once

#include "engine/data_flow.h"
#include "engine/environment.h"
#include "engine/execution.h"
#include "engine/retry.h"
#include "engine/turn.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::engine {

// Handles one message: runs everything that follows from it until all branches wait or the turn
// is due for a checkpoint.
void handle(Turn& turn, Message& message);
// The same without running what it made ready.
void handle_message(Turn& turn, Message& message);

// Begins the work of the current state: on entry, and again after a backoff.
void begin_work(Turn& turn, Branch& branch);

// Runs ready branches until none is left or a checkpoint is due.
void run_ready(Turn& turn);

const asl::State& state_of(const Execution& execution, const Branch& branch);
const asl::Machine& machine_of(const Execution& execution, const Branch& branch);

// --- for the state types ---------------------------------------------------------------------

// The state's work is done: ResultSelector, ResultPath, OutputPath, Assign, then the exit.
// `result` is what the work gave. Raises what goes wrong on the way.
void succeed_state(Turn& turn, Branch& branch, asl::Payload result);

// Leaves the state with `output` for `next` (kNoState: the branch ends).
void exit_state(Turn& turn, Branch& branch, asl::Payload output, asl::StateIndex next,
                const std::vector<Variable>& assigned = {});

// An error in the state: Retry, Catch, or the end of the branch.
void raise(Turn& turn, Branch& branch, RaisedError error);
// A defect of data or definition at run time (States.Runtime): never retried or caught. `text` is
// completed by the service's prefix with the state's name and entry event.
void raise_runtime(Turn& turn, Branch& branch, std::string_view text);
void raise_failure(Turn& turn, Branch& branch, std::string_view error, std::string cause);

// "An error occurred while executing the state 'S' (entered at the event id #N). " + text
std::string runtime_cause(const Execution& execution, const Branch& branch, std::string_view text);

// Sets when the branch wants to be woken next; empty: by messages only.
void set_wake(Branch& branch, std::optional<runtime::WallTime> at, bool absolute = false);

// A child branch of a Parallel or Map state has ended; its container goes on.
void child_succeeded(Turn& turn, Branch& child, asl::Payload output);
void child_failed(Turn& turn, Branch& child, RaisedError error);

// Writes the abort events of everything open under `container`'s children, pointing to `previous`.
void abort_children(Turn& turn, Branch& container, const Branch* failed, EventId previous);

std::string task_token(const Execution& execution, const Branch& branch);

}  // namespace pawl::engine
