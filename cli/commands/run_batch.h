// pawl run --batch: many executions in one process, each in an instant of virtual time. What
// conformance/run judges the language cases with.
#pragma once

namespace pawl::cli {

// Lines in, each one case:
//   {"name"?, "definition", "input"?, "type"?: "express", "mocks"?: {STATE: [ANSWER, ...]},
//    "history"?: true}
// ANSWER is {"Return": JSON}, {"Throw": {"Error", "Cause"?}} or {"Never": true}, one per attempt;
// the last one answers all later attempts, too. With "After": SECONDS the answer takes that long;
// one of "Never" has been accepted, and nobody will complete it.
//
// Lines out, in the same order:
//   {"name", "status", "output" | "error", "cause", "seconds", "events": [TYPE, ...]}
//   {"name", "status": "INVALID", "diagnostics": [...]}
//   {"name", "status": "ERROR", "message"}       the case itself is wrong, or the engine failed
// `seconds` is the virtual time it took; with "history", `events` are whole events.
//
// Answers the exit code.
int run_batch();

}  // namespace pawl::cli
