// pawl list: the executions of a data directory.
#include "asl/json/writer.h"
#include "cli/command.h"
#include "cli/outcome.h"
#include "cli/stored_executions.h"
#include "cli/table.h"
#include "cli/terminal.h"

#include <fmt/format.h>

#include <memory>

namespace pawl::cli {
namespace {

constexpr const char* kHelp = R"help(Examples:
  pawl list --data /tmp/orders
  pawl list --data /tmp/orders --machine order-fulfilment --status FAILED
  pawl list --data /tmp/orders --map-run arn:aws:states:...:mapRun:orders/Each:...
  pawl list --data /tmp/orders --json

Newest first. --json prints {"executions": [...]}, as ListExecutions answers it.)help";

struct ListOptions {
  std::string data;
  std::string machine;
  std::string status;
  std::string map_run;
  std::size_t max = 1000;
  bool json = false;
};

std::optional<engine::ExecutionStatus> status_of(const std::string& name) {
  using engine::ExecutionStatus;
  for (const ExecutionStatus one :
       {ExecutionStatus::kRunning, ExecutionStatus::kSucceeded, ExecutionStatus::kFailed,
        ExecutionStatus::kTimedOut, ExecutionStatus::kAborted}) {
    if (engine::status_name(one) == name) return one;
  }
  return std::nullopt;
}

asl::Value aws_form(const engine::ExecutionDescription& one) {
  using asl::Value;
  asl::ObjectBuilder object;
  object.set("executionArn", Value::string(one.arn));
  object.set("stateMachineArn", Value::string(one.state_machine_arn));
  object.set("name", Value::string(one.record.name));
  object.set("status", Value::string(engine::status_name(one.record.status)));
  object.set("startDate", engine::epoch_seconds(one.record.start_date));
  if (one.record.stop_date) object.set("stopDate", engine::epoch_seconds(*one.record.stop_date));
  return std::move(object).build();
}

std::string table_of(const std::vector<engine::ExecutionDescription>& executions) {
  Table table({"NAME", "MACHINE", "STATUS", "STARTED (UTC)", "TOOK"});
  for (const engine::ExecutionDescription& one : executions) {
    const engine::ExecutionRecord& record = one.record;
    const Style style = status_style(record.status);
    std::string took;
    if (record.stop_date) {
      took = elapsed_text(
          std::chrono::duration<double>(*record.stop_date - record.start_date).count());
    }
    table.add({{record.name},
               {record.machine},
               {std::string(engine::status_name(record.status)), style},
               {date_text(record.start_date)},
               {took}});
  }
  return table.text(out());
}

int list(const ListOptions& options) {
  const std::unique_ptr<RuntimeHost> host = open_for_looking(options.data);
  if (host == nullptr) return options.data.empty() ? kUsage : kEngineFailed;
  const auto executions =
      options.map_run.empty()
          ? list_executions(*host, options.machine, status_of(options.status), options.max)
          : list_children(*host, options.map_run, status_of(options.status), options.max);
  if (!executions) {
    show_error(executions.error().message);
    return options.map_run.empty() ? kEngineFailed : kUsage;
  }
  if (options.json) {
    std::vector<asl::Value> listed;
    for (const engine::ExecutionDescription& one : *executions) listed.push_back(aws_form(one));
    asl::ObjectBuilder object;
    object.set("executions", asl::Value::array(std::move(listed)));
    return write_out(output_text(std::move(object).build())) ? kOk : kEngineFailed;
  }
  if (executions->empty()) {
    show_note("There are no executions.");
    return kOk;
  }
  return write_out(table_of(*executions)) ? kOk : kEngineFailed;
}

}  // namespace

Command add_list(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("list", "List the executions of a data directory");
  auto options = std::make_shared<ListOptions>();
  parser->add_option("--data", options->data, "The directory")->option_text("DIR");
  parser->add_option("--machine", options->machine, "Of this state machine only")
      ->option_text("NAME");
  parser->add_option("--map-run", options->map_run, "Children of this Map Run, by its ARN")
      ->option_text("ARN");
  parser
      ->add_option("--status", options->status, "RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED")
      ->option_text("STATUS")
      ->transform(CLI::IsMember({"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"},
                                CLI::ignore_case));
  parser->add_option("--max", options->max, "At most so many (1000)")->option_text("N");
  parser->add_flag("--json", options->json, "Print JSON");
  parser->footer(kHelp);
  return {parser, [options] { return list(*options); }};
}

}  // namespace pawl::cli
