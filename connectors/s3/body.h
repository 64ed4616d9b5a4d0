// Bytes on their way into an object: digested as they come, kept in memory while they are few, in a
// file beside the store once they are many.
#pragma once

#include "connectors/aws/digest.h"
#include "connectors/embedded/ledger.h"
#include "connectors/s3/blobs.h"
#include "connectors/s3/records.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::s3 {

// Up to here an object's bytes are a row: one sync for all of it, and a Task's small object joins
// the Task's commit whole. Beyond, a file: the store rewrites rows when it compacts.
inline constexpr std::size_t kRowBytesMax = 64 * 1024;

// The bytes of one object or part, durable but not yet named by a row. Unless keep() was called,
// its file is removed with it.
class StoredBody {
 public:
  StoredBody() = default;
  ~StoredBody();
  StoredBody(const StoredBody&) = delete;
  StoredBody& operator=(const StoredBody&) = delete;

  // The rows that make these bytes part of the store: in the decision that names them.
  void write(Change& change) const;
  void keep() { kept_ = true; }

  Segment segment;
  std::string md5;       // raw
  std::string checksum;  // raw; of checksum_kind
  aws::Checksum checksum_kind = aws::Checksum::kNone;

 private:
  friend class BodyWriter;
  const Blobs* blobs_ = nullptr;
  std::string row_;
  bool kept_ = false;
};

class BodyWriter {
 public:
  // `id`: of the new blob.
  BodyWriter(Blobs& blobs, std::string id, aws::Checksum checksum);

  // On a fiber; both may suspend. kLimit when it grows past `bytes_max`.
  Status write(std::string_view bytes);
  Result<std::shared_ptr<StoredBody>> finish();

  std::uint64_t bytes() const { return bytes_; }

 private:
  Blobs& blobs_;
  std::string id_;
  aws::Digest digest_;
  std::uint64_t bytes_ = 0;
  std::string buffer_;
  std::unique_ptr<Blobs::Writer> file_;
};

// Erases what `record` names: rows now, files when the change is durable.
void erase_segments(const ObjectRecord& record, Change& change, const Blobs& blobs);

}  // namespace pawl::connectors::s3
