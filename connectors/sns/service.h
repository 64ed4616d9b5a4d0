// SNS, embedded: topics (standard and FIFO) and their subscriptions, as rows of the engine's store.
//
//   records.h          keys and records
//   topics.cpp         topics, their attributes and tags
//   subscriptions.cpp  subscriptions and their filter policies
//   publishing.cpp     what reaches whom; deduplication
//
// A message for a queue of this program arrives with the commit that published it: once for each
// subscription. Functions are called after that commit; the call is lost if the process ends
// between both. Other protocols can be subscribed to and are not delivered to.
//
// Source: the API model (sns.json); the developer guide's message formats; recorded cases
// services/sns_task_service, callback (sns_publish_wait_for_task_token).
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/sns/records.h"
#include "connectors/sqs/service.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::sns {

inline constexpr std::size_t kMessageBytesMax = 262'144;  // AWS
inline constexpr std::size_t kPage = 100;                 // of a list, as AWS
inline constexpr std::size_t kSubscriptionsMax = 1000;    // of one topic: one decision serves all

class Sns final : public aws::Service {
 public:
  Sns(Ledger& ledger, sqs::Sqs& sqs) : ledger_(ledger), sqs_(sqs) {}

  // Calls the function with this ARN with an event, without waiting. On the ledger's shard.
  using CallFunction = std::function<void(std::string arn, std::string event)>;
  void connect(CallFunction call) { call_function_ = std::move(call); }

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
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
  aws::Answer unsubscribe(const aws::Call& call);
  aws::Answer subscription_attributes(const aws::Call& call, bool set);
  aws::Answer list_subscriptions(const aws::Call& call, bool of_topic);
  aws::Answer tags(const aws::Call& call);
  aws::Answer publish(const aws::Call& call);
  aws::Answer publish_batch(const aws::Call& call);

  aws::Answer publish_one(Change& change, const TopicRecord& topic, const asl::Value& input);
  void fan_out(Change& change, const TopicRecord& topic, const Publication& publication);
  std::string arn_of(std::string_view topic) const;
  std::optional<TopicRecord> find(Change& change, std::string_view arn) const;
  std::optional<aws::Error> apply(const aws::Call& call, const Ledger::Decide& decide);

  Ledger& ledger_;
  sqs::Sqs& sqs_;
  CallFunction call_function_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace pawl::connectors::sns
