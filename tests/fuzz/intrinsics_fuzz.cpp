// Intrinsic calls, up to the first line feed, on an input, which is the rest or a fixed one. The
// same text is also tried as the source of a template and of a choice rule.
#include "asl/choice/choice.h"
#include "asl/json/reader.h"
#include "asl/template/template.h"
#include "base/assert.h"
#include "tests/asl/fake_environment.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::asl;  // NOLINT(google-build-using-namespace)
  static const Value sample =
      read_json(R"({"a":[3,1,2,1],"s":"a,b;c","n":2.5,"o":{"k":{"x":1}},"t":"{} {}","j":"[1]"})")
          .value();
  static const FakeEnvironment environment(R"({"Execution":{"Name":"n"}})", R"({"v":[1]})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  Value input = sample;
  if (line != std::string_view::npos) {
    if (const pawl::Result<Value> given = read_json(text.substr(line + 1))) input = *given;
  }

  const pawl::Result<StringExpression> call = StringExpression::parse(text.substr(0, line));
  if (call) {
    (void)call->variables();
    const pawl::Result<Value> result = call->evaluate("x.$", input, environment);
    PAWL_ASSERT(result ? !result->is_undefined() : !result.error().message.empty());
  }
  const pawl::Result<Value> json = read_json(text);
  if (!json) return 0;
  if (const pawl::Result<PayloadTemplate> compiled = PayloadTemplate::compile(*json)) {
    const pawl::Result<Value> result = compiled->evaluate(input, environment);
    PAWL_ASSERT(!result || result->depth() <= kMaxDepth);
  }
  if (const pawl::Result<ChoiceRule> rule = ChoiceRule::compile(*json)) {
    (void)rule->matches(input, environment).has_value();
  }
  return 0;
}
