#include "service/test_state/request.h"

#include "asl/json/reader.h"
#include "service/json_text.h"
#include "service/test_state/context_check.h"
#include "service/test_state/definition.h"
#include "service/test_state/mock_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

namespace pawl::service {

namespace {

using asl::IntegrationPattern;
using asl::Value;
using Refusal = std::optional<ApiError>;

const Value* member_of(const Value* object, std::string_view name) {
  const Value* value = object != nullptr ? object->find(name) : nullptr;
  return value != nullptr && !value->is_null() ? value : nullptr;
}

std::string_view type_name(const asl::State& state) {
  constexpr std::string_view kNames[] = {"Pass",    "Task", "Choice",   "Wait",
                                         "Succeed", "Fail", "Parallel", "Map"};
  return kNames[state.body.index()];
}

// Its branches or iterations are never run by a test.
bool has_children(const asl::State& state) {
  return std::holds_alternative<asl::ParallelState>(state.body) ||
         std::holds_alternative<asl::MapState>(state.body);
}

// --- members that need others, or exclude them -------------------------------------------------

Refusal check_combinations(const Request& request) {
  const Value* mock = request.member("mock");
  if (mock != nullptr) {
    const Value* error = member_of(mock, "errorOutput");
    if ((member_of(mock, "result") != nullptr) == (error != nullptr)) {
      return validation_error(
          "A test mock should have only one of the following fields: [result, errorOutput].");
    }
    if (error != nullptr && member_of(error, "error") == nullptr) {
      return validation_error(
          "1 validation error detected: Value null at 'mock.errorOutput.error' failed to satisfy "
          "constraint: Member must not be null");
    }
    if (request.flag("revealSecrets")) {
      return validation_error("TestState does not support RevealSecrets when a mock is specified.");
    }
    return std::nullopt;
  }
  const Value* configuration = request.member("stateConfiguration");
  constexpr std::pair<std::string_view, std::string_view> kForMocks[] = {
      {"retrierRetryCount", "RetrierRetryCount"},
      {"errorCausedByState", "ErrorCausedByState"},
      {"mapIterationFailureCount", "MapIterationFailureCount"},
      {"mapItemReaderData", "MapItemReaderData"},
  };
  std::string_view without;
  for (const auto& [member, name] : kForMocks) {
    if (member_of(configuration, member) != nullptr) without = name;
  }
  if (request.has("context")) without = "Context";
  if (without.empty()) return std::nullopt;
  return validation_error(
      fmt::format("TestState does not support {} when a mock is not specified.", without));
}

// --- what can be tested with a mock, and without -----------------------------------------------

Refusal check_support(const asl::State& state, bool mocked, bool has_role) {
  const auto* task = std::get_if<asl::TaskState>(&state.body);
  if (mocked) {
    if (task != nullptr || has_children(state)) return std::nullopt;
    return validation_error(
        fmt::format("State type '{}' is not supported when a mock is specified", type_name(state)));
  }
  if (has_children(state)) {
    return ApiError{"InvalidDefinition",
                    "TestState API does not support Map or Parallel states. Supported state types "
                    "include: [Task, Wait, Pass, Succeed, Fail, Choice]"};
  }
  if (task == nullptr) return std::nullopt;
  if (task->resource.kind == asl::ResourceKind::kActivity ||
      task->resource.pattern != IntegrationPattern::kRequestResponse) {
    return validation_error(
        "TestState does not support Activity tasks, '.sync' or '.waitForTaskToken' service "
        "integration patterns when a mock is not specified.");
  }
  if (!has_role) return validation_error("RoleArn must be specified when testing a Task state");
  return std::nullopt;
}

// --- the mock ----------------------------------------------------------------------------------

bool exports_results(const TestedState& tested) {
  const Value* writer = tested.json.find("ResultWriter");
  return writer != nullptr && writer->find("Resource") != nullptr;
}

Refusal check_mocked_result(const TestedState& tested, const Value& result, std::string_view mode) {
  const asl::State& state = tested.state();
  if (const auto* parallel = std::get_if<asl::ParallelState>(&state.body)) {
    if (!result.is_array()) return validation_error("Mocked result must be an array.");
    if (result.size() != parallel->branches.size()) {
      return validation_error(
          "Mocked result must contain the same number of items as number of Parallel branches.");
    }
    return std::nullopt;
  }
  if (std::holds_alternative<asl::MapState>(state.body)) {
    if (exports_results(tested)) {
      return result.is_object() ? std::nullopt
                                : Refusal(validation_error("Mocked result must be a JSON object."));
    }
    return result.is_array() ? std::nullopt
                             : Refusal(validation_error("Mocked result must be an array."));
  }
  if (mode == "NONE") return std::nullopt;
  const auto api = mocked_api(std::get<asl::TaskState>(state.body).resource);
  if (!api) return std::nullopt;
  if (!result.is_object()) return validation_error("Mocked result must be a JSON object.");
  if (const auto problem = schema_problem(*api, result, mode != "PRESENT")) {
    return validation_error("Mock result schema validation error: " + *problem);
  }
  return std::nullopt;
}

Refusal read_mock(const Request& request, const TestedState& tested, engine::StateTest& test) {
  const Value* mock = request.member("mock");
  if (mock == nullptr) return std::nullopt;
  if (const Value* error = member_of(mock, "errorOutput")) {
    engine::Failure failure;
    failure.error = std::string(error->find("error")->as_string());
    if (const Value* cause = member_of(error, "cause")) {
      failure.cause = std::string(cause->as_string());
    }
    test.mock = std::move(failure);
    return std::nullopt;
  }
  Result<asl::Payload> result =
      asl::Payload::parse(std::string(member_of(mock, "result")->as_string()));
  if (!result) return validation_error("Mocked result must be valid JSON");
  const Value* mode = member_of(mock, "fieldValidationMode");
  if (auto refused = check_mocked_result(tested, result->value(),
                                         mode != nullptr ? mode->as_string() : "STRICT")) {
    return refused;
  }
  test.mock = *std::move(result);
  return std::nullopt;
}

// --- everything else ---------------------------------------------------------------------------

Refusal read_input(const Request& request, engine::StateTest& test) {
  std::string text = request.optional_text("input").value_or("{}");
  if (const auto problem = json_problem(text, "Invalid execution input.")) {
    return ApiError{"InvalidExecutionInput",
                    "Invalid State Machine Execution Input: '" + *problem + "'"};
  }
  test.input = asl::Payload::of_text(std::move(text));
  return std::nullopt;
}

Refusal read_variables(const Request& request, engine::StateTest& test) {
  if (!request.has("variables")) return std::nullopt;
  const Result<Value> variables = asl::read_json(request.text("variables"));
  if (!variables || !variables->is_object()) {
    return validation_error("Variables must be a valid JSON object.");
  }
  for (const asl::Member& member : variables->members()) {
    test.variables.push_back({std::string(member.key.as_string()), asl::Payload::of(member.value)});
  }
  return std::nullopt;
}

Refusal read_context(const Request& request, const asl::State& state, engine::StateTest& test) {
  if (!request.has("context")) return std::nullopt;
  const auto* task = std::get_if<asl::TaskState>(&state.body);
  const bool has_token =
      task != nullptr && task->resource.pattern != IntegrationPattern::kRequestResponse;
  Result<Value> context = asl::read_json(request.text("context"));
  const std::optional<std::string> problem =
      context ? context_problem(*context, has_token) : "Context object must be valid JSON";
  if (problem) return validation_error("Invalid Context object provided: " + *problem);
  test.context = *std::move(context);
  return std::nullopt;
}

void read_configuration(const Request& request, engine::StateTest& test) {
  const Value* configuration = request.member("stateConfiguration");
  if (const Value* retries = member_of(configuration, "retrierRetryCount")) {
    constexpr std::int64_t kMost = 99'999'999;  // the most that MaxAttempts may be
    test.retries = static_cast<std::int32_t>(std::min(retries->as_int(), kMost));
  }
  if (const Value* data = member_of(configuration, "mapItemReaderData")) {
    test.item_data = std::string(data->as_string());
  }
  if (const Value* failed = member_of(configuration, "mapIterationFailureCount")) {
    test.failed_children = failed->as_int();
  }
}

}  // namespace

Checked<StateTestRequest> read_state_test(const Request& request, const engine::Limits& limits) {
  if (auto refused = check_combinations(request)) return *std::move(refused);
  std::optional<std::string_view> name;
  if (request.has("stateName")) name = request.text("stateName");
  Checked<TestedState> found = find_tested_state(request.text("definition"), name, limits);
  if (auto* refused = std::get_if<ApiError>(&found)) return std::move(*refused);
  const auto& tested = std::get<TestedState>(found);

  const asl::State& state = tested.state();
  if (auto refused = check_support(state, request.has("mock"), request.has("roleArn"))) {
    return *std::move(refused);
  }
  StateTestRequest read;
  read.inspected = request.has("inspectionLevel") && request.text("inspectionLevel") != "INFO";
  engine::StateTest& test = read.test;
  if (request.has("inspectionLevel") && request.text("inspectionLevel") == "TRACE") {
    test.trace.emplace().reveal_secrets = request.flag("revealSecrets");
  }
  test.definition = tested.definition;
  test.role_arn = request.text("roleArn");
  if (auto refused = read_input(request, test)) return *std::move(refused);
  if (auto refused = read_variables(request, test)) return *std::move(refused);
  if (auto refused = read_mock(request, tested, test)) return *std::move(refused);
  if (auto refused = read_context(request, state, test)) return *std::move(refused);
  read_configuration(request, test);
  // Developer guide, "Automatic Context population".
  if (tested.within_map && !test.context) {
    engine::MapItem& item = test.map_item.emplace();
    item.value = test.input.value();
    if (tested.within_distributed_map) item.source = "STATE_DATA";
  }
  return read;
}

}  // namespace pawl::service
