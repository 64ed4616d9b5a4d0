// pawl history NAME: what happened, event by event.
#include "asl/json/writer.h"
#include "cli/command.h"
#include "cli/narrator.h"
#include "cli/outcome.h"
#include "cli/stored_executions.h"
#include "cli/table.h"
#include "cli/terminal.h"

#include <fmt/format.h>

#include <memory>

namespace pawl::cli {
namespace {

constexpr const char* kHelp = R"help(Examples:
  pawl history first --data /tmp/orders
  pawl history order-fulfilment/first --data /tmp/orders --json

NAME is an execution's name, MACHINE/NAME, or its ARN. --json prints {"events": [...]}, as
GetExecutionHistory answers it.)help";

struct HistoryOptions {
  std::string name;
  std::string data;
  bool json = false;
};

Style line_style(const Line& line) {
  if (line.kind == Line::Kind::kFail) return Style::kRed;
  if (line.kind == Line::Kind::kRetry || line.kind == Line::Kind::kCatch) return Style::kYellow;
  return line.kind == Line::Kind::kEnter ? Style::kCyan : Style::kPlain;
}

std::string table_of(const std::vector<asl::Value>& events, DefinitionIndex index) {
  Narrator narrator(std::move(index));
  Table table({"ID", "AFTER", "TIME", "EVENT", "STATE", "DETAIL"});
  for (const asl::Value& event : events) {
    const Line line = narrator.read(event);
    const bool whole = line.type.starts_with("Execution");
    std::string state = whole ? ""
                              : std::string(2 * static_cast<std::size_t>(line.depth), ' ') +
                                    one_line(line.state, 80);
    if (!line.iteration.empty() && !whole) state += " " + line.iteration;
    // The type says what is entered already.
    const std::string detail = line.kind == Line::Kind::kEnter ? "" : line.detail;
    table.add({{std::to_string(line.id)},
               {std::to_string(line.previous)},
               {elapsed_text(line.seconds)},
               {line.type, line_style(line)},
               {state},
               {detail, line.kind == Line::Kind::kFail ? Style::kRed : Style::kDim}});
  }
  return table.text(out());
}

int history(const HistoryOptions& options) {
  const std::unique_ptr<RuntimeHost> host = open_for_looking(options.data);
  if (host == nullptr) return options.data.empty() ? kUsage : kEngineFailed;
  const Result<engine::ExecutionNumber> number = find_execution(*host, options.name);
  if (!number) {
    show_error(number.error().message);
    return kUsage;
  }
  const auto description = host->engine().describe(*number);
  Result<std::vector<asl::Value>> events = read_history(*host, *number);
  if (!description || !events) {
    show_error(description ? events.error().message : description.error().message);
    return kEngineFailed;
  }
  if (options.json) {
    asl::ObjectBuilder object;
    object.set("events", asl::Value::array(*std::move(events)));
    return write_out(output_text(std::move(object).build())) ? kOk : kEngineFailed;
  }
  StoredDefinition definition = definition_of(*host, description->record);
  return write_out(table_of(*events, std::move(definition.index))) ? kOk : kEngineFailed;
}

}  // namespace

Command add_history(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("history", "Show the events of an execution");
  auto options = std::make_shared<HistoryOptions>();
  parser->add_option("NAME", options->name, "The execution")->option_text(" ")->required();
  parser->add_option("--data", options->data, "The directory")->option_text("DIR");
  parser->add_flag("--json", options->json, "Print JSON, as GetExecutionHistory does");
  parser->footer(kHelp);
  return {parser, [options] { return history(*options); }};
}

}  // namespace pawl::cli
