// SNS, embedded: topics (standard and FIFO) and their subscriptions, as rows of the engine's store.
//
//   records.h          keys and records
//   topics.cpp         topics, their attributes and tags
//   subscriptions.cpp  subscriptions and their filter policies
//   publishing.cpp     what reaches whom; deduplication
//   http_delivery.cpp  HTTP endpoints: confirmation, notifications, retries
//
// A message for a queue of this program arrives with the commit that published it: once for each
// subscription. Functions and HTTP endpoints are called after that commit, at least once
// (embedded/outbox.h). What cannot be delivered goes to the subscription's dead-letter queue. Other
// protocols can be subscribed to and are not delivered to.
//
// Source: the API model (sns.json); the developer guide's message formats; recorded cases
// services/sns_task_service, callback (sns_publish_wait_for_task_token).
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/embedded/outbox.h"
#include "connectors/sns/records.h"
#include "connectors/sqs/service.h"
#include "runtime/http/client.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::sns {

inline constexpr std::size_t kMessageBytesMax = 262'144;  // AWS
inline constexpr std::size_t kSubjectBytesMax = 100;      // AWS
inline constexpr std::size_t kPage = 100;                 // of a list, as AWS
inline constexpr std::size_t kSubscriptionsMax = 1000;    // of one topic: one decision serves all

class Sns final : public aws::Service {
 public:
  Sns(Ledger& ledger, Outbox& outbox, sqs::Sqs& sqs);
  ~Sns() override;

  // Calls a function after a decision: see LambdaApi::start.
  using StartFunction = std::function<void(Change& change, std::string arn, std::string event,
                                           std::string_view dead_letter, std::string_view letter)>;
  void connect(StartFunction start) { start_function_ = std::move(start); }

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  bool decides(std::string_view operation) const override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;

  // For event buses: publishes as part of their own decision. False: there is no such topic.
  bool deliver(Change& change, std::string_view topic_arn, const std::string& message);

 private:
  struct Publication;
  aws::Answer create_topic(const aws::Call& call);
  aws::Answer delete_topic(const aws::Call& call);
  aws::Answer topic_attributes(const aws::Call& call, bool set);
  aws::Answer list_topics(const aws::Call& call);
  aws::Answer subscribe(const aws::Call& call);
  aws::Answer confirm(const aws::Call& call);
  aws::Answer unsubscribe(const aws::Call& call);
  aws::Answer subscription_attributes(const aws::Call& call, bool set);
  aws::Answer list_subscriptions(const aws::Call& call, bool of_topic);
  aws::Answer tags(const aws::Call& call);
  aws::Answer publish(const aws::Call& call);
  aws::Answer publish_batch(const aws::Call& call);

  aws::Answer publish_one(Change& change, const TopicRecord& topic, const asl::Value& input);
  void fan_out(Change& change, const TopicRecord& topic, const Publication& publication);
  void hand_over(Change& change, const TopicRecord& topic, const SubscriptionRecord& subscription,
                 const Publication& publication);
  asl::Value notification(const TopicRecord& topic, const SubscriptionRecord& subscription,
                          const Publication& publication, const std::string& text) const;
  void give_up(Change& change, const SubscriptionRecord& subscription, const std::string& body);
  // http_delivery.cpp
  void ask_to_confirm(Change& change, const std::string& topic_arn,
                      const SubscriptionRecord& subscription, const std::string& host);
  void put_http(Change& change, const SubscriptionRecord& subscription, const std::string& body,
                std::string_view type, const std::string& message_id, const std::string& topic_arn,
                bool raw);
  Attempt carry_http(const Delivery& delivery);
  std::string arn_of(std::string_view topic) const;
  std::optional<TopicRecord> find(Change& change, std::string_view arn) const;
  std::optional<aws::Error> apply(const aws::Call& call, const Ledger::Decide& decide);

  Ledger& ledger_;
  Outbox& outbox_;
  sqs::Sqs& sqs_;
  StartFunction start_function_;
  std::unique_ptr<runtime::HttpClient> client_;  // made with the first delivery
  std::uint64_t last_sequence_ = 0;
};

}  // namespace pawl::connectors::sns
