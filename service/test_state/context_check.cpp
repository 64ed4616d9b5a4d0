#include "service/test_state/context_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

namespace pawl::service {

namespace {

enum class Kind { kAny, kString, kNumber };

struct Field {
  std::string_view name;
  Kind kind = Kind::kString;
};
struct Part {
  std::string_view name;
  std::span<const Field> fields;
};

constexpr Field kExecution[] = {
    {"Id"},        {"Input", Kind::kAny},           {"Name"},        {"RoleArn"},
    {"StartTime"}, {"RedriveCount", Kind::kNumber}, {"RedriveTime"},
};
constexpr Field kState[] = {{"EnteredTime"}, {"Name"}, {"RetryCount", Kind::kNumber}};
constexpr Field kStateMachine[] = {{"Id"}, {"Name"}};
constexpr Field kTask[] = {{"Token"}};
constexpr Part kParts[] = {
    {"Execution", kExecution},
    {"State", kState},
    {"StateMachine", kStateMachine},
    {"Task", kTask},
};

std::string not_allowed(std::string_view name) {
  return fmt::format("Field '{}' is not allowed", name);
}

std::optional<std::string> part_problem(const Part& part, const asl::Value& value) {
  if (!value.is_object()) return fmt::format("{} must be an object", part.name);
  for (const asl::Member& member : value.members()) {
    const std::string_view name = member.key.as_string();
    const auto field = std::find_if(part.fields.begin(), part.fields.end(),
                                    [name](const Field& one) { return one.name == name; });
    if (field == part.fields.end()) return not_allowed(name);
    if (field->kind == Kind::kString && !member.value.is_string()) {
      return fmt::format("{}.{} must be a string", part.name, name);
    }
    if (field->kind == Kind::kNumber && !member.value.is_number()) {
      return fmt::format("{}.{} must be a number", part.name, name);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> context_problem(const asl::Value& context, bool has_token) {
  if (!context.is_object()) return "Context object must be a JSON object";
  for (const asl::Member& member : context.members()) {
    const std::string_view name = member.key.as_string();
    if (name == "Map") return "'Map' field is not supported when mocking a Context object";
    const auto* part = std::find_if(std::begin(kParts), std::end(kParts),
                                    [name](const Part& one) { return one.name == name; });
    if (part == std::end(kParts)) return not_allowed(name);
    if (auto problem = part_problem(*part, member.value)) return problem;
    if (name == "Task" && !has_token) {
      return "Context object contains 'Task' when state is not a Task state with a '.sync' or "
             "'.waitForTaskToken' service integration pattern";
    }
  }
  return std::nullopt;
}

}  // namespace pawl::service
