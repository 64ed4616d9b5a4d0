#include "engine/data_flow.h"

#include "asl/json/writer.h"
#include "engine/environment.h"
#include "engine/inspector.h"
#include "engine/interpreter.h"

#include <algorithm>

namespace pawl::engine {

namespace {

std::optional<asl::Payload> after_input_path(Turn& turn, Branch& branch) {
  const asl::PathField& field = state_of(turn.execution(), branch).input_path;
  if (field.kind == asl::PathField::Kind::kDefault) return branch.frame.input;
  if (field.kind == asl::PathField::Kind::kNull) {
    return asl::Payload::of(asl::Value::object({}));
  }
  const asl::ValuePath* path = field.expression.path();
  const StateEnvironment environment(turn, branch);
  Result<asl::Value> value =
      path != nullptr
          ? path->evaluate(branch.frame.input.value(), environment)
          : field.expression.evaluate("InputPath", branch.frame.input.value(), environment);
  if (!value) {
    raise_runtime(turn, branch,
                  "Invalid path '" + field.expression.text() + "' : " + value.error().message);
    return std::nullopt;
  }
  if (value->same_as(branch.frame.input.value())) return branch.frame.input;
  return asl::Payload::of(*std::move(value));
}

}  // namespace

std::optional<asl::Payload> apply_input_path(Turn& turn, Branch& branch) {
  std::optional<asl::Payload> input = after_input_path(turn, branch);
  if (input) inspect(turn, FlowStep::kInputPath, *input);
  return input;
}

std::optional<asl::Payload> apply_output_path(Turn& turn, Branch& branch, asl::Payload output) {
  const asl::PathField& field = state_of(turn.execution(), branch).output_path;
  if (field.kind == asl::PathField::Kind::kDefault) return output;
  if (field.kind == asl::PathField::Kind::kNull) {
    return asl::Payload::of(asl::Value::object({}));
  }
  const asl::ValuePath* path = field.expression.path();
  const StateEnvironment environment(turn, branch);
  Result<asl::Value> value =
      path != nullptr ? path->evaluate(output.value(), environment)
                      : field.expression.evaluate("OutputPath", output.value(), environment);
  if (!value) {
    raise_runtime(turn, branch,
                  "Invalid path '" + field.expression.text() + "' : " + value.error().message);
    return std::nullopt;
  }
  if (value->same_as(output.value())) return output;
  return asl::Payload::of(*std::move(value));
}

std::optional<asl::Payload> state_output(Turn& turn, Branch& branch,
                                         const std::optional<asl::JsonataTemplate>& output,
                                         asl::Payload passed, const States& states) {
  if (!output) return apply_output_path(turn, branch, std::move(passed));
  std::optional<asl::Value> value = query(turn, branch, *output, states);
  if (!value) return std::nullopt;
  asl::Payload made =
      value->same_as(branch.frame.input.value()) ? branch.frame.input : asl::Payload::of(*value);
  if (!check_output_size(turn, branch, made)) return std::nullopt;
  return made;
}

std::optional<asl::Value> evaluate_template(Turn& turn, Branch& branch, const asl::Template& fields,
                                            const asl::Value& input, const States& states) {
  if (fields.jsonata) return query(turn, branch, *fields.jsonata, states);
  const StateEnvironment environment(turn, branch, states.token, states.item);
  Result<asl::Value> value = fields.jsonpath->evaluate(input, environment);
  if (value) return *std::move(value);
  raise_runtime(turn, branch, value.error().message);
  return std::nullopt;
}

std::optional<asl::Payload> effective_input(Turn& turn, Branch& branch, std::string_view token) {
  std::optional<asl::Payload> input = apply_input_path(turn, branch);
  const asl::State& state = state_of(turn.execution(), branch);
  if (!input) return std::nullopt;
  if (!state.parameters.present()) {
    inspect(turn, FlowStep::kParameters, *input);
    return input;
  }
  std::optional<asl::Value> parameters =
      evaluate_template(turn, branch, state.parameters, input->value(), {.token = token});
  if (!parameters) return std::nullopt;
  if (!parameters->same_as(input->value())) input = asl::Payload::of(*std::move(parameters));
  inspect(turn, FlowStep::kParameters, *input);
  return input;
}

namespace {

// What all variables of the execution would have when `assigned` take their places in `branch`.
std::size_t variables_bytes(const Execution& execution, const Branch& branch,
                            const std::vector<Variable>& assigned) {
  std::size_t bytes = 0;
  for (const Variable& variable : assigned) bytes += variable.value.text().size();
  for (const auto& [id, other] : execution.branches) {
    for (const Variable& variable : other->frame.variables) {
      const bool replaced = other.get() == &branch &&
                            std::any_of(assigned.begin(), assigned.end(), [&](const Variable& one) {
                              return one.name == variable.name;
                            });
      if (!replaced) bytes += variable.value.text().size();
    }
  }
  return bytes;
}

}  // namespace

std::optional<std::vector<Variable>> apply_assign(Turn& turn, Branch& branch,
                                                  const asl::Assign& assign,
                                                  const asl::Payload& values,
                                                  const States& states) {
  std::vector<Variable> assigned;
  if (!assign.present()) return assigned;
  const std::optional<asl::Value> evaluated =
      evaluate_template(turn, branch, assign, values.value(), states);
  if (!evaluated) return std::nullopt;
  std::size_t bytes = 0;
  assigned.reserve(evaluated->size());
  for (const asl::Member& member : evaluated->members()) {
    assigned.push_back({std::string(member.key.as_string()), asl::Payload::of(member.value)});
    bytes += assigned.back().value.text().size();
  }
  if (bytes > turn.limits().assign_bytes) {
    raise_failure(turn, branch, kStatesDataLimitExceeded,
                  runtime_cause(turn.execution(), branch,
                                "The variables assigned exceed the maximum number of bytes "
                                "service limit."));
    return std::nullopt;
  }
  if (variables_bytes(turn.execution(), branch, assigned) > turn.limits().variables_bytes) {
    raise_failure(turn, branch, kStatesDataLimitExceeded,
                  runtime_cause(turn.execution(), branch,
                                "The variables of the execution exceed the maximum number of bytes "
                                "service limit."));
    return std::nullopt;
  }
  for (const Variable& variable : assigned) {
    auto& own = branch.frame.variables;
    const auto known = std::find_if(own.begin(), own.end(), [&](const Variable& candidate) {
      return candidate.name == variable.name;
    });
    if (known != own.end()) {
      known->value = variable.value;
    } else {
      own.push_back(variable);
    }
  }
  return assigned;
}

FieldNumber field_integer(Turn& turn, Branch& branch, const asl::NumberField& field,
                          std::string_view name, const asl::Value& input, std::int64_t min,
                          std::int64_t max) {
  if (field.literal) return {field.literal, false};
  if (field.expression) {
    const auto value = query_integer(turn, branch, *field.expression, min, max);
    return {value, !value.has_value()};
  }
  if (!field.path) return {};
  const StateEnvironment environment(turn, branch);
  const asl::ValuePath* path = field.path->path();
  const Result<asl::Value> value = path != nullptr ? path->evaluate(input, environment)
                                                   : field.path->evaluate(name, input, environment);
  if (!value) {
    raise_runtime(turn, branch,
                  "Invalid path '" + field.path->text() + "' : " + value.error().message);
    return {std::nullopt, true};
  }
  if (!value->is_int()) {
    raise_runtime(turn, branch,
                  "The " + std::string(name) + " field refers to value \"" + asl::to_text(*value) +
                      "\" which is not a valid integer: " + field.path->text());
    return {std::nullopt, true};
  }
  return {value->as_int(), false};
}

std::optional<asl::Payload> apply_result_path(Turn& turn, Branch& branch,
                                              const asl::PathField& field, asl::Payload result) {
  using Kind = asl::PathField::Kind;
  if (field.kind == Kind::kNull) return branch.frame.input;
  if (field.kind == Kind::kDefault || field.reference.is_root()) return result;
  Result<asl::Value> output = field.reference.put(branch.frame.input.value(), result.value());
  if (!output) {
    raise_failure(turn, branch, "States.ResultPathMatchFailure",
                  runtime_cause(turn.execution(), branch,
                                "Unable to apply ReferencePath " + field.reference.text() +
                                    " to input " + branch.frame.input.text()));
    return std::nullopt;
  }
  return asl::Payload::of(*std::move(output));
}

bool check_output_size(Turn& turn, Branch& branch, const asl::Payload& output) {
  if (output.exceeds(turn.limits().payload_bytes, &turn.execution().stored_parts)) {
    raise_failure(turn, branch, kStatesDataLimitExceeded,
                  "The state/task '" + state_of(turn.execution(), branch).name +
                      "' returned a result with a size exceeding the maximum number of bytes "
                      "service limit.");
    return false;
  }
  if (output.nests_deeper_than(asl::kMaxDepth)) {
    raise_runtime(turn, branch,
                  "The output nests deeper than " + std::to_string(asl::kMaxDepth) + " levels.");
    return false;
  }
  return true;
}

}  // namespace pawl::engine
