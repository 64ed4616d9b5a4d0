#include "connectors/s3/service.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/mapping.h"
#include "runtime/log/log.h"

#include <charconv>
#include <utility>

namespace pawl::connectors::s3 {
namespace {

using asl::ObjectBuilder;
using asl::Value;

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"BucketAlreadyExists", "BucketAlreadyExistsException"},
    {"BucketAlreadyOwnedByYou", "BucketAlreadyOwnedByYouException"},
    {"InvalidObjectState", "InvalidObjectStateException"},
    {"InvalidRequest", "InvalidRequestException"},
    {"NoSuchBucket", "NoSuchBucketException"},
    {"NoSuchKey", "NoSuchKeyException"},
    {"NoSuchUpload", "NoSuchUploadException"},
};
constexpr std::string_view kTextMembers[] = {"Body"};
constexpr std::string_view kDateMembers[] = {"CreationDate", "Initiated", "LastModified"};

constexpr aws::Profile kProfile{.endpoint = "s3",
                                .resource = {},  // only aws-sdk:s3, and the distributed Map's own
                                .sdk = "s3",
                                .prefix = "S3",
                                .base_exception = "S3Exception",
                                .service = "S3",
                                .sdk_prefix = "S3",
                                .sdk_base_exception = "S3Exception",
                                .sdk_service = "S3",
                                .extended_request_id = true,
                                .exceptions = kExceptions,
                                .text_members = kTextMembers,
                                .date_members = kDateMembers,
                                .headers = {},
                                .content_type = {}};

struct Entry {
  std::string_view name;
  Operation operation;
};
constexpr Entry kOperations[] = {
    {"AbortMultipartUpload", abort_multipart_upload},
    {"CompleteMultipartUpload", complete_multipart_upload},
    {"CopyObject", copy_object},
    {"CreateBucket", create_bucket},
    {"CreateMultipartUpload", create_multipart_upload},
    {"DeleteBucket", delete_bucket},
    {"DeleteObject", delete_object},
    {"DeleteObjectTagging", delete_object_tagging},
    {"DeleteObjects", delete_objects},
    {"GetBucketLocation", get_bucket_location},
    {"GetBucketVersioning", get_bucket_versioning},
    {"GetObject", get_object},
    {"GetObjectTagging", get_object_tagging},
    {"HeadBucket", head_bucket},
    {"HeadObject", head_object},
    {"ListBuckets", list_buckets},
    {"ListMultipartUploads", list_multipart_uploads},
    {"ListObjects", list_objects},
    {"ListObjectsV2", list_objects_v2},
    {"ListParts", list_parts},
    {"PutObject", put_object},
    {"PutObjectTagging", put_object_tagging},
    {"UploadPart", upload_part},
    {"UploadPartCopy", upload_part_copy},
};

bool takes_body(std::string_view operation) {
  return operation == "PutObject" || operation == "UploadPart";
}

// The bytes as JSON can hold them.
std::string text_or_base64(std::string bytes) {
  std::string quoted;
  asl::write_json_string(bytes, quoted);
  return asl::read_json(quoted) ? std::move(bytes) : aws::to_base64(bytes);
}

}  // namespace

std::string_view Request::text(std::string_view member) const {
  return asl::text_of(call.input, member);
}

std::optional<std::int64_t> Request::number(std::string_view member) const {
  const Value* value = call.input.find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_int()) return value->as_int();
  if (!value->is_string()) return std::nullopt;
  std::int64_t number = 0;
  const std::string_view text = value->as_string();
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

S3::S3(Ledger& ledger, std::string directory) : ledger_(ledger), blobs_(std::move(directory)) {}

const aws::Profile& S3::profile() const { return kProfile; }

Status S3::open() {
  Status read;
  const Result<std::size_t> removed = blobs_.sweep([&](const std::string& id) {
    std::optional<std::string> row;
    read = ledger_.read([&](Change& change) { row = change.get(keys::file(id)); });
    return !read || row.has_value();  // what cannot be read is not removed
  });
  if (!removed) return removed.error();
  if (*removed > 0) runtime::log().info("Removed {} files of unfinished uploads.", *removed);
  return read;
}

std::optional<aws::Error> S3::apply(const Request& request, const Ledger::Decide& decide) {
  if (Status applied = ledger_.apply(decide, request.call.joined); !applied) {
    return applied.error().code == ErrorCode::kLimit
               ? aws::Error{"SlowDown", "Please reduce your request rate.", 503, {}}
               : aws::store_error(applied.error());
  }
  return std::nullopt;
}

BodyWriter S3::new_body(aws::Checksum checksum) {
  std::string id = ledger_.new_id();
  std::erase(id, '-');
  return {blobs_, std::move(id), checksum};
}

aws::Checksum S3::checksum_of(const Value& input) {
  if (const Value* named = input.find("ChecksumAlgorithm");
      named != nullptr && named->is_string()) {
    return aws::checksum_from_name(named->as_string());
  }
  for (const asl::Member& member : input.members()) {
    std::string_view name = member.key.as_string();
    if (!name.starts_with("Checksum")) continue;
    name.remove_prefix(std::string_view("Checksum").size());
    if (const aws::Checksum found = aws::checksum_from_name(name); found != aws::Checksum::kNone) {
      return found;
    }
  }
  return aws::Checksum::kNone;
}

aws::Answer S3::serve(Request& request) {
  if (names_other_version(request.text("VersionId"))) return no_such_version();
  for (const Entry& entry : kOperations) {
    if (entry.name == request.call.operation) return entry.operation(*this, request);
  }
  return aws::Error{"NotImplemented",
                    "A header you provided implies functionality that is not implemented.",
                    501,
                    {}};
}

aws::Answer S3::call(const aws::Call& call) {
  const Value* body = call.input.find("Body");
  if (!takes_body(call.operation)) {
    Request request{call, nullptr};
    aws::Answer answer = serve(request);
    const auto* members = std::get_if<Value>(&answer);
    if (members == nullptr || request.reader == nullptr) return answer;
    if (request.reader->remaining() > kTaskBodyBytesMax) {
      return aws::Error{"InvalidRequest", "The object is too large to be read at once.", 400, {}};
    }
    std::string bytes;
    while (request.reader->remaining() > 0) {
      Result<std::string> piece = request.reader->read(std::size_t{1} << 20U);
      if (!piece) return aws::store_error(piece.error());
      bytes += *piece;
    }
    ObjectBuilder whole;
    whole.set("AcceptRanges", *members->find("AcceptRanges"));
    whole.set("Body", Value::string(text_or_base64(std::move(bytes))));
    for (const asl::Member& member : members->members()) whole.set(member.key, member.value);
    return std::move(whole).build();
  }
  // As the SDK does for a text: its type, and a CRC-32 unless the caller names another [rec].
  ObjectBuilder input(call.input);
  input.erase("Body");
  if (call.operation == "PutObject" && call.input.find("ContentType") == nullptr) {
    input.set("ContentType", Value::string("text/plain; charset=UTF-8"));
  }
  aws::Checksum checksum = checksum_of(call.input);
  if (checksum == aws::Checksum::kNone) checksum = aws::Checksum::kCrc32;
  aws::Call inner = call;
  inner.input = std::move(input).build();
  BodyWriter writer = new_body(checksum);
  if (body != nullptr && body->is_string()) {
    if (Status written = writer.write(body->as_string()); !written) {
      return aws::store_error(written.error());
    }
  }
  Result<std::shared_ptr<StoredBody>> stored = writer.finish();
  if (!stored) return aws::store_error(stored.error());
  Request request{inner, *std::move(stored)};
  return serve(request);
}

}  // namespace pawl::connectors::s3
