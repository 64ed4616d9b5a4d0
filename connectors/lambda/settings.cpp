// What belongs to a function beside its code: reserved concurrency, settings of asynchronous calls,
// tags, and the statements of its policy, which are kept and not enforced.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/lambda/api.h"
#include "connectors/lambda/errors.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::size_t kTagsMax = 50;             // AWS
constexpr std::size_t kPolicyBytesMax = 20'480;  // AWS

Error missing(std::string message) {
  return {"ResourceNotFoundException", std::move(message), 404, {}};
}

bool in_range(const Value* number, std::int64_t min, std::int64_t max) {
  return number == nullptr ||
         (number->is_int() && number->as_int() >= min && number->as_int() <= max);
}

}  // namespace

Answer LambdaApi::change_function(const aws::Call& call, const Modify& modify) {
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const std::string& name = std::get<Named>(named).name;
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        std::optional<FunctionRecord> function = find_function(change, name);
        if (!function) {
          answer = not_found({name, ""});
          return;
        }
        const std::string before = encode(*function);
        answer = modify(change, *function);
        if (std::holds_alternative<Error>(answer)) return change.discard();
        std::string after = encode(*function);
        if (after == before) return;
        change.put(lambda_keys::function(name), after);
        change.when_durable([this, name] { refresh(name); });
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer LambdaApi::concurrency(const aws::Call& call) {
  constexpr std::string_view kMember = "ReservedConcurrentExecutions";
  return change_function(call, [&](Change&, FunctionRecord& function) -> Answer {
    if (call.operation == "DeleteFunctionConcurrency") {
      function.set_extra(kMember, {});
      return Value::object({});
    }
    if (call.operation == "PutFunctionConcurrency") {
      const Value* wanted = call.input.find(kMember);
      if (wanted == nullptr || !in_range(wanted, 0, kFunctionConcurrencyMax)) {
        return invalid_value(fmt::format("ReservedConcurrentExecutions must be between 0 and {}.",
                                         kFunctionConcurrencyMax));
      }
      function.set_extra(kMember, *wanted);
    }
    ObjectBuilder out;
    if (const Value reserved = function.extra(kMember); !reserved.is_undefined()) {
      out.set(kMember, reserved);
    }
    return std::move(out).build();
  });
}

Answer LambdaApi::event_settings(const aws::Call& call) {
  const Value* retries = call.input.find("MaximumRetryAttempts");
  const Value* age = call.input.find("MaximumEventAgeInSeconds");
  if (!in_range(retries, 0, 2)) {
    return invalid_value("MaximumRetryAttempts must be between 0 and 2.");
  }
  if (!in_range(age, 60, 21'600)) {
    return invalid_value("MaximumEventAgeInSeconds must be between 60 and 21600.");
  }
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const Named& about = std::get<Named>(named);
  const std::string qualifier = about.qualifier.empty() ? std::string(kLatest) : about.qualifier;
  return change_function(call, [&](Change& change, FunctionRecord& function) -> Answer {
    if (!version_of(change, {about.name, qualifier})) return not_found({about.name, qualifier});
    const Value all = function.extra("EventInvokeConfigs");
    ObjectBuilder configs(all.is_object() ? all : Value::object({}));
    const Value* known = all.is_object() ? all.find(qualifier) : nullptr;
    if (call.operation == "ListFunctionEventInvokeConfigs") {
      std::vector<Value> listed;
      if (all.is_object()) {
        for (const Member& member : all.members()) listed.push_back(member.value);
      }
      return std::move(
                 ObjectBuilder().set("FunctionEventInvokeConfigs", Value::array(std::move(listed))))
          .build();
    }
    const bool is_put = call.operation == "PutFunctionEventInvokeConfig";
    if (known == nullptr && !is_put) {
      return missing(fmt::format("The function {} doesn't have an EventInvokeConfig",
                                 arn_of(about.name, qualifier)));
    }
    if (call.operation == "GetFunctionEventInvokeConfig") return *known;
    if (call.operation == "DeleteFunctionEventInvokeConfig") {
      configs.erase(qualifier);
      function.set_extra("EventInvokeConfigs", std::move(configs).build());
      return Value::object({});
    }
    ObjectBuilder config(is_put ? Value::object({}) : *known);
    config.set("FunctionArn", Value::string(arn_of(about.name, qualifier)));
    config.set("LastModified",
               Value::number(static_cast<double>(ledger_.now().time_since_epoch().count()) / 1000));
    for (const std::string_view member :
         {"DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"}) {
      if (const Value* value = call.input.find(member)) config.set(member, *value);
    }
    Value kept = std::move(config).build();
    configs.set(qualifier, kept);
    function.set_extra("EventInvokeConfigs", std::move(configs).build());
    return kept;
  });
}

Answer LambdaApi::tags(const aws::Call& call) {
  return change_function(call, [&](Change&, FunctionRecord& function) -> Answer {
    const Value before = function.extra("Tags");
    ObjectBuilder tags(before.is_object() ? before : Value::object({}));
    if (call.operation == "ListTags") {
      return std::move(ObjectBuilder().set("Tags", std::move(tags).build())).build();
    }
    if (const Value* given = call.input.find("Tags"); given != nullptr && given->is_object()) {
      for (const Member& tag : given->members()) {
        if (tag.value.is_string()) tags.set(tag.key, tag.value);
      }
    }
    if (const Value* names = call.input.find("TagKeys"); names != nullptr && names->is_array()) {
      for (const Value& name : names->items()) {
        if (name.is_string()) tags.erase(name.as_string());
      }
    }
    if (tags.size() > kTagsMax) return invalid_value("Too many tags.");
    function.set_extra("Tags", std::move(tags).build());
    return Value::object({});
  });
}

Answer LambdaApi::policy(const aws::Call& call) {
  return change_function(call, [&](Change&, FunctionRecord& function) -> Answer {
    const Value before = function.extra("Policy");
    std::vector<Value> statements;
    if (before.is_array()) statements.assign(before.items().begin(), before.items().end());
    const std::string_view id = text_of(call.input, "StatementId");
    const auto found = std::find_if(statements.begin(), statements.end(),
                                    [&](const Value& one) { return text_of(one, "Sid") == id; });
    if (call.operation == "AddPermission") {
      if (id.empty() || text_of(call.input, "Action").empty() ||
          text_of(call.input, "Principal").empty()) {
        return invalid_value("StatementId, Action and Principal are required.");
      }
      if (found != statements.end()) {
        return Error{"ResourceConflictException",
                     fmt::format("The statement id ({}) provided already exists. Please provide a "
                                 "new statement id, or remove the existing statement.",
                                 id),
                     409,
                     {}};
      }
      const std::string_view principal = text_of(call.input, "Principal");
      const bool service = principal.find(".amazonaws.com") != std::string_view::npos;
      ObjectBuilder statement;
      statement.set("Sid", Value::string(id)).set("Effect", Value::string("Allow"));
      statement.set("Principal", principal == "*"
                                     ? Value::string("*")
                                     : std::move(ObjectBuilder().set(service ? "Service" : "AWS",
                                                                     Value::string(principal)))
                                           .build());
      statement.set("Action", Value::string(text_of(call.input, "Action")));
      statement.set("Resource", Value::string(arn_of(function.name)));
      statements.push_back(std::move(statement).build());
      const std::string text = asl::to_json(statements.back());
      function.set_extra("Policy", Value::array(std::move(statements)));
      if (asl::to_json(function.extra("Policy")).size() > kPolicyBytesMax) {
        return Error{
            "PolicyLengthExceededException", "The final policy size is too long.", 400, {}};
      }
      return std::move(ObjectBuilder().set("Statement", Value::string(text))).build();
    }
    if (call.operation == "RemovePermission") {
      if (found == statements.end()) {
        return missing(fmt::format("Statement {} is not found in resource policy.", id));
      }
      statements.erase(found);
      function.set_extra("Policy",
                         statements.empty() ? Value() : Value::array(std::move(statements)));
      return Value::object({});
    }
    if (statements.empty()) return missing("The resource you requested does not exist.");
    ObjectBuilder document;
    document.set("Version", Value::string("2012-10-17")).set("Id", Value::string("default"));
    document.set("Statement", Value::array(std::move(statements)));
    ObjectBuilder out;
    out.set("Policy", Value::string(asl::to_json(std::move(document).build())));
    out.set("RevisionId", Value::string(function.revision));
    return std::move(out).build();
  });
}

Answer LambdaApi::account_settings() {
  ObjectBuilder limit;
  limit.set("TotalCodeSize", Value::integer(80'530'636'800));
  limit.set("CodeSizeUnzipped", Value::integer(262'144'000));
  limit.set("CodeSizeZipped", Value::integer(52'428'800));
  limit.set("ConcurrentExecutions", Value::integer(kFunctionConcurrencyMax));
  limit.set("UnreservedConcurrentExecutions", Value::integer(kFunctionConcurrencyMax));
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  Status read = ledger_.read([&](Change& change) {
    change.scan(lambda_keys::kFunctions, runtime::prefix_end(lambda_keys::kFunctions),
                [&](std::string_view key, std::string_view row) {
                  const Result<FunctionRecord> function = decode_function(row, key);
                  if (!function) {
                    change.fail(function.error());
                    return false;
                  }
                  bytes += function->code_bytes;
                  ++count;
                  return true;
                });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder usage;
  usage.set("FunctionCount", Value::integer(count)).set("TotalCodeSize", Value::integer(bytes));
  ObjectBuilder out;
  out.set("AccountLimit", std::move(limit).build());
  out.set("AccountUsage", std::move(usage).build());
  return std::move(out).build();
}

}  // namespace pawl::connectors
