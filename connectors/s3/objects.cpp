// Objects: put, get, head, copy, delete.
#include "connectors/aws/base64.h"
#include "connectors/aws/mapping.h"
#include "connectors/s3/service.h"
#include "runtime/http/message.h"
#include "runtime/http/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace pawl::connectors::s3 {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;
using Pairs = std::vector<std::pair<std::string, std::string>>;

namespace {

// What a client may say about an object, and gets back.
constexpr std::string_view kKeptMembers[] = {"CacheControl",    "ContentDisposition",
                                             "ContentEncoding", "ContentLanguage",
                                             "ContentType",     "Expires",
                                             "StorageClass",    "WebsiteRedirectLocation"};
constexpr std::string_view kStandardClass = "STANDARD";
constexpr std::string_view kDefaultType = "binary/octet-stream";

Error precondition_failed(std::string_view condition) {
  Error error{"PreconditionFailed",
              "At least one of the pre-conditions you specified did not hold",
              412,
              {}};
  error.details = std::move(ObjectBuilder().set("Condition", Value::string(condition))).build();
  return error;
}
Error not_modified() { return {"NotModified", "Not Modified", 304, {}}; }

bool etag_matches(std::string_view condition, const ObjectRecord& record) {
  if (condition == "*") return true;
  // A list: W/ and quotes are optional.
  while (!condition.empty()) {
    const std::size_t comma = condition.find(',');
    std::string_view one = condition.substr(0, comma);
    while (!one.empty() && (one.front() == ' ' || one.front() == '"')) one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '"')) one.remove_suffix(1);
    if (one == record.etag) return true;
    if (comma == std::string_view::npos) break;
    condition.remove_prefix(comma + 1);
  }
  return false;
}

// A date of HTTP or, in a Task's parameters, ISO 8601. Nothing for what is neither: ignored, as
// HTTP asks.
std::optional<std::int64_t> seconds_of(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%Y-%m-%dT%H:%M:%S"}) {
    parts = {};
    if (strptime(copy.c_str(), form, &parts) != nullptr) return timegm(&parts);
  }
  return std::nullopt;
}

std::optional<Error> check_read_conditions(const Request& request, const ObjectRecord& record) {
  const std::int64_t modified =
      std::chrono::floor<std::chrono::seconds>(record.modified).time_since_epoch().count();
  if (request.has("IfMatch")) {
    if (!etag_matches(request.text("IfMatch"), record)) return precondition_failed("If-Match");
  } else if (const auto since = seconds_of(request.text("IfUnmodifiedSince"));
             since && modified > *since) {
    return precondition_failed("If-Unmodified-Since");
  }
  if (request.has("IfNoneMatch")) {
    if (etag_matches(request.text("IfNoneMatch"), record)) return not_modified();
  } else if (const auto since = seconds_of(request.text("IfModifiedSince"));
             since && modified <= *since) {
    return not_modified();
  }
  return std::nullopt;
}

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool partial = false;
};

// "bytes=0-9", "bytes=5-", "bytes=-5". What is no range at all is ignored, as HTTP asks; one that
// begins past the end is an error.
std::variant<ByteRange, Error> range_of(std::string_view text, std::uint64_t bytes) {
  const ByteRange whole{0, bytes, false};
  if (!text.starts_with("bytes=")) return whole;
  text.remove_prefix(6);
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return whole;
  const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [rest, failed] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || failed != std::errc() || rest != digits.data() + digits.size()) {
      return std::nullopt;
    }
    return value;
  };
  const auto first = number(text.substr(0, dash));
  const auto last = number(text.substr(dash + 1));
  const Error unsatisfiable{"InvalidRange", "The requested range is not satisfiable", 416, {}};
  if (!first) {
    if (dash != 0 || !last) return whole;
    if (*last == 0 || bytes == 0) return unsatisfiable;
    const std::uint64_t size = std::min(*last, bytes);
    return ByteRange{bytes - size, size, true};
  }
  if (text.size() > dash + 1 && !last) return whole;
  if (last && *last < *first) return whole;
  if (*first >= bytes) return unsatisfiable;
  const std::uint64_t end = last ? std::min(*last + 1, bytes) : bytes;
  return ByteRange{*first, end - *first, true};
}

bool wants_checksum(const Request& request) {
  return runtime::equal_ignoring_case(request.text("ChecksumMode"), "ENABLED");
}

// Writes `record` and its bytes in place of what is there.
Answer write_object(S3& s3, Request& request, ObjectRecord record, bool copied) {
  const std::string bucket(request.text("Bucket"));
  const std::string row_key = keys::object(bucket, request.text("Key"));
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        if (!has_bucket(change, bucket)) {
          refused = no_such_bucket();
          return;
        }
        std::optional<ObjectRecord> current;
        if (const std::optional<std::string> row = change.get(row_key)) {
          Result<ObjectRecord> read = decode_object(*row, row_key);
          if (!read) return change.fail(std::move(read).error());
          current = *std::move(read);
        }
        refused = check_write_conditions(request, current ? &*current : nullptr);
        if (refused) return;
        if (current) erase_segments(*current, change, s3.blobs());
        request.body->write(change);
        change.put(row_key, encode(record));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  request.body->keep();
  ObjectBuilder out;
  if (copied) {
    ObjectBuilder result;
    describe_checksum(record, result);
    result.set("ETag", Value::string(quoted_etag(record)));
    result.set("LastModified", Value::number(epoch_seconds(record.modified)));
    out.set("CopyObjectResult", std::move(result).build());
  } else {
    describe_checksum(record, out);
    out.set("ETag", Value::string(quoted_etag(record)));
  }
  out.set("ServerSideEncryption", Value::string("AES256"));
  return std::move(out).build();
}

ObjectRecord record_of(const StoredBody& body, runtime::WallTime now) {
  ObjectRecord record;
  record.bytes = body.segment.bytes;
  record.etag = aws::to_hex(body.md5);
  // Dates in headers and lists have whole seconds.
  record.modified = std::chrono::floor<std::chrono::seconds>(now);
  record.segments.push_back(body.segment);
  record.checksum_kind = body.checksum_kind;
  record.checksum = body.checksum;
  return record;
}

}  // namespace

// --- shared ---

bool has_bucket(Change& change, std::string_view name) {
  return change.get_remembered(keys::bucket(name), decode_bucket) != nullptr;
}
Error no_such_bucket() { return {"NoSuchBucket", "The specified bucket does not exist", 404, {}}; }
Error no_such_key() { return {"NoSuchKey", "The specified key does not exist.", 404, {}}; }
Error invalid_argument(std::string message) {
  return {"InvalidArgument", std::move(message), 400, {}};
}

std::string quoted_etag(const ObjectRecord& record) { return "\"" + record.etag + "\""; }

double epoch_seconds(runtime::WallTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

void describe_checksum(const ObjectRecord& record, ObjectBuilder& out) {
  if (record.checksum_kind == aws::Checksum::kNone) return;
  std::string text = aws::to_base64(record.checksum);
  if (record.checksum_is_composite) text += fmt::format("-{}", record.parts);
  out.set(fmt::format("Checksum{}", aws::checksum_name(record.checksum_kind)), Value::string(text));
  out.set("ChecksumType",
          Value::string(record.checksum_is_composite ? "COMPOSITE" : "FULL_OBJECT"));
}

void describe_object(const ObjectRecord& record, bool with_checksum, ObjectBuilder& out) {
  out.set("ETag", Value::string(quoted_etag(record)));
  out.set("LastModified", Value::number(epoch_seconds(record.modified)));
  if (with_checksum) describe_checksum(record, out);
  for (const auto& [name, value] : record.headers) out.set(name, Value::string(value));
  ObjectBuilder metadata;
  for (const auto& [name, value] : record.metadata) metadata.set(name, Value::string(value));
  out.set("Metadata", std::move(metadata).build());
  out.set("ServerSideEncryption", Value::string("AES256"));
}

std::variant<ObjectRecord, Error> find_object(S3& s3, std::string_view bucket,
                                              std::string_view key) {
  std::optional<ObjectRecord> found;
  bool bucket_there = false;
  const std::string row_key = keys::object(bucket, key);
  Status read = s3.ledger().read([&](Change& change) {
    bucket_there = has_bucket(change, bucket);
    const std::optional<std::string> row = change.get(row_key);
    if (!row) return;
    Result<ObjectRecord> record = decode_object(*row, row_key);
    if (!record) return change.fail(std::move(record).error());
    found = *std::move(record);
  });
  if (!read) return aws::store_error(read.error());
  if (!bucket_there) return no_such_bucket();
  if (!found) return no_such_key();
  return *std::move(found);
}

std::optional<Error> check_key(const Request& request) {
  if (request.text("Bucket").empty())
    return Error{"InvalidBucketName", "The specified bucket is not valid.", 400, {}};
  const std::string_view key = request.text("Key");
  if (key.empty()) return invalid_argument("Key must not be empty");
  if (key.size() > kKeyBytesMax) return Error{"KeyTooLongError", "Your key is too long", 400, {}};
  return std::nullopt;
}

std::optional<Error> read_attributes(const Request& request, std::string_view content_type,
                                     Pairs& headers, Pairs& metadata) {
  headers.clear();
  metadata.clear();
  for (const std::string_view name : kKeptMembers) {
    std::string_view value = request.text(name);
    if (name == "ContentType" && value.empty()) value = content_type;
    if (value.empty() || (name == "StorageClass" && value == kStandardClass)) continue;
    headers.emplace_back(name, value);
  }
  const Value* given = request.call.input.find("Metadata");
  if (given == nullptr || !given->is_object()) return std::nullopt;
  std::size_t bytes = 0;
  for (const asl::Member& member : given->members()) {
    const std::string_view value =
        member.value.is_string() ? member.value.as_string() : std::string_view();
    std::string name(member.key.as_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    bytes += name.size() + value.size();
    metadata.emplace_back(std::move(name), value);
  }
  if (bytes > kMetadataBytesMax) {
    return Error{"MetadataTooLarge",
                 "Your metadata headers exceed the maximum allowed metadata size",
                 400,
                 {}};
  }
  return std::nullopt;
}

std::optional<Error> check_digests(const Request& request, const StoredBody& body) {
  if (const std::string_view given = request.text("ContentMD5"); !given.empty()) {
    const std::optional<std::string> md5 = aws::from_base64(given);
    if (!md5 || md5->size() != body.md5.size()) {
      return Error{"InvalidDigest", "The Content-MD5 you specified was invalid.", 400, {}};
    }
    if (*md5 != body.md5) {
      return Error{
          "BadDigest", "The Content-MD5 you specified did not match what we received.", 400, {}};
    }
  }
  if (body.checksum_kind == aws::Checksum::kNone) return std::nullopt;
  const std::string_view kind = aws::checksum_name(body.checksum_kind);
  const std::string_view given = request.text(fmt::format("Checksum{}", kind));
  if (given.empty()) return std::nullopt;
  const std::optional<std::string> checksum = aws::from_base64(given);
  std::string lower(kind);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (!checksum || checksum->size() != body.checksum.size()) {
    return Error{"InvalidRequest",
                 fmt::format("Value for x-amz-checksum-{} header is invalid.", lower),
                 400,
                 {}};
  }
  if (*checksum != body.checksum) {
    return Error{"BadDigest",
                 fmt::format("The {} you specified did not match the calculated checksum.", kind),
                 400,
                 {}};
  }
  return std::nullopt;
}

std::optional<Error> check_write_conditions(const Request& request, const ObjectRecord* current) {
  if (const std::string_view match = request.text("IfMatch"); !match.empty()) {
    if (current == nullptr) return no_such_key();
    if (!etag_matches(match, *current)) return precondition_failed("If-Match");
  }
  if (const std::string_view none = request.text("IfNoneMatch"); !none.empty()) {
    if (none != "*") {
      return Error{"NotImplemented",
                   "A header you provided implies functionality that is not implemented",
                   501,
                   {}};
    }
    if (current != nullptr) return precondition_failed("If-None-Match");
  }
  return std::nullopt;
}

// --- operations ---

Answer put_object(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  if (auto wrong = check_digests(request, *request.body)) return *std::move(wrong);
  ObjectRecord record = record_of(*request.body, s3.ledger().now());
  if (auto wrong = read_attributes(request, kDefaultType, record.headers, record.metadata)) {
    return *std::move(wrong);
  }
  if (auto wrong = read_tags(request, record.tags)) return *std::move(wrong);
  return write_object(s3, request, std::move(record), false);
}

Answer get_object(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  // An object that is replaced between its row and its file: look again.
  for (int attempt = 0;; ++attempt) {
    auto found = find_object(s3, request.text("Bucket"), request.text("Key"));
    if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
    const auto& record = std::get<ObjectRecord>(found);
    if (auto failed = check_read_conditions(request, record)) return *std::move(failed);
    auto ranged = range_of(request.text("Range"), record.bytes);
    if (auto* error = std::get_if<Error>(&ranged)) return std::move(*error);
    ByteRange range = std::get<ByteRange>(ranged);
    if (const auto part = request.number("PartNumber")) {
      const auto parts = static_cast<std::int64_t>(record.segments.size());
      if (*part < 1 || *part > parts) {
        return Error{"InvalidPartNumber", "The requested partnumber is not satisfiable", 416, {}};
      }
      range = {0, record.segments[static_cast<std::size_t>(*part - 1)].bytes, true};
      for (std::int64_t i = 0; i < *part - 1; ++i) {
        range.offset += record.segments[static_cast<std::size_t>(i)].bytes;
      }
    }
    request.reader =
        std::make_unique<ObjectReader>(s3.ledger(), s3.blobs(), record, range.offset, range.size);
    if (Status opened = request.reader->open(); !opened) {
      if (opened.error().code == ErrorCode::kNotFound && attempt < 3) continue;
      return aws::store_error(opened.error());
    }
    ObjectBuilder out;
    out.set("AcceptRanges", Value::string("bytes"));
    out.set("ContentLength", Value::integer(static_cast<std::int64_t>(range.size)));
    if (range.partial) {
      out.set("ContentRange",
              Value::string(fmt::format("bytes {}-{}/{}", range.offset,
                                        range.offset + range.size - 1, record.bytes)));
    }
    describe_object(record, wants_checksum(request) && !range.partial, out);
    if (!record.tags.empty()) {
      out.set("TagCount", Value::integer(static_cast<std::int64_t>(record.tags.size())));
    }
    if (record.parts > 0 && request.has("PartNumber")) {
      out.set("PartsCount", Value::integer(record.parts));
    }
    for (const auto& [member, shown] : std::array<std::pair<std::string_view, std::string_view>, 6>{
             {{"ResponseCacheControl", "CacheControl"},
              {"ResponseContentDisposition", "ContentDisposition"},
              {"ResponseContentEncoding", "ContentEncoding"},
              {"ResponseContentLanguage", "ContentLanguage"},
              {"ResponseContentType", "ContentType"},
              {"ResponseExpires", "Expires"}}}) {
      if (request.has(member)) out.set(shown, Value::string(request.text(member)));
    }
    return std::move(out).build();
  }
}

Answer head_object(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  auto found = find_object(s3, request.text("Bucket"), request.text("Key"));
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  const auto& record = std::get<ObjectRecord>(found);
  if (auto failed = check_read_conditions(request, record)) return *std::move(failed);
  auto ranged = range_of(request.text("Range"), record.bytes);
  if (auto* error = std::get_if<Error>(&ranged)) return std::move(*error);
  const ByteRange range = std::get<ByteRange>(ranged);
  ObjectBuilder out;
  out.set("AcceptRanges", Value::string("bytes"));
  out.set("ContentLength", Value::integer(static_cast<std::int64_t>(range.size)));
  describe_object(record, wants_checksum(request), out);
  return std::move(out).build();
}

std::variant<std::shared_ptr<StoredBody>, Error> copy_source(S3& s3, const Request& request,
                                                             aws::Checksum checksum,
                                                             ObjectRecord& source) {
  const std::string_view given = request.text("CopySource");
  constexpr std::string_view kVersion = "?versionId=";
  const std::size_t version = given.rfind(kVersion);
  if (version != std::string_view::npos &&
      names_other_version(given.substr(version + kVersion.size()))) {
    return no_such_version();
  }
  std::string place = runtime::percent_decode(given.substr(0, version));
  if (place.starts_with('/')) place.erase(0, 1);
  const std::size_t slash = place.find('/');
  if (slash == std::string::npos || slash + 1 == place.size()) {
    return invalid_argument(
        "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  }
  auto found = find_object(s3, place.substr(0, slash), place.substr(slash + 1));
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  source = std::get<ObjectRecord>(std::move(found));
  if (request.has("CopySourceIfMatch") &&
      !etag_matches(request.text("CopySourceIfMatch"), source)) {
    return precondition_failed("x-amz-copy-source-If-Match");
  }
  if (request.has("CopySourceIfNoneMatch") &&
      etag_matches(request.text("CopySourceIfNoneMatch"), source)) {
    return precondition_failed("x-amz-copy-source-If-None-Match");
  }
  auto ranged = range_of(request.text("CopySourceRange"), source.bytes);
  if (auto* error = std::get_if<Error>(&ranged)) return std::move(*error);
  const ByteRange range = std::get<ByteRange>(ranged);
  if (range.size > kPutBytesMax) {
    return Error{"InvalidRequest",
                 "The specified copy source is larger than the maximum allowable size for a copy "
                 "source: 5368709120",
                 400,
                 {}};
  }
  ObjectReader reader(s3.ledger(), s3.blobs(), source, range.offset, range.size);
  BodyWriter writer = s3.new_body(checksum);
  while (reader.remaining() > 0) {
    const Result<std::string> piece = reader.read(std::size_t{256} << 10U);
    if (!piece) return aws::store_error(piece.error());
    if (Status written = writer.write(*piece); !written) return aws::store_error(written.error());
  }
  Result<std::shared_ptr<StoredBody>> stored = writer.finish();
  if (!stored) return aws::store_error(stored.error());
  return *std::move(stored);
}

Answer copy_object(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  const bool replace = request.text("MetadataDirective") == "REPLACE";
  const std::string target =
      std::string(request.text("Bucket")).append("/").append(request.text("Key"));
  if (!replace && runtime::percent_decode(request.text("CopySource")) == target) {
    return Error{"InvalidRequest",
                 "This copy request is illegal because it is trying to copy an object to itself "
                 "without changing the object's metadata, storage class, website redirect location "
                 "or encryption attributes.",
                 400,
                 {}};
  }
  ObjectRecord source;
  auto copied = copy_source(s3, request, S3::checksum_of(request.call.input), source);
  if (auto* error = std::get_if<Error>(&copied)) return std::move(*error);
  request.body = std::get<std::shared_ptr<StoredBody>>(std::move(copied));
  ObjectRecord record = record_of(*request.body, s3.ledger().now());
  if (replace) {
    if (auto wrong = read_attributes(request, kDefaultType, record.headers, record.metadata)) {
      return *std::move(wrong);
    }
  } else {
    record.headers = source.headers;
    record.metadata = source.metadata;
  }
  if (request.text("TaggingDirective") == "REPLACE") {
    if (auto wrong = read_tags(request, record.tags)) return *std::move(wrong);
  } else {
    record.tags = source.tags;
  }
  return write_object(s3, request, std::move(record), true);
}

namespace {

// Erases an object if it is there; that it is not is no error.
void erase_object(S3& s3, Change& change, std::string_view bucket, std::string_view key) {
  const std::string row_key = keys::object(bucket, key);
  const std::optional<std::string> row = change.get(row_key);
  if (!row) return;
  const Result<ObjectRecord> record = decode_object(*row, row_key);
  if (!record) return change.fail(record.error());
  erase_segments(*record, change, s3.blobs());
  change.erase(row_key);
}

}  // namespace

Answer delete_object(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  const std::string bucket(request.text("Bucket"));
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        if (!has_bucket(change, bucket)) {
          refused = no_such_bucket();
          return;
        }
        if (const std::string_view match = request.text("IfMatch"); !match.empty()) {
          const std::string key = keys::object(bucket, request.text("Key"));
          const std::optional<std::string> row = change.get(key);
          const Result<ObjectRecord> record =
              row ? decode_object(*row, key) : Result<ObjectRecord>(ObjectRecord());
          if (!record) return change.fail(record.error());
          if (!row || !etag_matches(match, *record)) {
            refused = row ? precondition_failed("If-Match") : no_such_key();
            return;
          }
        }
        erase_object(s3, change, bucket, request.text("Key"));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  return Value::object({});
}

Answer delete_objects(S3& s3, Request& request) {
  const std::string bucket(request.text("Bucket"));
  const Value* wanted = request.call.input.find("Delete");
  const Value* objects = wanted == nullptr ? nullptr : wanted->find("Objects");
  if (objects == nullptr || !objects->is_array() || objects->size() == 0 ||
      objects->size() > static_cast<std::size_t>(kListMax)) {
    return Error{"MalformedXML",
                 "The XML you provided was not well-formed or did not validate against our "
                 "published schema",
                 400,
                 {}};
  }
  const Value* quiet_member = wanted->find("Quiet");
  const bool quiet =
      quiet_member != nullptr &&
      (quiet_member->is_bool() ? quiet_member->as_bool()
                               : quiet_member->is_string() && quiet_member->as_string() == "true");
  std::vector<Value> deleted;
  std::vector<Value> errors;
  for (const Value& object : objects->items()) {
    const Value* key = object.find("Key");
    if (key == nullptr || !key->is_string() || key->as_string().empty()) {
      return invalid_argument("Key must not be empty");
    }
    const std::string_view version = text_of(object, "VersionId");
    if (names_other_version(version)) {
      ObjectBuilder error;
      error.set("Key", *key).set("VersionId", Value::string(version));
      error.set("Code", Value::string("NoSuchVersion"));
      error.set("Message", Value::string(no_such_version().message));
      errors.push_back(std::move(error).build());
      continue;
    }
    deleted.push_back(std::move(ObjectBuilder().set("Key", *key)).build());
  }
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        if (!has_bucket(change, bucket)) {
          refused = no_such_bucket();
          return;
        }
        for (const Value& object : deleted) {
          erase_object(s3, change, bucket, object.find("Key")->as_string());
        }
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  ObjectBuilder out;
  if (!quiet) out.set("Deleted", Value::array(std::move(deleted)));
  if (!errors.empty()) out.set("Errors", Value::array(std::move(errors)));
  return std::move(out).build();
}

}  // namespace pawl::connectors::s3
