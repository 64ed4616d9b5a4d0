// Declarations of resources: accepted, or refused with the file's name.
#include "base/assert.h"
#include "connectors/embedded/resources.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto checked = pawl::connectors::check_resources(text, "resources.json");
  PAWL_ASSERT(checked.has_value() ||
              checked.error().message.find("resources.json") != std::string::npos);
  return 0;
}
