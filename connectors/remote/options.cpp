#include "connectors/remote/options.h"

#include "runtime/http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pawl::connectors::remote {
namespace {

// Optimized integrations name these services otherwise than aws-sdk does.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"states", "sfn"},        {"events", "eventbridge"},   {"logs", "cloudwatchlogs"},
    {"stepfunctions", "sfn"}, {"elasticmapreduce", "emr"},
};

std::string_view one_name(std::string_view service) {
  for (const auto& [other, name] : kOtherNames) {
    if (other == service) return name;
  }
  return service;
}

// Not in every region, or one for all: from where, and whom to sign for. Source: AWS General
// Reference, "Service endpoints and quotas".
struct Elsewhere {
  std::string_view endpoint_prefix;
  std::string_view host;
  std::string_view region;
};
constexpr Elsewhere kElsewhere[] = {
    {"budgets", "budgets.amazonaws.com", "us-east-1"},
    {"ce", "ce.us-east-1.amazonaws.com", "us-east-1"},
    {"globalaccelerator", "globalaccelerator.us-west-2.amazonaws.com", "us-west-2"},
    {"health", "health.us-east-1.amazonaws.com", "us-east-1"},
    {"organizations", "organizations.us-east-1.amazonaws.com", "us-east-1"},
    {"savingsplans", "savingsplans.amazonaws.com", "us-east-1"},
    {"shield", "shield.us-east-1.amazonaws.com", "us-east-1"},
    {"support", "support.us-east-1.amazonaws.com", "us-east-1"},
    {"waf", "waf.amazonaws.com", "us-east-1"},
};

}  // namespace

std::string_view RemoteOptions::endpoint(std::string_view sdk_id,
                                         std::string_view endpoint_prefix) const {
  for (const std::string_view name : {one_name(sdk_id), endpoint_prefix, std::string_view("*")}) {
    const auto found = endpoints.find(name);
    if (found != endpoints.end()) return found->second;
  }
  return {};
}

bool RemoteOptions::is_remote(std::string_view sdk_id, std::string_view endpoint_prefix) const {
  return aws || !endpoint(sdk_id, endpoint_prefix).empty();
}

Status add_endpoint(std::string_view text, RemoteOptions& options) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("expected SERVICE=URL, as in sqs=http://127.0.0.1:9324, and got '{}'", text),
        ""};
  }
  const std::string service(text.substr(0, equals));
  std::string url(text.substr(equals + 1));
  const bool named =
      service == "*" || std::all_of(service.begin(), service.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
      });
  if (!named) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("'{}' is no name of a service: these are in lower case, as in "
                             "aws-sdk:NAME, or * for any other",
                             service),
                 ""};
  }
  const Result<runtime::Url> parsed = runtime::Url::parse(url);
  if (!parsed) return parsed.error();
  if (parsed->scheme != "http" && parsed->scheme != "https") {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("the endpoint of {} must be http:// or https://, and is '{}'", service, url),
        ""};
  }
  if (parsed->target.find('?') != std::string::npos) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("the endpoint of {} cannot have a query", service), ""};
  }
  while (url.ends_with('/')) url.pop_back();
  options.endpoints[std::string(one_name(service))] = std::move(url);
  return {};
}

std::string aws_host(std::string_view endpoint_prefix, std::string_view global_endpoint,
                     std::string& region) {
  for (const Elsewhere& one : kElsewhere) {
    if (one.endpoint_prefix != endpoint_prefix) continue;
    region = one.region;
    return std::string(one.host);
  }
  // These two have had regions of their own for long.
  const bool regional = endpoint_prefix == "s3" || endpoint_prefix == "sts";
  if (!global_endpoint.empty() && !regional) {
    region = "us-east-1";
    return std::string(global_endpoint);
  }
  const bool china = region.starts_with("cn-");
  return fmt::format("{}.{}.amazonaws.com{}", endpoint_prefix, region, china ? ".cn" : "");
}

}  // namespace pawl::connectors::remote
