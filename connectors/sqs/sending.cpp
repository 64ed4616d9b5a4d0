// Sending: checks, and the message in its queue.
#include "connectors/aws/digest.h"
#include "connectors/sqs/service.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace pawl::connectors::sqs {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

// Characters that XML 1.0 has: what AWS accepts in a body.
bool is_accepted_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') return false;
    // U+FFFE and U+FFFF.
    if (byte == 0xEF && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) == 0xBF &&
        static_cast<unsigned char>(text[i + 2]) >= 0xBE) {
      return false;
    }
  }
  return true;
}

std::string sha256_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

// The size that counts: body, and names, types and values of attributes.
std::size_t bytes_of(std::string_view body, const Value* attributes) {
  std::size_t bytes = body.size();
  if (attributes == nullptr) return bytes;
  for (const asl::Member& member : attributes->members()) {
    bytes += member.key.as_string().size();
    for (const std::string_view part : {"DataType", "StringValue", "BinaryValue"}) {
      bytes += text_of(member.value, part).size();
    }
  }
  return bytes;
}

std::optional<Error> check_attributes(const Value& attributes) {
  if (!attributes.is_object()) return invalid_value("MessageAttributes must be an object.");
  if (attributes.size() > kAttributesMax) {
    return invalid_value(
        fmt::format("Number of message attributes [{}] exceeds the allowed maximum "
                    "[{}].",
                    attributes.size(), kAttributesMax));
  }
  for (const asl::Member& member : attributes.members()) {
    const std::string_view name = member.key.as_string();
    const std::string_view type = text_of(member.value, "DataType");
    if (type.empty()) {
      return invalid_value(fmt::format(
          "The message attribute '{}' must contain non-empty message attribute type.", name));
    }
    const std::string_view base = type.substr(0, type.find('.'));
    if (base != "String" && base != "Number" && base != "Binary") {
      return invalid_value(fmt::format(
          "The message attribute '{}' has an invalid message attribute type, the set of supported "
          "type prefixes is Binary, Number, and String.",
          name));
    }
    const std::string_view value =
        text_of(member.value, base == "Binary" ? "BinaryValue" : "StringValue");
    if (value.empty()) {
      return invalid_value(fmt::format(
          "The message attribute '{}' must contain a non-empty message attribute value for message "
          "attribute type '{}'.",
          name, type));
    }
  }
  return std::nullopt;
}

// What `input` (of a call, or of an entry of a batch) asks to be sent, for this queue.
std::variant<NewMessage, Error> read_message(const Value& input, const QueueRecord& queue) {
  const Value* body = input.find("MessageBody");
  if (body == nullptr || !body->is_string() || body->as_string().empty()) {
    return missing_parameter("MessageBody");
  }
  NewMessage message;
  message.body = body->as_string();
  if (!is_accepted_text(message.body)) {
    return Error{"InvalidMessageContents",
                 "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to "
                 "#xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
                 400,
                 {}};
  }
  if (const Value* attributes = input.find("MessageAttributes");
      attributes != nullptr && attributes->size() > 0) {
    if (auto wrong = check_attributes(*attributes)) return *std::move(wrong);
    message.attributes = *attributes;
  }
  const std::int64_t limit = queue.number("MaximumMessageSize", kMessageBytesMax);
  const std::size_t bytes =
      bytes_of(message.body, message.attributes.is_undefined() ? nullptr : &message.attributes);
  if (bytes > static_cast<std::size_t>(limit)) {
    return invalid_value(fmt::format(
        "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
        limit));
  }
  if (const Value* system = input.find("MessageSystemAttributes"); system != nullptr) {
    if (const Value* trace = system->find("AWSTraceHeader"); trace != nullptr) {
      message.trace = text_of(*trace, "StringValue");
    }
  }
  if (const Value* delay = input.find("DelaySeconds"); delay != nullptr && delay->is_int()) {
    if (delay->as_int() < 0 || delay->as_int() > kDelaySecondsMax) {
      return invalid_value(fmt::format(
          "Value {} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be "
          ">= 0 and <= 900.",
          delay->as_int()));
    }
    if (queue.fifo() && delay->as_int() != 0) {
      return invalid_value(
          fmt::format("Value {} for parameter DelaySeconds is invalid. Reason: The request include "
                      "parameter that is not valid for this queue type.",
                      delay->as_int()));
    }
    if (!queue.fifo()) message.delay_seconds = delay->as_int();
  }
  message.group = text_of(input, "MessageGroupId");
  message.deduplication = text_of(input, "MessageDeduplicationId");
  if (!queue.fifo()) {
    if (!message.deduplication.empty()) {
      return invalid_value(fmt::format(
          "Value {} for parameter MessageDeduplicationId is invalid. Reason: The request include "
          "parameter that is not valid for this queue type.",
          message.deduplication));
    }
    return message;
  }
  if (message.group.empty()) return missing_parameter("MessageGroupId");
  if (message.deduplication.empty()) {
    const auto content = queue.attributes.find("ContentBasedDeduplication");
    if (content == queue.attributes.end() || content->second != "true") {
      return invalid_value(
          "The queue should either have ContentBasedDeduplication enabled or "
          "MessageDeduplicationId provided explicitly");
    }
    message.deduplication = aws::to_hex(sha256_of(message.body));
  }
  return message;
}

Value describe_sent(const NewMessage& message, const SentMessage& sent, bool fifo) {
  ObjectBuilder out;
  if (const std::string md5 = md5_of_attributes(message.attributes); !md5.empty()) {
    out.set("MD5OfMessageAttributes", Value::string(md5));
  }
  out.set("MD5OfMessageBody", Value::string(aws::to_hex(aws::md5_of(message.body))));
  out.set("MessageId", Value::string(sent.id));
  if (fifo) out.set("SequenceNumber", Value::string(fmt::format("{:020}", sent.sequence)));
  return std::move(out).build();
}

}  // namespace

Answer send_message(const Request& request) {
  auto named = queue_name(request);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  Answer answer;
  if (auto failed = request.sqs.apply(request.call, [&](Change& change) {
        const auto queue = Sqs::find(change, std::get<std::string>(named));
        if (!queue) {
          answer = queue_does_not_exist();
          return;
        }
        auto read = read_message(request.call.input, *queue);
        if (auto* error = std::get_if<Error>(&read)) {
          answer = std::move(*error);
          return;
        }
        const auto& message = std::get<NewMessage>(read);
        answer = describe_sent(message, request.sqs.put(change, *queue, message), queue->fifo());
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer send_message_batch(const Request& request) {
  auto named = queue_name(request);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  Answer answer = queue_does_not_exist();
  if (auto failed = request.sqs.apply(request.call, [&](Change& change) {
        answer = queue_does_not_exist();
        const auto queue = Sqs::find(change, std::get<std::string>(named));
        if (!queue) return;
        std::size_t bytes = 0;
        if (const Value* entries = request.member("Entries");
            entries != nullptr && entries->is_array()) {
          for (const Value& entry : entries->items()) {
            bytes += bytes_of(text_of(entry, "MessageBody"), entry.find("MessageAttributes"));
          }
        }
        if (bytes > static_cast<std::size_t>(kMessageBytesMax)) {
          answer = Error{"AWS.SimpleQueueService.BatchRequestTooLong",
                         fmt::format("Batch requests cannot be longer than {} bytes. You have sent "
                                     "{} bytes.",
                                     kMessageBytesMax, bytes),
                         400,
                         {}};
          return;
        }
        answer = run_batch(request, [&](const Value& entry) -> Answer {
          auto read = read_message(entry, *queue);
          if (auto* error = std::get_if<Error>(&read)) return std::move(*error);
          const auto& message = std::get<NewMessage>(read);
          return describe_sent(message, request.sqs.put(change, *queue, message), queue->fifo());
        });
      })) {
    return *std::move(failed);
  }
  return answer;
}

}  // namespace pawl::connectors::sqs
