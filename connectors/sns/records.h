// Keys and records of topics and subscriptions (docs/storage.md). Internal to connectors/sns.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace pawl::connectors::sns {

struct TopicRecord {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> tags;
  bool fifo() const { return name.ends_with(".fifo"); }
};

// Our own attributes of subscriptions, never shown: the token that confirms, and that it has to.
inline constexpr std::string_view kTokenAttribute = "@Token";
inline constexpr std::string_view kPendingAttribute = "@Pending";

struct SubscriptionRecord {
  std::string id;
  std::string protocol;
  std::string endpoint;
  std::map<std::string, std::string> attributes;

  // Not confirmed yet: nothing is delivered.
  bool pending() const { return attributes.contains(std::string(kPendingAttribute)); }
  // The queue of its RedrivePolicy; empty if there is none.
  std::string dead_letters() const;
};

std::string topic_key(std::string_view name);
std::string subscriptions_of(std::string_view topic);  // what their keys begin with
std::string deduplication_key(std::string_view topic, std::string_view id);
// By the time at which a deduplication ends (milliseconds since 1970).
std::string expiries_of(std::string_view topic);
std::string expiry_key(std::string_view topic, std::int64_t until, std::string_view id);

std::string encode(const TopicRecord& record);
Result<TopicRecord> decode_topic(std::string_view bytes, std::string_view key);
std::string encode(const SubscriptionRecord& record);
Result<SubscriptionRecord> decode_subscription(std::string_view bytes, std::string_view key);

// The attribute says "true".
bool is_set(const std::map<std::string, std::string>& attributes, const std::string& name);

}  // namespace pawl::connectors::sns
