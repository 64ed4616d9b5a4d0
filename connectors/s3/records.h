// Keys and records of the embedded S3. Drawn in docs/storage.md; made in this file only.
#pragma once

#include "base/result.h"
#include "connectors/aws/digest.h"
#include "runtime/clock/clock.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::connectors::s3 {

// A piece of an object's bytes: a row of the store, or a file beside it.
struct Segment {
  std::string id;  // s3/blobs.h: is_blob_id()
  bool in_file = false;
  std::uint64_t bytes = 0;
};

struct ObjectRecord {
  std::uint64_t bytes = 0;
  std::string etag;  // without quotes
  runtime::WallTime modified{};
  std::vector<Segment> segments;
  aws::Checksum checksum_kind = aws::Checksum::kNone;
  std::string checksum;                // raw
  bool checksum_is_composite = false;  // of the parts' checksums, not of the bytes
  std::uint32_t parts = 0;             // of a multipart upload
  std::vector<std::pair<std::string, std::string>> headers;   // member name, value: ContentType ...
  std::vector<std::pair<std::string, std::string>> metadata;  // x-amz-meta-*
  std::vector<std::pair<std::string, std::string>> tags;      // in the order they were given
};

struct BucketRecord {
  runtime::WallTime created{};
  std::string region;
};

struct UploadRecord {
  std::string key;
  runtime::WallTime initiated{};
  aws::Checksum checksum_kind = aws::Checksum::kNone;
  bool checksum_is_composite = true;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<std::pair<std::string, std::string>> tags;
};

std::string encode(const ObjectRecord& record);
std::string encode(const BucketRecord& record);
std::string encode(const UploadRecord& record);
Result<ObjectRecord> decode_object(std::string_view bytes, std::string_view key);
Result<BucketRecord> decode_bucket(std::string_view bytes, std::string_view key);
Result<UploadRecord> decode_upload(std::string_view bytes, std::string_view key);

namespace keys {
std::string bucket(std::string_view name);
inline constexpr std::string_view kBuckets = "Ssb";
std::string object(std::string_view bucket, std::string_view key);
std::string objects(std::string_view bucket);  // prefix of all its objects
std::string segment(std::string_view id);      // bytes in the store
std::string file(std::string_view id);         // (empty): an object or a part has this file
std::string upload(std::string_view bucket, std::string_view id);
std::string uploads(std::string_view bucket);
std::string part(std::string_view upload, std::uint32_t number);  // an ObjectRecord
std::string parts(std::string_view upload);
}  // namespace keys

}  // namespace pawl::connectors::s3
