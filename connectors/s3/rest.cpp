#include "connectors/s3/rest.h"

#include "connectors/aws/base64.h"
#include "connectors/aws/chunked.h"
#include "connectors/aws/json_protocol.h"
#include "connectors/aws/mapping.h"
#include "connectors/aws/xml.h"
#include "connectors/http_date.h"
#include "runtime/http/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pawl::connectors::s3 {
namespace {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;
using runtime::HttpRequest;
using runtime::HttpResponse;

constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";

struct Named {
  std::string_view wire;
  std::string_view member;
};

// Of the query.
constexpr Named kQueryMembers[] = {
    {"continuation-token", "ContinuationToken"},
    {"delimiter", "Delimiter"},
    {"encoding-type", "EncodingType"},
    {"fetch-owner", "FetchOwner"},
    {"marker", "Marker"},
    {"max-buckets", "MaxBuckets"},
    {"max-keys", "MaxKeys"},
    {"max-parts", "MaxParts"},
    {"part-number-marker", "PartNumberMarker"},
    {"partNumber", "PartNumber"},
    {"prefix", "Prefix"},
    {"response-cache-control", "ResponseCacheControl"},
    {"response-content-disposition", "ResponseContentDisposition"},
    {"response-content-encoding", "ResponseContentEncoding"},
    {"response-content-language", "ResponseContentLanguage"},
    {"response-content-type", "ResponseContentType"},
    {"response-expires", "ResponseExpires"},
    {"start-after", "StartAfter"},
    {"uploadId", "UploadId"},
    {"versionId", "VersionId"},
};

// Of the head, in requests and answers alike.
constexpr Named kHeaderMembers[] = {
    {"Accept-Ranges", "AcceptRanges"},
    {"Cache-Control", "CacheControl"},
    {"Content-Disposition", "ContentDisposition"},
    {"Content-Encoding", "ContentEncoding"},
    {"Content-Language", "ContentLanguage"},
    {"Content-MD5", "ContentMD5"},
    {"Content-Range", "ContentRange"},
    {"Content-Type", "ContentType"},
    {"ETag", "ETag"},
    {"Expires", "Expires"},
    {"If-Match", "IfMatch"},
    {"If-Modified-Since", "IfModifiedSince"},
    {"If-None-Match", "IfNoneMatch"},
    {"If-Unmodified-Since", "IfUnmodifiedSince"},
    {"Range", "Range"},
    {"x-amz-bucket-region", "BucketRegion"},
    {"x-amz-checksum-algorithm", "ChecksumAlgorithm"},
    {"x-amz-checksum-crc32", "ChecksumCRC32"},
    {"x-amz-checksum-crc32c", "ChecksumCRC32C"},
    {"x-amz-checksum-crc64nvme", "ChecksumCRC64NVME"},
    {"x-amz-checksum-mode", "ChecksumMode"},
    {"x-amz-checksum-sha1", "ChecksumSHA1"},
    {"x-amz-checksum-sha256", "ChecksumSHA256"},
    {"x-amz-checksum-type", "ChecksumType"},
    {"x-amz-copy-source", "CopySource"},
    {"x-amz-copy-source-if-match", "CopySourceIfMatch"},
    {"x-amz-copy-source-if-none-match", "CopySourceIfNoneMatch"},
    {"x-amz-copy-source-range", "CopySourceRange"},
    {"x-amz-metadata-directive", "MetadataDirective"},
    {"x-amz-mp-parts-count", "PartsCount"},
    {"x-amz-server-side-encryption", "ServerSideEncryption"},
    {"x-amz-storage-class", "StorageClass"},
    {"x-amz-tagging", "Tagging"},
    {"x-amz-tagging-count", "TagCount"},
    {"x-amz-tagging-directive", "TaggingDirective"},
    {"x-amz-website-redirect-location", "WebsiteRedirectLocation"},
};
constexpr std::string_view kMetadataPrefix = "x-amz-meta-";

// Answers that are documents; all others are headers.
struct Document {
  std::string_view operation;
  std::string_view root;
  std::string_view member;  // of the answer, that is the document; empty: the answer is
};
constexpr Document kDocuments[] = {
    {"CompleteMultipartUpload", "CompleteMultipartUploadResult", ""},
    {"CopyObject", "CopyObjectResult", "CopyObjectResult"},
    {"CreateMultipartUpload", "InitiateMultipartUploadResult", ""},
    {"DeleteObjects", "DeleteResult", ""},
    {"GetBucketVersioning", "VersioningConfiguration", ""},
    {"GetObjectTagging", "Tagging", ""},
    {"ListBuckets", "ListAllMyBucketsResult", ""},
    {"ListMultipartUploads", "ListMultipartUploadsResult", ""},
    {"ListObjects", "ListBucketResult", ""},
    {"ListObjectsV2", "ListBucketResult", ""},
    {"ListParts", "ListPartsResult", ""},
    {"UploadPartCopy", "CopyPartResult", "CopyPartResult"},
};

// Lists are flat, with names of their own; buckets are wrapped.
std::string_view element_of(std::string_view member) {
  if (member == "Parts") return "Part";
  if (member == "Uploads") return "Upload";
  if (member == "Buckets") return "Bucket";
  if (member == "TagSet") return "Tag";
  if (member == "Errors") return "Error";
  return member;
}

bool is_date(std::string_view member) {
  return member == "CreationDate" || member == "Initiated" || member == "LastModified";
}

std::string text_of(std::string_view member, const Value& value) {
  if (is_date(member) && value.is_number()) return aws::iso_date(value.as_double());
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_int()) return std::to_string(value.as_int());
  return fmt::format("{}", value.as_double());
}

// NOLINTNEXTLINE(misc-no-recursion): answers nest three deep
void write_member(std::string_view name, const Value& value, aws::XmlWriter& xml) {
  if (value.is_array()) {
    const bool wrapped = name == "Buckets" || name == "TagSet";
    if (wrapped) xml.open(name);
    for (const Value& item : value.items()) write_member(element_of(name), item, xml);
    if (wrapped) xml.close();
  } else if (value.is_object()) {
    xml.open(name);
    for (const asl::Member& member : value.members()) {
      write_member(member.key.as_string(), member.value, xml);
    }
    xml.close();
  } else {
    xml.text(name, text_of(name, value));
  }
}

bool is_decimal(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// --- what a request is about ---

// The bucket that the Host names: bucket.s3.REGION.amazonaws.com, bucket.s3.localhost,
// bucket.localhost.
std::string bucket_of_host(std::string_view host) {
  host = host.substr(0, host.rfind(':'));
  for (const std::string_view mark : {".s3.", ".s3-"}) {
    const std::size_t at = host.find(mark);
    if (at != std::string_view::npos && at > 0) return std::string(host.substr(0, at));
  }
  constexpr std::string_view kLocal = ".localhost";
  if (host.ends_with(kLocal)) {
    host.remove_suffix(kLocal.size());
    if (host != "s3" && !host.empty()) return std::string(host);
  }
  return {};
}

bool has_parameter(const runtime::QueryParameters& query, std::string_view name) {
  return std::any_of(query.begin(), query.end(),
                     [name](const auto& parameter) { return parameter.first == name; });
}

// Parts of the API that are not offered: naming them must not fall through to something else.
constexpr std::string_view kOtherResources[] = {"accelerate",
                                                "acl",
                                                "analytics",
                                                "attributes",
                                                "cors",
                                                "encryption",
                                                "intelligent-tiering",
                                                "inventory",
                                                "legal-hold",
                                                "lifecycle",
                                                "logging",
                                                "metrics",
                                                "notification",
                                                "object-lock",
                                                "ownershipControls",
                                                "policy",
                                                "policyStatus",
                                                "publicAccessBlock",
                                                "replication",
                                                "requestPayment",
                                                "restore",
                                                "retention",
                                                "select",
                                                "tagging",
                                                "torrent",
                                                "versioning",
                                                "versions",
                                                "website"};

std::string operation_of(const HttpRequest& request, bool bucket, bool key,
                         const runtime::QueryParameters& query) {
  const std::string& method = request.method;
  if (key && has_parameter(query, "tagging")) {
    if (method == "GET") return "GetObjectTagging";
    if (method == "PUT") return "PutObjectTagging";
    return method == "DELETE" ? "DeleteObjectTagging" : "";
  }
  if (bucket && !key && method == "GET" && has_parameter(query, "versioning")) {
    return "GetBucketVersioning";
  }
  for (const std::string_view other : kOtherResources) {
    if (has_parameter(query, other)) return "";
  }
  const bool upload = has_parameter(query, "uploadId");
  const bool copy = request.headers.has("x-amz-copy-source");
  if (!bucket) return method == "GET" ? "ListBuckets" : "";
  if (!key) {
    if (method == "PUT") return "CreateBucket";
    if (method == "HEAD") return "HeadBucket";
    if (method == "DELETE") return "DeleteBucket";
    if (method == "POST") return has_parameter(query, "delete") ? "DeleteObjects" : "";
    if (method != "GET") return "";
    if (has_parameter(query, "location")) return "GetBucketLocation";
    if (has_parameter(query, "uploads")) return "ListMultipartUploads";
    for (const auto& [name, value] : query) {
      if (name == "list-type" && value == "2") return "ListObjectsV2";
    }
    return "ListObjects";
  }
  if (method == "GET") return upload ? "ListParts" : "GetObject";
  if (method == "HEAD") return "HeadObject";
  if (method == "DELETE") return upload ? "AbortMultipartUpload" : "DeleteObject";
  if (method == "PUT" && upload) return copy ? "UploadPartCopy" : "UploadPart";
  if (method == "PUT") return copy ? "CopyObject" : "PutObject";
  if (method == "POST" && has_parameter(query, "uploads")) return "CreateMultipartUpload";
  if (method == "POST" && upload) return "CompleteMultipartUpload";
  return "";
}

// --- input ---

// Members from line and head. Nothing of the body.
Value input_of(const HttpRequest& request, const Target& target) {
  ObjectBuilder input;
  if (!target.bucket.empty()) input.set("Bucket", Value::string(target.bucket));
  if (!target.key.empty()) input.set("Key", Value::string(target.key));
  for (const auto& [name, value] : runtime::read_parameters(request.query())) {
    for (const Named& known : kQueryMembers) {
      if (known.wire == name) input.set(known.member, Value::string(value));
    }
  }
  ObjectBuilder metadata;
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    const auto [name, value] = request.headers[i];
    for (const Named& known : kHeaderMembers) {
      if (runtime::equal_ignoring_case(known.wire, name)) {
        input.set(known.member, Value::string(value));
      }
    }
    if (runtime::equal_ignoring_case(name, "x-amz-sdk-checksum-algorithm")) {
      input.set("ChecksumAlgorithm", Value::string(value));
    }
    if (name.size() > kMetadataPrefix.size() &&
        runtime::equal_ignoring_case(name.substr(0, kMetadataPrefix.size()), kMetadataPrefix)) {
      metadata.set(name.substr(kMetadataPrefix.size()), Value::string(value));
    }
  }
  if (metadata.size() > 0) input.set("Metadata", std::move(metadata).build());
  // aws-chunked is how the body travels, not what the object is.
  if (const std::string_view coding = request.headers.get("Content-Encoding");
      coding.find("aws-chunked") != std::string_view::npos) {
    std::string rest;
    std::string_view left = coding;
    while (!left.empty()) {
      const std::size_t comma = left.find(',');
      std::string_view one = left.substr(0, comma);
      while (one.starts_with(' ')) one.remove_prefix(1);
      if (one != "aws-chunked" && !one.empty()) rest.append(rest.empty() ? "" : ",").append(one);
      if (comma == std::string_view::npos) break;
      left.remove_prefix(comma + 1);
    }
    input.erase("ContentEncoding");
    if (!rest.empty()) input.set("ContentEncoding", Value::string(rest));
  }
  return std::move(input).build();
}

// Members from a document: of DeleteObjects, CompleteMultipartUpload, CreateBucket.
std::optional<Error> read_document(const HttpRequest& request, aws::Call& call) {
  const bool wanted = call.operation == "DeleteObjects" ||
                      call.operation == "CompleteMultipartUpload" ||
                      call.operation == "PutObjectTagging" ||
                      (call.operation == "CreateBucket" && !request.body.empty());
  if (!wanted) return std::nullopt;
  const Result<aws::XmlElement> document = aws::read_xml(request.body);
  if (!document) {
    return Error{"MalformedXML",
                 "The XML you provided was not well-formed or did not validate against our "
                 "published schema",
                 400,
                 {}};
  }
  ObjectBuilder input(call.input);
  if (call.operation == "PutObjectTagging") {
    std::vector<Value> tags;
    if (const aws::XmlElement* set = document->find("TagSet")) {
      for (const aws::XmlElement& one : set->children) {
        ObjectBuilder tag;
        tag.set("Key", Value::string(one.text_of("Key")));
        tag.set("Value", Value::string(one.text_of("Value")));
        tags.push_back(std::move(tag).build());
      }
    }
    input.set("Tagging",
              std::move(ObjectBuilder().set("TagSet", Value::array(std::move(tags)))).build());
    call.input = std::move(input).build();
    return std::nullopt;
  }
  std::vector<Value> items;
  for (const aws::XmlElement& child : document->children) {
    ObjectBuilder item;
    for (const aws::XmlElement& field : child.children) {
      const bool number =
          field.name == "PartNumber" && is_decimal(field.text) && field.text.size() <= 9;
      item.set(field.name,
               number ? Value::integer(std::stoi(field.text)) : Value::string(field.text));
    }
    if (child.name == "Object" || child.name == "Part") {
      items.push_back(std::move(item).build());
    }
  }
  if (call.operation == "DeleteObjects") {
    ObjectBuilder wanted_objects;
    wanted_objects.set("Objects", Value::array(std::move(items)));
    wanted_objects.set("Quiet", Value::boolean(document->text_of("Quiet") == "true"));
    input.set("Delete", std::move(wanted_objects).build());
  } else if (call.operation == "CompleteMultipartUpload") {
    input.set("MultipartUpload",
              std::move(ObjectBuilder().set("Parts", Value::array(std::move(items)))).build());
  } else {
    input.set("CreateBucketConfiguration",
              std::move(ObjectBuilder().set("LocationConstraint",
                                            Value::string(document->text_of("LocationConstraint"))))
                  .build());
  }
  call.input = std::move(input).build();
  return std::nullopt;
}

// --- bytes ---

// The body of PutObject and UploadPart on its way into the store.
class UploadSink final : public runtime::BodySink {
 public:
  UploadSink(S3& s3, const HttpRequest& head, const Value& input)
      : chunked_(head.headers.get("x-amz-content-sha256").starts_with("STREAMING-") ||
                 head.headers.get("Content-Encoding").find("aws-chunked") !=
                     std::string_view::npos),
        writer_(s3.new_body(checksum_of(head, input))),
        claimed_sha256_(head.headers.get("x-amz-content-sha256")) {
    constexpr std::size_t kHexDigits = 64;
    if (claimed_sha256_.size() == kHexDigits) sha256_.emplace(aws::Checksum::kSha256);
  }

  std::string sha256() override {
    if (sha256_) {
      computed_sha256_ = aws::to_hex(sha256_->checksum());
      sha256_.reset();
    }
    return computed_sha256_;
  }

  Status write(std::string_view bytes) override {
    if (sha256_) sha256_->add(bytes);
    if (!chunked_) return take(bytes);
    Status decoded = decoder_.feed(bytes, [this](std::string_view piece) { return take(piece); });
    if (!decoded && !failure_) {
      failure_ = Error{"IncompleteBody", "The request body terminated unexpectedly", 400, {}};
    }
    return decoded;
  }

  // The stored bytes; checksums that came in the trailer are added to `input`.
  std::variant<std::shared_ptr<StoredBody>, Error> finish(Value& input) {
    if (failure_) return *failure_;
    if (const std::string came = sha256(); !came.empty() && came != claimed_sha256_) {
      return Error{"XAmzContentSHA256Mismatch",
                   "The provided 'x-amz-content-sha256' header does not match what was computed.",
                   400,
                   {}};
    }
    if (chunked_ && !decoder_.done()) {
      return Error{"IncompleteBody", "The request body terminated unexpectedly", 400, {}};
    }
    ObjectBuilder members(input);
    for (const auto& [name, value] : decoder_.trailer()) {
      for (const Named& known : kHeaderMembers) {
        if (runtime::equal_ignoring_case(known.wire, name)) {
          members.set(known.member, Value::string(value));
        }
      }
    }
    input = std::move(members).build();
    Result<std::shared_ptr<StoredBody>> stored = writer_.finish();
    if (!stored) return aws::store_error(stored.error());
    return *std::move(stored);
  }

 private:
  static aws::Checksum checksum_of(const HttpRequest& head, const Value& input) {
    constexpr std::string_view kTrailerPrefix = "x-amz-checksum-";
    const std::string_view trailer = head.headers.get("x-amz-trailer");
    if (trailer.starts_with(kTrailerPrefix)) {
      return aws::checksum_from_name(trailer.substr(kTrailerPrefix.size()));
    }
    return S3::checksum_of(input);
  }

  Status take(std::string_view bytes) {
    if (writer_.bytes() + bytes.size() > kPutBytesMax) {
      failure_ =
          Error{"EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400, {}};
      return pawl::Error{ErrorCode::kLimit, "too large", ""};
    }
    Status written = writer_.write(bytes);
    if (!written) failure_ = aws::store_error(written.error());
    return written;
  }

  bool chunked_;
  aws::ChunkDecoder decoder_;
  BodyWriter writer_;
  std::string claimed_sha256_;
  std::optional<aws::Digest> sha256_;  // while the client claims one
  std::string computed_sha256_;
  std::optional<Error> failure_;
};

class ReaderSource final : public runtime::BodySource {
 public:
  explicit ReaderSource(std::unique_ptr<ObjectReader> reader)
      : reader_(std::move(reader)), size_(reader_->remaining()) {}
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<std::string> read(std::size_t max) override { return reader_->read(max); }

 private:
  std::unique_ptr<ObjectReader> reader_;
  std::uint64_t size_;
};

// The answer to HEAD: a size without bytes.
class SizeOnly final : public runtime::BodySource {
 public:
  explicit SizeOnly(std::uint64_t size) : size_(size) {}
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<std::string> read(std::size_t /*max*/) override { return std::string(); }

 private:
  std::uint64_t size_;
};

// --- answers ---

void write_headers(const Value& answer, HttpResponse& response) {
  for (const asl::Member& member : answer.members()) {
    const std::string_view name = member.key.as_string();
    if (name == "LastModified" && member.value.is_number()) {
      const auto seconds = static_cast<std::int64_t>(member.value.as_double());
      response.headers.add("Last-Modified",
                           http_date(runtime::WallTime(std::chrono::seconds(seconds))));
      continue;
    }
    if (name == "Metadata") {
      for (const asl::Member& field : member.value.members()) {
        response.headers.add(std::string(kMetadataPrefix).append(field.key.as_string()),
                             field.value.as_string());
      }
      continue;
    }
    for (const Named& known : kHeaderMembers) {
      if (known.member == name) response.headers.add(known.wire, text_of(name, member.value));
    }
  }
}

HttpResponse error_response(const Error& error, const HttpRequest& request, const Target& target,
                            const std::string& request_id) {
  HttpResponse response;
  response.status = error.status;
  if (error.status == 304 || request.method == "HEAD") return response;
  response.headers.add("Content-Type", "application/xml");
  aws::XmlWriter xml;
  xml.open("Error").text("Code", error.code).text("Message", error.message);
  if (error.details.is_object()) {
    for (const asl::Member& member : error.details.members()) {
      write_member(member.key.as_string(), member.value, xml);
    }
  }
  if (error.code == "NoSuchKey") xml.text("Key", target.key);
  if (error.code == "NoSuchBucket" || error.code == "BucketNotEmpty") {
    xml.text("BucketName", target.bucket);
  }
  xml.text("RequestId", request_id).text("HostId", request_id).close();
  response.body = xml.take();
  return response;
}

HttpResponse success_response(const aws::Call& call, const Value& answer,
                              std::unique_ptr<ObjectReader> reader) {
  HttpResponse response;
  const std::string& operation = call.operation;
  if (operation == "GetBucketLocation") {
    response.headers.add("Content-Type", "application/xml");
    aws::XmlWriter xml;
    xml.open("LocationConstraint", kNamespace);
    std::string text = xml.close().take();
    if (const Value* place = answer.find("LocationConstraint")) {
      std::string escaped;
      aws::write_xml_text(place->as_string(), escaped);
      text.insert(text.rfind("</"), escaped);
    }
    response.body = std::move(text);
    return response;
  }
  for (const Document& document : kDocuments) {
    if (document.operation != operation) continue;
    response.headers.add("Content-Type", "application/xml");
    write_headers(Value::object({}), response);
    const Value* content = document.member.empty() ? &answer : answer.find(document.member);
    aws::XmlWriter xml;
    xml.open(document.root, kNamespace);
    for (const asl::Member& member : content->members()) {
      const std::string_view name = member.key.as_string();
      if (name == "ServerSideEncryption") {
        response.headers.add("x-amz-server-side-encryption", member.value.as_string());
      } else {
        write_member(name, member.value, xml);
      }
    }
    response.body = xml.close().take();
    return response;
  }
  if (operation == "DeleteObject" || operation == "DeleteBucket" ||
      operation == "DeleteObjectTagging" || operation == "AbortMultipartUpload") {
    response.status = 204;
    return response;
  }
  write_headers(answer, response);
  if (operation == "CreateBucket") {
    response.headers.add("Location", answer.find("Location")->as_string());
  }
  if (reader != nullptr) {
    if (answer.find("ContentRange") != nullptr) response.status = 206;
    response.source = std::make_shared<ReaderSource>(std::move(reader));
  } else if (const Value* bytes = answer.find("ContentLength")) {
    response.source = std::make_shared<SizeOnly>(static_cast<std::uint64_t>(bytes->as_int()));
  }
  return response;
}

}  // namespace

Target target_of(const HttpRequest& request) {
  Target target;
  std::string_view path = request.path();
  if (path.starts_with('/')) path.remove_prefix(1);
  target.bucket = bucket_of_host(request.headers.get("Host"));
  if (target.bucket.empty()) {
    const std::size_t slash = path.find('/');
    target.bucket = runtime::percent_decode(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  target.key = runtime::percent_decode(path);
  target.operation = operation_of(request, !target.bucket.empty(), !target.key.empty(),
                                  runtime::read_parameters(request.query()));
  return target;
}

std::shared_ptr<runtime::BodySink> Rest::sink(const HttpRequest& head) {
  const Target target = target_of(head);
  if (target.operation != "PutObject" && target.operation != "UploadPart") return nullptr;
  if (!aws::has_credentials(head)) return nullptr;
  return std::make_shared<UploadSink>(s3_, head, input_of(head, target));
}

Answer Rest::perform(const HttpRequest& request, aws::Call& call,
                     std::unique_ptr<ObjectReader>& reader) {
  if (!aws::has_credentials(request)) return Error{"AccessDenied", "Access Denied", 403, {}};
  if (call.operation.empty()) {
    return Error{"NotImplemented",
                 "A header you provided implies functionality that is not implemented",
                 501,
                 {}};
  }
  if (auto wrong = read_document(request, call)) return *std::move(wrong);
  Request inner{call, nullptr};
  if (call.operation == "PutObject" || call.operation == "UploadPart") {
    auto* upload = dynamic_cast<UploadSink*>(request.sink.get());
    PAWL_ASSERT(upload != nullptr);  // whoever routes asks for the sink
    auto finished = upload->finish(call.input);
    if (auto* error = std::get_if<Error>(&finished)) return std::move(*error);
    inner.body = std::get<std::shared_ptr<StoredBody>>(std::move(finished));
  }
  Answer answer = s3_.serve(inner);
  reader = std::move(inner.reader);
  return answer;
}

HttpResponse Rest::refuse(const HttpRequest& request, const Error& error) {
  const std::string request_id = s3_.ledger().new_id();
  HttpResponse response = error_response(error, request, target_of(request), request_id);
  response.headers.add("x-amz-request-id", request_id);
  return response;
}

HttpResponse Rest::handle(const HttpRequest& request) {
  const Target target = target_of(request);
  aws::Call call;
  call.operation = target.operation;
  call.input = input_of(request, target);
  call.request_id = s3_.ledger().new_id();
  call.host = request.headers.get("Host");
  std::unique_ptr<ObjectReader> reader;
  Answer answer = perform(request, call, reader);
  HttpResponse response;
  if (const auto* error = std::get_if<Error>(&answer)) {
    response = error_response(*error, request, target, call.request_id);
  } else {
    response = success_response(call, std::get<Value>(answer), std::move(reader));
  }
  response.headers.add("x-amz-request-id", call.request_id);
  response.headers.add("x-amz-id-2", call.request_id);
  return response;
}

}  // namespace pawl::connectors::s3
