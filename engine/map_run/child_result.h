// What became of the children of a Map Run: as the state's output, and as its ResultWriter exports
// them.
//
// Source: developer guide, "ResultWriter (Map)"; `asl-facts` section 11.
#pragma once

#include "asl/json/value.h"
#include "asl/model/definition.h"
#include "engine/map_run/map_run.h"
#include "runtime/store/store.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace pawl::engine {

struct TurnServices;

// A child as the store has it.
struct StoredChild {
  ExecutionNumber number = 0;
  ExecutionRecord record;
};
Result<StoredChild> read_child(const runtime::Store& store, ExecutionNumber run,
                               std::uint32_t ordinal);
// All children in the order of their items. An error of `take` ends the pass and is answered.
Status for_each_child(const runtime::Store& store, ExecutionNumber run,
                      const std::function<Status(const StoredChild&)>& take);

// The constant parts of the ARNs of a run's children.
struct ChildArns {
  std::string machine;    // "arn:...:stateMachine:NAME/LABEL"
  std::string execution;  // "arn:...:execution:NAME/LABEL:"
  bool express = false;
};
ChildArns arns_of(const TurnServices& services, const MapRunRecord& record);
std::string child_arn(const ChildArns& arns, const std::string& name);

struct ResultForm {
  asl::ResultWriter::Transformation transformation = asl::ResultWriter::Transformation::kCompact;
  bool json_lines = false;
};
// Without a ResultWriter: the outputs. One that exports shows everything unless told otherwise.
ResultForm result_form(const std::optional<asl::ResultWriter>& writer);

// Everything about a child, as an export shows it.
Result<asl::Value> result_with_metadata(const runtime::Store& store, const StoredChild& child,
                                        const ChildArns& arns);

// The results of a run as one value: an array, or its JSON Lines as a string. Children that did not
// succeed are left out, unless everything is shown. kLimit: it has more than `bytes_max` bytes.
Result<asl::Value> gather_results(const runtime::Store& store, ExecutionNumber run,
                                  const ChildArns& arns, const ResultForm& form,
                                  std::size_t bytes_max);

}  // namespace pawl::engine
