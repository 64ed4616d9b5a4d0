#include "connectors/lambda/function_name.h"

#include "connectors/lambda/function_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors {
namespace {

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_qualifier(std::string_view text) {
  if (text == "$LATEST") return true;
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace

std::string FunctionName::arn() const {
  return fmt::format("arn:{}:lambda:{}:{}:function:{}{}{}", partition, region, account, name,
                     qualifier.empty() ? "" : ":", qualifier);
}

std::string FunctionName::qualified_arn() const {
  return qualifier.empty() ? arn() + ":$LATEST" : arn();
}

std::optional<FunctionName> parse_function_name(std::string_view text) {
  const std::vector<std::string_view> parts = split(text);
  FunctionName result;
  std::size_t at = 0;
  const auto left = [&] { return parts.size() - at; };

  if (left() >= 3 && parts[0] == "arn") {
    if (!parts[1].starts_with("aws") || parts[2] != "lambda") return std::nullopt;
    result.partition = parts[1];
    at = 3;
    if (left() < 4) return std::nullopt;  // an ARN has region, account, "function" and a name
  }
  // A region has a dash and is followed by an account, so that it is not mistaken for a name.
  if (left() >= 4 && parts[at].find('-') != std::string_view::npos && is_account(parts[at + 1])) {
    result.region = parts[at++];
  }
  if (left() >= 2 && is_account(parts[at]) && parts[at + 1] == "function")
    result.account = parts[at++];
  if (left() >= 2 && parts[at] == "function") ++at;
  if (!result.partition.empty() && (result.region.empty() || result.account.empty())) {
    return std::nullopt;
  }

  if (left() < 1 || left() > 2 || !is_function_name(parts[at])) return std::nullopt;
  result.name = parts[at++];
  if (left() == 1) {
    if (!is_qualifier(parts[at])) return std::nullopt;
    result.qualifier = parts[at];
  }
  return result;
}

}  // namespace pawl::connectors
