// DynamoDB's expressions: the first byte says which kind, the rest is its text. Read and evaluated
// on an item, or refused with a message.
#include "asl/json/reader.h"
#include "base/assert.h"
#include "connectors/dynamodb/expression.h"
#include "connectors/dynamodb/number.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::connectors::dynamodb;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  static const pawl::asl::Value item = *pawl::asl::read_json(
      R"({"id":{"S":"x"},"n":{"N":"3"},"l":{"L":[{"N":"1"},{"M":{"a":{"S":"b"}}}]},)"
      R"("m":{"M":{"k":{"SS":["a","b"]}}},"b":{"B":"AQI="}})");
  static const pawl::asl::Value names = *pawl::asl::read_json(R"({"#n":"n","#m":"m","#l":"l"})");
  static const pawl::asl::Value values = *pawl::asl::read_json(
      R"({":n":{"N":"1"},":s":{"S":"x"},":l":{"L":[{"S":"y"}]},":ss":{"SS":["a"]}})");
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Expressions expressions(&names, &values);
  switch (data[0] % 4) {
    case 0: {
      const auto condition = expressions.condition(text, "ConditionExpression");
      PAWL_ASSERT(condition.has_value() || !condition.error().message.empty());
      if (condition) static_cast<void>(matches(*condition, item));
      break;
    }
    case 1: {
      const auto actions = expressions.update(text);
      PAWL_ASSERT(actions.has_value() || !actions.error().message.empty());
      std::set<std::string> changed;
      if (actions) {
        const auto updated = apply_update(*actions, item, changed);
        PAWL_ASSERT(updated.has_value() || !updated.error().message.empty());
      }
      break;
    }
    case 2: {
      const auto paths = expressions.projection(text);
      PAWL_ASSERT(paths.has_value() || !paths.error().message.empty());
      if (paths) static_cast<void>(project(item, *paths));
      break;
    }
    default: {
      const auto number = Number::parse(text);
      PAWL_ASSERT(number.has_value() || !number.error().message.empty());
      if (number) PAWL_ASSERT(Number::compare(*number, *number) == 0);
      break;
    }
  }
  static_cast<void>(expressions.all_used());
  return 0;
}
