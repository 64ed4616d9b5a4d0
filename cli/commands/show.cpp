// pawl show NAME: one execution, and where it stands.
#include "cli/command.h"
#include "cli/diagnostics.h"
#include "cli/outcome.h"
#include "cli/rows.h"
#include "cli/stored_executions.h"
#include "cli/terminal.h"
#include "runtime/log/log.h"

#include <fmt/format.h>

#include <map>
#include <memory>

namespace pawl::cli {
namespace {

constexpr const char* kHelp = R"help(Examples:
  pawl show first --data /tmp/orders
  pawl show order-fulfilment/first --data /tmp/orders --json

NAME is an execution's name, MACHINE/NAME, or its ARN. --json prints what `pawl run --json` prints,
with the input, and with "waitingIn" for an execution that is under way.)help";

struct ShowOptions {
  std::string name;
  std::string data;
  bool json = false;
};

// The states an execution is in, "CheckInventory [2]": entered and not left.
std::vector<std::string> open_states(const std::vector<asl::Value>& events, DefinitionIndex index) {
  Narrator narrator(std::move(index));
  std::map<std::string, std::int64_t> open;
  for (const asl::Value& event : events) {
    const Line line = narrator.read(event);
    const std::string where = line.state + (line.iteration.empty() ? "" : " " + line.iteration);
    if (line.kind == Line::Kind::kEnter) open[where] = line.id;
    if (line.kind == Line::Kind::kLeave || line.kind == Line::Kind::kCatch) open.erase(where);
  }
  std::map<std::int64_t, std::string> by_entry;
  for (const auto& [where, id] : open) by_entry.emplace(id, where);
  std::vector<std::string> states;
  for (const auto& [id, where] : by_entry) states.push_back(where);
  return states;
}

void show_text(const ExecutionOutcome& outcome, const std::vector<std::string>& open) {
  const Rows rows(10);
  rows.row("name", out().paint(Style::kBold, outcome.name));
  rows.row("status",
           out().paint(status_style(outcome.status), engine::status_name(outcome.status)));
  rows.row("arn", outcome.arn);
  rows.row("started", date_text(outcome.start_date) + " UTC");
  if (outcome.stop_date) {
    const auto span = *outcome.stop_date - outcome.start_date;
    rows.row("stopped", fmt::format("{} UTC, after {}", date_text(*outcome.stop_date),
                                    elapsed_text(std::chrono::duration<double>(span).count())));
  }
  for (const std::string& state : open) rows.row("is in", runtime::escape_for_log(state));
  if (outcome.failure.error) rows.row("error", runtime::escape_for_log(*outcome.failure.error));
  if (outcome.failure.cause)
    rows.document("cause", runtime::escape_for_log(*outcome.failure.cause));
  if (!outcome.failed_state.empty()) {
    rows.row("state", runtime::escape_for_log(outcome.failed_state) +
                          (outcome.place.empty() ? "" : " at " + outcome.place));
  }
  if (outcome.input) rows.document("input", *outcome.input);
  if (outcome.output) rows.document("output", *outcome.output);
}

// "arn  RUNNING, 2 of 10 items succeeded, 1 failed".
std::string map_run_text(RuntimeHost& host, const engine::MapRunRecord& run) {
  const engine::MapRunCounts& items = run.items;
  std::string text = fmt::format("{}  {}, {} of {} items succeeded", host.engine().map_run_arn(run),
                                 engine::status_name(run.status), items.succeeded, run.total_items);
  const auto add = [&text](std::uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(items.failed, "failed");
  add(items.timed_out, "timed out");
  add(items.aborted, "aborted");
  add(items.running(), "running");
  add(items.pending_redrive, "to be redriven");
  return text;
}

int engine_failure(const Error& error) {
  show_error(error.message);
  return kEngineFailed;
}

int show(const ShowOptions& options) {
  const std::unique_ptr<RuntimeHost> host = open_for_looking(options.data);
  if (host == nullptr) return options.data.empty() ? kUsage : kEngineFailed;
  const Result<engine::ExecutionNumber> number = find_execution(*host, options.name);
  if (!number) {
    show_error(number.error().message);
    return kUsage;
  }
  const Result<ExecutionOutcome> outcome = read_outcome(*host, *number);
  if (!outcome) return engine_failure(outcome.error());
  std::vector<std::string> open;
  if (outcome->status == engine::ExecutionStatus::kRunning) {
    const auto description = host->engine().describe(*number);
    const Result<std::vector<asl::Value>> events = read_history(*host, *number);
    if (!description) return engine_failure(description.error());
    if (!events) return engine_failure(events.error());
    open = open_states(*events, definition_of(*host, description->record).index);
  }
  constexpr std::size_t kRunsShown = 100;
  const auto runs = host->engine().map_runs(*number, {}, kRunsShown);
  if (!runs) return engine_failure(runs.error());
  if (!options.json) {
    show_text(*outcome, open);
    for (const auto& [run, record] : *runs) Rows(10).row("map run", map_run_text(*host, record));
    return kOk;
  }
  asl::ObjectBuilder object(to_json(*outcome));
  if (!open.empty()) {
    std::vector<asl::Value> states;
    for (const std::string& state : open) states.push_back(asl::Value::string(state));
    object.set("waitingIn", asl::Value::array(std::move(states)));
  }
  if (!runs->empty()) {
    std::vector<asl::Value> listed;
    for (const auto& [run, record] : *runs) {
      listed.push_back(asl::Value::string(host->engine().map_run_arn(record)));
    }
    object.set("mapRuns", asl::Value::array(std::move(listed)));
  }
  return write_out(output_text(std::move(object).build())) ? kOk : kEngineFailed;
}

}  // namespace

Command add_show(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("show", "Show one execution and where it stands");
  auto options = std::make_shared<ShowOptions>();
  parser->add_option("NAME", options->name, "The execution")->option_text(" ")->required();
  parser->add_option("--data", options->data, "The directory")->option_text("DIR");
  parser->add_flag("--json", options->json, "Print JSON");
  parser->footer(kHelp);
  return {parser, [options] { return show(*options); }};
}

}  // namespace pawl::cli
