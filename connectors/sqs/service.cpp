#include "connectors/sqs/service.h"

#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "runtime/log/log.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace pawl::connectors::sqs {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinctException"},
    {"AWS.SimpleQueueService.BatchRequestTooLong", "BatchRequestTooLongException"},
    {"AWS.SimpleQueueService.EmptyBatchRequest", "EmptyBatchRequestException"},
    {"AWS.SimpleQueueService.InvalidBatchEntryId", "InvalidBatchEntryIdException"},
    {"AWS.SimpleQueueService.MessageNotInflight", "MessageNotInflightException"},
    {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExistException"},
    {"AWS.SimpleQueueService.PurgeQueueInProgress", "PurgeQueueInProgressException"},
    {"AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecentlyException"},
    {"AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
     "TooManyEntriesInBatchRequestException"},
    {"AWS.SimpleQueueService.UnsupportedOperation", "UnsupportedOperationException"},
    {"InvalidAttributeName", "InvalidAttributeNameException"},
    {"InvalidAttributeValue", "InvalidAttributeValueException"},
    {"InvalidMessageContents", "InvalidMessageContentsException"},
    {"OverLimit", "OverLimitException"},
    {"QueueAlreadyExists", "QueueNameExistsException"},
    {"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalidException"},
    {"ResourceNotFoundException", "ResourceNotFoundException"},
};
constexpr std::string_view kTextMembers[] = {"MessageBody"};
constexpr std::string_view kHeaders[] = {"x-amzn-RequestId", "connection", "Content-Length", "Date",
                                         "Content-Type"};

constexpr aws::Profile kProfile{.endpoint = "sqs",
                                .resource = "sqs",
                                .sdk = "sqs",
                                .prefix = "SQS",
                                .base_exception = "AmazonSQSException",
                                .service = "AmazonSQS",
                                .sdk_prefix = "Sqs",
                                .sdk_base_exception = "SqsException",
                                .sdk_service = "Sqs",
                                .extended_request_id = false,
                                .exceptions = kExceptions,
                                .text_members = kTextMembers,
                                .date_members = {},
                                .headers = kHeaders,
                                .content_type = "application/x-amz-json-1.0"};

struct Entry {
  std::string_view name;
  Operation operation;
};
constexpr Entry kOperations[] = {
    {"AddPermission", add_permission},
    {"CancelMessageMoveTask", cancel_message_move_task},
    {"ChangeMessageVisibility", change_message_visibility},
    {"ChangeMessageVisibilityBatch", change_message_visibility_batch},
    {"CreateQueue", create_queue},
    {"DeleteMessage", delete_message},
    {"DeleteMessageBatch", delete_message_batch},
    {"DeleteQueue", delete_queue},
    {"GetQueueAttributes", get_queue_attributes},
    {"GetQueueUrl", get_queue_url},
    {"ListDeadLetterSourceQueues", list_dead_letter_source_queues},
    {"ListMessageMoveTasks", list_message_move_tasks},
    {"ListQueueTags", list_queue_tags},
    {"ListQueues", list_queues},
    {"PurgeQueue", purge_queue},
    {"ReceiveMessage", receive_message},
    {"RemovePermission", remove_permission},
    {"SendMessage", send_message},
    {"SendMessageBatch", send_message_batch},
    {"SetQueueAttributes", set_queue_attributes},
    {"StartMessageMoveTask", start_message_move_task},
    {"TagQueue", tag_queue},
    {"UntagQueue", untag_queue},
};

}  // namespace

std::string_view Request::text(std::string_view name) const { return text_of(call.input, name); }

std::optional<std::int64_t> Request::number(std::string_view name) const {
  const Value* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_int()) return value->as_int();
  if (!value->is_string()) return std::nullopt;
  const std::string_view text = value->as_string();
  std::int64_t number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

const aws::Profile& Sqs::profile() const { return kProfile; }

bool Sqs::decides(std::string_view operation) const {
  return operation == "ChangeMessageVisibility" || operation == "DeleteMessage" ||
         operation == "SendMessage" || operation == "SendMessageBatch";
}

Answer Sqs::call(const aws::Call& call) {
  for (const Entry& entry : kOperations) {
    if (entry.name == call.operation) return entry.operation(Request{*this, call});
  }
  return Error{"AWS.SimpleQueueService.UnsupportedOperation",
               "The operation " + call.operation + " is not offered.",
               400,
               {}};
}

std::string Sqs::body_of(const aws::Call& /*call*/, const Value& answer) const {
  return asl::to_json(answer);
}

std::string Sqs::arn_of(std::string_view queue) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  return fmt::format("arn:{}:sqs:{}:{}:{}", options.partition, options.region, options.account,
                     queue);
}

std::string Sqs::url_of(const aws::Call& call, std::string_view queue) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  const std::string host =
      call.host.empty() ? fmt::format("sqs.{}.amazonaws.com", options.region) : call.host;
  return fmt::format("http{}://{}/{}/{}", call.host.empty() ? "s" : "", host, options.account,
                     queue);
}

QueueRef Sqs::find(Change& change, std::string_view name) {
  return change.get_remembered(keys::queue(name), decode_queue);
}

std::optional<Error> Sqs::apply(const aws::Call& call, const Ledger::Decide& decide) {
  if (Status applied = ledger_.apply(decide, call.joined); !applied) {
    return aws::store_error(applied.error());
  }
  return std::nullopt;
}

std::uint64_t Sqs::next_sequence() {
  constexpr unsigned kCounterBits = 20;
  last_sequence_ = std::max(last_sequence_ + 1, static_cast<std::uint64_t>(now()) << kCounterBits);
  return last_sequence_;
}

bool Sqs::purged_lately(const std::string& queue) const {
  const auto last = purges_.find(queue);
  return last != purges_.end() && now() - last->second < kPurgeMillis;
}
void Sqs::note_purge(const std::string& queue) {
  std::erase_if(purges_, [this](const auto& one) { return now() - one.second >= kPurgeMillis; });
  purges_[queue] = now();
}

SentMessage Sqs::put(Change& change, const QueueRecord& queue, const NewMessage& message) {
  const Millis sent = now();
  const std::string duplicate = queue.attributes.contains("DeduplicationScope") &&
                                        queue.attributes.at("DeduplicationScope") == "messageGroup"
                                    ? message.group + '\0' + message.deduplication
                                    : message.deduplication;
  if (queue.fifo()) {
    const std::string key = keys::deduplication(queue.id, duplicate);
    if (const std::optional<std::string> row = change.get(key)) {
      const Result<DeduplicationRecord> known = decode_deduplication(*row, key);
      if (!known) {
        change.fail(known.error());
        return {};
      }
      if (known->until > sent) return {known->message_id, known->sequence};
      change.erase(keys::expiry(queue.id, known->until, duplicate));
    }
    // Those that are over go as new ones come: a few at a time.
    int left = 4;
    const std::string expiries = keys::expiries(queue.id);
    std::vector<std::string> over;
    change.scan(expiries, keys::expiry(queue.id, sent, {}),
                [&](std::string_view row_key, std::string_view) {
                  over.emplace_back(row_key);
                  return --left > 0;
                });
    for (const std::string& row_key : over) {
      const std::string id = row_key.substr(expiries.size() + sizeof(std::uint64_t));
      change.erase(row_key);
      if (id != duplicate) change.erase(keys::deduplication(queue.id, id));
    }
  }
  MessageRecord record;
  record.id = ledger_.new_id();
  record.body = message.body;
  if (!message.attributes.is_undefined()) record.attributes = asl::to_json(message.attributes);
  record.trace = message.trace;
  record.group = message.group;
  record.deduplication = message.deduplication;
  record.sent = sent;
  // A FIFO queue has one delay for all: another for one message would change their order.
  const std::int64_t delay = queue.number("DelaySeconds", 0);
  record.visible_at = sent + message.delay_seconds.value_or(delay) * 1000;
  const std::uint64_t sequence = next_sequence();
  put_record(change, queue, sequence, record);
  if (queue.fifo()) {
    const Millis until = sent + kDeduplicationMillis;
    change.put(keys::deduplication(queue.id, duplicate),
               encode(DeduplicationRecord{until, record.id, sequence}));
    change.put(keys::expiry(queue.id, until, duplicate), {});
  }
  return {record.id, sequence};
}

void Sqs::put_record(Change& change, const QueueRecord& queue, std::uint64_t sequence,
                     const MessageRecord& message) {
  change.put(keys::message(queue.id, sequence), encode(message));
  MessageRecord listed;  // what the index looks at
  listed.visible_at = message.visible_at;
  listed.receives = message.visible_at > now() ? message.receives : 0;
  listed.group = message.group;
  change.when_durable([this, id = queue.id, sequence, listed] {
    const auto index = indexes_.find(id);
    if (index != indexes_.end()) index->second->put(sequence, listed);
    message_came(id);
  });
}

bool Sqs::deliver(Change& change, std::string_view queue_arn, const NewMessage& message) {
  const std::size_t colon = queue_arn.rfind(':');
  if (colon == std::string_view::npos) return false;
  const QueueRef queue = find(change, queue_arn.substr(colon + 1));
  // What has no group has no place in a FIFO queue.
  if (!queue || (queue->fifo() && (message.group.empty() || message.deduplication.empty()))) {
    return false;
  }
  put(change, *queue, message);
  return true;
}

std::shared_ptr<QueueIndex> Sqs::index_of(const QueueRecord& queue) {
  const auto known = indexes_.find(queue.id);
  if (known != indexes_.end()) return known->second;
  auto index = std::make_shared<QueueIndex>(queue.fifo());
  const std::string range = keys::messages(queue.id);
  Status read = ledger_.read([&](Change& change) {
    change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
      const Result<MessageRecord> message = decode_message(row, key);
      if (!message) {
        change.fail(message.error());
        return false;
      }
      runtime::Decoder number(key.substr(range.size()));
      const std::uint64_t sequence = number.u64();
      last_sequence_ = std::max(last_sequence_, sequence);
      index->put(sequence, *message);
      return true;
    });
  });
  if (!read) {
    runtime::log().error("The queue {} cannot be read: {}", queue.name, read.error().message);
    return nullptr;
  }
  indexes_[queue.id] = index;
  return index;
}

void Sqs::message_came(std::uint64_t queue) {
  const auto waiting = waiting_.find(queue);
  if (waiting == waiting_.end()) return;
  for (runtime::WaitPoint* one : waiting->second) one->wake();
}

void Sqs::wait_for_message(std::uint64_t queue, runtime::SteadyTime deadline) {
  runtime::WaitPoint came;
  std::list<runtime::WaitPoint*>& list = waiting_[queue];
  const auto place = list.insert(list.end(), &came);
  came.wait(deadline);
  list.erase(place);
  if (list.empty()) waiting_.erase(queue);
}

// --- shared ---

Error queue_does_not_exist() {
  return {
      "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.", 400, {}};
}
Error invalid_value(std::string message) {
  return {"InvalidParameterValue", std::move(message), 400, {}};
}
Error missing_parameter(std::string_view name) {
  return {
      "MissingParameter", fmt::format("The request must contain the parameter {}.", name), 400, {}};
}

std::variant<std::string, Error> queue_name(const Request& request) {
  const std::string_view url = request.text("QueueUrl");
  if (url.empty()) return missing_parameter("QueueUrl");
  const std::size_t slash = url.rfind('/');
  return std::string(slash == std::string_view::npos ? url : url.substr(slash + 1));
}

std::string md5_of_attributes(const Value& attributes) {
  if (!attributes.is_object() || attributes.size() == 0) return {};
  std::map<std::string, const Value*> sorted;
  for (const asl::Member& member : attributes.members()) {
    sorted.emplace(member.key.as_string(), &member.value);
  }
  std::string bytes;
  const auto add = [&bytes](std::string_view text) {
    runtime::append_u32(bytes, static_cast<std::uint32_t>(text.size()));
    bytes.append(text);
  };
  for (const auto& [name, value] : sorted) {
    const std::string_view type = text_of(*value, "DataType");
    add(name);
    add(type);
    if (type.starts_with("Binary")) {
      bytes += '\2';
      add(aws::from_base64(text_of(*value, "BinaryValue")).value_or(""));
    } else {
      bytes += '\1';
      add(text_of(*value, "StringValue"));
    }
  }
  return aws::to_hex(aws::md5_of(bytes));
}

Answer run_batch(const Request& request, const std::function<Answer(const Value& entry)>& one) {
  const auto refuse = [](std::string_view code, std::string message) {
    return Error{fmt::format("AWS.SimpleQueueService.{}", code), std::move(message), 400, {}};
  };
  const Value* entries = request.member("Entries");
  if (entries == nullptr || !entries->is_array() || entries->size() == 0) {
    return refuse("EmptyBatchRequest", "There should be at least one " + request.call.operation +
                                           "RequestEntry in the request.");
  }
  if (entries->size() > kBatchMax) {
    return refuse("TooManyEntriesInBatchRequest",
                  fmt::format("Maximum number of entries per request are {}. You have sent {}.",
                              kBatchMax, entries->size()));
  }
  std::set<std::string> ids;
  for (const Value& entry : entries->items()) {
    const std::string id(text_of(entry, "Id"));
    const bool valid =
        !id.empty() && id.size() <= 80 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
          return std::isalnum(c) != 0 || c == '-' || c == '_';
        });
    if (!valid) {
      return refuse("InvalidBatchEntryId",
                    "A batch entry id can only contain alphanumeric characters, hyphens and "
                    "underscores. It can be at most 80 letters long.");
    }
    if (!ids.insert(id).second) {
      return refuse("BatchEntryIdsNotDistinct", fmt::format("Id {} repeated.", id));
    }
  }
  std::vector<Value> successful;
  std::vector<Value> failed;
  for (const Value& entry : entries->items()) {
    Answer answer = one(entry);
    ObjectBuilder shown;
    shown.set("Id", *entry.find("Id"));
    if (const auto* error = std::get_if<Error>(&answer)) {
      shown.set("SenderFault", Value::boolean(error->status < 500));
      shown.set("Code", Value::string(error->code));
      shown.set("Message", Value::string(error->message));
      failed.push_back(std::move(shown).build());
      continue;
    }
    for (const asl::Member& member : std::get<Value>(answer).members()) {
      shown.set(member.key, member.value);
    }
    successful.push_back(std::move(shown).build());
  }
  ObjectBuilder out;
  if (!successful.empty()) out.set("Successful", Value::array(std::move(successful)));
  if (!failed.empty()) out.set("Failed", Value::array(std::move(failed)));
  return std::move(out).build();
}

}  // namespace pawl::connectors::sqs
