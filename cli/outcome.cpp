#include "cli/outcome.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/time/timestamp.h"
#include "cli/terminal.h"
#include "runtime/log/log.h"

#include <fmt/format.h>

namespace pawl::cli {
namespace {

using asl::Value;

// JSON text as a value; text that does not read back stays text.
Value json_value(const std::string& text) {
  const Result<Value> value = asl::read_json(text);
  return value ? *value : Value::string(text);
}

// A cause that is a JSON document, set out over lines.
std::string cause_text(const std::string& cause) {
  constexpr std::string_view kIndent = "    ";
  const Result<Value> document =
      cause.starts_with('{') ? asl::read_json(cause) : Result<Value>(Value());
  std::string text = document && document->is_object() ? asl::to_pretty_json(*document)
                                                       : runtime::escape_for_log(cause);
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    text.insert(at + 1, kIndent);
  }
  return text;
}

}  // namespace

ExecutionOutcome outcome_of(const engine::ExecutionDescription& description) {
  ExecutionOutcome outcome;
  outcome.name = description.record.name;
  outcome.arn = description.arn;
  outcome.machine_arn = description.state_machine_arn;
  outcome.status = description.record.status;
  outcome.start_date = description.record.start_date;
  outcome.stop_date = description.record.stop_date;
  outcome.input = description.input;
  outcome.output = description.output;
  outcome.failure = description.record.failure;
  return outcome;
}

Value to_json(const ExecutionOutcome& outcome) {
  asl::ObjectBuilder object;
  object.set("name", Value::string(outcome.name));
  object.set("arn", Value::string(outcome.arn));
  object.set("stateMachineArn", Value::string(outcome.machine_arn));
  object.set("status", Value::string(engine::status_name(outcome.status)));
  object.set("startDate", Value::string(asl::format_timestamp_ms(outcome.start_date)));
  if (outcome.stop_date) {
    object.set("stopDate", Value::string(asl::format_timestamp_ms(*outcome.stop_date)));
  }
  if (outcome.input) object.set("input", json_value(*outcome.input));
  if (outcome.output) object.set("output", json_value(*outcome.output));
  if (outcome.failure.error) object.set("error", Value::string(*outcome.failure.error));
  if (outcome.failure.cause) object.set("cause", Value::string(*outcome.failure.cause));
  if (!outcome.failed_state.empty()) object.set("state", Value::string(outcome.failed_state));
  if (!outcome.place.empty()) object.set("place", Value::string(outcome.place));
  return std::move(object).build();
}

void show_failure(const ExecutionOutcome& outcome) {
  const Terminal& terminal = err();
  terminal.line(terminal.paint(Style::kRed, engine::status_name(outcome.status)) + "  " +
                terminal.paint(Style::kBold, runtime::escape_for_log(outcome.failure.error.value_or(
                                                 "(no error name)"))));
  if (outcome.failure.cause) terminal.line("  cause: " + cause_text(*outcome.failure.cause));
  if (!outcome.failed_state.empty()) {
    terminal.line(fmt::format("  state: {}{}", runtime::escape_for_log(outcome.failed_state),
                              outcome.place.empty() ? "" : " at " + outcome.place));
  }
}

std::string output_text(const std::string& json) {
  if (!out().interactive()) return json;
  const Result<Value> value = asl::read_json(json);
  return value ? asl::to_pretty_json(*value) : json;
}

std::string output_text(const Value& value) {
  return out().interactive() ? asl::to_pretty_json(value) : asl::to_json(value);
}

Style status_style(engine::ExecutionStatus status) {
  if (status == engine::ExecutionStatus::kSucceeded) return Style::kGreen;
  return status == engine::ExecutionStatus::kRunning ? Style::kCyan : Style::kRed;
}

std::string date_text(runtime::WallTime time) {
  std::string text = asl::format_timestamp_ms(time);  // 2026-11-20T11:35:00.123Z
  if (const std::size_t t = text.find('T'); t != std::string::npos) text[t] = ' ';
  return text.substr(0, std::string_view("2026-11-20 11:35:00").size());
}

}  // namespace pawl::cli
