// pawl run: one execution, from a file on the disk to its output.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/parse/parse.h"
#include "asl/parse/resource.h"
#include "cli/command.h"
#include "cli/commands/run_batch.h"
#include "cli/definition_index.h"
#include "cli/diagnostics.h"
#include "cli/limits_option.h"
#include "cli/outcome.h"
#include "cli/runtime_host.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "cli/watcher.h"
#include "cli/workflow.h"
#include "connectors/embedded/resources.h"
#include "engine/execution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

namespace pawl::cli {
namespace {

constexpr const char* kHelp = R"help(Examples:
  pawl run examples/hello --input '{"name": "Ada"}'
  pawl run order.asl.yaml --input @order.json --functions functions
  pawl run examples/order-fulfilment --fast-forward --history
  pawl run examples/order-fulfilment --mock PaymentDeclined
  pawl run examples/order-fulfilment --data /tmp/orders --name first
  pawl run order.asl.json --endpoint dynamodb=http://127.0.0.1:8000
  pawl run order.asl.json --remote aws --region eu-west-1

DIR holds NAME.asl.json (or .asl.yaml), and if you like input.json, functions/, mocks.json and
resources.json (tables, queues, buckets that it expects: docs/resources.md).
The output goes to standard output, everything else to standard error. Exit codes: 0 succeeded,
1 the execution failed, 2 wrong usage or an invalid definition, 3 the engine itself, 130 stopped.)help";

constexpr const char* kRole = "arn:aws:iam::123456789012:role/pawl";
constexpr std::chrono::seconds kStopPatience{10};

struct RunOptions {
  std::string path;
  std::string input;
  std::string name;
  std::string type = "standard";
  std::string functions;
  std::string mock;
  std::string resources;
  std::string data;
  std::string limits;
  OutsideSetup outside;
  bool fast_forward = false;
  bool history = false;
  bool json = false;
  bool batch = false;
};

int usage(std::string_view message) {
  show_error(message);
  return kUsage;
}

int engine_failure(const Error& error) {
  show_error(error.message);
  return kEngineFailed;
}

// AWS's rule for names of executions.
bool is_execution_name(std::string_view name, const engine::Limits& limits) {
  constexpr std::string_view kForbidden = "<>{}[]?*\"#%\\^|~`$&,;:/";
  return !name.empty() && name.size() <= limits.name_characters &&
         std::all_of(name.begin(), name.end(), [kForbidden](char c) {
           return static_cast<unsigned char>(c) > 0x20 && c != 0x7F &&
                  kForbidden.find(c) == std::string_view::npos;
         });
}

// "20261120-113500-3f2a": sorts by time, can be typed, and two runs of one second differ.
std::string default_name(RuntimeHost& host) {
  std::string text = date_text(runtime::RealClock().wall_now());
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  std::replace(text.begin(), text.end(), ' ', '-');
  return fmt::format("{}-{:04x}", text, host.random().next_below(0x10000));
}

// --- before anything runs --------------------------------------------------------------------

// A Task that calls a function: the function's name, or empty where only the run will tell.
std::optional<std::string> called_function(const StatePlace& state) {
  if (state.type != "Task") return std::nullopt;
  std::string name;
  if (const std::size_t at = state.resource.find(":function:"); at != std::string::npos) {
    name = state.resource;
  } else if (state.resource.find(":states:::lambda:invoke") != std::string::npos) {
    const asl::Value* parameters = state.json.find("Parameters");
    const asl::Value* given = parameters != nullptr ? parameters->find("FunctionName") : nullptr;
    if (given != nullptr && given->is_string()) name = std::string(given->as_string());
  } else {
    return std::nullopt;
  }
  const auto parsed = connectors::parse_function_name(name);
  return parsed ? parsed->name : name;
}

// Whether there is something here that the Task's Resource can mean.
bool is_reached(TaskWorld& tasks, const Workflow& workflow, const StatePlace& state) {
  const std::optional<asl::Resource> resource = asl::parse_resource(state.resource);
  return resource && (resource->kind == asl::ResourceKind::kActivity ||
                      tasks.find(*resource, workflow.name, state.name) != nullptr);
}

// Says what a Task of this definition will miss. False: nothing of it can work.
bool check_tasks(const Workflow& workflow, const DefinitionIndex& index, TaskWorld& tasks,
                 const TaskSetup& setup) {
  std::set<std::string> missing;
  std::vector<const StatePlace*> foreign;
  for (const StatePlace& state : index.states()) {
    if (state.type != "Task" || tasks.is_mocked(workflow.name, state.name)) continue;
    const std::optional<std::string> function = called_function(state);
    if (function && tasks.has_remote_functions()) continue;
    if (!function) {
      if (!is_reached(tasks, workflow, state)) foreign.push_back(&state);
    } else if (setup.functions.empty() ||
               (!function->empty() && !tasks.has_function(workflow.name, *function))) {
      missing.insert(function->empty() ? "(named by its input)" : *function);
    }
  }
  // A test case mocks what it reaches; nobody knows before the run.
  const bool partly_mocked = !setup.mock.empty();
  if (!missing.empty() && setup.functions.empty() && !partly_mocked) {
    show_error(fmt::format(
        "the definition calls functions, and no directory of functions is known: {}\n"
        "    Put each into functions/NAME/ beside {} (lambda_function.py, index.mjs or bootstrap\n"
        "    is enough), name another directory with --functions DIR, or take their answers from "
        "a\n"
        "    mock file: --mock FILE#CASE. See docs/functions.md.",
        fmt::join(missing, ", "), workflow.path));
    return false;
  }
  if (!missing.empty() && !partly_mocked) {
    show_warning(fmt::format("there is no function {} in {}; its Task will fail",
                             fmt::join(missing, ", "), setup.functions));
  }
  if (partly_mocked) return true;
  for (const StatePlace* state : foreign) {
    show_warning(fmt::format("{}: {} calls {}, which pawl does not reach yet; mock it with --mock",
                             place_in_file(workflow.path, workflow.text, state->pointer),
                             state->name, state->resource));
  }
  return true;
}

// 0, or the exit code.
int check_definition(const Workflow& workflow, bool express, bool mocked,
                     const engine::Limits& limits) {
  asl::ValidateOptions options;
  options.state_name_characters = limits.state_name_characters;
  options.payload_bytes = limits.payload_bytes;
  options.express = express;
  options.foreign_resources = options.placeholders = mocked;
  const auto diagnostics = asl::validate(workflow.definition, options);
  show_diagnostics(workflow.path, workflow.text, diagnostics);
  if (has_errors(diagnostics)) return usage("the definition is not valid: nothing was run");
  const auto compiled = asl::compile(workflow.definition);
  if (compiled) return kOk;
  return usage(fmt::format("{}: {}",
                           place_in_file(workflow.path, workflow.text, compiled.error().where),
                           compiled.error().message));
}

// --- the run ---------------------------------------------------------------------------------

class RunCommand {
 public:
  explicit RunCommand(RunOptions options) : options_(std::move(options)) {}

  int run();

 private:
  int prepare();
  void start();
  void interrupted();
  void conclude();
  int show();

  bool express() const { return options_.type == "express"; }

  RunOptions options_;
  Workflow workflow_;
  DefinitionIndex index_;
  std::string input_;
  TaskSetup setup_;
  std::optional<connectors::Resources> resources_;
  std::unique_ptr<RuntimeHost> host_;
  std::unique_ptr<Watcher> watcher_;

  int failure_ = kOk;  // exit code of what kept it from ending
  std::optional<engine::ExecutionNumber> number_;
  std::optional<ExecutionOutcome> outcome_;
  std::vector<asl::Value> events_;
};

int RunCommand::run() {
  if (const int code = prepare(); code != kOk) return code;
  const StopSignals signals([this] { host_->stop(); }, kStopPatience);
  const Status ran = host_->run([this] {
    start();
    if (number_) host_->wait_for_stop();
  });
  if (watcher_ != nullptr) watcher_->finish();
  if (!ran) return engine_failure(ran.error());
  if (failure_ != kOk) return failure_;
  conclude();
  if (failure_ != kOk) return failure_;
  if (!outcome_ || outcome_->status == engine::ExecutionStatus::kRunning) {
    interrupted();
    return kInterrupted;
  }
  return show();
}

int RunCommand::prepare() {
  Result<Workflow> workflow = open_workflow(options_.path);
  if (!workflow) return usage(workflow.error().message);
  workflow_ = *std::move(workflow);
  if (!options_.name.empty() && !is_execution_name(options_.name, limits_named(options_.limits))) {
    return usage(
        fmt::format("--name {}: a name has 1 to 80 characters, none of them a blank or one "
                    "of <>{{}}[]?*\"#%\\^|~`$&,;:/",
                    one_line(options_.name, 100)));
  }
  if (!options_.mock.empty()) {
    Result<std::string> mock = resolve_mock(options_.mock, workflow_);
    if (!mock) return usage(mock.error().message);
    setup_.mock = *std::move(mock);
  }
  const engine::Limits limits = limits_named(options_.limits);
  if (const int code = check_definition(workflow_, express(), !setup_.mock.empty(), limits);
      code != kOk) {
    return code;
  }

  std::string input = options_.input;
  if (input.empty()) input = workflow_.input_file.empty() ? "{}" : "@" + workflow_.input_file;
  Result<std::string> text = read_json_argument("--input", input);
  if (!text) return usage(text.error().message);
  input_ = *std::move(text);
  while (!input_.empty() && (input_.back() == '\n' || input_.back() == '\r')) input_.pop_back();
  if (input_.size() > limits.payload_bytes) {
    return usage(fmt::format("the input has {} bytes; an execution takes at most {}", input_.size(),
                             limits.payload_bytes));
  }

  const std::string& resources =
      options_.resources.empty() ? workflow_.resources : options_.resources;
  if (!resources.empty()) {
    Result<connectors::Resources> read = connectors::read_resources(resources);
    if (!read) return usage(read.error().message);
    resources_ = *std::move(read);
  }

  HostOptions host_options;
  host_options.data = options_.data;
  host_options.limits = limits;
  host_options.fast_forward = options_.fast_forward;
  host_options.outside = options_.outside;
  hold_stop_signals();
  Result<std::unique_ptr<RuntimeHost>> host = RuntimeHost::make(host_options);
  if (!host) return engine_failure(host.error());
  host_ = *std::move(host);

  setup_.functions = options_.functions.empty() ? workflow_.functions : options_.functions;
  if (Status added = host_->tasks().add(workflow_.name, setup_); !added) {
    return usage(added.error().message);
  }
  index_ = DefinitionIndex(workflow_.definition);
  if (!check_tasks(workflow_, index_, host_->tasks(), setup_)) return kUsage;
  if (options_.name.empty()) options_.name = default_name(*host_);
  if (host_->data() == nullptr) return kOk;

  // Whatever else is under way in the directory goes on, too.
  for (const auto& [machine, setup] : host_->data()->machines()) {
    if (machine == workflow_.name) continue;
    if (Status added = host_->tasks().add(machine, setup.tasks); !added) {
      show_warning(fmt::format("Tasks of {} will fail: {}", machine, added.error().message));
    }
  }
  MachineSetup setup;
  setup.definition = absolute_path(workflow_.path);
  setup.tasks = absolute_setup(setup_);
  if (Status kept = host_->data()->remember(workflow_.name, setup); !kept) {
    return engine_failure(kept.error());
  }
  return kOk;
}

// On a fiber of shard 0.
void RunCommand::start() {
  engine::Engine& engine = host_->engine();
  const auto known = engine.machines().find(workflow_.name);
  if (known != nullptr && known->express != express()) {
    failure_ = usage(fmt::format("{} has a machine {} of the other type; use another --data",
                                 options_.data, workflow_.name));
    return;
  }
  const auto registered = known == nullptr
                              ? engine.create_machine({.name = workflow_.name,
                                                       .definition = workflow_.json,
                                                       .role_arn = kRole,
                                                       .express = express(),
                                                       .configuration = "{}"})
                              : engine.update_machine(workflow_.name, workflow_.json, {}, {});
  if (!registered) {
    failure_ = engine_failure(registered.error());
    return;
  }

  if (resources_) {
    if (Status made = connectors::make_resources(host_->embedded(), *resources_); !made) {
      failure_ = usage(made.error().message);
      return;
    }
  }
  engine::StartRequest request;
  request.machine = workflow_.name;
  request.name = options_.name;
  request.input = input_;
  request.synchronous = request.keep_history = express();
  request.on_end = [this](const engine::Execution& execution) {
    if (execution.record.express) {
      ExecutionOutcome outcome;
      outcome.name = execution.record.name;
      outcome.arn = execution.arn;
      outcome.machine_arn = execution.state_machine_arn;
      outcome.status = execution.record.status;
      outcome.start_date = execution.record.start_date;
      outcome.stop_date = execution.record.stop_date;
      outcome.failure = execution.record.failure;
      outcome.input = input_;
      if (execution.output.present()) outcome.output = execution.output.text();
      outcome_ = std::move(outcome);
      Result<std::vector<asl::Value>> events =
          engine::render_history(execution.memory_history, true);
      if (events) events_ = *std::move(events);
    }
    host_->stop();
  };
  err().line(fmt::format("{} {}", err().paint(Style::kBold, workflow_.name),
                         err().paint(Style::kDim, options_.name)));
  const Result<engine::StartResult> started = engine.start(std::move(request));
  if (!started && started.error().code == ErrorCode::kExists) {
    failure_ =
        usage(fmt::format("there is an execution {} already; look at it with\n"
                          "    pawl show {} --data {}",
                          options_.name, options_.name, options_.data));
    return;
  }
  if (!started) {
    failure_ = engine_failure(started.error());
    return;
  }
  number_ = started->number;
  if (!express()) {
    watcher_ = std::make_unique<Watcher>(engine, err());
    watcher_->watch(*number_, index_);
  }
}

// Reads what the store has of it, when all is quiet.
void RunCommand::conclude() {
  Narrator narrator(index_);
  if (express()) {
    for (const asl::Value& event : events_) {
      const Line line = narrator.read(event);
      if (is_shown(line, err())) err().line(progress_line(line, err()));
    }
  } else {
    const Result<engine::ExecutionDescription> description = host_->engine().describe(*number_);
    if (!description) {
      failure_ = engine_failure(description.error());
      return;
    }
    outcome_ = outcome_of(*description);
    const Result<engine::HistoryPage> page =
        host_->engine().history(*number_, {}, SIZE_MAX, false, true);
    if (!page) {
      failure_ = engine_failure(page.error());
      return;
    }
    events_ = page->events;
    for (const asl::Value& event : events_) narrator.read(event);
  }
  if (!outcome_) return;
  outcome_->failed_state = narrator.failed_state();
  if (const StatePlace* state = index_.find(outcome_->failed_state)) {
    outcome_->place = place_in_file(workflow_.path, workflow_.text, state->pointer);
  }
}

void RunCommand::interrupted() {
  if (options_.data.empty() || express()) {
    show_note("Stopped. Nothing was kept; with --data DIR it could be resumed.");
  } else {
    show_note(
        fmt::format("Stopped; it is kept. Go on with\n    pawl resume --data {}", options_.data));
  }
}

int RunCommand::show() {
  const bool succeeded = outcome_->status == engine::ExecutionStatus::kSucceeded;
  if (succeeded) {
    const auto span = outcome_->stop_date.value_or(outcome_->start_date) - outcome_->start_date;
    err().line(fmt::format("{} after {}", err().paint(Style::kGreen, "SUCCEEDED"),
                           elapsed_text(std::chrono::duration<double>(span).count())));
  } else {
    show_failure(*outcome_);
  }
  if (!options_.data.empty() && !express()) {
    show_note(fmt::format("Its history: pawl history {} --data {}", outcome_->name, options_.data));
  } else if (!options_.history) {
    show_note(express()
                  ? "Its history: run it again with --history"
                  : "Its history: run it again with --history, or with --data DIR to keep it");
  }

  bool written = true;
  if (options_.json) {
    asl::ObjectBuilder object(to_json(*outcome_));
    if (options_.history) object.set("events", asl::Value::array(events_));
    written = write_out(output_text(std::move(object).build()));
  } else if (options_.history) {
    asl::ObjectBuilder object;
    object.set("events", asl::Value::array(events_));
    written = write_out(output_text(std::move(object).build()));
  } else if (outcome_->output) {
    written = write_out(output_text(*outcome_->output));
  }
  if (!written) return engine_failure({ErrorCode::kIo, "standard output cannot be written", ""});
  return succeeded ? kOk : kFailed;
}

}  // namespace

Command add_run(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("run", "Run a state machine and print its output");
  auto options = std::make_shared<RunOptions>();
  parser->add_option("DEFINITION", options->path, "A definition (JSON or YAML), or its directory")
      ->option_text(" ");
  parser->add_option("--input", options->input, "JSON, @FILE, or - for standard input")
      ->option_text("JSON");
  parser->add_option("--name", options->name, "Name of the execution")->option_text("NAME");
  parser->add_option("--type", options->type, "standard or express")
      ->option_text("TYPE")
      ->check(CLI::IsMember({"standard", "express"}));
  parser->add_option("--functions", options->functions, "Directory of the functions")
      ->option_text("DIR")
      ->check(CLI::ExistingDirectory);
  parser->add_option("--mock", options->mock, "FILE#CASE, or a CASE of the directory's mocks.json")
      ->option_text("FILE#CASE");
  parser->add_option("--resources", options->resources, "Tables, queues, buckets it expects")
      ->option_text("FILE")
      ->check(CLI::ExistingFile);
  parser->add_option("--data", options->data, "Keep everything in this directory")
      ->option_text("DIR");
  add_limits_option(*parser, options->limits);
  parser->add_flag("--fast-forward", options->fast_forward,
                   "Virtual time: waits, retries and timeouts pass at once");
  add_outside_options(*parser, options->outside);
  parser->add_flag("--history", options->history, "Print all events, as GetExecutionHistory does");
  parser->add_flag("--json", options->json, "Print one object: name, status, output or error");
  // For conformance/run: JSON lines in, JSON lines out. See commands/run_batch.h.
  parser->add_flag("--batch", options->batch)->group("");
  parser->footer(kHelp);
  return {parser, [options]() -> int {
            if (options->batch) return run_batch();
            if (options->path.empty()) return usage("run what? See pawl help run");
            return RunCommand(*options).run();
          }};
}

}  // namespace pawl::cli
