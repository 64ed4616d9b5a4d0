// Executions as a store has them: what list, show, history and resume look for by name.
#pragma once

#include "base/result.h"
#include "cli/definition_index.h"
#include "cli/outcome.h"
#include "cli/runtime_host.h"
#include "engine/engine.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::cli {

// The execution that NAME, MACHINE/NAME or an ARN (also of a child of a Map Run) means. kNotFound,
// kInvalid (several machines have one of this name): the message says what else there is.
Result<engine::ExecutionNumber> find_execution(RuntimeHost& host, std::string_view name);

// Executions of all machines (or one), newest first.
Result<std::vector<engine::ExecutionDescription>> list_executions(
    RuntimeHost& host, const std::string& machine, std::optional<engine::ExecutionStatus> status,
    std::size_t max);

// Children of the Map Run that has this ARN, newest first. kInvalid, kNotFound: with a message.
Result<std::vector<engine::ExecutionDescription>> list_children(
    RuntimeHost& host, std::string_view map_run_arn, std::optional<engine::ExecutionStatus> status,
    std::size_t max);

// The definition an execution runs, and where it came from as far as that is still so.
struct StoredDefinition {
  DefinitionIndex index;
  std::string path;  // empty if the file is not known or has changed since
  std::string text;
};
StoredDefinition definition_of(RuntimeHost& host, const engine::ExecutionRecord& record);

// All events, in AWS's shape.
Result<std::vector<asl::Value>> read_history(RuntimeHost& host, engine::ExecutionNumber number);

// Status, output or error, and where it failed.
Result<ExecutionOutcome> read_outcome(RuntimeHost& host, engine::ExecutionNumber number);

// The host of a data directory that is only looked at. Shows what is wrong and answers nullptr.
std::unique_ptr<RuntimeHost> open_for_looking(const std::string& data);

}  // namespace pawl::cli
