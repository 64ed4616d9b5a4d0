// YAML from anywhere: reading it must not crash, and what was read is JSON that reads back equal.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/parse/parse.h"
#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::asl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(locate(text, "/States/A/Choices[0]/Next"));
  const auto value = read_yaml(text);
  if (!value) {
    PAWL_ASSERT(!value.error().message.empty());
    return 0;
  }
  const auto again = read_json(to_json(*value));
  PAWL_ASSERT(again.has_value());
  PAWL_ASSERT(equal(*value, *again));
  return 0;
}
