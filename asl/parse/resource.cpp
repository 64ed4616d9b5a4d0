#include "asl/parse/resource.h"

#include <string>

namespace pawl::asl {
namespace {

// arn:partition:service:region:account:rest; `rest` keeps its colons.
struct Arn {
  std::string_view partition, service, region, account, rest;
};

std::optional<Arn> split_arn(std::string_view text) {
  std::string_view parts[5];
  for (std::string_view& part : parts) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || !parts[1].starts_with("aws") || text.empty()) return std::nullopt;
  return Arn{parts[1], parts[2], parts[3], parts[4], text};
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix) || text.size() == suffix.size()) return false;
  text.remove_suffix(suffix.size());
  return true;
}

bool is_word(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-_") == std::string_view::npos;
}

// A name as AWS allows it, or one with a placeholder in it.
bool is_name(std::string_view text) { return is_word(text) || has_placeholder(text); }

// function:NAME or function:NAME:QUALIFIER, where the qualifier may be $LATEST
bool is_function(std::string_view rest) {
  const std::string_view prefix = "function:";
  if (!rest.starts_with(prefix)) return false;
  rest.remove_prefix(prefix.size());
  if (has_placeholder(rest)) return true;
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return is_word(rest);
  const std::string_view qualifier = rest.substr(colon + 1);
  return is_word(rest.substr(0, colon)) && (qualifier == "$LATEST" || is_word(qualifier));
}

// activity:NAME; the name is checked where activities are made, and may hold dots and more.
bool is_activity(std::string_view rest) {
  const std::string_view prefix = "activity:";
  return rest.starts_with(prefix) && rest.size() > prefix.size();
}

// Resources of Step Functions itself, which a Task names in its parameters only.
bool is_machine(std::string_view rest) {
  return rest.starts_with("stateMachine:") || rest.starts_with("execution:") ||
         rest.starts_with("express:") || rest.starts_with("mapRun:");
}

// SERVICE:ACTION[.PATTERN] or aws-sdk:SERVICE:ACTION[.PATTERN]
bool parse_integration(std::string_view rest, Resource& out) {
  const std::string_view sdk = "aws-sdk:";
  const std::size_t prefix = rest.starts_with(sdk) ? sdk.size() : 0;
  const std::size_t colon = rest.find(':', prefix);
  if (colon == std::string_view::npos) return false;
  const std::string_view action = rest.substr(colon + 1);
  std::string_view api_action = action;
  if (take_suffix(api_action, ".waitForTaskToken")) {
    out.pattern = IntegrationPattern::kWaitForTaskToken;
  } else if (take_suffix(api_action, ".sync") || take_suffix(api_action, ".sync:2")) {
    out.pattern = IntegrationPattern::kSync;
  }
  if (!is_name(rest.substr(prefix, colon - prefix)) || !is_name(api_action)) return false;
  out.kind = ResourceKind::kIntegration;
  out.service = rest.substr(0, colon);
  out.action = action;
  out.api_action = api_action;
  return true;
}

}  // namespace

bool has_placeholder(std::string_view text) {
  const std::size_t open = text.find("${");
  return open != std::string_view::npos && text.find('}', open) != std::string_view::npos;
}

std::optional<Resource> parse_resource(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Resource out;
  out.arn = text;
  out.kind = ResourceKind::kOther;
  const std::optional<Arn> arn = split_arn(text);
  if (!arn || (arn->service != "lambda" && arn->service != "states")) return out;
  if (arn->service == "lambda" && is_function(arn->rest)) {
    out.kind = ResourceKind::kLambdaFunction;
    return out;
  }
  if (arn->service == "states" && is_activity(arn->rest)) {
    out.kind = ResourceKind::kActivity;
    return out;
  }
  // Region and account belong to no integration, but published definitions have them.
  if (arn->service == "states" && !is_machine(arn->rest) && parse_integration(arn->rest, out)) {
    return out;
  }
  if (has_placeholder(text)) return out;
  return std::nullopt;
}

}  // namespace pawl::asl
