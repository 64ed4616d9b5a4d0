#include "service/routing.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace pawl::service {
namespace {

using runtime::HttpRequest;

constexpr std::pair<std::string_view, std::string_view> kTargets[] = {
    {"AWSEvents.", "events"},
    {"AWSStepFunctions.", "states"},
    {"AmazonSQS.", "sqs"},
    {"DynamoDBStreams_20120810.", "dynamodb"},
    {"DynamoDB_20120810.", "dynamodb"},
    {"secretsmanager.", "secretsmanager"},
};

// The fourth part of "KEY/20261126/us-east-1/sqs/aws4_request", whose slashes may be encoded.
std::string scope_service(std::string_view credential, std::string_view slash) {
  for (int part = 0; part < 3; ++part) {
    const std::size_t at = credential.find(slash);
    if (at == std::string_view::npos) return {};
    credential.remove_prefix(at + slash.size());
  }
  const std::size_t end = credential.find(slash);
  return end == std::string_view::npos ? std::string() : std::string(credential.substr(0, end));
}

std::string signed_for(const HttpRequest& request) {
  constexpr std::string_view kCredential = "Credential=";
  const std::string_view head = request.headers.get("Authorization");
  if (const std::size_t at = head.find(kCredential); at != std::string_view::npos) {
    const std::string_view rest = head.substr(at + kCredential.size());
    return scope_service(rest.substr(0, rest.find_first_of(", ")), "/");
  }
  constexpr std::string_view kParameter = "X-Amz-Credential=";
  const std::string_view query = request.query();
  if (const std::size_t at = query.find(kParameter); at != std::string_view::npos) {
    const std::string_view rest = query.substr(at + kParameter.size());
    const std::string_view credential = rest.substr(0, rest.find('&'));
    const bool encoded = credential.find("%2F") != std::string_view::npos;
    return scope_service(credential, encoded ? "%2F" : "/");
  }
  return {};
}

bool has_form_field(const HttpRequest& request, std::string_view field) {
  for (const std::string_view text : {request.query(), std::string_view(request.body)}) {
    if (text.starts_with(field) || text.find(std::string("&").append(field)) != text.npos) {
      return true;
    }
  }
  return false;
}

bool is_lambda_path(std::string_view path) {
  // "/2015-03-31/functions/..."
  return path.size() > 12 && path[5] == '-' && path[8] == '-' && path[11] == '/' &&
         path.substr(1, 2) == "20";
}

}  // namespace

bool is_query(const HttpRequest& request) {
  if (request.headers.has("X-Amz-Target")) return false;
  return has_form_field(request, "Action=");
}

std::string service_of(const HttpRequest& request) {
  const std::string_view target = request.headers.get("X-Amz-Target");
  for (const auto& [prefix, service] : kTargets) {
    if (target.starts_with(prefix)) return std::string(service);
  }
  if (!target.empty()) return "states";  // which says what it does not know
  if (std::string service = signed_for(request); !service.empty()) return service;
  if (is_query(request)) {
    if (has_form_field(request, "Version=2012-11-05")) return "sqs";
    if (has_form_field(request, "Version=2010-03-31")) return "sns";
  }
  if (is_lambda_path(request.path())) return "lambda";
  return request.method == "POST" && request.path() == "/" ? "states" : "s3";
}

}  // namespace pawl::service
