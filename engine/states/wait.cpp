// Wait: rests until a time, holding nothing but a row and a timer.
#include "asl/json/writer.h"
#include "asl/time/timestamp.h"
#include "engine/states/states.h"

#include <charconv>

namespace pawl::engine {

namespace {

constexpr std::int64_t kLongestWaitSeconds = 99'999'999;
// A Timestamp may lie as far ahead as seconds fit into 31 bits: 24,855 days are waited for, 24,856
// are refused (recorded).
constexpr std::int64_t kLongestTimestampSeconds = 2'147'483'647;

struct Until {
  runtime::WallTime at;
  bool absolute = false;
};

std::optional<Until> seconds_from(Turn& turn, Branch& branch, const asl::NumberField& field,
                                  const asl::Value& input) {
  std::int64_t seconds = 0;
  if (field.literal) {
    seconds = *field.literal;
  } else if (field.expression) {
    const auto value = query_integer(turn, branch, *field.expression, 0, kLongestWaitSeconds);
    if (!value) return std::nullopt;
    seconds = *value;
  } else {
    const StateEnvironment environment(turn, branch);
    const std::string& path = field.path->text();
    const Result<asl::Value> value = field.path->evaluate("SecondsPath", input, environment);
    if (!value) {
      raise_runtime(turn, branch,
                    "The SecondsPath parameter does not reference an input value: " + path);
      return std::nullopt;
    }
    // As Java's Long.parseLong of the value's text: 5 and "5" are numbers, 1.0 is none.
    const std::string text = asl::to_text(*value);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size()) {
      raise_runtime(
          turn, branch,
          "The SecondsPath parameter cannot be parsed as a long value: " + path + " == " + text);
      return std::nullopt;
    }
    if (seconds < 0) {
      raise_runtime(
          turn, branch,
          "The SecondsPath parameter references a negative value: " + path + " == " + text);
      return std::nullopt;
    }
  }
  if (seconds > kLongestWaitSeconds) {
    raise_runtime(turn, branch, "Wait state delay is too long.");
    return std::nullopt;
  }
  return Until{turn.now() + std::chrono::seconds(seconds), false};
}

std::optional<Until> timestamp_from(Turn& turn, Branch& branch, const asl::TextField& field,
                                    const asl::Value& input) {
  std::string text;
  std::string complaint;
  if (field.expression) {
    std::optional<std::string> value = query_string(turn, branch, *field.expression);
    if (!value) return std::nullopt;
    text = *std::move(value);
    complaint =
        "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format "
        "string: " +
        text;
  } else if (field.literal) {
    text = *field.literal;
    complaint =
        "The Timestamp parameter does not reference a valid ISO-8601 extended offset "
        "date-time format string: " +
        text;
  } else {
    const StateEnvironment environment(turn, branch);
    const Result<asl::Value> value = field.path->evaluate("TimestampPath", input, environment);
    if (!value) {
      raise_runtime(
          turn, branch,
          "The TimestampPath parameter does not reference an input value: " + field.path->text());
      return std::nullopt;
    }
    text = asl::to_text(*value);
    complaint =
        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
        "date-time format string: " +
        field.path->text() + " == " + text;
  }
  const Result<asl::Timestamp> timestamp = asl::parse_timestamp(text);
  if (!timestamp) {
    if (field.expression) {
      raise_query(turn, branch, complaint, field.expression->field());
    } else {
      raise_runtime(turn, branch, complaint);
    }
    return std::nullopt;
  }
  // Rounded up: never early.
  const auto at = std::chrono::ceil<std::chrono::milliseconds>(*timestamp);
  if (at > turn.now() + std::chrono::seconds(kLongestTimestampSeconds)) {
    raise_runtime(turn, branch, "Wait state delay is too long.");
    return std::nullopt;
  }
  return Until{at, true};
}

}  // namespace

void enter_wait(Turn& turn, Branch& branch, const asl::WaitState& state) {
  std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return;
  const std::optional<Until> until =
      state.seconds.present() ? seconds_from(turn, branch, state.seconds, input->value())
                              : timestamp_from(turn, branch, state.timestamp, input->value());
  if (!until) return;
  if (until->at <= turn.now()) return resume_wait(turn, branch);
  branch.frame.phase = Phase::kWait;
  set_wake(branch, until->at, until->absolute);
}

void resume_wait(Turn& turn, Branch& branch) {
  set_wake(branch, std::nullopt);
  std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return;
  const asl::State& common = state_of(turn.execution(), branch);
  std::optional<asl::Payload> output = state_output(turn, branch, common.output, *input);
  if (!output) return;
  const auto assigned = apply_assign(turn, branch, common.assign, *input);
  if (!assigned) return;
  exit_state(turn, branch, *std::move(output), common.next, *assigned);
}

}  // namespace pawl::engine
