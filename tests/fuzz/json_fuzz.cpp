// JSON text from outside: what is read must be written so that it reads back equal, and what the
// quick reader takes must be what RapidJSON reads.
#include "asl/json/quick_reader.h"
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::asl;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const std::optional<Value> quick = read_well_formed(text, kMaxDepth)) {
    const pawl::Result<Value> judged = read_with_rapidjson(text);
    PAWL_ASSERT(judged.has_value() && to_json(*quick) == to_json(*judged));
  }
  const pawl::Result<Value> value = read_json(text);
  if (!value) {
    PAWL_ASSERT(!value.error().message.empty());
    return 0;
  }
  PAWL_ASSERT(value->depth() <= kMaxDepth);
  const std::string written = to_json(*value);
  const pawl::Result<Value> again = read_json(written);
  PAWL_ASSERT(again.has_value() && equal(*value, *again));
  PAWL_ASSERT(to_json(*again) == written);
  PAWL_ASSERT(!exceeds_bytes(*value, written.size()));
  PAWL_ASSERT(written.empty() || exceeds_bytes(*value, written.size() - 1));
  PAWL_ASSERT(read_json(to_pretty_json(*value)).has_value());
  return 0;
}
