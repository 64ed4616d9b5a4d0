#include "connectors/s3/records.h"

#include "runtime/store/encoding.h"

namespace pawl::connectors::s3 {
namespace {

using runtime::Decoder;
using runtime::Encoder;

constexpr std::uint8_t kVersion = 2;  // 1 had no tags
constexpr std::uint64_t kSegmentsMax = 10'000;
constexpr std::uint64_t kPairsMax = 10'000;

using Pairs = std::vector<std::pair<std::string, std::string>>;

void write_pairs(const Pairs& pairs, Encoder& out) {
  out.varint(pairs.size());
  for (const auto& [name, value] : pairs) out.string(name).string(value);
}

Pairs read_pairs(Decoder& in) {
  Pairs pairs;
  for (std::uint64_t left = in.varint_max(kPairsMax); left > 0 && in.ok(); --left) {
    std::string name(in.string());
    pairs.emplace_back(std::move(name), in.string());
  }
  return pairs;
}

void write_time(runtime::WallTime time, Encoder& out) {
  out.varint(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}
runtime::WallTime read_time(Decoder& in) {
  return runtime::WallTime(std::chrono::milliseconds(in.varint()));
}

aws::Checksum read_checksum(Decoder& in) {
  return static_cast<aws::Checksum>(
      in.varint_max(static_cast<std::uint64_t>(aws::Checksum::kSha256)));
}

}  // namespace

std::string encode(const ObjectRecord& record) {
  Encoder out(kVersion);
  out.varint(record.bytes).string(record.etag);
  write_time(record.modified, out);
  out.varint(record.segments.size());
  for (const Segment& segment : record.segments) {
    out.string(segment.id).boolean(segment.in_file).varint(segment.bytes);
  }
  out.varint(static_cast<std::uint64_t>(record.checksum_kind)).string(record.checksum);
  out.boolean(record.checksum_is_composite).varint(record.parts);
  write_pairs(record.headers, out);
  write_pairs(record.metadata, out);
  write_pairs(record.tags, out);
  return out.seal();
}

Result<ObjectRecord> decode_object(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  Decoder in(opened->payload);
  ObjectRecord record;
  record.bytes = in.varint();
  record.etag = in.string();
  record.modified = read_time(in);
  for (std::uint64_t left = in.varint_max(kSegmentsMax); left > 0 && in.ok(); --left) {
    Segment segment;
    segment.id = in.string();
    segment.in_file = in.boolean();
    segment.bytes = in.varint();
    record.segments.push_back(std::move(segment));
  }
  record.checksum_kind = read_checksum(in);
  record.checksum = in.string();
  record.checksum_is_composite = in.boolean();
  record.parts = static_cast<std::uint32_t>(in.varint_max(kSegmentsMax));
  record.headers = read_pairs(in);
  record.metadata = read_pairs(in);
  if (opened->version >= 2) record.tags = read_pairs(in);
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string encode(const BucketRecord& record) {
  Encoder out(kVersion);
  write_time(record.created, out);
  out.string(record.region);
  return out.seal();
}

Result<BucketRecord> decode_bucket(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  Decoder in(opened->payload);
  BucketRecord record;
  record.created = read_time(in);
  record.region = in.string();
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string encode(const UploadRecord& record) {
  Encoder out(kVersion);
  out.string(record.key);
  write_time(record.initiated, out);
  out.varint(static_cast<std::uint64_t>(record.checksum_kind));
  out.boolean(record.checksum_is_composite);
  write_pairs(record.headers, out);
  write_pairs(record.metadata, out);
  write_pairs(record.tags, out);
  return out.seal();
}

Result<UploadRecord> decode_upload(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  Decoder in(opened->payload);
  UploadRecord record;
  record.key = in.string();
  record.initiated = read_time(in);
  record.checksum_kind = read_checksum(in);
  record.checksum_is_composite = in.boolean();
  record.headers = read_pairs(in);
  record.metadata = read_pairs(in);
  if (opened->version >= 2) record.tags = read_pairs(in);
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

namespace keys {

namespace {
std::string named(std::string_view kind, std::string_view name) {
  return std::string(kind).append(name);
}
std::string within(std::string_view kind, std::string_view name, std::string_view rest) {
  std::string key(kind);
  key.append(name).push_back('\0');
  return key.append(rest);
}
}  // namespace

std::string bucket(std::string_view name) { return named(kBuckets, name); }
std::string object(std::string_view bucket, std::string_view key) {
  return within("Sso", bucket, key);
}
std::string objects(std::string_view bucket) { return within("Sso", bucket, {}); }
std::string segment(std::string_view id) { return named("Ssd", id); }
std::string file(std::string_view id) { return named("Ssf", id); }
std::string upload(std::string_view bucket, std::string_view id) {
  return within("Ssu", bucket, id);
}
std::string uploads(std::string_view bucket) { return within("Ssu", bucket, {}); }
std::string part(std::string_view upload, std::uint32_t number) {
  std::string key = within("Ssp", upload, {});
  runtime::append_u32(key, number);
  return key;
}
std::string parts(std::string_view upload) { return within("Ssp", upload, {}); }

}  // namespace keys

}  // namespace pawl::connectors::s3
