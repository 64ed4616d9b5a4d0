#include "service/control.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/time/timestamp.h"
#include "service/actions/actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace pawl::service {
namespace {

using asl::Value;
using engine::ExecutionStatus;

constexpr std::size_t kPage = 1'000;
constexpr std::size_t kWorkers = 64;  // their commits share syncs

ApiError wrong(std::string message) { return {"ValidationException", std::move(message)}; }

// Refuses members that nobody reads: a misspelled filter must not match everything.
std::optional<ApiError> refuse_unknown(const Value& object,
                                       std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.members()) {
    if (std::find(known.begin(), known.end(), key.as_string()) == known.end()) {
      return wrong(fmt::format("there is no member '{}' here", key.as_string()));
    }
  }
  return std::nullopt;
}

// ---- filters ----

struct Filter {
  std::vector<std::string> machines;
  std::vector<ExecutionStatus> statuses;
  std::optional<std::string> error;
  std::optional<runtime::WallTime> after, before;
  std::size_t max = kControlMatchesMax;
};

Checked<std::string> machine_named(Api& api, std::string_view given) {
  std::string name(given);
  if (given.starts_with("arn:")) {
    const Checked<FoundMachine> found = find_plain_machine(api, given);
    if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
    return std::get<FoundMachine>(found).record->name;
  }
  if (api.engine().machines().find(name) == nullptr) {
    return state_machine_does_not_exist(api.engine().machine_arn(name));
  }
  return name;
}

Checked<std::optional<runtime::WallTime>> time_of(const Value& filter, std::string_view name) {
  const Value* given = filter.find(name);
  if (given == nullptr) return std::optional<runtime::WallTime>();
  const auto parsed = given->is_string()
                          ? asl::parse_timestamp(given->as_string())
                          : Result<asl::Timestamp>(Error{ErrorCode::kInvalid, "", ""});
  if (!parsed) {
    return wrong(fmt::format("'{}' must be a time such as 2026-11-20T11:30:00Z", name));
  }
  return std::optional(std::chrono::floor<std::chrono::milliseconds>(*parsed));
}

Checked<std::vector<ExecutionStatus>> statuses_of(const Value& filter,
                                                  std::vector<ExecutionStatus> usual) {
  const Value* given = filter.find("statuses");
  if (given == nullptr) return usual;
  if (!given->is_array()) return wrong("'statuses' must be a list that is not empty");
  std::vector<ExecutionStatus> chosen;
  for (const Value& one : given->items()) {
    const auto status = std::find_if(usual.begin(), usual.end(), [&one](ExecutionStatus known) {
      return one.is_string() && engine::status_name(known) == one.as_string();
    });
    if (status == usual.end()) {
      return wrong(fmt::format("'statuses' cannot have {} here", asl::to_json(one)));
    }
    chosen.push_back(*status);
  }
  if (chosen.empty()) return wrong("'statuses' must be a list that is not empty");
  return chosen;
}

Checked<Filter> filter_of(Api& api, const Value& body, std::vector<ExecutionStatus> usual) {
  const Value* given = body.find("filter");
  if (given == nullptr || !given->is_object()) return wrong("'filter' must be an object");
  if (auto refused = refuse_unknown(
          *given, {"stateMachine", "statuses", "error", "startedAfter", "startedBefore", "max"})) {
    return *std::move(refused);
  }
  Filter filter;
  const Value* machine = given->find("stateMachine");
  if (machine == nullptr || !machine->is_string()) {
    return wrong("'filter' must name its 'stateMachine'; \"*\" is all of them");
  }
  if (machine->as_string() == "*") {
    for (const auto& one : api.engine().machines().list()) filter.machines.push_back(one->name);
  } else {
    const Checked<std::string> named = machine_named(api, machine->as_string());
    if (const auto* refused = std::get_if<ApiError>(&named)) return *refused;
    filter.machines.push_back(std::get<std::string>(named));
  }
  const auto statuses = statuses_of(*given, std::move(usual));
  if (const auto* refused = std::get_if<ApiError>(&statuses)) return *refused;
  filter.statuses = std::get<std::vector<ExecutionStatus>>(statuses);
  if (const Value* error = given->find("error")) {
    if (!error->is_string()) return wrong("'error' must be the name of an error");
    filter.error = error->as_string();
  }
  for (const auto& [name, place] :
       {std::pair("startedAfter", &filter.after), std::pair("startedBefore", &filter.before)}) {
    const auto time = time_of(*given, name);
    if (const auto* refused = std::get_if<ApiError>(&time)) return *refused;
    *place = std::get<std::optional<runtime::WallTime>>(time);
  }
  if (const Value* max = given->find("max")) {
    if (!max->is_int() || max->as_int() < 1 ||
        max->as_int() > static_cast<std::int64_t>(kControlMatchesMax)) {
      return wrong(fmt::format("'max' must be between 1 and {}", kControlMatchesMax));
    }
    filter.max = static_cast<std::size_t>(max->as_int());
  }
  return filter;
}

bool matches(const Filter& filter, const engine::ExecutionRecord& record) {
  return (!filter.error || record.failure.error == filter.error) &&
         (!filter.after || record.start_date > *filter.after) &&
         (!filter.before || record.start_date < *filter.before);
}

struct Matches {
  std::vector<std::pair<engine::ExecutionNumber, std::string>> executions;  // with their ARNs
  bool more = false;
};

Result<Matches> find_matches(Api& api, const Filter& filter) {
  Matches found;
  for (const std::string& machine : filter.machines) {
    for (const ExecutionStatus status : filter.statuses) {
      std::optional<engine::ExecutionNumber> before;
      for (;;) {
        auto page = api.engine().list(machine, status, before, kPage);
        if (!page) return std::move(page).error();
        for (const engine::ExecutionDescription& one : *page) {
          if (!matches(filter, one.record)) continue;
          if (found.executions.size() >= filter.max) {
            found.more = true;
            return found;
          }
          found.executions.emplace_back(one.number, one.arn);
        }
        if (page->size() < kPage) break;
        before = page->back().number;
        runtime::yield();  // a store of millions is read in parts
      }
    }
  }
  return found;
}

// ---- many at once ----

// Does `work` for each match on some fibers beside this one, and tells how it went.
Answer for_each_match(const Matches& matches,
                      const std::function<Status(engine::ExecutionNumber)>& work) {
  struct Shared {
    std::size_t next = 0;
    std::size_t done = 0;
    std::size_t running = 0;
    std::vector<Value> failed;
    runtime::WaitPoint all;
  } shared;
  const auto worker = [&] {
    while (shared.next < matches.executions.size()) {
      const auto& [number, arn] = matches.executions[shared.next++];
      const Status status = work(number);
      if (status) {
        ++shared.done;
      } else if (shared.failed.size() < kControlFailuresMax) {
        asl::ObjectBuilder failure;
        failure.set("executionArn", Value::string(arn));
        failure.set("message", Value::string(status.error().message));
        shared.failed.push_back(std::move(failure).build());
      }
    }
  };
  runtime::Shard& shard = *runtime::Shard::current();
  for (std::size_t i = 1; i < std::min(kWorkers, matches.executions.size()); ++i) {
    const Status spawned = shard.spawn([&] {
      worker();
      if (--shared.running == 0) shared.all.wake();
    });
    if (!spawned) break;  // then fewer do it
    ++shared.running;
  }
  worker();
  while (shared.running > 0) shared.all.wait();

  asl::ObjectBuilder outcome;
  outcome.set("matched", Value::integer(static_cast<std::int64_t>(matches.executions.size())));
  outcome.set("done", Value::integer(static_cast<std::int64_t>(shared.done)));
  outcome.set("failed", Value::array(std::move(shared.failed)));
  outcome.set("more", Value::boolean(matches.more));
  return answer(std::move(outcome).build());
}

Answer many(Api& api, const Value& body, std::vector<ExecutionStatus> usual,
            const std::function<Status(engine::ExecutionNumber)>& work) {
  const Checked<Filter> filter = filter_of(api, body, std::move(usual));
  if (const auto* refused = std::get_if<ApiError>(&filter)) return *refused;
  const Result<Matches> found = find_matches(api, std::get<Filter>(filter));
  if (!found) return engine_error(found.error());
  const Value* dry = body.find("dryRun");
  if (dry != nullptr && !dry->is_bool()) return wrong("'dryRun' must be true or false");
  if (dry == nullptr || !dry->as_bool()) return for_each_match(*found, work);
  asl::ObjectBuilder outcome;
  outcome.set("matched", Value::integer(static_cast<std::int64_t>(found->executions.size())));
  outcome.set("done", Value::integer(0));
  outcome.set("failed", Value::array({}));
  outcome.set("more", Value::boolean(found->more));
  return answer(std::move(outcome).build());
}

Checked<std::optional<std::string>> optional_text(const Value& body, std::string_view name) {
  const Value* given = body.find(name);
  if (given == nullptr) return std::optional<std::string>();
  if (!given->is_string()) return wrong(fmt::format("'{}' must be a string", name));
  return std::optional(std::string(given->as_string()));
}

Answer stop_many(Api& api, const Value& body) {
  if (auto refused = refuse_unknown(body, {"filter", "error", "cause", "dryRun"})) {
    return *std::move(refused);
  }
  engine::Failure failure;
  for (const auto& [name, place] :
       {std::pair("error", &failure.error), std::pair("cause", &failure.cause)}) {
    const auto text = optional_text(body, name);
    if (const auto* refused = std::get_if<ApiError>(&text)) return *refused;
    *place = std::get<std::optional<std::string>>(text);
  }
  return many(api, body, {ExecutionStatus::kRunning},
              [&](engine::ExecutionNumber number) { return api.engine().stop(number, failure); });
}

// ---- redrive ----

Answer redrive_one(Api& api, const Value& body) {
  if (auto refused = refuse_unknown(body, {"execution", "state", "branch", "input"})) {
    return *std::move(refused);
  }
  const auto arn = optional_text(body, "execution");
  const auto state = optional_text(body, "state");
  for (const auto* text : {&arn, &state}) {
    if (const auto* refused = std::get_if<ApiError>(text)) return *refused;
  }
  const auto found = find_execution(api, std::get<std::optional<std::string>>(arn).value_or(""));
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  engine::RedriveTarget target;
  target.state = std::get<std::optional<std::string>>(state).value_or("");
  if (const Value* branch = body.find("branch")) {
    if (!branch->is_array()) return wrong("'branch' must be a list of indexes");
    for (const Value& index : branch->items()) {
      if (!index.is_int() || index.as_int() < 0 || index.as_int() > 1'000'000) {
        return wrong("'branch' must be a list of indexes");
      }
      target.branch.push_back(static_cast<std::int32_t>(index.as_int()));
    }
  }
  if (const Value* input = body.find("input")) target.input = asl::to_json(*input);
  engine::RedriveRequest request;
  if (!target.state.empty() || !target.branch.empty() || target.input) request.target = target;
  const Result<runtime::WallTime> redriven =
      api.engine().redrive(std::get<engine::ExecutionNumber>(found), std::move(request));
  if (!redriven) {
    if (redriven.error().code == ErrorCode::kInvalid) {
      return ApiError{"ExecutionNotRedrivable", redriven.error().message};
    }
    return engine_error(redriven.error());
  }
  asl::ObjectBuilder out;
  out.set("redriveDate", engine::epoch_seconds(*redriven));
  return answer(std::move(out).build());
}

Answer redrive(Api& api, const Value& body) {
  if (body.find("execution") != nullptr) return redrive_one(api, body);
  if (auto refused = refuse_unknown(body, {"filter", "dryRun"})) return *std::move(refused);
  return many(api, body,
              {ExecutionStatus::kFailed, ExecutionStatus::kTimedOut, ExecutionStatus::kAborted},
              [&](engine::ExecutionNumber number) -> Status {
                const auto redriven = api.engine().redrive(number, {});
                return redriven ? Status() : Status(redriven.error());
              });
}

// ---- pauses ----

Answer pause_or_resume(Api& api, const Value& body, bool pause) {
  if (auto refused = refuse_unknown(body, {"stateMachine", "execution"})) {
    return *std::move(refused);
  }
  const auto machine = optional_text(body, "stateMachine");
  const auto execution = optional_text(body, "execution");
  for (const auto* text : {&machine, &execution}) {
    if (const auto* refused = std::get_if<ApiError>(text)) return *refused;
  }
  const auto& machine_name = std::get<std::optional<std::string>>(machine);
  const auto& execution_arn = std::get<std::optional<std::string>>(execution);
  if (machine_name.has_value() == execution_arn.has_value()) {
    return wrong("name either a 'stateMachine' or an 'execution'");
  }
  engine::Engine& engine = api.engine();
  Status changed;
  if (machine_name) {
    const Checked<std::string> named = machine_named(api, *machine_name);
    if (const auto* refused = std::get_if<ApiError>(&named)) return *refused;
    const auto& name = std::get<std::string>(named);
    changed = pause ? engine.pause_machine(name) : engine.resume_machine(name);
  } else {
    const Checked<engine::ExecutionNumber> found = find_execution(api, *execution_arn);
    if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
    const auto number = std::get<engine::ExecutionNumber>(found);
    changed = pause ? engine.pause_execution(number) : engine.resume_execution(number);
  }
  if (changed) return empty_answer();
  if (changed.error().code == ErrorCode::kCancelled) return wrong(changed.error().message);
  return engine_error(changed.error());
}

Answer list_pauses(Api& api) {
  const Result<engine::Pauses> pauses = api.engine().pauses();
  if (!pauses) return engine_error(pauses.error());
  std::vector<Value> machines;
  for (const std::string& name : pauses->machines) {
    machines.push_back(Value::string(api.engine().machine_arn(name)));
  }
  std::vector<Value> executions;
  for (const engine::ExecutionNumber number : pauses->executions) {
    const auto known = api.engine().describe(number);
    if (known) executions.push_back(Value::string(known->arn));
  }
  asl::ObjectBuilder out;
  out.set("stateMachines", Value::array(std::move(machines)));
  out.set("executions", Value::array(std::move(executions)));
  return answer(std::move(out).build());
}

}  // namespace

Answer Control::call(std::string_view action, std::string_view body) {
  Value request = Value::object({});
  if (!body.empty()) {
    Result<Value> read = asl::read_json(body);
    if (!read || !read->is_object()) {
      return ApiError{"SerializationException",
                      read ? "The body must be a JSON object." : read.error().message};
    }
    request = *std::move(read);
  }
  if (action == "pause") return pause_or_resume(api_, request, true);
  if (action == "resume") return pause_or_resume(api_, request, false);
  if (action == "stop") return stop_many(api_, request);
  if (action == "redrive") return redrive(api_, request);
  if (action == "pauses") return list_pauses(api_);
  return ApiError{"UnknownOperationException",
                  fmt::format("There is no action '{}'; there are pause, resume, pauses, stop and "
                              "redrive.",
                              action),
                  404};
}

}  // namespace pawl::service
