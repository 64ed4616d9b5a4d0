// JSONata, up to the first line feed, on a document, which is the rest or a fixed one: whatever
// parses is analysed and evaluated, in both dialects, under small limits.
#include "asl/json/reader.h"
#include "asl/jsonata/analysis.h"
#include "asl/jsonata/jsonata.h"
#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace {

using namespace pawl::asl;  // NOLINT(google-build-using-namespace)

const Value& sample() {
  static const Value document =
      read_json(R"({"a":{"b":[1,2.5,{"c":null,"d":"text"}]},"l":[[1,"2"],[3,["x"]]],"":0,
                   "items":[{"id":1,"t":["a","b"]},{"id":"1","t":[]},{"ok":true}]})")
          .value();
  return document;
}

void run(std::string_view text, const Value& document, jsonata::Dialect dialect) {
  jsonata::Failure failure;
  const auto expression = jsonata::Expression::parse(text, dialect, failure);
  if (!expression) {
    PAWL_ASSERT(!failure.code.empty() && !failure.message.empty());
    return;
  }
  (void)jsonata::analyse(*expression);
  jsonata::EvaluateOptions options;
  options.input = document;
  options.bindings = {{Value::string("x"), document}, {Value::string("states"), document}};
  options.max_steps = 50'000;
  options.value_bytes_max = std::size_t{1} << 20;
  options.bytes_max = std::size_t{16} << 20;
  options.stack_bytes = std::size_t{1} << 20;  // frames are larger with sanitizers
  const jsonata::Evaluation evaluation = expression->evaluate(options);
  if (evaluation.failure) {
    PAWL_ASSERT(!evaluation.failure->code.empty());
    return;
  }
  PAWL_ASSERT(evaluation.value.depth() <= kMaxDepth);
  PAWL_ASSERT(!evaluation.is_function || evaluation.value.is_undefined());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  Value document = sample();
  if (line != std::string_view::npos) {
    if (const pawl::Result<Value> given = read_json(text.substr(line + 1))) document = *given;
  }
  run(text.substr(0, line), document, jsonata::Dialect::kAws);
  run(text.substr(0, line), document, jsonata::Dialect::kReference);
  return 0;
}
