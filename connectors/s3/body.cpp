#include "connectors/s3/body.h"

#include "base/assert.h"

#include <utility>

namespace pawl::connectors::s3 {

namespace {
// A file is written in pieces of this size: fewer trips to the helper threads.
constexpr std::size_t kFileChunkBytes = 256 * 1024;
}  // namespace

StoredBody::~StoredBody() {
  if (!kept_ && segment.in_file && blobs_ != nullptr) blobs_->remove(segment.id);
}

void StoredBody::write(Change& change) const {
  if (segment.in_file) {
    change.put(keys::file(segment.id), {});
  } else {
    change.put(keys::segment(segment.id), row_);
  }
}

BodyWriter::BodyWriter(Blobs& blobs, std::string id, aws::Checksum checksum)
    : blobs_(blobs), id_(std::move(id)), digest_(checksum) {}

Status BodyWriter::write(std::string_view bytes) {
  digest_.add(bytes);
  bytes_ += bytes.size();
  buffer_.append(bytes);
  if (file_ == nullptr && buffer_.size() <= kRowBytesMax) return {};
  if (file_ == nullptr) {
    Result<std::unique_ptr<Blobs::Writer>> file = blobs_.create(id_);
    if (!file) return std::move(file).error();
    file_ = *std::move(file);
  }
  if (buffer_.size() < kFileChunkBytes) return {};
  Status written = file_->write(buffer_);
  buffer_.clear();
  return written;
}

Result<std::shared_ptr<StoredBody>> BodyWriter::finish() {
  auto body = std::make_shared<StoredBody>();
  body->segment = {id_, false, bytes_};
  body->md5 = digest_.md5();
  body->checksum_kind = digest_.kind();
  body->checksum = digest_.checksum();
  if (file_ == nullptr) {
    body->row_ = std::move(buffer_);
    return body;
  }
  if (Status written = file_->write(buffer_); !written) return std::move(written).error();
  if (Status synced = file_->finish(); !synced) return std::move(synced).error();
  body->segment.in_file = true;
  body->blobs_ = &blobs_;
  file_.reset();
  return body;
}

void erase_segments(const ObjectRecord& record, Change& change, const Blobs& blobs) {
  for (const Segment& segment : record.segments) {
    if (!segment.in_file) {
      change.erase(keys::segment(segment.id));
      continue;
    }
    change.erase(keys::file(segment.id));
    change.when_durable([&blobs, id = segment.id] { blobs.remove(id); });
  }
}

}  // namespace pawl::connectors::s3
