#include "connectors/sns/records.h"

#include "asl/json/reader.h"
#include "runtime/store/encoding.h"

#include <utility>

namespace pawl::connectors::sns {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kPairsMax = 1000;

void write_map(const std::map<std::string, std::string>& map, runtime::Encoder& out) {
  out.varint(map.size());
  for (const auto& [name, value] : map) out.string(name).string(value);
}
std::map<std::string, std::string> read_map(runtime::Decoder& in) {
  std::map<std::string, std::string> map;
  for (std::uint64_t left = in.varint_max(kPairsMax); left > 0 && in.ok(); --left) {
    std::string name(in.string());
    map.emplace(std::move(name), in.string());
  }
  return map;
}

}  // namespace

std::string topic_key(std::string_view name) { return std::string("Snt").append(name); }
std::string subscriptions_of(std::string_view topic) {
  return std::string("Sns").append(topic) + '\0';
}
std::string deduplication_key(std::string_view topic, std::string_view id) {
  return (std::string("Snd").append(topic) + '\0').append(id);
}

std::string expiries_of(std::string_view topic) { return std::string("Snx").append(topic) + '\0'; }
std::string expiry_key(std::string_view topic, std::int64_t until, std::string_view id) {
  std::string key = expiries_of(topic);
  runtime::append_u64(key, static_cast<std::uint64_t>(until));
  return key.append(id);
}

std::string SubscriptionRecord::dead_letters() const {
  const auto policy = attributes.find("RedrivePolicy");
  if (policy == attributes.end()) return {};
  const Result<asl::Value> read = asl::read_json(policy->second);
  return read ? std::string(text_of(*read, "deadLetterTargetArn")) : std::string();
}

std::string encode(const TopicRecord& record) {
  runtime::Encoder out(kVersion);
  out.string(record.name);
  write_map(record.attributes, out);
  write_map(record.tags, out);
  return out.seal();
}
Result<TopicRecord> decode_topic(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  TopicRecord record;
  record.name = in.string();
  record.attributes = read_map(in);
  record.tags = read_map(in);
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string encode(const SubscriptionRecord& record) {
  runtime::Encoder out(kVersion);
  out.string(record.id).string(record.protocol).string(record.endpoint);
  write_map(record.attributes, out);
  return out.seal();
}
Result<SubscriptionRecord> decode_subscription(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  SubscriptionRecord record;
  record.id = in.string();
  record.protocol = in.string();
  record.endpoint = in.string();
  record.attributes = read_map(in);
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

bool is_set(const std::map<std::string, std::string>& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found != attributes.end() && found->second == "true";
}

}  // namespace pawl::connectors::sns
