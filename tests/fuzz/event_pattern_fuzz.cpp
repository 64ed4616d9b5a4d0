// Patterns of EventBridge and filter policies of SNS: a line with a pattern, a line with an event.
// Checked and matched, or refused; input transformations of the same text likewise.
#include "asl/json/reader.h"
#include "base/assert.h"
#include "connectors/events/input_path.h"
#include "connectors/events/pattern.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::connectors::events;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const auto pattern = pawl::asl::read_json(text.substr(0, line));
  const auto event = pawl::asl::read_json(text.substr(std::min(line + 1, text.size())));
  if (!pattern) return 0;
  const auto checked = check_pattern(*pattern);
  PAWL_ASSERT(checked.has_value() || !checked.error().message.empty());
  if (!event) return 0;
  // Also of what was refused: a policy of before a check came is still a row.
  static_cast<void>(matches(*pattern, *event));
  static_cast<void>(target_input(*pattern, *event));
  return 0;
}
