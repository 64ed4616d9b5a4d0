#include "asl/model/place.h"
#include "asl/parse/distributed_map.h"
#include "asl/parse/fields.h"
#include "asl/parse/parse.h"
#include "asl/parse/resource.h"

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pawl::asl {
namespace {

using StateNames = std::unordered_map<std::string_view, StateIndex>;

// Machines are compiled one after another from a list, not by recursion: a Parallel or Map only
// appends its branches. A fiber's stack is small, and this needs the same for every nesting.
class Compiler {
 public:
  Result<std::shared_ptr<const Definition>> run(const Value& definition);

 private:
  struct Pending {
    const Value* machine;
    std::string place;
    MachineIndex parent;
    StateIndex parent_state;
  };
  // One state while it is compiled: its fields and what they are resolved against.
  struct Scope {
    const FieldReader& fields;
    const StateNames& names;
    MachineIndex machine;
    StateIndex state;
    QueryLanguage language;
  };
  using Body = decltype(State::body);
  struct StateType {
    std::string_view name;
    Body (Compiler::*compile)(const Scope&);
  };
  static const StateType kStateTypes[];

  Machine compile_machine(MachineIndex index, const Value& json, const Place& place);
  State compile_state(const Scope& scope, std::string_view name);
  void compile_common_fields(const Scope& scope, State& state);

  Body compile_pass(const Scope& scope);
  Body compile_task(const Scope& scope);
  Body compile_choice(const Scope& scope);
  Body compile_wait(const Scope& scope);
  Body compile_succeed(const Scope& scope);
  Body compile_fail(const Scope& scope);
  Body compile_parallel(const Scope& scope);
  Body compile_map(const Scope& scope);

  std::vector<Retrier> compile_retry(const FieldReader& fields);
  std::vector<Catcher> compile_catch(const Scope& scope);
  StateIndex compile_target(const FieldReader& fields, std::string_view field,
                            const StateNames& names);
  QueryLanguage compile_query_language(const FieldReader& fields, QueryLanguage inherited);
  MachineIndex append_machine(const Scope& scope, const Value& json, const Place& place);

  FirstError first_error_;
  std::vector<Pending> pending_;
  QueryLanguage query_language_ = QueryLanguage::kJsonPath;  // of the root: all states inherit it
};

const Compiler::StateType Compiler::kStateTypes[] = {
    {"Pass", &Compiler::compile_pass},         {"Task", &Compiler::compile_task},
    {"Choice", &Compiler::compile_choice},     {"Wait", &Compiler::compile_wait},
    {"Succeed", &Compiler::compile_succeed},   {"Fail", &Compiler::compile_fail},
    {"Parallel", &Compiler::compile_parallel}, {"Map", &Compiler::compile_map},
};

Result<std::shared_ptr<const Definition>> Compiler::run(const Value& json) {
  const Place root;
  const FieldReader fields(json, root, first_error_);
  auto definition = std::make_shared<Definition>();
  query_language_ = compile_query_language(fields, QueryLanguage::kJsonPath);
  definition->query_language = query_language_;
  definition->timeout_seconds = fields.integer("TimeoutSeconds");
  definition->comment = fields.string("Comment").value_or("");

  pending_.push_back({&json, "", -1, kNoState});
  for (std::size_t i = 0; i < pending_.size() && !first_error_.any(); ++i) {
    const Pending next = pending_[i];
    Machine machine =
        compile_machine(static_cast<MachineIndex>(i), *next.machine, Place(next.place));
    machine.parent = next.parent;
    machine.parent_state = next.parent_state;
    definition->machines.push_back(std::move(machine));
  }
  if (first_error_.any()) return first_error_.take();
  return std::shared_ptr<const Definition>(std::move(definition));
}

Machine Compiler::compile_machine(MachineIndex index, const Value& json, const Place& place) {
  Machine machine;
  const FieldReader fields(json, place, first_error_);
  const Value* states = fields.find("States");
  if (states == nullptr || !states->is_object() || states->size() == 0) {
    fields.report("States", "An object with at least one state is expected here.");
    return machine;
  }
  StateNames names;
  for (const Member& member : states->members()) {
    names.emplace(member.key.as_string(), static_cast<StateIndex>(names.size()));
  }
  machine.start_at = compile_target(fields, "StartAt", names);
  machine.states.reserve(names.size());
  const Place states_place = place / "States";
  for (const Member& member : states->members()) {
    const Place state_place = states_place / member.key.as_string();
    const QueryLanguage language = compile_query_language(
        FieldReader(member.value, state_place, first_error_), query_language_);
    const FieldReader state_fields(member.value, state_place, first_error_, language);
    const auto state = static_cast<StateIndex>(machine.states.size());
    machine.states.push_back(
        compile_state({state_fields, names, index, state, language}, member.key.as_string()));
    if (first_error_.any()) break;
  }
  return machine;
}

State Compiler::compile_state(const Scope& scope, std::string_view name) {
  State state;
  state.name = name;
  state.query_language = scope.language;
  const std::string type = scope.fields.required_string("Type");
  for (const StateType& known : kStateTypes) {
    if (known.name != type) continue;
    compile_common_fields(scope, state);
    state.body = (this->*known.compile)(scope);
    return state;
  }
  scope.fields.report("Type", "'" + type + "' is no type of state.");
  return state;
}

void Compiler::compile_common_fields(const Scope& scope, State& state) {
  const FieldReader& fields = scope.fields;
  if (fields.find("Next") != nullptr) state.next = compile_target(fields, "Next", scope.names);
  if (scope.language == QueryLanguage::kJsonata) {
    state.parameters = fields.template_of("Arguments");
    state.output = fields.jsonata_template("Output");
  } else {
    state.input_path = fields.path("InputPath");
    state.output_path = fields.path("OutputPath");
    state.result_path = fields.reference_path("ResultPath");
    if (fields.required_string("Type") != "Map") {
      state.parameters = fields.template_of("Parameters");
    }
    state.result_selector = fields.payload_template("ResultSelector");
  }
  state.assign = fields.template_of("Assign");
  state.retry = compile_retry(fields);
  state.catchers = compile_catch(scope);
}

Compiler::Body Compiler::compile_pass(const Scope& scope) {
  PassState pass;
  if (const Value* result = scope.fields.find("Result")) pass.result = *result;
  return pass;
}

Compiler::Body Compiler::compile_task(const Scope& scope) {
  TaskState task;
  const std::string text = scope.fields.required_string("Resource");
  if (std::optional<Resource> resource = parse_resource(text)) {
    task.resource = std::move(*resource);
  } else {
    scope.fields.report("Resource", "'" + text + "' is no resource that a Task can call.");
  }
  task.credentials = scope.fields.template_of("Credentials");
  task.timeout_seconds = scope.fields.number_field("TimeoutSeconds");
  task.heartbeat_seconds = scope.fields.number_field("HeartbeatSeconds");
  return task;
}

Compiler::Body Compiler::compile_choice(const Scope& scope) {
  ChoiceState choice;
  const Value* rules = scope.fields.find("Choices");
  if (rules == nullptr || !rules->is_array() || rules->size() == 0) {
    scope.fields.report("Choices", "An array with at least one rule is expected here.");
    return choice;
  }
  const Place rules_place = scope.fields.place() / "Choices";
  for (std::size_t i = 0; i < rules->size(); ++i) {
    const Value& json = rules->items()[i];
    const Place place = rules_place[i];
    const std::string part = "Choices[" + std::to_string(i) + "]/";
    const FieldReader fields(json, place, first_error_, scope.language, part);
    ChoiceBranch branch;
    if (scope.language == QueryLanguage::kJsonata) {
      branch.condition = fields.condition_field("Condition");
      branch.output = fields.jsonata_template("Output");
    } else if (Result<ChoiceRule> rule = ChoiceRule::compile(json)) {
      branch.rule = std::move(rule).value();
    } else {
      const std::string where = place.prefix() + rule.error().where;
      first_error_.report(ErrorCode::kInvalid, Place(where), rule.error().message);
    }
    branch.next = compile_target(fields, "Next", scope.names);
    branch.assign = fields.template_of("Assign");
    choice.choices.push_back(std::move(branch));
  }
  if (scope.fields.find("Default") != nullptr) {
    choice.default_next = compile_target(scope.fields, "Default", scope.names);
  }
  return choice;
}

Compiler::Body Compiler::compile_wait(const Scope& scope) {
  WaitState wait;
  wait.seconds = scope.fields.number_field("Seconds");
  wait.timestamp = scope.fields.text_field("Timestamp");
  return wait;
}

Compiler::Body Compiler::compile_succeed(const Scope&) { return SucceedState{}; }

Compiler::Body Compiler::compile_fail(const Scope& scope) {
  FailState fail;
  fail.error = scope.fields.text_field("Error");
  fail.cause = scope.fields.text_field("Cause");
  return fail;
}

Compiler::Body Compiler::compile_parallel(const Scope& scope) {
  ParallelState parallel;
  const Value* branches = scope.fields.find("Branches");
  if (branches == nullptr || !branches->is_array()) {
    scope.fields.report("Branches", "An array of state machines is expected here.");
    return parallel;
  }
  const Place place = scope.fields.place() / "Branches";
  for (std::size_t i = 0; i < branches->size(); ++i) {
    parallel.branches.push_back(append_machine(scope, branches->items()[i], place[i]));
  }
  return parallel;
}

Compiler::Body Compiler::compile_map(const Scope& scope) {
  MapState map;
  const FieldReader& fields = scope.fields;
  const std::string_view field =
      fields.find("ItemProcessor") != nullptr ? "ItemProcessor" : "Iterator";
  const Value* processor = fields.find(field);
  if (processor == nullptr) {
    fields.report(field, "A Map needs an ItemProcessor.");
    return map;
  }
  map.processor = append_machine(scope, *processor, fields.place() / field);
  if (scope.language == QueryLanguage::kJsonata) {
    map.items = fields.jsonata_template("Items");
    map.item_selector = fields.template_of("ItemSelector");
  } else {
    map.items_path = fields.path("ItemsPath");
    map.item_selector =
        fields.template_of(fields.find("ItemSelector") != nullptr ? "ItemSelector" : "Parameters");
  }
  map.max_concurrency = fields.number_field("MaxConcurrency");

  const Value* config = processor->find("ProcessorConfig");
  const Value* mode = config != nullptr ? config->find("Mode") : nullptr;
  if (mode == nullptr || !mode->is_string() || mode->as_string() != "DISTRIBUTED") return map;
  DistributedMap distributed;
  const Value* execution_type = config->find("ExecutionType");
  distributed.express = execution_type != nullptr && execution_type->is_string() &&
                        execution_type->as_string() == "EXPRESS";
  distributed.label = fields.string("Label");
  const DistributedFields parts(fields, first_error_, scope.language);
  distributed.item_reader = parts.item_reader();
  distributed.item_batcher = parts.item_batcher();
  distributed.result_writer = parts.result_writer();
  distributed.tolerated_failure_count = fields.number_field("ToleratedFailureCount");
  distributed.tolerated_failure_percentage = fields.fraction_field("ToleratedFailurePercentage");
  map.distributed = std::move(distributed);
  return map;
}

std::vector<Retrier> Compiler::compile_retry(const FieldReader& fields) {
  std::vector<Retrier> out;
  const Value* retry = fields.find("Retry");
  if (retry == nullptr) return out;
  if (!retry->is_array()) fields.report("Retry", "An array of retriers is expected here.");
  const Place retry_place = fields.place() / "Retry";
  for (std::size_t i = 0; i < retry->size() && !first_error_.any(); ++i) {
    const Place place = retry_place[i];
    const FieldReader reader(retry->items()[i], place, first_error_);
    Retrier retrier;
    retrier.error_equals = reader.strings("ErrorEquals");
    retrier.interval_seconds = reader.integer("IntervalSeconds").value_or(retrier.interval_seconds);
    retrier.max_attempts = reader.integer("MaxAttempts").value_or(retrier.max_attempts);
    retrier.backoff_rate = reader.number("BackoffRate").value_or(retrier.backoff_rate);
    retrier.max_delay_seconds = reader.integer("MaxDelaySeconds");
    retrier.full_jitter = reader.string("JitterStrategy") == "FULL";
    out.push_back(std::move(retrier));
  }
  return out;
}

std::vector<Catcher> Compiler::compile_catch(const Scope& scope) {
  std::vector<Catcher> out;
  const Value* catchers = scope.fields.find("Catch");
  if (catchers == nullptr) return out;
  if (!catchers->is_array()) scope.fields.report("Catch", "An array of catchers is expected here.");
  const Place catch_place = scope.fields.place() / "Catch";
  for (std::size_t i = 0; i < catchers->size() && !first_error_.any(); ++i) {
    const Place place = catch_place[i];
    const std::string part = "Catch[" + std::to_string(i) + "]/";
    const FieldReader reader(catchers->items()[i], place, first_error_, scope.language, part);
    Catcher catcher;
    catcher.error_equals = reader.strings("ErrorEquals");
    catcher.next = compile_target(reader, "Next", scope.names);
    if (scope.language == QueryLanguage::kJsonata) {
      catcher.output = reader.jsonata_template("Output");
    } else {
      catcher.result_path = reader.reference_path("ResultPath");
    }
    catcher.assign = reader.template_of("Assign");
    out.push_back(std::move(catcher));
  }
  return out;
}

StateIndex Compiler::compile_target(const FieldReader& fields, std::string_view field,
                                    const StateNames& names) {
  const std::string name = fields.required_string(field);
  const auto found = names.find(name);
  if (found != names.end()) return found->second;
  fields.report(field, "There is no state '" + name + "'.");
  return kNoState;
}

QueryLanguage Compiler::compile_query_language(const FieldReader& fields, QueryLanguage inherited) {
  const std::optional<std::string> language = fields.string("QueryLanguage");
  if (!language) return inherited;
  if (language == "JSONata") return QueryLanguage::kJsonata;
  if (language != "JSONPath") fields.report("QueryLanguage", "JSONPath or JSONata is expected.");
  return QueryLanguage::kJsonPath;
}

MachineIndex Compiler::append_machine(const Scope& scope, const Value& json, const Place& place) {
  pending_.push_back({&json, place.prefix(), scope.machine, scope.state});
  return static_cast<MachineIndex>(pending_.size() - 1);
}

}  // namespace

Result<std::shared_ptr<const Definition>> compile(const Value& definition) {
  return Compiler().run(definition);
}

}  // namespace pawl::asl
