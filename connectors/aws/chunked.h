// The aws-chunked coding of uploads: chunks with their sizes (and perhaps signatures), and a
// trailer that brings a checksum.
//
//   400;chunk-signature=...\r\n  bytes \r\n  0\r\n  x-amz-checksum-crc32:...\r\n  \r\n
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::connectors::aws {

class ChunkDecoder {
 public:
  // Decodes what came; `take` gets the bytes of the content, and may fail. kInvalid for what is not
  // this coding.
  Status feed(std::string_view data, const std::function<Status(std::string_view)>& take);
  bool done() const { return state_ == State::kDone; }
  // Fields of the trailer, names in lower case.
  const std::vector<std::pair<std::string, std::string>>& trailer() const { return trailer_; }

 private:
  enum class State { kSize, kData, kDataEnd, kTrailer, kDone };
  Status line(std::string_view line);

  State state_ = State::kSize;
  std::uint64_t left_ = 0;  // of the chunk
  std::string line_;        // as far as it has come
  std::vector<std::pair<std::string, std::string>> trailer_;
};

}  // namespace pawl::connectors::aws
