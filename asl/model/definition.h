// Definition: a state machine compiled for running.
//
// Made once per revision by asl/parse, immutable, shared by all executions of one shard (it holds
// Values, so it belongs to one thread; each shard compiles its own). Names are indexes here, and
// expressions are compiled. Everything has been validated: whoever runs it need not check again.
//
// Source: States Language; `asl-facts` sections 1, 2, 5-12.
#pragma once

#include "asl/choice/choice.h"
#include "asl/json/value.h"
#include "asl/template/jsonata_template.h"
#include "asl/template/template.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pawl::asl {

enum class QueryLanguage { kJsonPath, kJsonata };

using StateIndex = std::int32_t;    // within its Machine
using MachineIndex = std::int32_t;  // within Definition::machines; 0 is the root
inline constexpr StateIndex kNoState = -1;

// InputPath, OutputPath, ResultPath: absent (the default `$`), null, or a path.
struct PathField {
  enum class Kind { kDefault, kNull, kPath } kind = Kind::kDefault;
  StringExpression expression;  // kPath of InputPath and OutputPath
  Path reference;               // kPath of ResultPath
};

// A scalar written literally, or found: by the ...Path field beside it (JSONPath: a path or an
// intrinsic call), or by the expression in the field itself (JSONata).
template <typename T>
struct ScalarField {
  std::optional<T> literal;
  std::optional<StringExpression> path;
  std::optional<JsonataTemplate> expression;
  bool present() const { return literal || path || expression; }
};
using NumberField = ScalarField<std::int64_t>;  // Seconds, TimeoutSeconds, MaxConcurrency ...
using FractionField = ScalarField<double>;      // ToleratedFailurePercentage
using TextField = ScalarField<std::string>;     // Error, Cause, Timestamp

// A template in the query language of its state: at most one of the two is there.
struct Template {
  std::optional<PayloadTemplate> jsonpath;
  std::optional<JsonataTemplate> jsonata;
  bool present() const { return jsonpath || jsonata; }
};

// Assign evaluates to an object of variable name -> value; all are computed from the values on
// entry, then assigned.
using Assign = Template;

struct Retrier {
  std::vector<std::string> error_equals;
  std::int64_t interval_seconds = 1;
  std::int64_t max_attempts = 3;
  double backoff_rate = 2.0;
  std::optional<std::int64_t> max_delay_seconds;
  bool full_jitter = false;
};

struct Catcher {
  std::vector<std::string> error_equals;
  StateIndex next = kNoState;
  PathField result_path;
  Assign assign;
  std::optional<JsonataTemplate> output;  // JSONata; absent: the error output
};

struct ChoiceBranch {
  ChoiceRule rule;              // JSONPath
  ScalarField<bool> condition;  // JSONata
  StateIndex next = kNoState;
  Assign assign;
  std::optional<JsonataTemplate> output;  // JSONata; absent: the state's input
};

// The parts of a Resource: what to call and in which pattern.
enum class ResourceKind {
  kLambdaFunction,  // arn:P:lambda:R:A:function:NAME[:QUALIFIER]
  kActivity,        // arn:P:states:R:A:activity:NAME
  kIntegration,     // arn:P:states:::SERVICE:ACTION[.PATTERN]
  kOther,           // a URI of another system, or ${...} that was not filled in: for mocks only
};
enum class IntegrationPattern { kRequestResponse, kSync, kWaitForTaskToken };
struct Resource {
  std::string arn;  // as written
  ResourceKind kind = ResourceKind::kIntegration;
  IntegrationPattern pattern = IntegrationPattern::kRequestResponse;
  // kIntegration: "sqs" / "aws-sdk:dynamodb" / "http", and "sendMessage.waitForTaskToken" (the
  // part after the last colon, suffix included, as history shows it), and its bare "sendMessage".
  // `.sync` and `.sync:2` are both kSync: `action` tells them apart.
  std::string service;
  std::string action;
  std::string api_action;
};

struct PassState {
  std::optional<Value> result;
};
struct TaskState {
  Resource resource;
  Template credentials;
  NumberField timeout_seconds;
  NumberField heartbeat_seconds;
};
struct ChoiceState {
  std::vector<ChoiceBranch> choices;
  StateIndex default_next = kNoState;
};
struct WaitState {
  NumberField seconds;
  TextField timestamp;
};
struct SucceedState {};
struct FailState {
  TextField error;
  TextField cause;
};
struct ParallelState {
  std::vector<MachineIndex> branches;
};

// Where a distributed Map has its items from, if not from the state's data.
struct ItemReader {
  Resource resource;          // s3:getObject or s3:listObjectsV2
  Template parameters;        // Parameters or Arguments
  std::string input_type;     // CSV JSON JSONL PARQUET MANIFEST; empty: not given
  std::string manifest_type;  // ATHENA_DATA S3_INVENTORY; empty: not given
  bool load_and_flatten = false;
  char csv_delimiter = ',';
  std::optional<std::vector<std::string>> csv_headers;  // absent: the first row
  std::string items_pointer;                            // a JSON pointer; empty: the document
  NumberField max_items;
};
// How items are gathered into the input of one child.
struct ItemBatcher {
  NumberField max_items_per_batch;
  NumberField max_input_bytes_per_batch;
  Template batch_input;
};
struct ResultWriter {
  enum class Transformation { kNone, kCompact, kFlatten };
  std::optional<Resource> resource;  // s3:putObject; absent: the results are the state's output
  Template parameters;               // Bucket and Prefix
  Transformation transformation = Transformation::kNone;
  bool json_lines = false;
};

// Distributed Map (ProcessorConfig.Mode DISTRIBUTED); absent in an inline one.
struct DistributedMap {
  bool express = false;  // ExecutionType
  std::optional<std::string> label;
  std::optional<ItemReader> item_reader;
  std::optional<ItemBatcher> item_batcher;
  std::optional<ResultWriter> result_writer;
  NumberField tolerated_failure_count;
  FractionField tolerated_failure_percentage;
};
struct MapState {
  MachineIndex processor = 0;
  PathField items_path;                  // JSONPath; kDefault: the effective input
  std::optional<JsonataTemplate> items;  // JSONata; absent: the state's input
  Template item_selector;                // ItemSelector, or Parameters of old
  NumberField max_concurrency;
  std::optional<DistributedMap> distributed;
};

struct State {
  std::string name;
  QueryLanguage query_language = QueryLanguage::kJsonPath;
  StateIndex next = kNoState;  // kNoState: End, or a type without Next
  PathField input_path;
  PathField output_path;
  PathField result_path;
  Template parameters;  // Parameters or Arguments; not of a Map: see item_selector
  std::optional<PayloadTemplate> result_selector;
  std::optional<JsonataTemplate> output;  // Output of JSONata; absent: the result, or the input
  Assign assign;
  std::vector<Retrier> retry;
  std::vector<Catcher> catchers;
  std::variant<PassState, TaskState, ChoiceState, WaitState, SucceedState, FailState, ParallelState,
               MapState>
      body;
};

// A set of states with a start: the root machine, a Parallel branch, a Map's processor.
struct Machine {
  StateIndex start_at = 0;
  std::vector<State> states;  // in the order of the definition
  MachineIndex parent = -1;   // the machine of the state that holds this one; -1 for the root
  StateIndex parent_state = kNoState;

  StateIndex find(std::string_view name) const;  // kNoState if unknown; linear
};

struct Definition {
  std::vector<Machine> machines;
  QueryLanguage query_language = QueryLanguage::kJsonPath;
  std::optional<std::int64_t> timeout_seconds;
  std::string comment;
};

}  // namespace pawl::asl
