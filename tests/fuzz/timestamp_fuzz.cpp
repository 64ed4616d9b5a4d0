// Timestamps: what is accepted is complete, in range, and orders with itself.
#include "asl/time/timestamp.h"
#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::asl;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const pawl::Result<Instant> instant = parse_instant(text);
  const pawl::Result<Timestamp> timestamp = parse_timestamp(text);
  PAWL_ASSERT(instant.has_value() == timestamp.has_value());
  if (!instant) return 0;
  PAWL_ASSERT(size >= 20 && text[10] == 'T');
  PAWL_ASSERT(instant->fraction.count() >= 0 && instant->fraction.count() < 1'000'000'000);
  PAWL_ASSERT(*instant == *instant);
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(*timestamp);
  PAWL_ASSERT(parse_timestamp(format_timestamp_ms(milliseconds)).has_value());
  return 0;
}
