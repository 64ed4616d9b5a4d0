// S3, embedded: buckets and objects as rows, large objects as files beside the store.
//
//   records.h    keys and records           blobs.h   the files
//   body.h       bytes on their way in      reader.h  bytes on their way out
//   objects.cpp  put, get, head, copy, delete      listing.cpp  lists of buckets and objects
//   tagging.cpp  tags of objects
//   multipart.cpp  uploads in parts                rest.h       the protocol (REST, XML)
//
// Operations that are not in operations() answer NotImplemented. There is one region, no versions
// of objects (every object is its version "null"), no access rules: whoever reaches the port owns
// everything.
//
// Source: the API model (s3.json); error texts from the S3 API reference; recorded cases
// services/aws_sdk_task_service, error_handling/aws_sdk.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/s3/blobs.h"
#include "connectors/s3/body.h"
#include "connectors/s3/reader.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::s3 {

// AWS: the largest object by one PUT, a part, an object, a key; parts of an upload.
inline constexpr std::uint64_t kPutBytesMax = std::uint64_t{5} << 30U;
inline constexpr std::uint64_t kObjectBytesMax = std::uint64_t{5} << 40U;
inline constexpr std::uint64_t kPartBytesMin = std::uint64_t{5} << 20U;
inline constexpr std::size_t kKeyBytesMax = 1024;
inline constexpr std::uint32_t kPartsMax = 10'000;
inline constexpr std::size_t kMetadataBytesMax = 2048;
inline constexpr std::size_t kTagsMax = 10;
inline constexpr std::int64_t kListMax = 1000;
// An object that a Task reads whole is text in memory; a larger one is read by Range.
inline constexpr std::uint64_t kTaskBodyBytesMax = std::uint64_t{256} << 20U;

// One call, with the bytes that come or go beside its members.
struct Request {
  const aws::Call& call;
  std::shared_ptr<StoredBody> body;                // PutObject, UploadPart
  std::unique_ptr<ObjectReader> reader = nullptr;  // set by GetObject

  std::string_view text(std::string_view member) const;  // empty if absent
  bool has(std::string_view member) const { return call.input.find(member) != nullptr; }
  std::optional<std::int64_t> number(std::string_view member) const;
};

class S3 final : public aws::Service {
 public:
  // Files go to `directory`; empty: a temporary one. `ledger` must outlive it.
  S3(Ledger& ledger, std::string directory);

  // Once, on a fiber of the ledger's shard, before anything writes: removes files that a crash
  // left.
  Status open();

  const aws::Profile& profile() const override;
  // As Tasks call it: Body is a member of input and answer. Text stays text, other bytes are
  // base64.
  aws::Answer call(const aws::Call& call) override;
  std::string body_of(const aws::Call&, const asl::Value&) const override { return {}; }

  // As the protocol calls it: bytes beside the members.
  aws::Answer serve(Request& request);
  // The checksum that a PutObject or UploadPart with this input asks for.
  static aws::Checksum checksum_of(const asl::Value& input);
  BodyWriter new_body(aws::Checksum checksum);

  // --- for the operations ---
  Ledger& ledger() { return ledger_; }
  Blobs& blobs() { return blobs_; }
  // A decision of `request`: committed, or joined to its Task.
  std::optional<aws::Error> apply(const Request& request, const Ledger::Decide& decide);

 private:
  Ledger& ledger_;
  Blobs blobs_;
};

using Operation = aws::Answer (*)(S3& s3, Request& request);

// objects.cpp
aws::Answer put_object(S3& s3, Request& request);
aws::Answer get_object(S3& s3, Request& request);
aws::Answer head_object(S3& s3, Request& request);
aws::Answer copy_object(S3& s3, Request& request);
aws::Answer delete_object(S3& s3, Request& request);
aws::Answer delete_objects(S3& s3, Request& request);
// tagging.cpp
aws::Answer get_object_tagging(S3& s3, Request& request);
aws::Answer put_object_tagging(S3& s3, Request& request);
aws::Answer delete_object_tagging(S3& s3, Request& request);
// listing.cpp
aws::Answer get_bucket_versioning(S3& s3, Request& request);
aws::Answer create_bucket(S3& s3, Request& request);
aws::Answer head_bucket(S3& s3, Request& request);
aws::Answer delete_bucket(S3& s3, Request& request);
aws::Answer get_bucket_location(S3& s3, Request& request);
aws::Answer list_buckets(S3& s3, Request& request);
aws::Answer list_objects(S3& s3, Request& request);
aws::Answer list_objects_v2(S3& s3, Request& request);
// multipart.cpp
aws::Answer create_multipart_upload(S3& s3, Request& request);
aws::Answer upload_part(S3& s3, Request& request);
aws::Answer upload_part_copy(S3& s3, Request& request);
aws::Answer complete_multipart_upload(S3& s3, Request& request);
aws::Answer abort_multipart_upload(S3& s3, Request& request);
aws::Answer list_parts(S3& s3, Request& request);
aws::Answer list_multipart_uploads(S3& s3, Request& request);

// --- shared by the operations ---

bool has_bucket(Change& change, std::string_view name);  // within a decision
aws::Error no_such_bucket();
aws::Error no_such_key();
aws::Error invalid_argument(std::string message);
// "\"5d41...\"" of an object.
std::string quoted_etag(const ObjectRecord& record);
double epoch_seconds(runtime::WallTime time);
// Members that describe an object in answers: dates, checksum, headers. `with_checksum`: asked for.
void describe_object(const ObjectRecord& record, bool with_checksum, asl::ObjectBuilder& out);
void describe_checksum(const ObjectRecord& record, asl::ObjectBuilder& out);
// The bucket and key of a request, checked. Empty: fine.
std::optional<aws::Error> check_key(const Request& request);
// Takes over what PutObject, CopyObject and CreateMultipartUpload say about an object.
std::optional<aws::Error> read_attributes(
    const Request& request, std::string_view content_type,
    std::vector<std::pair<std::string, std::string>>& headers,
    std::vector<std::pair<std::string, std::string>>& metadata);
// The tags that PutObject, CopyObject and CreateMultipartUpload give: "a=1&b=2".
std::optional<aws::Error> read_tags(const Request& request,
                                    std::vector<std::pair<std::string, std::string>>& tags);
aws::Error no_such_version();
// A version that a request names can only be the one there is.
bool names_other_version(std::string_view version_id);
// The row of an object that is there.
std::variant<ObjectRecord, aws::Error> find_object(S3& s3, std::string_view bucket,
                                                   std::string_view key);
// Compares what a client says about the bytes with what came.
std::optional<aws::Error> check_digests(const Request& request, const StoredBody& body);
// IfMatch, IfNoneMatch of writes. `current`: null when there is no object.
std::optional<aws::Error> check_write_conditions(const Request& request,
                                                 const ObjectRecord* current);
// Copies the bytes of CopySource (by CopySourceRange) into a new body.
std::variant<std::shared_ptr<StoredBody>, aws::Error> copy_source(S3& s3, const Request& request,
                                                                  aws::Checksum checksum,
                                                                  ObjectRecord& source);

}  // namespace pawl::connectors::s3
