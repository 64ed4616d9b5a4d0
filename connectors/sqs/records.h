// Keys and records of the embedded SQS. Drawn in docs/storage.md; made in this file only.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::connectors::sqs {

using Millis = std::int64_t;  // since 1970

struct QueueRecord {
  std::uint64_t id = 0;  // of its messages' keys; a queue that is made again has another
  std::string name;
  Millis created = 0;
  Millis modified = 0;
  std::map<std::string, std::string> attributes;  // as they were set
  std::map<std::string, std::string> tags;

  bool fifo() const;
  std::int64_t number(std::string_view attribute, std::int64_t absent) const;
};

using QueueRef = std::shared_ptr<const QueueRecord>;

struct MessageRecord {
  std::string id;  // UUID
  std::string body;
  std::string attributes;  // JSON object of MessageAttributes; empty: none
  std::string trace;       // AWSTraceHeader; empty: none
  std::string group;       // FIFO
  std::string deduplication;
  std::string dead_letter_source;  // ARN of the queue that gave it up
  Millis sent = 0;
  Millis first_received = 0;  // 0: never
  Millis visible_at = 0;
  std::uint32_t receives = 0;
};

// A message that was sent under this deduplication id within the last five minutes.
struct DeduplicationRecord {
  Millis until = 0;
  std::string message_id;
  std::uint64_t sequence = 0;
};

std::string encode(const QueueRecord& record);
std::string encode(const MessageRecord& record);
std::string encode(const DeduplicationRecord& record);
Result<QueueRecord> decode_queue(std::string_view bytes, std::string_view key);
Result<MessageRecord> decode_message(std::string_view bytes, std::string_view key);
Result<DeduplicationRecord> decode_deduplication(std::string_view bytes, std::string_view key);

namespace keys {
inline constexpr std::string_view kQueues = "Sqq";
std::string queue(std::string_view name);
std::string message(std::uint64_t queue, std::uint64_t sequence);
std::string messages(std::uint64_t queue);  // prefix of all
std::string deduplication(std::uint64_t queue, std::string_view id);
std::string deduplications(std::uint64_t queue);
// By the time it ends, so that what is over is found without a search.
std::string expiry(std::uint64_t queue, Millis until, std::string_view id);
std::string expiries(std::uint64_t queue);
// The move tasks of a dead-letter queue.
inline constexpr std::string_view kMoves = "Sqt";
std::string moves(std::string_view source);
}  // namespace keys

}  // namespace pawl::connectors::sqs
