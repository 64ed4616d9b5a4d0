#include "engine/query.h"

#include "asl/json/writer.h"
#include "engine/interpreter.h"

#include <cmath>
#include <functional>
#include <limits>

namespace pawl::engine {

namespace {

// Calls `evaluate` with what the state's expressions see, and raises its failure.
template <typename Evaluate>
auto run(Turn& turn, Branch& branch, const States& states, Evaluate evaluate) -> std::optional<
    typename std::invoke_result_t<Evaluate, const asl::JsonataScope&>::value_type> {
  const StateEnvironment environment(turn, branch, states.token, states.item);
  const TurnServices& services = turn.services();
  const runtime::SteadyTime until = services.clock->steady_now() + turn.limits().evaluation_time;
  const std::function<bool()> go_on = [&services, until] {
    if (services.give_way) services.give_way();
    return services.clock->steady_now() < until;
  };
  const asl::JsonataScope scope{
      .environment = environment,
      .input = branch.frame.input.value(),
      .result = states.result.present() ? states.result.value() : asl::Value(),
      .error_output = states.error_output,
      .now_ms = turn.now().time_since_epoch().count(),
      .go_on = &go_on};
  auto evaluated = evaluate(scope);
  if (evaluated) return *std::move(evaluated);
  raise_query(turn, branch, evaluated.error().message, evaluated.error().where);
  return std::nullopt;
}

std::string shown(double value) { return asl::to_json(asl::Value::number(value)); }

// `value` as a whole number; empty if it is none.
std::optional<std::int64_t> whole(const asl::Value& value) {
  if (value.is_int()) return value.as_int();
  constexpr double kTwoTo63 = 9223372036854775808.0;
  const double number = value.as_double();
  if (!(number >= -kTwoTo63 && number < kTwoTo63) || std::trunc(number) != number) return {};
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::optional<asl::Value> query(Turn& turn, Branch& branch, const asl::JsonataTemplate& field,
                                const States& states) {
  if (field.is_static()) return field.source();
  return run(turn, branch, states,
             [&field](const asl::JsonataScope& scope) { return field.evaluate(scope); });
}

std::optional<asl::Value> query_array(Turn& turn, Branch& branch, const asl::JsonataTemplate& field,
                                      const States& states) {
  return run(turn, branch, states,
             [&field](const asl::JsonataScope& scope) { return field.evaluate_array(scope); });
}

std::optional<bool> query_boolean(Turn& turn, Branch& branch, const asl::JsonataTemplate& field) {
  return run(turn, branch, {},
             [&field](const asl::JsonataScope& scope) { return field.evaluate_boolean(scope); });
}

std::optional<std::string> query_string(Turn& turn, Branch& branch,
                                        const asl::JsonataTemplate& field) {
  return run(turn, branch, {},
             [&field](const asl::JsonataScope& scope) { return field.evaluate_string(scope); });
}

std::optional<std::int64_t> query_integer(Turn& turn, Branch& branch,
                                          const asl::JsonataTemplate& field, std::int64_t min,
                                          std::int64_t max) {
  const auto number = run(turn, branch, {}, [&field](const asl::JsonataScope& scope) {
    return field.evaluate_number(scope);
  });
  if (!number) return std::nullopt;
  const std::string& name = field.field();
  const std::optional<std::int64_t> value = whole(*number);
  if (!value) {
    raise_query(turn, branch,
                "The " + name + " field cannot be parsed as an integer: " + asl::to_json(*number),
                name);
    return std::nullopt;
  }
  if (*value < min || *value > max) {
    const bool bounded = max != std::numeric_limits<std::int64_t>::max();
    raise_query(turn, branch,
                bounded ? name + " must be between " + std::to_string(min) + " and " +
                              std::to_string(max) + " but was: " + std::to_string(*value)
                        : name + " cannot be negative.",
                name);
    return std::nullopt;
  }
  return value;
}

std::optional<double> query_fraction(Turn& turn, Branch& branch, const asl::JsonataTemplate& field,
                                     double min, double max) {
  const auto number = run(turn, branch, {}, [&field](const asl::JsonataScope& scope) {
    return field.evaluate_number(scope);
  });
  if (!number) return std::nullopt;
  const double value = number->as_double();
  if (value >= min && value <= max) return value;
  const std::string& name = field.field();
  raise_query(turn, branch, name + " must be between " + shown(min) + " and " + shown(max) + ".",
              name);
  return std::nullopt;
}

void raise_query(Turn& turn, Branch& branch, std::string_view text, std::string_view location) {
  const asl::State& state = state_of(turn.execution(), branch);
  Frame& frame = branch.frame;
  const std::string cause = runtime_cause(turn.execution(), branch, text);
  std::vector<EventField> fields{{Field::kError, kStatesQueryEvaluationError},
                                 {Field::kCause, std::string_view(cause)}};
  if (!location.empty()) fields.push_back({Field::kLocation, location});
  fields.push_back({Field::kState, std::string_view(state.name)});
  // Recorded: on entry the event points past the state's own entry, but for a Wait.
  const bool on_entry = frame.previous_event == frame.entered_event;
  const bool wait = std::holds_alternative<asl::WaitState>(state.body);
  const EventId previous = on_entry && !wait ? frame.before_entry : frame.previous_event;
  const EventId id = turn.emit_fields(previous, EventType::kEvaluationFailed, fields);
  frame.previous_event = id;
  raise_failure(turn, branch, kStatesQueryEvaluationError, cause);
}

}  // namespace pawl::engine
