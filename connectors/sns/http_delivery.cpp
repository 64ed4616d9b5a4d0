// HTTP endpoints: asked to confirm, notified, and tried again as the delivery policy says.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/mapping.h"
#include "connectors/sns/errors.h"
#include "connectors/sns/service.h"
#include "runtime/http/uri.h"
#include "runtime/net/tls.h"

#include <algorithm>
#include <cmath>

namespace pawl::connectors::sns {

using asl::ObjectBuilder;
using asl::Value;

namespace {

// AWS waits this long for an answer.
constexpr std::chrono::seconds kAnswerPatience{15};
constexpr std::size_t kAnswerBytesMax = std::size_t{64} * 1024;
constexpr std::int64_t kRetriesMax = 100;        // AWS
constexpr std::int64_t kDelaySecondsMax = 3600;  // AWS

// A healthyRetryPolicy; defaults as AWS's.
struct RetryPolicy {
  std::int64_t retries = 3;
  std::int64_t immediate = 0;   // numNoDelayRetries
  std::int64_t at_minimum = 0;  // numMinDelayRetries
  std::int64_t at_maximum = 0;  // numMaxDelayRetries
  std::int64_t delay_min = 20;  // seconds
  std::int64_t delay_max = 20;
  std::string backoff = "linear";
};

RetryPolicy read_policy(std::string_view text) {
  RetryPolicy policy;
  const Result<Value> read = asl::read_json(text);
  if (text.empty() || !read) return policy;
  // A subscription's own, or that of a topic.
  const Value* healthy = read->find("healthyRetryPolicy");
  if (healthy == nullptr) {
    const Value* http = read->find("http");
    healthy = http == nullptr ? nullptr : http->find("defaultHealthyRetryPolicy");
  }
  if (healthy == nullptr) return policy;
  const auto take = [&](std::string_view name, std::int64_t max, std::int64_t& number) {
    const Value* value = healthy->find(name);
    if (value != nullptr && value->is_int()) {
      number = std::clamp(value->as_int(), std::int64_t{0}, max);
    }
  };
  take("numRetries", kRetriesMax, policy.retries);
  take("numNoDelayRetries", kRetriesMax, policy.immediate);
  take("numMinDelayRetries", kRetriesMax, policy.at_minimum);
  take("numMaxDelayRetries", kRetriesMax, policy.at_maximum);
  take("minDelayTarget", kDelaySecondsMax, policy.delay_min);
  take("maxDelayTarget", kDelaySecondsMax, policy.delay_max);
  policy.delay_max = std::max(policy.delay_max, policy.delay_min);
  if (const auto backoff = text_of(*healthy, "backoffFunction"); !backoff.empty()) {
    policy.backoff = backoff;
  }
  return policy;
}

// The wait before retry number `retry`, counted from 0: first those without a delay, then those at
// the minimum, then from the minimum to the maximum, then those at the maximum.
std::chrono::milliseconds delay_of(const RetryPolicy& policy, std::int64_t retry) {
  using std::chrono::seconds;
  if (retry < policy.immediate) return std::chrono::milliseconds(0);
  retry -= policy.immediate;
  if (retry < policy.at_minimum) return seconds(policy.delay_min);
  retry -= policy.at_minimum;
  const std::int64_t between = std::max<std::int64_t>(
      0, policy.retries - policy.immediate - policy.at_minimum - policy.at_maximum);
  if (retry >= between || between <= 1) {
    return seconds(retry >= between ? policy.delay_max : policy.delay_min);
  }
  const double share = static_cast<double>(retry) / static_cast<double>(between - 1);
  const double shaped = policy.backoff == "exponential" || policy.backoff == "geometric"
                            ? (std::exp2(share) - 1)
                            : share;
  const auto spread = static_cast<double>(policy.delay_max - policy.delay_min);
  return std::chrono::milliseconds(policy.delay_min * 1000 +
                                   static_cast<std::int64_t>(spread * shaped * 1000));
}

}  // namespace

void Sns::ask_to_confirm(Change& change, const std::string& topic_arn,
                         const SubscriptionRecord& subscription, const std::string& host) {
  if (subscription.protocol != "http" && subscription.protocol != "https") return;
  const std::string token = subscription.attributes.at(std::string(kTokenAttribute));
  const std::string id = ledger_.new_id();
  const engine::EngineOptions& options = ledger_.engine().options();
  // To where the subscriber has called us from: that is where we can be reached.
  const std::string service =
      host.empty() ? "https://sns." + options.region + ".amazonaws.com" : "http://" + host;
  ObjectBuilder body;
  body.set("Type", Value::string("SubscriptionConfirmation"));
  body.set("MessageId", Value::string(id));
  body.set("Token", Value::string(token));
  body.set("TopicArn", Value::string(topic_arn));
  body.set("Message",
           Value::string("You have chosen to subscribe to the topic " + topic_arn +
                         ".\nTo confirm the subscription, visit the SubscribeURL included in this "
                         "message."));
  body.set("SubscribeURL",
           Value::string(service + "/?Action=ConfirmSubscription&Version=2010-03-31&TopicArn=" +
                         runtime::percent_encode(topic_arn, ":") + "&Token=" + token));
  body.set("Timestamp", Value::string(aws::iso_date(
                            static_cast<double>(ledger_.now().time_since_epoch().count()) / 1000)));
  body.set("SignatureVersion", Value::string("1"));
  put_http(change, subscription, asl::to_json(std::move(body).build()), "SubscriptionConfirmation",
           id, topic_arn, false);
}

void Sns::put_http(Change& change, const SubscriptionRecord& subscription, const std::string& body,
                   std::string_view type, const std::string& message_id,
                   const std::string& topic_arn, bool raw) {
  ObjectBuilder headers;
  headers.set("x-amz-sns-message-type", Value::string(type));
  headers.set("x-amz-sns-message-id", Value::string(message_id));
  headers.set("x-amz-sns-topic-arn", Value::string(topic_arn));
  if (type == "Notification") {
    headers.set("x-amz-sns-subscription-arn", Value::string(topic_arn + ":" + subscription.id));
  }
  if (raw) headers.set("x-amz-sns-rawdelivery", Value::string("true"));
  ObjectBuilder details;
  details.set("Headers", std::move(headers).build());
  details.set("DeadLetter", Value::string(subscription.dead_letters()));
  const auto policy = subscription.attributes.find("DeliveryPolicy");
  if (policy != subscription.attributes.end()) {
    details.set("Policy", Value::string(policy->second));
  }
  Delivery delivery;
  delivery.carrier = "http";
  delivery.target = subscription.endpoint;
  delivery.body = body;
  delivery.details = asl::to_json(std::move(details).build());
  outbox_.put(change, std::move(delivery));
}

Attempt Sns::carry_http(const Delivery& delivery) {
  if (client_ == nullptr) {
    runtime::HttpClientOptions options;
    if (auto tls = runtime::TlsContext::client(); tls) {
      options.wrap_tls = runtime::tls_with(*std::move(tls));
    }
    client_ = std::make_unique<runtime::HttpClient>(ledger_.shard(), std::move(options));
  }
  const Result<Value> read = asl::read_json(delivery.details);
  const Value details = read ? *read : Value::object({});
  runtime::HttpCall call;
  call.method = "POST";
  call.url = delivery.target;
  call.body = delivery.body;
  call.deadline = ledger_.shard().clock().after(kAnswerPatience);
  call.max_response_bytes = kAnswerBytesMax;
  call.headers.add("Content-Type", "text/plain; charset=UTF-8");
  call.headers.add("User-Agent", "Amazon Simple Notification Service Agent");
  if (const Value* headers = details.find("Headers")) {
    for (const asl::Member& member : headers->members()) {
      call.headers.add(std::string(member.key.as_string()), std::string(member.value.as_string()));
    }
  }
  const Result<runtime::HttpResponse> answered = client_->call(call);
  if (!answered && ledger_.shard().stopping()) return Attempt::kept();
  if (answered && answered->status >= 200 && answered->status < 300) return Attempt::done();
  const std::string reason =
      answered ? "it answered " + std::to_string(answered->status) : answered.error().message;
  // What the receiver says is wrong stays wrong, but for 429.
  const bool is_final =
      answered && answered->status >= 400 && answered->status < 500 && answered->status != 429;
  const RetryPolicy policy = read_policy(text_of(details, "Policy"));
  if (!is_final && delivery.failures < policy.retries) {
    return Attempt::later(delay_of(policy, delivery.failures), reason);
  }
  return Attempt::given_up(reason, [this, dead_letter = std::string(text_of(details, "DeadLetter")),
                                    body = delivery.body](Change& change) {
    if (dead_letter.empty()) return;
    sqs::NewMessage letter;
    letter.body = body;
    static_cast<void>(sqs_.deliver(change, dead_letter, letter));
  });
}

}  // namespace pawl::connectors::sns
