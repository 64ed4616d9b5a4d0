// Fail: ends its branch with an error of its own. It has no exit event, and nothing catches it but
// a container around it.
#include "asl/json/writer.h"
#include "engine/inspector.h"
#include "engine/states/states.h"

namespace pawl::engine {

namespace {

// The text of Error or Cause. Empty with `failed` set: the failure was raised.
std::optional<std::string> text_of(Turn& turn, Branch& branch, const asl::TextField& field,
                                   std::string_view name, bool& failed) {
  if (field.literal) return field.literal;
  if (field.expression) {
    std::optional<std::string> text = query_string(turn, branch, *field.expression);
    failed = !text.has_value();
    return text;
  }
  if (!field.path) return std::nullopt;
  const StateEnvironment environment(turn, branch);
  const Result<asl::Value> value =
      field.path->evaluate(name, branch.frame.input.value(), environment);
  if (!value) {
    raise_runtime(turn, branch, value.error().message);
    failed = true;
    return std::nullopt;
  }
  return asl::to_text(*value);
}

}  // namespace

void enter_fail(Turn& turn, Branch& branch, const asl::FailState& state) {
  inspect(turn, FlowStep::kInputPath, branch.frame.input);  // it has no such field
  bool failed = false;
  Failure failure;
  failure.error = text_of(turn, branch, state.error, "ErrorPath", failed);
  if (failed) return;
  failure.cause = text_of(turn, branch, state.cause, "CausePath", failed);
  if (failed) return;
  raise(turn, branch, {.failure = std::move(failure)});
}

}  // namespace pawl::engine
