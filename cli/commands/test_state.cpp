// pawl test-state: one state by itself, with its data on the way.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "cli/command.h"
#include "cli/definition_index.h"
#include "cli/outcome.h"
#include "cli/rows.h"
#include "cli/runtime_host.h"
#include "cli/suggestion.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "cli/workflow.h"
#include "runtime/log/log.h"
#include "service/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace pawl::cli {
namespace {

using asl::Value;

constexpr const char* kHelp = R"help(Examples:
  pawl test-state order.asl.json --state Route --input '{"total": 120}'
  pawl test-state examples/order-fulfilment --state ReserveItems --mock @answer.json
  pawl test-state order.asl.json --state ChargePayment --mock-error CardDeclined --retries 3
  pawl test-state state.json --input @input.json --json

The file holds a state machine, of which --state names one state at any depth, or a state alone.
It is what AWS's TestState does: the state runs by itself, and a retry or the next state is the
answer. A Map or Parallel, an activity, .sync and .waitForTaskToken need a mock. A mocked result is
checked against the API that the Task calls (--validation). Other Tasks are called: functions are
found as by `pawl run`.

--json prints AWS's answer with the documents in it as values. Exit codes: 0 the state succeeded or
its error was caught, 1 it failed or would be retried, 2 AWS would refuse the test.)help";

constexpr const char* kRole = "arn:aws:iam::123456789012:role/pawl";

struct TestStateOptions {
  std::string workflow;
  std::string state;
  std::string input;
  std::string variables;
  std::string context;
  std::string mock;
  std::string mock_error;
  std::string mock_cause;
  std::string validation;
  std::string caused_by;
  std::string item_data;
  std::optional<std::int64_t> retries;
  std::optional<std::int64_t> failed_iterations;
  std::string level = "DEBUG";
  std::string functions;
  OutsideSetup outside;
  bool fast_forward = false;
  bool json = false;
};

int usage(std::string_view message) {
  show_error(message);
  return kUsage;
}

// --- the request -------------------------------------------------------------------------------

class RequestBuilder {
 public:
  explicit RequestBuilder(const TestStateOptions& options) : options_(options) {}

  // The input of the API's TestState.
  Result<Value> build(const Workflow& workflow) {
    set("definition", workflow.json);
    set("roleArn", kRole);
    set("inspectionLevel", options_.level);
    if (!options_.state.empty()) set("stateName", options_.state);
    std::string input = options_.input;
    if (input.empty() && !workflow.input_file.empty()) input = "@" + workflow.input_file;
    document("--input", input, "input", request_);
    document("--variables", options_.variables, "variables", request_);
    document("--context", options_.context, "context", request_);
    add_mock();
    add_configuration();
    if (problem_) return *std::move(problem_);
    return std::move(request_).build();
  }

 private:
  void set(std::string_view member, std::string_view text) {
    request_.set(member, Value::string(text));
  }
  void document(std::string_view option, const std::string& argument, std::string_view member,
                asl::ObjectBuilder& target) {
    if (argument.empty() || problem_) return;
    Result<std::string> text = read_json_argument(option, argument);
    if (text) {
      target.set(member, Value::string(*text));
    } else {
      problem_ = text.error();
    }
  }
  void add_mock() {
    asl::ObjectBuilder mock;
    document("--mock", options_.mock, "result", mock);
    if (!options_.mock_error.empty()) {
      asl::ObjectBuilder error;
      error.set("error", Value::string(options_.mock_error));
      if (!options_.mock_cause.empty()) error.set("cause", Value::string(options_.mock_cause));
      mock.set("errorOutput", std::move(error).build());
    }
    if (!options_.validation.empty()) {
      mock.set("fieldValidationMode", Value::string(options_.validation));
    }
    if (mock.size() > 0) request_.set("mock", std::move(mock).build());
  }
  void add_configuration() {
    asl::ObjectBuilder configuration;
    if (options_.retries) configuration.set("retrierRetryCount", Value::integer(*options_.retries));
    if (options_.failed_iterations) {
      configuration.set("mapIterationFailureCount", Value::integer(*options_.failed_iterations));
    }
    if (!options_.caused_by.empty()) {
      configuration.set("errorCausedByState", Value::string(options_.caused_by));
    }
    // As it is where it comes from, so not only JSON: a text in place, or a file.
    if (options_.item_data.starts_with('@')) {
      Result<std::string> data = read_text(options_.item_data.substr(1));
      if (data) {
        configuration.set("mapItemReaderData", Value::string(*data));
      } else {
        problem_ = data.error();
      }
    } else if (!options_.item_data.empty()) {
      configuration.set("mapItemReaderData", Value::string(options_.item_data));
    }
    if (configuration.size() > 0) {
      request_.set("stateConfiguration", std::move(configuration).build());
    }
  }

  const TestStateOptions& options_;
  asl::ObjectBuilder request_;
  std::optional<Error> problem_;
};

// A machine needs a state's name; one that is not there may have been meant otherwise.
Status check_name(const Workflow& workflow, const std::string& state) {
  if (workflow.definition.find("States") == nullptr) {
    if (state.empty()) return {};
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} holds a state alone; leave --state out", workflow.path), ""};
  }
  const DefinitionIndex index(workflow.definition);
  if (index.find(state) != nullptr) return {};
  std::vector<std::string> names;
  for (const StatePlace& place : index.states()) names.push_back(place.name);
  if (state.empty()) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("{} holds a state machine; name one of its states with --state:\n    {}",
                    workflow.path, fmt::join(names, "\n    ")),
        ""};
  }
  const std::string meant = nearest(state, names);
  return Error{ErrorCode::kInvalid,
               fmt::format("{} has no state '{}'{}", workflow.path, one_line(state, 80),
                           meant.empty() ? "" : ". Did you mean '" + meant + "'?"),
               ""};
}

// --- the answer --------------------------------------------------------------------------------

std::string shown_member(const Value& answer, std::string_view member) {
  const Value* value = answer.find(member);
  if (value == nullptr) return {};
  return asl::to_text(*value);
}

// Members that hold JSON text.
bool is_document(std::string_view member) {
  return member == "output" || member == "input" || member == "result" || member == "variables" ||
         member.starts_with("after");
}

// The answer with documents in the place of their texts.
Value expanded(const Value& answer) {
  asl::ObjectBuilder out;
  for (const asl::Member& member : answer.members()) {
    const std::string_view name = member.key.as_string();
    if (name == "inspectionData") {
      out.set(name, expanded(member.value));
      continue;
    }
    Result<Value> document = is_document(name) && member.value.is_string()
                                 ? asl::read_json(member.value.as_string())
                                 : Result<Value>(member.value);
    out.set(name, document ? *std::move(document) : member.value);
  }
  return std::move(out).build();
}

// "Retry[0], after 4 s" and its like.
std::string handler_text(const Value& details) {
  std::string text;
  if (const Value* index = details.find("retryIndex")) {
    const Value* seconds = details.find("retryBackoffIntervalSeconds");
    text = fmt::format(
        "Retry[{}], {}", index->as_int(),
        seconds != nullptr ? fmt::format("after {} s", seconds->as_int()) : std::string("used up"));
  }
  if (const Value* index = details.find("catchIndex")) {
    text += fmt::format("{}Catch[{}]", text.empty() ? "" : "; ", index->as_int());
  }
  return text;
}

// A step that changed nothing names the one whose document it still has.
void show_steps(const Rows& rows, const Value& inspection) {
  std::string last_name;
  Value last;
  for (const asl::Member& member : inspection.members()) {
    const std::string_view name = member.key.as_string();
    if (name == "errorDetails") {
      rows.row("handled by", handler_text(member.value));
    } else if (is_document(name)) {
      const std::string text = shown_member(inspection, name);
      const Result<Value> document = asl::read_json(text);
      if (document && asl::equal(*document, last)) {
        rows.row(name, out().paint(Style::kDim, "as " + last_name));
        continue;
      }
      rows.document(name, text);
      last_name = name;
      if (document) last = *document;
    } else {
      rows.row(name, shown_member(inspection, name));
    }
  }
}

void show_text(const TestStateOptions& options, const Value& answer, bool went_well) {
  const Rows rows(28);
  if (!options.state.empty()) {
    rows.row("state", out().paint(Style::kBold, runtime::escape_for_log(options.state)));
  }
  rows.row("status",
           out().paint(went_well ? Style::kGreen : Style::kRed, shown_member(answer, "status")));
  for (const std::string_view member : {"nextState", "error", "cause"}) {
    const std::string text = shown_member(answer, member);
    if (answer.find(member) != nullptr) rows.row(member, runtime::escape_for_log(text));
  }
  if (const Value* inspection = answer.find("inspectionData")) show_steps(rows, *inspection);
  if (answer.find("output") != nullptr) rows.document("output", shown_member(answer, "output"));
}

int show_answer(const TestStateOptions& options, const std::string& text) {
  const Result<Value> answer = asl::read_json(text);
  PAWL_ASSERT(answer.has_value());
  const std::string status = shown_member(*answer, "status");
  const bool went_well = status == "SUCCEEDED" || status == "CAUGHT_ERROR";
  if (!options.json) {
    show_text(options, *answer, went_well);
  } else if (!write_out(output_text(expanded(*answer)))) {
    return kEngineFailed;
  }
  return went_well ? kOk : kFailed;
}

int test_state(const TestStateOptions& options) {
  const Result<Workflow> workflow = open_workflow(options.workflow);
  if (!workflow) return usage(workflow.error().message);
  if (Status named = check_name(*workflow, options.state); !named) {
    return usage(named.error().message);
  }
  const Result<Value> request = RequestBuilder(options).build(*workflow);
  if (!request) return usage(request.error().message);

  HostOptions host_options;
  host_options.fast_forward = options.fast_forward;
  host_options.outside = options.outside;
  Result<std::unique_ptr<RuntimeHost>> host = RuntimeHost::make(host_options);
  if (!host) return show_error(host.error().message), kEngineFailed;
  TaskSetup setup;
  setup.functions = options.functions.empty() ? workflow->functions : options.functions;
  if (Status added = (*host)->tasks().add("", setup); !added) return usage(added.error().message);

  std::optional<service::Answer> answer;
  const Status ran = (*host)->run([&] {
    service::Api api((*host)->engine());
    answer = api.call("TestState", asl::to_json(*request));
  });
  if (!ran) return show_error(ran.error().message), kEngineFailed;
  if (const auto* refused = std::get_if<service::ApiError>(&*answer)) {
    return usage(fmt::format("{}: {}", refused->code, refused->message));
  }
  return show_answer(options, std::get<std::string>(*answer));
}

}  // namespace

Command add_test_state(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("test-state", "Run one state by itself, as TestState");
  auto options = std::make_shared<TestStateOptions>();
  const auto json = [&](const char* name, std::string& target, const char* what) {
    parser->add_option(name, target, what)->option_text("JSON");
  };
  parser->add_option("DEFINITION", options->workflow, "File, or directory as of pawl run")
      ->option_text(" ")
      ->required();
  parser->add_option("--state", options->state, "The state, if the file holds a machine")
      ->option_text("NAME");
  json("--input", options->input, "JSON, @FILE, or - for standard input ({})");
  json("--variables", options->variables, "Variables in scope, an object");
  json("--context", options->context, "A context object, with a mock");
  json("--mock", options->mock, "What the Task, Map or Parallel gives");
  parser->add_option("--mock-error", options->mock_error, "... or the error it fails with")
      ->option_text("NAME");
  parser->add_option("--mock-cause", options->mock_cause, "The cause of that error")
      ->option_text("TEXT");
  parser->add_option("--validation", options->validation, "STRICT (default), PRESENT or NONE")
      ->option_text("MODE");
  parser->add_option("--retries", options->retries, "Retries made before, by the retrier")
      ->option_text("N");
  parser->add_option("--failed-iterations", options->failed_iterations, "Of a Map with a mock")
      ->option_text("N");
  parser->add_option("--caused-by", options->caused_by, "State within, whose error is mocked")
      ->option_text("NAME");
  parser->add_option("--item-data", options->item_data, "What the ItemReader reads, or @FILE")
      ->option_text("TEXT");
  parser->add_option("--inspection-level", options->level, "DEBUG, or INFO or TRACE")
      ->option_text("LEVEL");
  parser->add_option("--functions", options->functions, "Directory of the functions")
      ->option_text("DIR")
      ->check(CLI::ExistingDirectory);
  add_outside_options(*parser, options->outside);
  parser->add_flag("--fast-forward", options->fast_forward, "Virtual time: a Wait is over at once");
  parser->add_flag("--json", options->json, "Print JSON");
  parser->footer(kHelp);
  return {parser, [options] { return test_state(*options); }};
}

}  // namespace pawl::cli
