#include "cli/commands/run_batch.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/validate/batch.h"
#include "asl/validate/validate.h"
#include "cli/command.h"
#include "cli/diagnostics.h"
#include "cli/json_lines.h"
#include "cli/runtime_host.h"
#include "cli/terminal.h"
#include "engine/execution.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

namespace pawl::cli {
namespace {

using asl::Value;

constexpr const char* kRole = "arn:aws:iam::123456789012:role/pawl";
constexpr std::string_view kMachine = "case";

Value text(std::string_view value) { return Value::string(value); }

// Answers the Tasks of one case from its `mocks`. On the one shard only.
class CaseTasks final : public engine::TaskHandlers, public engine::TaskHandler {
 public:
  // kInvalid: a mock is not of the form that run_batch.h describes.
  Status set(const Value* mocks);

  engine::TaskHandler* find(const asl::Resource& /*resource*/, std::string_view /*machine*/,
                            std::string_view state) override {
    return mocks_.find(state) != nullptr ? this : nullptr;
  }
  engine::Outcome run(const engine::TaskRequest& request) override;

 private:
  Value mocks_ = Value::object({});
};

Status CaseTasks::set(const Value* mocks) {
  mocks_ = mocks != nullptr && mocks->is_object() ? *mocks : Value::object({});
  for (const asl::Member& mock : mocks_.members()) {
    bool right = mock.value.is_array() && mock.value.size() > 0;
    for (std::size_t i = 0; right && i < mock.value.size(); ++i) {
      const Value& answer = mock.value.items()[i];
      const Value* thrown = answer.find("Throw");
      const Value* error = thrown != nullptr ? thrown->find("Error") : nullptr;
      right = answer.find("Return") != nullptr || answer.find("Never") != nullptr ||
              (error != nullptr && error->is_string());
    }
    if (!right) {
      return Error{ErrorCode::kInvalid,
                   "mocks: a state has a list of {Return}, {Throw: {Error}} or {Never}", ""};
    }
  }
  return {};
}

engine::Outcome CaseTasks::run(const engine::TaskRequest& request) {
  const std::span<const Value> answers = mocks_.find(request.state_name)->items();
  const auto attempt = std::min(static_cast<std::size_t>(request.attempt), answers.size() - 1);
  const Value& answer = answers[attempt];
  const Value* after = answer.find("After");
  if (after != nullptr && after->is_number()) {
    runtime::sleep_for(std::chrono::nanoseconds(std::llround(after->as_double() * 1e9)));
  }
  if (const Value* output = answer.find("Return")) {
    engine::TaskSucceeded succeeded;
    succeeded.output = asl::Payload::of(*output);
    return succeeded;
  }
  const Value* thrown = answer.find("Throw");
  if (thrown == nullptr) return engine::TaskSubmitted();
  engine::TaskFailed failed;
  failed.failure.error = std::string(thrown->find("Error")->as_string());
  const Value* cause = thrown->find("Cause");
  if (cause != nullptr && cause->is_string())
    failed.failure.cause = std::string(cause->as_string());
  return failed;
}

Value failed_case(const Value& name, std::string_view message) {
  asl::ObjectBuilder answer;
  answer.set("name", name);
  answer.set("status", text("ERROR"));
  answer.set("message", text(message));
  return std::move(answer).build();
}

// What the end of an execution says; filled in on its shard.
struct Ended {
  engine::ExecutionStatus status = engine::ExecutionStatus::kRunning;
  engine::Failure failure;
  std::optional<std::string> output;
  double seconds = 0;
  std::vector<std::string> memory_history;
};

class Batch {
 public:
  explicit Batch(RuntimeHost& host) : host_(host) {
    host_.tasks().replace(std::string(kMachine), &tasks_);
  }

  std::string answer(std::string_view line);

 private:
  Value run_case(const Value& question, const Value& name);
  Result<Ended> execute(const Value& question, bool express);
  Result<Value> events_of(const Ended& ended, bool express, bool whole) const;

  RuntimeHost& host_;
  CaseTasks tasks_;
  engine::ExecutionNumber number_ = 0;
};

std::string Batch::answer(std::string_view line) {
  const Result<Value> question = asl::read_json(line);
  if (!question || !question->is_object()) {
    return asl::to_json(failed_case(Value::null(), "the line is not a JSON object"));
  }
  const Value* name = question->find("name");
  return asl::to_json(run_case(*question, name != nullptr ? *name : Value::null()));
}

Value Batch::run_case(const Value& question, const Value& name) {
  const Value* definition = question.find("definition");
  if (definition == nullptr) return failed_case(name, "there is no definition");
  const Value* type = question.find("type");
  const bool express = type != nullptr && type->is_string() && type->as_string() == "express";

  asl::ValidateOptions options;
  options.express = express;
  options.warnings = false;
  options.foreign_resources = true;
  const auto diagnostics = asl::validate(*definition, options);
  if (has_errors(diagnostics)) {
    std::vector<Value> listed;
    for (const asl::Diagnostic& one : diagnostics) {
      asl::ObjectBuilder item;
      item.set("code", text(one.code)).set("message", text(one.message));
      if (!one.location.empty()) item.set("location", text(one.location));
      listed.push_back(std::move(item).build());
    }
    asl::ObjectBuilder answer;
    answer.set("name", name).set("status", text("INVALID"));
    answer.set("diagnostics", Value::array(std::move(listed)));
    return std::move(answer).build();
  }

  const Result<Ended> ended = execute(question, express);
  if (!ended) return failed_case(name, ended.error().message);
  asl::ObjectBuilder answer;
  answer.set("name", name);
  answer.set("status", text(engine::status_name(ended->status)));
  if (ended->output) {
    const Result<Value> output = asl::read_json(*ended->output);
    if (!output) return failed_case(name, "the output is not JSON: " + output.error().message);
    answer.set("output", *output);
  }
  if (ended->failure.error) answer.set("error", text(*ended->failure.error));
  if (ended->failure.cause) answer.set("cause", text(*ended->failure.cause));
  answer.set("seconds", Value::number(ended->seconds));
  const Value* history = question.find("history");
  const bool whole = history != nullptr && history->is_bool() && history->as_bool();
  const Result<Value> events = events_of(*ended, express, whole);
  if (!events) return failed_case(name, events.error().message);
  answer.set("events", *events);
  return std::move(answer).build();
}

Result<Ended> Batch::execute(const Value& question, bool express) {
  engine::Engine& engine = host_.engine();
  const std::string machine(kMachine);
  if (Status set = tasks_.set(question.find("mocks")); !set) return std::move(set).error();
  if (Status deleted = engine.delete_machine(machine); !deleted) return std::move(deleted).error();
  const auto created =
      engine.create_machine({.name = machine,
                             .definition = asl::to_json(*question.find("definition")),
                             .role_arn = kRole,
                             .express = express,
                             .configuration = "{}"});
  if (!created) return created.error();

  auto ended = std::make_shared<Ended>();
  auto over = std::make_shared<runtime::WaitPoint>();
  engine::StartRequest request;
  request.machine = machine;
  if (const Value* input = question.find("input")) request.input = asl::to_json(*input);
  request.synchronous = request.keep_history = express;
  request.on_end = [ended, over](const engine::Execution& execution) {
    ended->status = execution.record.status;
    ended->failure = execution.record.failure;
    if (execution.output.present()) ended->output = execution.output.text();
    ended->memory_history = execution.memory_history;
    const auto span = execution.record.stop_date.value_or(execution.record.start_date) -
                      execution.record.start_date;
    ended->seconds = std::chrono::duration<double>(span).count();
    over->wake();
  };
  const Result<engine::StartResult> started = engine.start(std::move(request));
  if (!started) return started.error();
  number_ = started->number;
  // Longer than any execution may run: one that hangs leaves nothing else to advance the time to.
  const runtime::SteadyTime patience = host_.clock().after(std::chrono::hours(24 * 366 * 2));
  while (ended->status == engine::ExecutionStatus::kRunning) {
    if (!over->wait(patience)) return Error{ErrorCode::kInternal, "the execution does not end", ""};
  }
  return *ended;
}

Result<Value> Batch::events_of(const Ended& ended, bool express, bool whole) const {
  std::vector<Value> events;
  if (express) {
    Result<std::vector<Value>> rendered = engine::render_history(ended.memory_history, true);
    if (!rendered) return std::move(rendered).error();
    events = *std::move(rendered);
  } else {
    Result<engine::HistoryPage> page = host_.engine().history(number_, {}, SIZE_MAX, false, whole);
    if (!page) return std::move(page).error();
    events = std::move(page->events);
  }
  if (whole) return Value::array(std::move(events));
  std::vector<Value> types;
  for (const Value& event : events) types.push_back(*event.find("type"));
  return Value::array(std::move(types));
}

}  // namespace

int run_batch() {
  HostOptions options;
  options.fast_forward = true;
  Result<std::unique_ptr<RuntimeHost>> host = RuntimeHost::make(options);
  if (!host) {
    show_error(host.error().message);
    return kEngineFailed;
  }
  int code = kOk;
  Batch batch(**host);
  const Status ran = (*host)->run(
      [&] { code = answer_lines([&batch](std::string_view line) { return batch.answer(line); }); });
  if (ran) return code;
  show_error(ran.error().message);
  return kEngineFailed;
}

}  // namespace pawl::cli
