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
// kQueued: a worker takes the task.
void activity_started(Turn& turn, Branch& branch, const ActivityStartMessage& message);
// The key of its row in the activity's queue; empty unless it is kQueued.
std::string queue_key(const Execution& execution, const Branch& branch);
// What the handler is given; also after a crash, from the frame alone.
TaskRequest task_request(const Execution& execution, const Branch& branch,
                         const TurnServices& services);

void enter_parallel(Turn& turn, Branch& branch, const asl::ParallelState& state);
void parallel_child_succeeded(Turn& turn, Branch& parent, Branch& child, asl::Payload output);
void parallel_child_failed(Turn& turn, Branch& parent, Branch& child, RaisedError error);

void enter_map(Turn& turn, Branch& branch, const asl::MapState& state);
void map_child_succeeded(Turn& turn, Branch& parent, Branch& child, asl::Payload output);
void map_child_failed(Turn& turn, Branch& parent, Branch& child, RaisedError error);
// Restores what kChildren keeps in memory, but for the results of the children.
void children_loaded(Branch& parent);

// A distributed Map (map_distributed.cpp). `input`: the effective one; `max_concurrency` 0: any.
void enter_map_run(Turn& turn, Branch& branch, const asl::MapState& state,
                   const asl::Payload& input, std::int64_t max_concurrency);
// kMapRun: something became of its work.
void map_run_message(Turn& turn, Branch& branch, MapRunMessage& message);
// kMapRun: after a crash, by what the run's record says.
void resume_map_run(Turn& turn, Branch& branch);
// kMapRun: its execution is redriven, and with it the children that did not succeed.
void redrive_map_run(Turn& turn, Branch& branch);
// An error ends the state: the run is over, and a redrive goes on with it or begins another.
void map_run_failed(Turn& turn, Branch& branch, const Failure& failure);

}  // namespace pawl::engine
