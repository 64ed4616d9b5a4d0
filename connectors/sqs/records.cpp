#include "connectors/sqs/records.h"

#include "runtime/store/encoding.h"

#include <charconv>

namespace pawl::connectors::sqs {
namespace {

using runtime::Decoder;
using runtime::Encoder;

constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kPairsMax = 1000;

void write_map(const std::map<std::string, std::string>& map, Encoder& out) {
  out.varint(map.size());
  for (const auto& [name, value] : map) out.string(name).string(value);
}
std::map<std::string, std::string> read_map(Decoder& in) {
  std::map<std::string, std::string> map;
  for (std::uint64_t left = in.varint_max(kPairsMax); left > 0 && in.ok(); --left) {
    std::string name(in.string());
    map.emplace(std::move(name), in.string());
  }
  return map;
}

void write_time(Millis time, Encoder& out) { out.varint(static_cast<std::uint64_t>(time)); }
Millis read_time(Decoder& in) { return static_cast<Millis>(in.varint()); }

}  // namespace

bool QueueRecord::fifo() const { return name.ends_with(".fifo"); }

std::int64_t QueueRecord::number(std::string_view attribute, std::int64_t absent) const {
  const auto found = attributes.find(std::string(attribute));
  if (found == attributes.end()) return absent;
  std::int64_t value = absent;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

std::string encode(const QueueRecord& record) {
  Encoder out(kVersion);
  out.varint(record.id).string(record.name);
  write_time(record.created, out);
  write_time(record.modified, out);
  write_map(record.attributes, out);
  write_map(record.tags, out);
  return out.seal();
}

Result<QueueRecord> decode_queue(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  Decoder in(opened->payload);
  QueueRecord record;
  record.id = in.varint();
  record.name = in.string();
  record.created = read_time(in);
  record.modified = read_time(in);
  record.attributes = read_map(in);
  record.tags = read_map(in);
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string encode(const MessageRecord& record) {
  Encoder out(kVersion);
  out.string(record.id).string(record.body).string(record.attributes).string(record.trace);
  out.string(record.group).string(record.deduplication).string(record.dead_letter_source);
  write_time(record.sent, out);
  write_time(record.first_received, out);
  write_time(record.visible_at, out);
  out.varint(record.receives);
  return out.seal();
}

Result<MessageRecord> decode_message(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  Decoder in(opened->payload);
  MessageRecord record;
  record.id = in.string();
  record.body = in.string();
  record.attributes = in.string();
  record.trace = in.string();
  record.group = in.string();
  record.deduplication = in.string();
  record.dead_letter_source = in.string();
  record.sent = read_time(in);
  record.first_received = read_time(in);
  record.visible_at = read_time(in);
  record.receives = static_cast<std::uint32_t>(in.varint_max(UINT32_MAX));
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string encode(const DeduplicationRecord& record) {
  Encoder out(kVersion);
  write_time(record.until, out);
  out.string(record.message_id).varint(record.sequence);
  return out.seal();
}

Result<DeduplicationRecord> decode_deduplication(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  Decoder in(opened->payload);
  DeduplicationRecord record;
  record.until = read_time(in);
  record.message_id = in.string();
  record.sequence = in.varint();
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

namespace keys {

namespace {
std::string of_queue(std::string_view kind, std::uint64_t queue) {
  std::string key(kind);
  runtime::append_u64(key, queue);
  return key;
}
}  // namespace

std::string queue(std::string_view name) { return std::string(kQueues).append(name); }
std::string message(std::uint64_t queue, std::uint64_t sequence) {
  std::string key = messages(queue);
  runtime::append_u64(key, sequence);
  return key;
}
std::string messages(std::uint64_t queue) { return of_queue("Sqm", queue); }
std::string deduplication(std::uint64_t queue, std::string_view id) {
  return deduplications(queue).append(id);
}
std::string deduplications(std::uint64_t queue) { return of_queue("Sqd", queue); }
std::string expiry(std::uint64_t queue, Millis until, std::string_view id) {
  std::string key = expiries(queue);
  runtime::append_u64(key, static_cast<std::uint64_t>(until));
  return key.append(id);
}
std::string moves(std::string_view source) { return std::string(kMoves).append(source); }
std::string expiries(std::uint64_t queue) { return of_queue("Sqx", queue); }

}  // namespace keys

}  // namespace pawl::connectors::sqs
