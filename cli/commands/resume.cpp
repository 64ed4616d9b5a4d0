// pawl resume: goes on with everything that is under way in a data directory. pawl redrive: the
// same for executions that failed, timed out or were stopped.
#include "asl/json/writer.h"
#include "cli/command.h"
#include "cli/limits_option.h"
#include "cli/outcome.h"
#include "cli/runtime_host.h"
#include "cli/signals.h"
#include "cli/stored_executions.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "cli/watcher.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>

namespace pawl::cli {
namespace {

constexpr const char* kHelp = R"help(Examples:
  pawl resume --data /tmp/orders
  pawl resume first --data /tmp/orders --functions functions
  pawl resume --data /tmp/orders --fast-forward --json

Goes on with all open executions of DIR, each from the step that was kept last, and ends when all of
them have ended, or those that are named. DIR remembers functions and mocks of `pawl run`. The output
goes to standard output: the JSON alone if there is one execution, otherwise one line for each:
{"name", "status", "output" | "error", ...}. Exit codes as of `pawl run`.)help";

constexpr const char* kRedriveHelp = R"help(Examples:
  pawl redrive first --data /tmp/orders
  pawl redrive first second --data /tmp/orders --functions functions
  pawl redrive first --data /tmp/orders --from Charge --input '{"order": 7}'

Goes on with executions that failed, timed out or were stopped, each from the states that did not end;
what succeeded is kept. --from begins at another state of the outermost level, --input with another
input: AWS has neither. Output and exit codes as of `pawl resume`; an execution that cannot be
redriven is a usage error.)help";

constexpr std::chrono::seconds kStopPatience{10};
constexpr std::size_t kResumedMax = 1'000'000;

struct ResumeOptions {
  std::vector<std::string> names;
  std::string data;
  std::string functions;
  std::string mock;
  std::string limits;
  OutsideSetup outside;
  bool fast_forward = false;
  bool json = false;
  // pawl redrive
  bool redrive = false;
  std::string from;
  std::string input;
};

class ResumeCommand {
 public:
  explicit ResumeCommand(ResumeOptions options)
      : options_(std::move(options)), begun_(!options_.redrive) {}
  int run();

 private:
  int prepare();
  Status find_executions();
  Result<std::optional<engine::RedriveTarget>> target() const;
  Status redrive(const std::optional<engine::RedriveTarget>& target);
  void add_tasks();
  void watch(Watcher& watcher);
  bool all_ended();
  int show();

  ResumeOptions options_;
  std::unique_ptr<RuntimeHost> host_;
  std::vector<engine::ExecutionNumber> numbers_;  // what is waited for
  std::size_t ended_ = 0;                         // of them, counted from the front
  std::atomic<bool> begun_ = true;                // false: their old end is still what is stored
};

int ResumeCommand::run() {
  if (const int code = prepare(); code != kOk) return code;
  if (numbers_.empty()) {
    show_note(fmt::format("Nothing is under way in {}.", options_.data));
    return kOk;
  }
  const StopSignals signals([this] { host_->stop(); }, kStopPatience);
  Watcher watcher(host_->engine(), err(), [this] {
    if (all_ended()) host_->stop();
  });
  watch(watcher);
  const auto from = target();
  if (!from) {
    show_error(from.error().message);
    return kUsage;
  }
  Status redriven;
  const Status ran = host_->run([&] {
    if (options_.redrive) redriven = redrive(*from);
    if (redriven) {
      host_->wait_for_stop();
    } else {
      host_->stop();
    }
  });
  watcher.finish();
  if (!redriven) {
    show_error(redriven.error().message);
    return kUsage;
  }
  if (!ran) {
    show_error(ran.error().message);
    return kEngineFailed;
  }
  if (!all_ended()) {
    show_note(
        fmt::format("Stopped; it is kept. Go on with\n    pawl resume --data {}", options_.data));
    return kInterrupted;
  }
  return show();
}

int ResumeCommand::prepare() {
  if (options_.data.empty()) {
    show_error("which directory? Give --data DIR, as to pawl run");
    return kUsage;
  }
  HostOptions host_options;
  host_options.data = options_.data;
  host_options.create = false;
  host_options.limits = limits_named(options_.limits);
  host_options.fast_forward = options_.fast_forward;
  host_options.outside = options_.outside;
  hold_stop_signals();
  Result<std::unique_ptr<RuntimeHost>> host = RuntimeHost::make(host_options);
  if (!host) {
    show_error(host.error().message);
    return kEngineFailed;
  }
  host_ = *std::move(host);
  if (Status found = find_executions(); !found) {
    show_error(found.error().message);
    return kUsage;
  }
  add_tasks();
  return kOk;
}

Status ResumeCommand::find_executions() {
  if (options_.names.empty()) {
    const auto open = list_executions(*host_, "", engine::ExecutionStatus::kRunning, kResumedMax);
    if (!open) return open.error();
    for (auto one = open->rbegin(); one != open->rend(); ++one) numbers_.push_back(one->number);
    return {};
  }
  for (const std::string& name : options_.names) {
    const Result<engine::ExecutionNumber> number = find_execution(*host_, name);
    if (!number) return number.error();
    numbers_.push_back(*number);
  }
  return {};
}

Result<std::optional<engine::RedriveTarget>> ResumeCommand::target() const {
  if (options_.from.empty() && options_.input.empty()) {
    return std::optional<engine::RedriveTarget>();
  }
  engine::RedriveTarget target;
  target.state = options_.from;
  if (!options_.input.empty()) {
    Result<std::string> input = read_json_argument("--input", options_.input);
    if (!input) return std::move(input).error();
    target.input = *std::move(input);
  }
  return std::optional(std::move(target));
}

Status ResumeCommand::redrive(const std::optional<engine::RedriveTarget>& target) {
  for (const engine::ExecutionNumber number : numbers_) {
    const auto redriven = host_->engine().redrive(number, {.client_token = "", .target = target});
    if (!redriven) return redriven.error();
  }
  begun_ = true;
  return {};
}

// As they were when the machines were run, unless the options say otherwise.
void ResumeCommand::add_tasks() {
  std::map<std::string, MachineSetup> machines = host_->data()->machines();
  for (const auto& machine : host_->stored_machines().list()) {
    const auto fallback = machines.find("");
    if (machines.count(machine->name) == 0 && fallback != machines.end()) {
      machines[machine->name] = fallback->second;
    } else {
      machines[machine->name];
    }
  }
  for (auto& [name, setup] : machines) {
    TaskSetup tasks = setup.tasks;
    if (!options_.functions.empty()) tasks.functions = options_.functions;
    if (!options_.mock.empty()) tasks.mock = options_.mock;
    if (Status added = host_->tasks().add(name, tasks); !added) {
      show_warning(fmt::format("Tasks of {} will fail: {}", name.empty() ? "others" : name,
                               added.error().message));
    }
  }
}

void ResumeCommand::watch(Watcher& watcher) {
  std::size_t shown = 0;
  for (const engine::ExecutionNumber number : numbers_) {
    const Result<engine::ExecutionDescription> description = host_->engine().describe(number);
    if (!description) continue;
    if (shown++ == Watcher::kShownMax) break;
    const std::string label = numbers_.size() == 1 ? "" : description->record.name + "  ";
    if (numbers_.size() == 1) {
      err().line(fmt::format("{} {}", err().paint(Style::kBold, description->record.machine),
                             err().paint(Style::kDim, description->record.name)));
    }
    watcher.watch(number, definition_of(*host_, description->record).index,
                  err().paint(Style::kDim, label), true);
  }
  if (numbers_.size() > Watcher::kShownMax) {
    show_note(fmt::format("{} executions go on; the first {} are shown.", numbers_.size(),
                          Watcher::kShownMax));
  }
}

// Called by one thread at a time.
bool ResumeCommand::all_ended() {
  if (!begun_) return false;
  for (; ended_ < numbers_.size(); ++ended_) {
    const Result<engine::ExecutionDescription> description =
        host_->engine().describe(numbers_[ended_]);
    if (description && description->record.status == engine::ExecutionStatus::kRunning)
      return false;
  }
  return true;
}

int ResumeCommand::show() {
  int code = kOk;
  for (const engine::ExecutionNumber number : numbers_) {
    const Result<ExecutionOutcome> outcome = read_outcome(*host_, number);
    if (!outcome) {
      show_error(outcome.error().message);
      return kEngineFailed;
    }
    if (outcome->status != engine::ExecutionStatus::kSucceeded) {
      code = kFailed;
      show_failure(*outcome);
    }
    const bool alone = numbers_.size() == 1;
    if (!alone || options_.json) {
      write_out(asl::to_json(to_json(*outcome)));
    } else if (outcome->output) {
      write_out(output_text(*outcome->output));
    }
    if (alone) {
      show_note(
          fmt::format("Its history: pawl history {} --data {}", outcome->name, options_.data));
    }
  }
  return code;
}

// What both commands take.
void add_common(CLI::App* parser, const std::shared_ptr<ResumeOptions>& options) {
  parser->add_option("--data", options->data, "The directory")->option_text("DIR");
  parser->add_option("--functions", options->functions, "Directory of the functions")
      ->option_text("DIR")
      ->check(CLI::ExistingDirectory);
  parser->add_option("--mock", options->mock, "FILE#CASE")->option_text("FILE#CASE");
  add_limits_option(*parser, options->limits);
  add_outside_options(*parser, options->outside);
  parser->add_flag("--fast-forward", options->fast_forward,
                   "Virtual time: waits, retries and timeouts pass at once");
  parser->add_flag("--json", options->json, "Print one object per execution");
}

}  // namespace

Command add_redrive(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("redrive", "Go on with executions that failed");
  auto options = std::make_shared<ResumeOptions>();
  options->redrive = true;
  parser->add_option("NAME", options->names, "The executions")->required()->option_text(" ");
  add_common(parser, options);
  parser->add_option("--from", options->from, "Begin at this state")->option_text("STATE");
  parser->add_option("--input", options->input, "With this input: JSON, @FILE, or - for stdin")
      ->option_text("JSON|@FILE|-");
  parser->footer(kRedriveHelp);
  return {parser, [options] { return ResumeCommand(*options).run(); }};
}

Command add_resume(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("resume", "Go on with what is under way in a data directory");
  auto options = std::make_shared<ResumeOptions>();
  parser->add_option("NAME", options->names, "Wait for these executions only")->option_text(" ");
  add_common(parser, options);
  parser->footer(kHelp);
  return {parser, [options] { return ResumeCommand(*options).run(); }};
}

}  // namespace pawl::cli
