#include "connectors/s3/reader.h"

#include <algorithm>
#include <utility>

namespace pawl::connectors::s3 {

ObjectReader::ObjectReader(const Ledger& ledger, const Blobs& blobs, const ObjectRecord& record,
                           std::uint64_t offset, std::uint64_t size)
    : ledger_(ledger),
      blobs_(blobs),
      segments_(record.segments),
      offset_(offset),
      remaining_(size) {
  while (at_ < segments_.size() && offset_ >= segments_[at_].bytes) {
    offset_ -= segments_[at_].bytes;
    ++at_;
  }
}

Status ObjectReader::enter_segment() {
  const Segment& segment = segments_[at_];
  file_ = nullptr;
  row_.clear();
  if (segment.in_file) {
    Result<std::shared_ptr<Blobs::File>> file = blobs_.open(segment.id);
    if (!file) return std::move(file).error();
    file_ = *std::move(file);
  } else {
    std::optional<std::string> row;
    Status read =
        ledger_.read([&](Change& change) { row = change.get(keys::segment(segment.id)); });
    if (!read) return read;
    if (!row) return Error{ErrorCode::kNotFound, "The object was replaced.", segment.id};
    row_ = *std::move(row);
  }
  entered_ = true;
  return {};
}

Status ObjectReader::open() { return remaining_ == 0 ? Status() : enter_segment(); }

Result<std::string> ObjectReader::read(std::size_t max) {
  if (remaining_ == 0) return std::string();
  if (offset_ >= segments_[at_].bytes) {
    ++at_;
    offset_ = 0;
    entered_ = false;
  }
  if (!entered_) {
    if (Status entered = enter_segment(); !entered) return std::move(entered).error();
  }
  const auto size = static_cast<std::size_t>(
      std::min({std::uint64_t{max}, remaining_, segments_[at_].bytes - offset_}));
  std::string bytes;
  if (file_ != nullptr) {
    Result<std::string> read = file_->read(offset_, size);
    if (!read) return read;
    bytes = *std::move(read);
  } else {
    bytes = row_.substr(std::min<std::size_t>(row_.size(), offset_), size);
  }
  if (bytes.size() != size) {
    return Error{ErrorCode::kCorrupt, "An object is shorter than its row says.", segments_[at_].id};
  }
  offset_ += size;
  remaining_ -= size;
  return bytes;
}

}  // namespace pawl::connectors::s3
