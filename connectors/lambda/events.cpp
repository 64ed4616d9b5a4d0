// Asynchronous calls: accepted into the outbox, tried as the function's settings say, and their end
// told to its dead-letter queue and destinations.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/mapping.h"
#include "connectors/lambda/api.h"
#include "runtime/fiber/shard.h"

#include <algorithm>

namespace pawl::connectors {

using asl::ObjectBuilder;
using asl::Value;

namespace {

// AWS's defaults, and its waits: one minute before the second attempt, two before the third.
constexpr std::int64_t kRetriesDefault = 2;
constexpr std::int64_t kAgeSecondsDefault = 21'600;
constexpr std::chrono::minutes kFirstWait{1};
constexpr std::chrono::minutes kSecondWait{2};
// After throttling and errors of the service: from a second, doubled, to five minutes.
constexpr std::chrono::milliseconds kThrottleWait{1000};
constexpr std::chrono::milliseconds kThrottleWaitMax{300'000};

std::int64_t number_in(const Value& settings, std::string_view name, std::int64_t absent) {
  const Value* value = settings.is_object() ? settings.find(name) : nullptr;
  return value != nullptr && value->is_int() ? value->as_int() : absent;
}

std::string destination_in(const Value& settings, std::string_view when) {
  const Value* config = settings.is_object() ? settings.find("DestinationConfig") : nullptr;
  const Value* one = config == nullptr ? nullptr : config->find(when);
  return one == nullptr ? std::string() : std::string(text_of(*one, "Destination"));
}

Value json_or_text(const std::string& text) {
  Result<Value> read = asl::read_json(text);
  return read ? *std::move(read) : Value::string(text);
}

// What a destination is told (developer guide, "Destinations").
std::string record_of(const Delivery& delivery, const std::string& request_id,
                      const std::string& function_arn, std::string_view condition,
                      std::uint32_t attempts, const InvocationAnswer* answer,
                      runtime::WallTime now) {
  ObjectBuilder context;
  context.set("requestId", Value::string(request_id));
  context.set("functionArn", Value::string(function_arn));
  context.set("condition", Value::string(condition));
  context.set("approximateInvokeCount", Value::integer(attempts));
  ObjectBuilder record;
  record.set("version", Value::string("1.0"));
  record.set(
      "timestamp",
      Value::string(aws::iso_date(static_cast<double>(now.time_since_epoch().count()) / 1000)));
  record.set("requestContext", std::move(context).build());
  record.set("requestPayload", json_or_text(delivery.body));
  if (answer != nullptr) {
    ObjectBuilder response;
    response.set("statusCode", Value::integer(200));
    response.set("executedVersion", Value::string(answer->executed_version));
    if (answer->function_error) response.set("functionError", Value::string("Unhandled"));
    record.set("responseContext", std::move(response).build());
    record.set("responsePayload", json_or_text(answer->payload));
  }
  return asl::to_json(std::move(record).build());
}

}  // namespace

void LambdaApi::start(Change& change, std::string arn, std::string event,
                      std::string_view dead_letter, std::string_view letter) {
  Delivery delivery;
  delivery.carrier = "lambda";
  delivery.target = std::move(arn);
  delivery.body = std::move(event);
  ObjectBuilder details;
  details.set("RequestId", Value::string(ledger_.new_id()));
  if (!dead_letter.empty()) {
    details.set("DeadLetter", Value::string(dead_letter));
    details.set("Letter", Value::string(letter));
  }
  delivery.details = asl::to_json(std::move(details).build());
  outbox_.put(change, std::move(delivery));
}

std::optional<ServiceError> LambdaApi::accept(const Invocation& invocation,
                                              const std::string& request_id) {
  Status accepted = ledger_.commit([&](Change& change) {
    Delivery delivery;
    delivery.carrier = "lambda";
    delivery.target = invocation.function.arn();
    delivery.body = invocation.payload;
    ObjectBuilder details;
    details.set("RequestId", Value::string(request_id));
    if (!invocation.client_context.empty()) {
      details.set("ClientContext", Value::string(invocation.client_context));
    }
    delivery.details = asl::to_json(std::move(details).build());
    outbox_.put(change, std::move(delivery));
  });
  if (accepted) return std::nullopt;
  if (accepted.error().code == ErrorCode::kLimit) {
    return ServiceError{"TooManyRequestsException", "Rate Exceeded.", 429, request_id, true, {}};
  }
  return ServiceError{"ServiceException", accepted.error().message, 500, request_id, true, {}};
}

std::optional<FunctionRecord> LambdaApi::event_function(const FunctionName& name) const {
  std::optional<FunctionRecord> function;
  // Of a function that is declared in a folder there is no row: it has the defaults.
  static_cast<void>(
      ledger_.read([&](Change& change) { function = find_function(change, name.name); }));
  return function;
}

Attempt LambdaApi::carry(const Delivery& delivery) {
  const std::optional<FunctionName> named = parse_function_name(delivery.target);
  if (!named) return Attempt::given_up("not the name of a function");
  const engine::EngineOptions& options = ledger_.engine().options();
  const Result<Value> details = asl::read_json(delivery.details);
  const Value given = details ? *details : Value::object({});
  const std::string request_id(text_of(given, "RequestId"));

  const std::optional<FunctionRecord> function = event_function(*named);
  Value settings;
  std::string dead_letters;
  if (function) {
    const std::string qualifier =
        named->qualifier.empty() ? std::string(kLatest) : named->qualifier;
    const Value configs = function->extra("EventInvokeConfigs");
    if (const Value* own = configs.is_object() ? configs.find(qualifier) : nullptr) settings = *own;
    if (const Value* config = function->settings.find("DeadLetterConfig")) {
      dead_letters = text_of(*config, "TargetArn");
    }
  }
  const auto retries = number_in(settings, "MaximumRetryAttempts", kRetriesDefault);
  const std::int64_t age_max =
      number_in(settings, "MaximumEventAgeInSeconds", kAgeSecondsDefault) * 1000;
  const runtime::WallTime now = ledger_.now();
  const std::int64_t age = now.time_since_epoch().count() - delivery.created;

  const auto end = [&](std::string_view condition, std::uint32_t attempts,
                       const InvocationAnswer* answer) {
    const bool succeeded = condition == "Success";
    std::string arn = arn_of(named->name, named->qualifier.empty() ? kLatest : named->qualifier);
    const std::string record =
        record_of(delivery, request_id, arn, condition, attempts, answer, now);
    const std::string destination = destination_in(settings, succeeded ? "OnSuccess" : "OnFailure");
    std::string message = answer == nullptr ? std::string() : answer->payload.substr(0, 1024);
    return [this, record, destination, dead_letters, succeeded, request_id, body = delivery.body,
            message = std::move(message)](Change& change) {
      if (!send_) return;
      if (!destination.empty()) {
        Parcel parcel;
        parcel.body = record;
        parcel.source = "lambda";
        parcel.detail_type = succeeded ? "Lambda Function Invocation Result - Success"
                                       : "Lambda Function Invocation Result - Failure";
        static_cast<void>(send_(change, destination, parcel));
      }
      if (succeeded || dead_letters.empty()) return;
      Parcel letter;
      letter.body = body;
      letter.attributes = text_attributes(
          {{"RequestID", request_id}, {"ErrorCode", "200"}, {"ErrorMessage", message}});
      static_cast<void>(send_(change, dead_letters, letter));
    };
  };
  if (age > age_max) {
    return Attempt::given_up("the event is too old",
                             end("EventAgeExceeded", delivery.failures, nullptr));
  }

  Invocation invocation;
  invocation.function = *named;
  if (invocation.function.partition.empty()) invocation.function.partition = options.partition;
  if (invocation.function.region.empty()) invocation.function.region = options.region;
  if (invocation.function.account.empty()) invocation.function.account = options.account;
  invocation.payload = delivery.body;
  invocation.client_context = text_of(given, "ClientContext");
  invocation.request_id = request_id;
  invocation.idempotency_key = request_id;
  InvocationOutcome outcome = backend_->invoke(invocation, nullptr);
  if (const auto* error = std::get_if<ServiceError>(&outcome)) {
    if (error->status == 429 || error->status >= 500) {
      if (ledger_.shard().stopping()) return Attempt::kept();
      const auto wait = kThrottleWait * (1 << std::min<std::uint32_t>(delivery.failures, 9));
      return Attempt::later(std::min(wait, kThrottleWaitMax), error->message);
    }
    // There is nobody to call: whoever sent the event hears of it.
    return Attempt::given_up(
        error->message, [this, dead_letter = std::string(text_of(given, "DeadLetter")),
                         letter = std::string(text_of(given, "Letter")), code = error->name,
                         message = error->message](Change& change) {
          if (dead_letter.empty() || !send_) return;
          Parcel parcel;
          parcel.body = letter;
          parcel.attributes = text_attributes({{"ERROR_CODE", code}, {"ERROR_MESSAGE", message}});
          static_cast<void>(send_(change, dead_letter, parcel));
        });
  }
  const auto* answer = std::get_if<InvocationAnswer>(&outcome);
  if (answer == nullptr) return Attempt::kept();  // the process is ending
  if (!answer->function_error) return Attempt::done(end("Success", delivery.failures + 1, answer));
  if (static_cast<std::int64_t>(delivery.failures) < retries) {
    return Attempt::later(delivery.failures == 0 ? kFirstWait : kSecondWait, "the function failed");
  }
  return Attempt::given_up("the function failed",
                           end("RetriesExhausted", delivery.failures + 1, answer));
}

}  // namespace pawl::connectors
