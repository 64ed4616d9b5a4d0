// Archives of functions: read, or refused. No path leaves the directory, no entry is larger than it
// may be.
#include "base/assert.h"
#include "connectors/lambda/zip.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::connectors;  // NOLINT(google-build-using-namespace)
  const auto entries = read_zip({reinterpret_cast<const char*>(data), size});
  if (!entries) {
    PAWL_ASSERT(!entries.error().message.empty());
    return 0;
  }
  std::size_t bytes = 0;
  for (const ZipEntry& entry : *entries) {
    bytes += entry.bytes.size();
    PAWL_ASSERT(!entry.path.empty() && entry.path.front() != '/');
    PAWL_ASSERT(("/" + entry.path + "/").find("/../") == std::string::npos);
  }
  PAWL_ASSERT(bytes <= kUnpackedBytesMax);
  return 0;
}
