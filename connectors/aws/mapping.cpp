#include "connectors/aws/mapping.h"

#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/aws/sdk_metadata.h"
#include "connectors/http_date.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <vector>

namespace pawl::connectors::aws {
namespace {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using engine::Failure;
using engine::TaskRequest;

constexpr std::string_view kSdkPrefix = "aws-sdk:";

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Leaves out what is null, and writes JSON where the model wants text.
Value to_members(const Profile& profile, const Value& value) {
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& item : value.items()) items.push_back(to_members(profile, item));
    return Value::array(std::move(items));
  }
  if (!value.is_object()) return value;
  ObjectBuilder out;
  for (const Member& member : value.members()) {
    const std::string_view name = member.key.as_string();
    if (member.value.is_null()) continue;
    if (contains(profile.text_members, name) && !member.value.is_string()) {
      out.set(name, Value::string(asl::to_json(member.value)));
    } else {
      out.set(name, to_members(profile, member.value));
    }
  }
  return std::move(out).build();
}

// Dates become text; what is null is left out, what is empty is kept [rec].
Value from_members(const Profile& profile, const Value& value) {
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& item : value.items()) items.push_back(from_members(profile, item));
    return Value::array(std::move(items));
  }
  if (!value.is_object()) return value;
  ObjectBuilder out;
  for (const Member& member : value.members()) {
    if (member.value.is_null()) continue;
    const bool date =
        member.value.is_number() && contains(profile.date_members, member.key.as_string());
    out.set(member.key, date ? Value::string(iso_date(member.value.as_double()))
                             : from_members(profile, member.value));
  }
  return std::move(out).build();
}

// The exception's class in the SDKs; empty for errors that the model does not know.
std::string_view exception_of(const Profile& profile, std::string_view code) {
  for (const auto& [known, exception] : profile.exceptions) {
    if (known == code) return exception;
  }
  return {};
}

}  // namespace

bool is_sdk(const Profile& profile, const TaskRequest& request) {
  return profile.resource.empty() || request.resource->service.starts_with(kSdkPrefix);
}

bool shows_metadata(const Profile& profile, const TaskRequest& request) {
  return !is_sdk(profile, request) && !profile.headers.empty();
}

std::string pascal_case(std::string_view name) {
  std::string text(name);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

std::string iso_date(double seconds) {
  const auto millis = static_cast<std::int64_t>(std::llround(seconds * 1000));
  const std::time_t whole = millis / 1000;
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     millis % 1000);
}

Failure unusable_parameters(const TaskRequest& request, std::string_view problem) {
  return {"States.Runtime",
          fmt::format("The Parameters '{}' could not be used to start the Task: [{}]",
                      request.parameters.text(), problem)};
}

namespace {

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
std::string unsupported_in(const ApiModel& model, const ApiShape& shape, const Value& value) {
  if (value.is_array() && shape.type == ApiType::kList) {
    for (const Value& item : value.items()) {
      std::string found = unsupported_in(model, model.shape(shape.element.shape), item);
      if (!found.empty()) return found;
    }
  }
  if (!value.is_object()) return {};
  for (const Member& member : value.members()) {
    const ApiShape* inner = nullptr;
    if (shape.type == ApiType::kMap) {
      inner = &model.shape(shape.element.shape);
    } else if (shape.type == ApiType::kStructure) {
      const ApiMember* known = shape.member_of_task(member.key.as_string());
      if (known == nullptr) return std::string(member.key.as_string());
      inner = &model.shape(known->shape);
    } else {
      return {};  // JSON in the place of a text
    }
    std::string found = unsupported_in(model, *inner, member.value);
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace

std::string unsupported_member(const ApiModel& model, const ApiOperation& operation,
                               const Value& parameters) {
  if (!operation.input) return {};
  return unsupported_in(model, model.shape(*operation.input), parameters);
}

std::variant<Call, Failure> to_call(const Profile& profile, const TaskRequest& request) {
  const Value& parameters = request.parameters.value();
  if (!parameters.is_object()) {
    return unusable_parameters(request, "The parameters must be an object");
  }
  Call call;
  call.operation = pascal_case(request.resource->api_action);
  call.input = to_members(profile, parameters);
  call.execution_arn = request.execution_arn;
  call.state_machine_arn = request.state_machine_arn;
  return call;
}

asl::Payload to_output(const Profile& profile, const OwnMetadata& metadata,
                       const TaskRequest& request, const Value& answer,
                       const std::string& request_id, std::string_view body,
                       runtime::WallTime now) {
  const Value shown = from_members(profile, answer);
  if (!shows_metadata(profile, request)) return asl::Payload::of(shown);
  return metadata.with_metadata(shown, request_id, body, now);
}

Failure to_failure(const Profile& profile, const TaskRequest& request, const Error& error,
                   const std::string& request_id) {
  Refusal refusal{error, std::string(exception_of(profile, error.code)), request_id, ""};
  if (profile.extended_request_id) {
    // 56 bytes in base64, which nobody can look up here.
    std::string bytes = md5_of(request_id);
    bytes += md5_of(bytes);
    bytes += md5_of(bytes);
    refusal.extended_request_id = to_base64(bytes);
  }
  return to_failure(profile, request, refusal);
}

Failure to_failure(const Profile& profile, const TaskRequest& request, const Refusal& refusal) {
  const Error& error = refusal.error;
  const std::string_view exception = refusal.exception;
  if (!is_sdk(profile, request)) {
    return Failure{
        fmt::format("{}.{}", profile.prefix,
                    exception.empty() ? profile.base_exception : exception),
        fmt::format(
            "{} (Service: {}; Status Code: {}; Error Code: {}; Request ID: {}; Proxy: null)",
            error.message, profile.service, error.status, error.code, refusal.request_id)};
  }
  std::string cause = fmt::format("{} (Service: {}, Status Code: {}, Request ID: {}", error.message,
                                  profile.sdk_service, error.status, refusal.request_id);
  if (profile.extended_request_id && !refusal.extended_request_id.empty()) {
    cause += ", Extended Request ID: " + refusal.extended_request_id;
  }
  return Failure{fmt::format("{}.{}", profile.sdk_prefix,
                             exception.empty() ? profile.sdk_base_exception : exception),
                 cause + ")"};
}

}  // namespace pawl::connectors::aws
