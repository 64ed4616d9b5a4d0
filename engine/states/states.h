// The eight state types. enter_x: the state has been entered (its Entered event is written) or is
// tried again after a backoff; resume functions go on from the phase named.
#pragma once

#include "engine/execution.h"
#include "engine/interpreter.h"
#include "engine/turn.h"

namespace pawl::engine {

void enter_pass(Turn& turn, Branch& branch, const asl::PassState& state);
void enter_choice(Turn& turn, Branch& branch, const asl::ChoiceState& state);
void enter_succeed(Turn& turn, Branch& branch);
void enter_fail(Turn& turn, Branch& branch, const asl::FailState& state);

void enter_wait(Turn& turn, Branch& branch, const asl::WaitState& state);
void resume_wait(Turn& turn, Branch& branch);

void enter_task(Turn& turn, Branch& branch, const asl::TaskState& state);
// kDispatched, kResuming: the handler answered.
void resume_task(Turn& turn, Branch& branch, const asl::TaskState& state, Outcome outcome);
// kDispatched, kSubmitted, kResuming: one of the task's deadlines has come; `at` is the time.
void task_deadline(Turn& turn, Branch& branch, const asl::TaskState& state, runtime::WallTime at);
// kSubmitted: its token was answered, or its worker reported.
void token_succeeded(Turn& turn, Branch& branch, const asl::TaskState& state, asl::Payload output);
void token_failed(Turn& turn, Branch& branch, const asl::TaskState& state, Failure failure);
// kSubmitted: ask the connector again (a child ended, a poll is due).
void ask_again(Turn& turn, Branch& branch);
// What the handler is given; also after a crash, from the frame alone.
TaskRequest task_request(const Execution& execution, const Branch& branch,
                         const TurnServices& services);

void enter_parallel(Turn& turn, Branch& branch, const asl::ParallelState& state);
void parallel_child_succeeded(Turn& turn, Branch& parent, Branch& child, asl::Payload output);
void parallel_child_failed(Turn& turn, Branch& parent, Branch& child, RaisedError error);

void enter_map(Turn& turn, Branch& branch, const asl::MapState& state);
void map_child_succeeded(Turn& turn, Branch& parent, Branch& child, asl::Payload output);
void map_child_failed(Turn& turn, Branch& parent, Branch& child, RaisedError error);
// Restores what kChildren keeps in memory, from the frames of the children.
void map_loaded(Execution& execution, Branch& parent);
void parallel_loaded(Execution& execution, Branch& parent);

}  // namespace pawl::engine
