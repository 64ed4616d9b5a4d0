// Nested workflows whose children are elsewhere: the handler over an API that announces no ends.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/states/handler.h"
#include "tests/catch.h"
#include "tests/connectors/support.h"

#include <map>
#include <string>
#include <variant>

namespace pawl::connectors::test {
namespace {

constexpr const char* kMachine = "arn:aws:states:us-east-1:123456789012:stateMachine:child";

// Children that have ended as soon as they were started, so that their names are taken.
class Elsewhere final : public StatesApi {
 public:
  std::variant<std::string, StatesError> call_states(std::string_view operation,
                                                     const std::string& input,
                                                     const StatesCaller& /*caller*/) override {
    const asl::Value asked = *asl::read_json(input);
    if (operation == "DescribeExecution") {
      const auto child = children.find(std::string(text_of(asked, "executionArn")));
      if (child == children.end()) return StatesError{"ExecutionDoesNotExist", "none"};
      return asl::to_json(child->second);
    }
    PAWL_ASSERT(operation == "StartExecution");
    const std::string arn = "arn:aws:states:us-east-1:123456789012:execution:child:" +
                            std::string(text_of(asked, "name"));
    asl::ObjectBuilder child(asked);
    child.set("executionArn", asl::Value::string(arn));
    child.set("startDate", asl::Value::integer(1'767'225'600));
    child.set("status", asl::Value::string("SUCCEEDED"));
    if (!children.emplace(arn, std::move(child).build()).second) {
      return StatesError{"ExecutionAlreadyExists", "Execution Already Exists: '" + arn + "'"};
    }
    return R"({"executionArn":")" + arn + R"(","startDate":1767225600})";
  }
  bool announces_ends() const override { return false; }

  std::map<std::string, asl::Value> children;
};

class ElsewhereWorld {
 public:
  ElsewhereWorld() { handler_.connect(api); }

  // The child's ARN, or the error.
  std::string start(const std::string& more, const std::string& attempt) {
    const engine::Outcome outcome = run(more, attempt, handler_);
    if (const auto* failed = std::get_if<engine::TaskFailed>(&outcome)) {
      return *failed->failure.error;
    }
    return std::string(
        text_of(std::get<engine::TaskSucceeded>(outcome).output.value(), "ExecutionArn"));
  }

  Elsewhere api;

 private:
  static engine::Outcome run(const std::string& more, const std::string& attempt,
                             StatesHandler& handler) {
    const asl::Resource resource = {"arn:aws:states:::states:startExecution",
                                    asl::ResourceKind::kIntegration,
                                    asl::IntegrationPattern::kRequestResponse,
                                    "states",
                                    "startExecution",
                                    "startExecution"};
    engine::TaskRequest request =
        request_for(resource, R"({"StateMachineArn":")" + std::string(kMachine) + '"' + more + "}");
    request.idempotency_key = attempt;
    return handler.run(request);
  }

  runtime::VirtualClock clock_{runtime::WallTime()};
  StatesHandler handler_{clock_};
};

}  // namespace

TEST_CASE("a repeated start elsewhere finds its own child, although that has ended",
          "[connectors][states]") {
  ElsewhereWorld world;
  const std::string child = world.start("", "first");
  CHECK(child.starts_with("arn:aws:states:us-east-1:123456789012:execution:child:"));
  CHECK(world.start("", "first") == child);
  CHECK(world.api.children.size() == 1);
  CHECK(world.start("", "second") != child);

  SECTION("by its mark, where the definition gives the name") {
    const std::string named = world.start(R"(,"Name":"n","Input":{"a":1})", "first");
    CHECK(world.start(R"(,"Name":"n","Input":{"a":1})", "first") == named);
  }
  SECTION("another attempt's child is a clash of names, whatever its input") {
    world.start(R"(,"Name":"n")", "first");
    CHECK(world.start(R"(,"Name":"n")", "second") ==
          "StepFunctions.ExecutionAlreadyExistsException");
  }
  SECTION("a trace header of the definition stays, and then nothing tells the two apart") {
    world.start(R"(,"Name":"n","TraceHeader":"Root=1")", "first");
    CHECK(text_of(world.api.children.rbegin()->second, "traceHeader") == "Root=1");
    CHECK(world.start(R"(,"Name":"n","TraceHeader":"Root=1")", "first") ==
          "StepFunctions.ExecutionAlreadyExistsException");
  }
}

TEST_CASE("what .sync shows of a child elsewhere does not have the mark of the attempt",
          "[connectors][states]") {
  ElsewhereWorld world;
  const asl::Resource resource = {"arn:aws:states:::states:startExecution.sync",
                                  asl::ResourceKind::kIntegration,
                                  asl::IntegrationPattern::kSync,
                                  "states",
                                  "startExecution.sync",
                                  "startExecution"};
  runtime::VirtualClock clock{runtime::WallTime()};
  StatesHandler sync(clock);
  sync.connect(world.api);
  const engine::TaskRequest request =
      request_for(resource, R"({"StateMachineArn":")" + std::string(kMachine) + R"(:3"})");
  const engine::Outcome submitted = sync.run(request);
  const auto& child = std::get<engine::TaskSubmitted>(submitted).continuation;
  const engine::Outcome ended = sync.resume(request, child);
  const asl::Value& shown = std::get<engine::TaskSucceeded>(ended).output.value();
  CHECK(text_of(shown, "Status") == "SUCCEEDED");
  CHECK(shown.find("TraceHeader") == nullptr);
  CHECK_FALSE(text_of(world.api.children.begin()->second, "traceHeader").empty());
}

}  // namespace pawl::connectors::test
