// The bytes of an object, or of a range of it, on their way out.
#pragma once

#include "connectors/embedded/ledger.h"
#include "connectors/s3/blobs.h"
#include "connectors/s3/records.h"

#include <memory>
#include <string>
#include <vector>

namespace pawl::connectors::s3 {

class ObjectReader {
 public:
  // Bytes [offset, offset + size) of `record`, which must have them.
  ObjectReader(const Ledger& ledger, const Blobs& blobs, const ObjectRecord& record,
               std::uint64_t offset, std::uint64_t size);

  // Opens what is read first, so that an object which is replaced meanwhile reads on. kNotFound: it
  // was replaced before.
  Status open();
  // Up to `max` bytes, at least one while remaining() > 0. On a fiber of the ledger's shard;
  // suspends. An object of several parts that is deleted in between ends with kNotFound.
  Result<std::string> read(std::size_t max);
  std::uint64_t remaining() const { return remaining_; }

 private:
  Status enter_segment();

  const Ledger& ledger_;
  const Blobs& blobs_;
  std::vector<Segment> segments_;
  std::size_t at_ = 0;        // in segments_
  std::uint64_t offset_ = 0;  // in that segment
  std::uint64_t remaining_;
  bool entered_ = false;
  std::shared_ptr<Blobs::File> file_;
  std::string row_;
};

}  // namespace pawl::connectors::s3
