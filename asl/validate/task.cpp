// Task: Resource, Credentials, timeouts. Wait: its one form.
#include "asl/parse/fields.h"
#include "asl/parse/resource.h"
#include "asl/validate/context.h"
#include "asl/validate/integrations.h"
#include "asl/validate/states.h"

#include <optional>
#include <string>

namespace pawl::asl {
namespace {

void report_unknown_resource(const Context& context, std::string_view resource,
                             const Place& place) {
  context.report.schema_error(
      "The resource provided " + std::string(resource) +
          " is not recognized. The value is not a valid resource ARN, or the resource is not "
          "available in this region.",
      place);
}

// Express has request-response only. The texts are the service's, blank at the end included.
void check_express(const Context& context, const Resource& resource, const Place& place) {
  const char* text = nullptr;
  if (resource.kind == ResourceKind::kActivity) {
    text = "Express state machine does not support Activity ARN";
  } else if (resource.kind != ResourceKind::kIntegration) {
    return;
  } else if (resource.pattern == IntegrationPattern::kSync) {
    text = "Express state machine does not support '.sync' service integration";
  } else if (resource.pattern == IntegrationPattern::kWaitForTaskToken) {
    text = "Express state machine does not support '.waitForTaskToken' service integration ";
  }
  if (text != nullptr) context.report.schema_error(text, place);
}

// RoleArn as the service wants it. What a foreign resource needs is not ours to judge.
void check_credentials(const Context& context, const Value& credentials, const Place& place) {
  if (credentials.is_string()) return;  // JSONata: an expression for the whole
  if (!credentials.is_object()) return report_type(context, place, "OBJECT");
  const bool dynamic = !context.jsonata() && credentials.find("RoleArn.$") != nullptr;
  const Value* role = credentials.find("RoleArn");
  if (role == nullptr && !dynamic) {
    context.report.schema_error("The field 'RoleArn' is required but was missing", place);
  } else if (role != nullptr && !role->is_string()) {
    report_type(context, place / "RoleArn", "STRING");
  }
}

void check_heartbeat(const Context& context, const Value& state, const Place& place) {
  const Value* timeout = state.find("TimeoutSeconds");
  const Value* heartbeat = state.find("HeartbeatSeconds");
  if (timeout == nullptr || heartbeat == nullptr) return;
  const std::optional<std::int64_t> timeout_seconds = whole_number(*timeout);
  const std::optional<std::int64_t> heartbeat_seconds = whole_number(*heartbeat);
  if (timeout_seconds && heartbeat_seconds && *heartbeat_seconds >= *timeout_seconds) {
    context.report.schema_error("HeartbeatSeconds must be smaller than TimeoutSeconds",
                                place / "HeartbeatSeconds");
  }
}

bool is_foreign(const Value* resource) {
  if (resource == nullptr || !resource->is_string()) return false;
  const std::optional<Resource> parsed = parse_resource(resource->as_string());
  return parsed && parsed->kind == ResourceKind::kOther;
}

}  // namespace

void check_resource(const Context& context, const Value& value, const Place& place) {
  if (!value.is_string()) return;
  const std::string_view text = value.as_string();
  const std::optional<Resource> resource = parse_resource(text);
  if (!resource) return report_unknown_resource(context, text, place);
  if (resource->kind == ResourceKind::kOther) {
    if (!context.options.foreign_resources) return report_unknown_resource(context, text, place);
    context.report.warning(code::kInvalidResource,
                           "The resource is no ARN that AWS Step Functions can call.", place);
  }
  if (resource->kind == ResourceKind::kIntegration && !has_placeholder(text) &&
      !is_known_integration(*resource)) {
    return report_unknown_resource(context, text, place);
  }
  if (context.express) check_express(context, *resource, place);
}

void check_task(const Context& context, const Value& state, const Place& place) {
  check_heartbeat(context, state, place);
  const Value* credentials = state.find("Credentials");
  if (credentials != nullptr && !is_foreign(state.find("Resource"))) {
    check_credentials(context, *credentials, place / "Credentials");
  }
}

void check_wait(const Context& context, const Value& state, const Place& place) {
  if (context.jsonata()) {
    check_exactly_one(context, state, place, {"Seconds", "Timestamp"});
  } else {
    check_exactly_one(context, state, place,
                      {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"});
  }
}

}  // namespace pawl::asl
