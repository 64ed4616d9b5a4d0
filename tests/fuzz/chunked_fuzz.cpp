// Bodies in aws-chunked coding: the same bytes, however they arrive.
#include "base/assert.h"
#include "connectors/aws/chunked.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

struct Decoded {
  bool ok = true;
  bool done = false;
  std::string bytes;
};

Decoded decode(std::string_view text, std::size_t step) {
  Decoded out;
  pawl::connectors::aws::ChunkDecoder decoder;
  while (!text.empty() && out.ok) {
    const std::string_view piece = text.substr(0, step);
    text.remove_prefix(piece.size());
    out.ok = decoder
                 .feed(piece,
                       [&](std::string_view bytes) {
                         out.bytes.append(bytes);
                         return pawl::Status();
                       })
                 .has_value();
  }
  out.done = decoder.done();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Decoded whole = decode(text, std::max<std::size_t>(size, 1));
  const Decoded bytewise = decode(text, 1);
  PAWL_ASSERT(whole.ok == bytewise.ok);
  PAWL_ASSERT(whole.bytes.size() <= size);
  if (whole.ok) PAWL_ASSERT(whole.bytes == bytewise.bytes && whole.done == bytewise.done);
  return 0;
}
