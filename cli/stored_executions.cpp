#include "cli/stored_executions.h"

#include "asl/json/reader.h"
#include "cli/diagnostics.h"
#include "cli/suggestion.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "cli/workflow.h"

#include <fmt/format.h>

#include <algorithm>

namespace pawl::cli {
namespace {

// MACHINE and NAME of "MACHINE/NAME" or arn:...:execution:MACHINE:NAME; MACHINE is empty of a NAME.
std::pair<std::string, std::string> split_name(std::string_view name) {
  constexpr std::string_view kKind = ":execution:";
  char separator = '/';
  if (const std::size_t at = name.find(kKind); at != std::string_view::npos) {
    name.remove_prefix(at + kKind.size());
    separator = ':';
  }
  const std::size_t cut = name.find(separator);
  if (cut == std::string_view::npos) return {"", std::string(name)};
  return {std::string(name.substr(0, cut)), std::string(name.substr(cut + 1))};
}

// "MACHINE/LABEL:NAME" behind `kind` in an ARN of something that a Map Run made.
struct OfMapRun {
  std::string machine;
  std::string label;
  std::string name;
};
std::optional<OfMapRun> parse_map_run_arn(std::string_view arn, std::string_view kind) {
  const std::size_t at = arn.find(kind);
  if (at == std::string_view::npos) return std::nullopt;
  arn.remove_prefix(at + kind.size());
  const std::size_t slash = arn.find('/');
  const std::size_t colon = arn.find(':');
  if (slash == std::string_view::npos || colon == std::string_view::npos || slash > colon) {
    return std::nullopt;
  }
  const std::string_view rest = arn.substr(colon + 1);
  return OfMapRun{std::string(arn.substr(0, slash)),
                  std::string(arn.substr(slash + 1, colon - slash - 1)),
                  std::string(rest.substr(0, rest.find(':')))};
}

Error not_found(RuntimeHost& host, std::string_view name) {
  constexpr std::size_t kLookedAt = 1000;
  std::vector<std::string> names;
  if (const auto listed = list_executions(host, "", {}, kLookedAt)) {
    for (const engine::ExecutionDescription& one : *listed) names.push_back(one.record.name);
  }
  const std::string meant = nearest(name, names);
  return {ErrorCode::kNotFound,
          fmt::format("there is no execution {}{}", one_line(name, 100),
                      meant.empty() ? "; `pawl list` shows what there is"
                                    : ". Did you mean " + meant + "?"),
          ""};
}

}  // namespace

Result<engine::ExecutionNumber> find_execution(RuntimeHost& host, std::string_view name) {
  for (const std::string_view kind : {":execution:", ":express:"}) {
    if (const auto child = parse_map_run_arn(name, kind)) {
      auto number = host.engine().find_child(child->machine, child->label, child->name);
      if (number || number.error().code != ErrorCode::kNotFound) return number;
      return not_found(host, name);
    }
  }
  const auto [machine, execution] = split_name(name);
  std::vector<engine::ExecutionNumber> found;
  std::vector<std::string> machines;
  for (const auto& one : host.stored_machines().list()) {
    if (!machine.empty() && machine != one->name) continue;
    const Result<engine::ExecutionNumber> number = host.engine().find(one->name, execution);
    if (number) {
      found.push_back(*number);
      machines.push_back(one->name + "/" + execution);
    } else if (number.error().code != ErrorCode::kNotFound) {
      return number.error();
    }
  }
  if (found.empty()) return not_found(host, name);
  if (found.size() == 1) return found.front();
  return Error{ErrorCode::kInvalid,
               fmt::format("several machines have an execution {}; name one of them:\n    {}",
                           execution, fmt::join(machines, "\n    ")),
               ""};
}

Result<std::vector<engine::ExecutionDescription>> list_children(
    RuntimeHost& host, std::string_view map_run_arn, std::optional<engine::ExecutionStatus> status,
    std::size_t max) {
  const auto named = parse_map_run_arn(map_run_arn, ":mapRun:");
  if (!named) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("{} is no ARN of a Map Run; `pawl show` has them", one_line(map_run_arn, 100)),
        ""};
  }
  const auto number = host.engine().find_map_run(named->machine, named->label, named->name);
  if (!number) return Error{number.error().code, "there is no such Map Run", ""};
  return host.engine().list(engine::list_of_map_run(*number), status, {}, max);
}

Result<std::vector<engine::ExecutionDescription>> list_executions(
    RuntimeHost& host, const std::string& machine, std::optional<engine::ExecutionStatus> status,
    std::size_t max) {
  std::vector<engine::ExecutionDescription> all;
  for (const auto& one : host.stored_machines().list()) {
    if (!machine.empty() && machine != one->name) continue;
    auto listed = host.engine().list(one->name, status, {}, max);
    if (!listed) return std::move(listed).error();
    std::move(listed->begin(), listed->end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.number > b.number; });
  if (all.size() > max) all.resize(max);
  return all;
}

StoredDefinition definition_of(RuntimeHost& host, const engine::ExecutionRecord& record) {
  StoredDefinition stored;
  const auto revision = host.stored_machines().revision(record.machine, record.revision);
  if (!revision) return stored;
  const Result<asl::Value> definition = asl::read_json(revision->definition);
  if (!definition) return stored;
  stored.index = DefinitionIndex(*definition);
  stored.text = revision->definition;
  if (host.data() == nullptr) return stored;
  const auto setup = host.data()->machines().find(record.machine);
  if (setup == host.data()->machines().end() || setup->second.definition.empty()) return stored;
  const Result<std::string> text = read_text(setup->second.definition);
  const Result<asl::Value> now =
      text ? read_definition(setup->second.definition, *text) : Result<asl::Value>(text.error());
  if (!now || !asl::equal(*now, *definition)) return stored;
  stored.path = setup->second.definition;
  stored.text = *text;
  return stored;
}

Result<std::vector<asl::Value>> read_history(RuntimeHost& host, engine::ExecutionNumber number) {
  Result<engine::HistoryPage> page = host.engine().history(number, {}, SIZE_MAX, false, true);
  if (!page) return std::move(page).error();
  return std::move(page->events);
}

Result<ExecutionOutcome> read_outcome(RuntimeHost& host, engine::ExecutionNumber number) {
  const Result<engine::ExecutionDescription> description = host.engine().describe(number);
  if (!description) return description.error();
  ExecutionOutcome outcome = outcome_of(*description);
  if (outcome.status != engine::ExecutionStatus::kFailed) return outcome;
  const Result<std::vector<asl::Value>> events = read_history(host, number);
  if (!events) return events.error();
  const StoredDefinition definition = definition_of(host, description->record);
  Narrator narrator(definition.index);
  for (const asl::Value& event : *events) narrator.read(event);
  outcome.failed_state = narrator.failed_state();
  const StatePlace* state = definition.index.find(outcome.failed_state);
  if (state != nullptr && !definition.path.empty()) {
    outcome.place = place_in_file(definition.path, definition.text, state->pointer);
  }
  return outcome;
}

std::unique_ptr<RuntimeHost> open_for_looking(const std::string& data) {
  if (data.empty()) {
    show_error("which directory? Give --data DIR, as to pawl run");
    return nullptr;
  }
  HostOptions options;
  options.data = data;
  options.create = false;
  Result<std::unique_ptr<RuntimeHost>> host = RuntimeHost::make(options);
  if (host) return *std::move(host);
  show_error(host.error().message);
  return nullptr;
}

}  // namespace pawl::cli
