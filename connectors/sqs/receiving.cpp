// Receiving: messages in sight, for a while in one consumer's hands; deleted, or given back, or
// given up to a dead-letter queue.
#include "asl/json/reader.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/sqs/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pawl::connectors::sqs {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

// A receipt handle names one receipt of one message: queue, sequence and how often it had been
// received.
struct Receipt {
  std::uint64_t queue = 0;
  std::uint64_t sequence = 0;
  std::uint32_t receives = 0;
};

std::string handle_of(const Receipt& receipt) {
  return aws::to_base64(
      fmt::format("{:016x} {:016x} {:08x}", receipt.queue, receipt.sequence, receipt.receives));
}

std::optional<Receipt> read_handle(std::string_view handle) {
  const std::optional<std::string> text = aws::from_base64(handle);
  if (!text || text->size() != 42) return std::nullopt;
  Receipt receipt;
  const auto hex = [&text](std::size_t from, std::size_t size, auto& number) {
    const char* begin = text->data() + from;
    const auto [rest, failed] = std::from_chars(begin, begin + size, number, 16);
    return failed == std::errc() && rest == begin + size;
  };
  if (!hex(0, 16, receipt.queue) || !hex(17, 16, receipt.sequence) ||
      !hex(34, 8, receipt.receives)) {
    return std::nullopt;
  }
  return receipt;
}

Error invalid_handle(std::string_view handle) {
  return {"ReceiptHandleIsInvalid",
          fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.", handle),
          404,
          {}};
}

// --- which attributes a consumer asks for ---

std::vector<std::string> names_in(const Request& request, std::string_view member) {
  std::vector<std::string> names;
  const Value* list = request.member(member);
  if (list == nullptr || !list->is_array()) return names;
  for (const Value& item : list->items()) {
    if (item.is_string()) names.emplace_back(item.as_string());
  }
  return names;
}

bool asks_for(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [name](const std::string& asked) {
    if (asked == "All" || asked == ".*" || asked == name) return true;
    return asked.ends_with(".*") &&
           name.starts_with(std::string_view(asked).substr(0, asked.size() - 2));
  });
}

Value system_attributes(const Request& request, const QueueRecord& queue,
                        const MessageRecord& message, std::uint64_t sequence) {
  std::vector<std::string> asked = names_in(request, "AttributeNames");
  const std::vector<std::string> more = names_in(request, "MessageSystemAttributeNames");
  asked.insert(asked.end(), more.begin(), more.end());
  std::vector<std::pair<std::string_view, std::string>> all = {
      {"SenderId", request.sqs.ledger().engine().options().account},
      {"ApproximateFirstReceiveTimestamp", std::to_string(message.first_received)},
      {"ApproximateReceiveCount", std::to_string(message.receives)},
      {"SentTimestamp", std::to_string(message.sent)}};
  if (queue.fifo()) {
    all.emplace_back("SequenceNumber", fmt::format("{:020}", sequence));
    all.emplace_back("MessageDeduplicationId", message.deduplication);
  }
  if (!message.group.empty()) all.emplace_back("MessageGroupId", message.group);
  if (!message.trace.empty()) all.emplace_back("AWSTraceHeader", message.trace);
  if (!message.dead_letter_source.empty()) {
    all.emplace_back("DeadLetterQueueSourceArn", message.dead_letter_source);
  }
  ObjectBuilder out;
  for (const auto& [name, value] : all) {
    if (asks_for(asked, name)) out.set(name, Value::string(value));
  }
  return std::move(out).build();
}

Value describe_message(const Request& request, const QueueRecord& queue,
                       const MessageRecord& message, std::uint64_t sequence) {
  ObjectBuilder out;
  out.set("MessageId", Value::string(message.id));
  out.set("ReceiptHandle", Value::string(handle_of({queue.id, sequence, message.receives})));
  out.set("MD5OfBody", Value::string(aws::to_hex(aws::md5_of(message.body))));
  out.set("Body", Value::string(message.body));
  if (Value system = system_attributes(request, queue, message, sequence); system.size() > 0) {
    out.set("Attributes", std::move(system));
  }
  if (message.attributes.empty()) return std::move(out).build();
  const std::vector<std::string> asked = names_in(request, "MessageAttributeNames");
  const Result<Value> attributes = asl::read_json(message.attributes);
  if (!attributes) return std::move(out).build();
  ObjectBuilder shown;
  for (const asl::Member& member : attributes->members()) {
    if (asks_for(asked, member.key.as_string())) shown.set(member.key, member.value);
  }
  if (shown.size() > 0) {
    const Value chosen = std::move(shown).build();
    out.set("MD5OfMessageAttributes", Value::string(md5_of_attributes(chosen)));
    out.set("MessageAttributes", chosen);
  }
  return std::move(out).build();
}

// --- dead letters ---

struct Redrive {
  std::string target;  // name of the dead-letter queue
  std::int64_t receives_max = 0;
};

std::optional<Redrive> redrive_of(const QueueRecord& queue) {
  const auto policy = queue.attributes.find("RedrivePolicy");
  if (policy == queue.attributes.end()) return std::nullopt;
  const Result<Value> read = asl::read_json(policy->second);
  if (!read) return std::nullopt;
  const Value* target = read->find("deadLetterTargetArn");
  const Value* max = read->find("maxReceiveCount");
  if (target == nullptr || !target->is_string() || max == nullptr) return std::nullopt;
  Redrive redrive;
  redrive.target = target->as_string().substr(target->as_string().rfind(':') + 1);
  if (max->is_int()) redrive.receives_max = max->as_int();
  if (max->is_string()) {
    const std::string_view text = max->as_string();
    std::from_chars(text.data(), text.data() + text.size(), redrive.receives_max);
  }
  return redrive;
}

// Moves a message that was received too often. False: there is no such dead-letter queue.
bool give_up(const Request& request, Change& change, const QueueRecord& queue,
             const Redrive& redrive, std::uint64_t sequence, MessageRecord message) {
  const QueueRef target = Sqs::find(change, redrive.target);
  if (!target) return false;
  change.erase(keys::message(queue.id, sequence));
  message.dead_letter_source = request.sqs.arn_of(queue.name);
  message.visible_at = request.sqs.now();
  request.sqs.put_record(change, *target, request.sqs.next_sequence(), message);
  return true;
}

// --- receiving ---

struct Wanted {
  std::size_t max = 1;
  std::int64_t visibility = 0;
  std::int64_t wait = 0;
};

std::variant<Wanted, Error> read_wanted(const Request& request, const QueueRecord& queue) {
  const std::int64_t max = request.number("MaxNumberOfMessages").value_or(1);
  if (max < 1 || max > kReceiveMax) {
    return invalid_value(fmt::format(
        "Value {} for parameter MaxNumberOfMessages is invalid. Reason: Must be between "
        "1 and 10, if provided.",
        max));
  }
  Wanted wanted;
  wanted.max = static_cast<std::size_t>(max);
  wanted.visibility =
      request.number("VisibilityTimeout").value_or(queue.number("VisibilityTimeout", 30));
  wanted.wait =
      request.number("WaitTimeSeconds").value_or(queue.number("ReceiveMessageWaitTimeSeconds", 0));
  if (wanted.visibility < 0 || wanted.visibility > kVisibilitySecondsMax) {
    return invalid_value(fmt::format(
        "Value {} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 "
        "and 43200, if provided.",
        wanted.visibility));
  }
  if (wanted.wait < 0 || wanted.wait > kWaitSecondsMax) {
    return invalid_value(fmt::format(
        "Value {} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= "
        "20, if provided.",
        wanted.wait));
  }
  return wanted;
}

// Takes what is in sight now; an empty list when nothing is.
std::variant<std::vector<Value>, Error> take(const Request& request, const QueueRecord& queue,
                                             const Wanted& wanted) {
  Sqs& sqs = request.sqs;
  const std::shared_ptr<QueueIndex> index = sqs.index_of(queue);
  if (index == nullptr) return Error{"ServiceUnavailable", "Try again.", 503, {}};
  const Millis now = sqs.now();
  const std::vector<std::uint64_t> picked = index->visible(now, wanted.max);
  if (picked.empty()) return std::vector<Value>();
  if (index->counts(now).in_flight + picked.size() > kInFlightMax) {
    return Error{"OverLimit", "Too many messages in flight.", 403, {}};
  }
  // Out of sight at once: others may look before this is decided and durable.
  for (const std::uint64_t sequence : picked) {
    index->hide(sequence, now + wanted.visibility * 1000);
  }
  const std::optional<Redrive> redrive = redrive_of(queue);
  const Millis oldest = now - queue.number("MessageRetentionPeriod", 345'600) * 1000;
  std::vector<Value> messages;
  std::vector<std::uint64_t> gone;
  const auto failed = sqs.apply(request.call, [&](Change& change) {
    messages.clear();
    gone.clear();
    for (const std::uint64_t sequence : picked) {
      const std::string key = keys::message(queue.id, sequence);
      const std::optional<std::string> row = change.get(key);
      if (!row) {
        gone.push_back(sequence);
        continue;
      }
      Result<MessageRecord> read = decode_message(*row, key);
      if (!read) return change.fail(std::move(read).error());
      MessageRecord message = *std::move(read);
      if (message.sent < oldest) {
        change.erase(key);
        gone.push_back(sequence);
        continue;
      }
      if (redrive && message.receives >= redrive->receives_max &&
          give_up(request, change, queue, *redrive, sequence, message)) {
        gone.push_back(sequence);
        continue;
      }
      ++message.receives;
      if (message.first_received == 0) message.first_received = now;
      message.visible_at = now + wanted.visibility * 1000;
      change.put(key, encode(message));
      messages.push_back(describe_message(request, queue, message, sequence));
    }
    change.when_lost([&sqs, id = queue.id] { sqs.forget_index(id); });
  });
  if (failed) {
    sqs.forget_index(queue.id);
    return *failed;
  }
  for (const std::uint64_t sequence : gone) index->erase(sequence);
  return messages;
}

QueueRef find_queue(const Request& request, const std::string& name, std::optional<Error>& error) {
  QueueRef queue;
  Status read = request.sqs.ledger().read([&](Change& change) { queue = Sqs::find(change, name); });
  if (!read) {
    error = aws::store_error(read.error());
  } else if (!queue) {
    error = queue_does_not_exist();
  }
  return queue;
}

}  // namespace

Answer receive_message(const Request& request) {
  auto named = queue_name(request);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const auto& name = std::get<std::string>(named);
  runtime::Clock& clock = request.sqs.ledger().shard().clock();
  std::optional<runtime::SteadyTime> deadline;
  for (;;) {
    // Again each time: the queue may have been deleted while we waited.
    std::optional<Error> error;
    const QueueRef queue = find_queue(request, name, error);
    if (error) return *std::move(error);
    auto read = read_wanted(request, *queue);
    if (auto* wrong = std::get_if<Error>(&read)) return std::move(*wrong);
    const Wanted& wanted = std::get<Wanted>(read);
    auto taken = take(request, *queue, wanted);
    if (auto* failed = std::get_if<Error>(&taken)) return std::move(*failed);
    auto& messages = std::get<std::vector<Value>>(taken);
    if (!messages.empty()) {
      return std::move(ObjectBuilder().set("Messages", Value::array(std::move(messages)))).build();
    }
    if (!deadline) deadline = clock.steady_now() + std::chrono::seconds(wanted.wait);
    const bool stopping = request.sqs.ledger().shard().stopping();
    if (clock.steady_now() >= *deadline || stopping ||
        (request.call.caller_gone && request.call.caller_gone())) {
      return Value::object({});
    }
    // A look each second: whoever asked may have hung up.
    runtime::SteadyTime until = std::min(*deadline, clock.steady_now() + std::chrono::seconds(1));
    const std::shared_ptr<QueueIndex> index = request.sqs.index_of(*queue);
    if (index != nullptr && index->next_visible() > 0) {
      const Millis left = std::max<Millis>(1, index->next_visible() - request.sqs.now());
      until = std::min(until, clock.steady_now() + std::chrono::milliseconds(left));
    }
    request.sqs.wait_for_message(queue->id, until);
  }
}

namespace {

// Deletes the message of a receipt handle, as part of `change`. What is gone already, or was
// received by somebody else since, is no error.
Answer delete_one(const Request& request, Change& change, const QueueRecord& queue,
                  std::string_view handle) {
  if (handle.empty()) return missing_parameter("ReceiptHandle");
  const std::optional<Receipt> receipt = read_handle(handle);
  if (!receipt || receipt->queue != queue.id) return invalid_handle(handle);
  const std::string key = keys::message(queue.id, receipt->sequence);
  const std::optional<std::string> row = change.get(key);
  if (!row) return Value::object({});
  const Result<MessageRecord> message = decode_message(*row, key);
  if (!message) {
    change.fail(message.error());
    return Value::object({});
  }
  if (message->receives != receipt->receives) return Value::object({});
  if (queue.fifo() && message->visible_at <= request.sqs.now()) {
    return invalid_value(fmt::format(
        "Value {} for parameter ReceiptHandle is invalid. Reason: The receipt handle has "
        "expired.",
        handle));
  }
  change.erase(key);
  change.when_durable([&sqs = request.sqs, queue, sequence = receipt->sequence] {
    if (const auto index = sqs.index_of(queue)) index->erase(sequence);
    if (queue.fifo()) sqs.message_came(queue.id);  // its group is free again
  });
  return Value::object({});
}

Answer change_one(const Request& request, Change& change, const QueueRecord& queue,
                  const Value& input) {
  const Value* handle_member = input.find("ReceiptHandle");
  if (handle_member == nullptr || !handle_member->is_string()) {
    return missing_parameter("ReceiptHandle");
  }
  const Value* seconds = input.find("VisibilityTimeout");
  if (seconds == nullptr || !seconds->is_int()) return missing_parameter("VisibilityTimeout");
  if (seconds->as_int() < 0 || seconds->as_int() > kVisibilitySecondsMax) {
    return invalid_value(fmt::format(
        "Value {} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 "
        "and 43200, if provided.",
        seconds->as_int()));
  }
  const std::string_view handle = handle_member->as_string();
  const std::optional<Receipt> receipt = read_handle(handle);
  if (!receipt || receipt->queue != queue.id) return invalid_handle(handle);
  const std::string key = keys::message(queue.id, receipt->sequence);
  const std::optional<std::string> row = change.get(key);
  const Error not_in_flight{
      "AWS.SimpleQueueService.MessageNotInflight",
      fmt::format("Value {} for parameter ReceiptHandle is invalid. Reason: Message does not exist "
                  "or is not available for visibility timeout change.",
                  handle),
      400,
      {}};
  if (!row) return not_in_flight;
  Result<MessageRecord> message = decode_message(*row, key);
  if (!message) {
    change.fail(std::move(message).error());
    return Value::object({});
  }
  if (message->receives != receipt->receives || message->visible_at <= request.sqs.now()) {
    return not_in_flight;
  }
  message->visible_at = request.sqs.now() + seconds->as_int() * 1000;
  change.put(key, encode(*message));
  change.when_durable([&sqs = request.sqs, queue, sequence = receipt->sequence, listed = *message] {
    if (const auto index = sqs.index_of(queue)) index->put(sequence, listed);
    sqs.message_came(queue.id);
  });
  return Value::object({});
}

// Runs `one` as a decision about the request's queue.
Answer about_queue(const Request& request,
                   const std::function<Answer(Change&, const QueueRecord&)>& one) {
  auto named = queue_name(request);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  Answer answer = queue_does_not_exist();
  if (auto failed = request.sqs.apply(request.call, [&](Change& change) {
        answer = queue_does_not_exist();
        if (const auto queue = Sqs::find(change, std::get<std::string>(named))) {
          answer = one(change, *queue);
        }
      })) {
    return *std::move(failed);
  }
  return answer;
}

}  // namespace

Answer delete_message(const Request& request) {
  return about_queue(request, [&](Change& change, const QueueRecord& queue) {
    return delete_one(request, change, queue, request.text("ReceiptHandle"));
  });
}

Answer delete_message_batch(const Request& request) {
  return about_queue(request, [&](Change& change, const QueueRecord& queue) {
    return run_batch(request, [&](const Value& entry) {
      return delete_one(request, change, queue, text_of(entry, "ReceiptHandle"));
    });
  });
}

Answer change_message_visibility(const Request& request) {
  return about_queue(request, [&](Change& change, const QueueRecord& queue) {
    return change_one(request, change, queue, request.call.input);
  });
}

Answer change_message_visibility_batch(const Request& request) {
  return about_queue(request, [&](Change& change, const QueueRecord& queue) {
    return run_batch(request,
                     [&](const Value& entry) { return change_one(request, change, queue, entry); });
  });
}

}  // namespace pawl::connectors::sqs
