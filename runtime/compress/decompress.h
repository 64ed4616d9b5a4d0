// Decompression of a stream whose format its first bytes tell: gzip, Zstandard, or neither.
//
// Pure and bounded: output is handed on in pieces of at most 64 KiB, however much a few bytes of
// input expand to. zlib and libzstd stay in here.
#pragma once

#include "base/result.h"

#include <functional>
#include <memory>
#include <string_view>

namespace pawl::runtime {

class Decompressor {
 public:
  // Takes a piece of output. A failure ends the feeding and is answered by it.
  using Sink = std::function<Status(std::string_view)>;

  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // kCorrupt: the bytes are not what they began as.
  Status feed(std::string_view bytes, const Sink& sink);
  // No more bytes come. kCorrupt: the stream was cut off.
  Status finish(const Sink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pawl::runtime
