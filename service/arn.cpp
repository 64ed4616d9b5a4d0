#include "service/arn.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace pawl::service {

namespace {

// Takes the part in front of the next `separator` off `text`; everything if there is none.
std::string_view take(std::string_view& text, char separator = ':') {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return part;
}

constexpr std::pair<std::string_view, ResourceType> kTypes[] = {
    {"stateMachine", ResourceType::kStateMachine}, {"execution", ResourceType::kExecution},
    {"express", ResourceType::kExpress},           {"mapRun", ResourceType::kMapRun},
    {"activity", ResourceType::kActivity},
};

std::optional<ResourceType> type_named(std::string_view name) {
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

}  // namespace

bool Arn::names_version() const {
  return !qualifier.empty() && qualifier.find_first_not_of("0123456789") == std::string::npos;
}

Checked<Arn> parse_arn(std::string_view text, ResourceTypes allowed) {
  std::string_view rest = text;
  const std::string_view arn = take(rest);
  const std::string_view partition = take(rest);
  const std::string_view service = take(rest);
  const std::string_view region = take(rest);
  const std::string_view account = take(rest);
  if (arn != "arn" || !partition.starts_with("aws") || service != "states" || region.empty() ||
      account.empty() || rest.empty()) {
    return invalid_arn_prefix(text);
  }
  const std::string_view type_name = take(rest);
  const std::optional<ResourceType> type = type_named(type_name);
  if (!type || (allowed & type_bit(*type)) == 0) {
    return invalid_arn(fmt::format("Resource type not valid in this context: {}", type_name));
  }
  Arn parsed;
  parsed.type = *type;
  std::string_view name = take(rest);
  parsed.name = take(name, '/');
  parsed.label = name;
  switch (*type) {
    case ResourceType::kStateMachine:
      parsed.qualifier = rest;
      break;
    case ResourceType::kExecution:
    case ResourceType::kMapRun:
    case ResourceType::kExpress:
      parsed.execution = take(rest);
      break;
    case ResourceType::kActivity:
      break;
  }
  const bool has_execution =
      *type != ResourceType::kStateMachine && *type != ResourceType::kActivity;
  if (parsed.name.empty() || (has_execution && parsed.execution.empty())) {
    return invalid_arn_prefix(text);
  }
  return parsed;
}

}  // namespace pawl::service
