// SQS, embedded: standard and FIFO queues as rows of the engine's store.
//
//   records.h      keys and records
//   queue_index.h  which messages can be received now
//   queues.cpp     queues, their attributes and tags
//   sending.cpp    send, alone and in batches; deduplication
//   moves.cpp      dead letters that go back to where they came from
//   receiving.cpp  receive (with long polling), delete, visibility; dead letters
//
// A message that a Task sends is there when the Task has succeeded, once. A receive is durable
// before it is answered: after a crash nothing is in sight that somebody works on.
//
// Source: the API model (sqs.json); the developer guide's quotas and error texts; recorded cases
// services/sqs_task_service, error_handling/task_service_sqs, callback.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/sqs/queue_index.h"
#include "connectors/sqs/records.h"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::sqs {

// AWS's quotas.
inline constexpr std::int64_t kMessageBytesMax = 1'048'576;
inline constexpr std::int64_t kDelaySecondsMax = 900;
inline constexpr std::int64_t kVisibilitySecondsMax = 43'200;
inline constexpr std::int64_t kWaitSecondsMax = 20;
inline constexpr std::int64_t kReceiveMax = 10;
inline constexpr std::size_t kBatchMax = 10;
inline constexpr std::size_t kAttributesMax = 10;
inline constexpr std::size_t kInFlightMax = 120'000;
inline constexpr Millis kPurgeMillis = 60 * 1000;
inline constexpr Millis kDeduplicationMillis = 5 * 60 * 1000;
// Our own: queues of one program, tags of a queue as AWS.
inline constexpr std::size_t kTagsMax = 50;

class Sqs;

struct Request {
  Sqs& sqs;
  const aws::Call& call;

  const asl::Value* member(std::string_view name) const { return call.input.find(name); }
  std::string_view text(std::string_view name) const;  // empty if absent
  std::optional<std::int64_t> number(std::string_view name) const;
};

// What a message is, before it has an id.
struct NewMessage {
  std::string body;
  asl::Value attributes;  // undefined: none
  std::string trace;
  std::optional<std::int64_t> delay_seconds;
  std::string group;
  std::string deduplication;
};

struct SentMessage {
  std::string id;
  std::uint64_t sequence = 0;
};

class Sqs final : public aws::Service {
 public:
  explicit Sqs(Ledger& ledger) : ledger_(ledger) {}

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  bool decides(std::string_view operation) const override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;

  // For topics and event buses: sends to the queue with this ARN as part of their own decision.
  // False: there is no such queue.
  bool deliver(Change& change, std::string_view queue_arn, const NewMessage& message);

  // Goes on with moves that were under way. Once, on a fiber of the ledger's shard.
  Status open();

  // --- for the operations ---
  // Moves what the source queue of a move task has, on a fiber of its own.
  void run_move(const std::string& source);
  bool purged_lately(const std::string& queue) const;
  void note_purge(const std::string& queue);
  Ledger& ledger() { return ledger_; }
  Millis now() const { return ledger_.now().time_since_epoch().count(); }
  std::string arn_of(std::string_view queue) const;
  std::string url_of(const aws::Call& call, std::string_view queue) const;
  // Within a decision; nothing: no such queue.
  static QueueRef find(Change& change, std::string_view name);
  std::optional<aws::Error> apply(const aws::Call& call, const Ledger::Decide& decide);
  std::uint64_t next_sequence();
  // Puts the message into the queue; it is received when that is durable.
  SentMessage put(Change& change, const QueueRecord& queue, const NewMessage& message);
  // The same for a message that has its id already: one that moves between queues.
  void put_record(Change& change, const QueueRecord& queue, std::uint64_t sequence,
                  const MessageRecord& message);

  // What can be received. Built from the rows when it is not there. nullptr: the store failed.
  std::shared_ptr<QueueIndex> index_of(const QueueRecord& queue);
  // The rows and the index may differ: build it again.
  void forget_index(std::uint64_t queue) { indexes_.erase(queue); }
  void message_came(std::uint64_t queue);
  // On a fiber: until a message may be there, at most until `deadline`.
  void wait_for_message(std::uint64_t queue, runtime::SteadyTime deadline);

 private:
  Ledger& ledger_;
  std::map<std::uint64_t, std::shared_ptr<QueueIndex>> indexes_;
  std::map<std::uint64_t, std::list<runtime::WaitPoint*>> waiting_;
  std::uint64_t last_sequence_ = 0;
  // Of the last minute. Not kept: a start ends the wait.
  std::map<std::string, Millis, std::less<>> purges_;
};

using Operation = aws::Answer (*)(const Request& request);

// queues.cpp
aws::Answer create_queue(const Request& request);
aws::Answer delete_queue(const Request& request);
aws::Answer get_queue_url(const Request& request);
aws::Answer list_queues(const Request& request);
aws::Answer list_dead_letter_source_queues(const Request& request);
aws::Answer get_queue_attributes(const Request& request);
aws::Answer set_queue_attributes(const Request& request);
aws::Answer purge_queue(const Request& request);
aws::Answer add_permission(const Request& request);
aws::Answer remove_permission(const Request& request);
aws::Answer tag_queue(const Request& request);
aws::Answer untag_queue(const Request& request);
aws::Answer list_queue_tags(const Request& request);
// sending.cpp
aws::Answer send_message(const Request& request);
aws::Answer send_message_batch(const Request& request);
// moves.cpp
aws::Answer start_message_move_task(const Request& request);
aws::Answer list_message_move_tasks(const Request& request);
aws::Answer cancel_message_move_task(const Request& request);
// receiving.cpp
aws::Answer receive_message(const Request& request);
aws::Answer delete_message(const Request& request);
aws::Answer delete_message_batch(const Request& request);
aws::Answer change_message_visibility(const Request& request);
aws::Answer change_message_visibility_batch(const Request& request);

// --- shared by the operations ---
aws::Error queue_does_not_exist();
aws::Error invalid_value(std::string message);
aws::Error missing_parameter(std::string_view name);
// The name of the queue that QueueUrl names, or why it names none.
std::variant<std::string, aws::Error> queue_name(const Request& request);
// MD5 of attributes as SQS computes it (developer guide, "Calculating the MD5 message digest for
// message attributes"); empty without attributes.
std::string md5_of_attributes(const asl::Value& attributes);
// Runs `one` for each entry of a batch, after AWS's checks; its errors become entries of Failed.
aws::Answer run_batch(const Request& request,
                      const std::function<aws::Answer(const asl::Value& entry)>& one);

}  // namespace pawl::connectors::sqs
