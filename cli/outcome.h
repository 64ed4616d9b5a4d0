// How an execution came out, as it is shown to people and to programs.
#pragma once

#include "asl/json/value.h"
#include "cli/narrator.h"
#include "engine/engine.h"

#include <optional>
#include <string>

namespace pawl::cli {

struct ExecutionOutcome {
  std::string name;
  std::string arn;
  std::string machine_arn;
  engine::ExecutionStatus status = engine::ExecutionStatus::kRunning;
  runtime::WallTime start_date{};
  std::optional<runtime::WallTime> stop_date;
  std::optional<std::string> input;
  std::optional<std::string> output;
  engine::Failure failure;
  std::string failed_state;  // where it failed; empty if that is not known
  std::string place;         // of that state, "FILE:LINE:COL"
};

ExecutionOutcome outcome_of(const engine::ExecutionDescription& description);

// {"name", "arn", "stateMachineArn", "status", "startDate", "stopDate", "output" | "error",
// "cause",
//  "state", "place"}; `output` is the JSON value itself.
asl::Value to_json(const ExecutionOutcome& outcome);

// What a failed execution says on standard error: status, error, cause, state and place.
void show_failure(const ExecutionOutcome& outcome);

// JSON for standard output: as it is, or set out over lines for a reader at a terminal.
std::string output_text(const std::string& json);
std::string output_text(const asl::Value& value);

Style status_style(engine::ExecutionStatus status);

// "2026-11-20 11:35:00" in UTC.
std::string date_text(runtime::WallTime time);

}  // namespace pawl::cli
