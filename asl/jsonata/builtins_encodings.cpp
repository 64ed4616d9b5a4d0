// Built-in functions: encodings, dates, identifiers, $parse and $eval.
#include "asl/jsonata/builtins.h"
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/library.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace pawl::asl::jsonata {
namespace {

Value text(std::string_view value) { return Value::string(value); }

std::optional<std::string_view> optional_text(const Datum& datum) {
  if (datum.is_undefined()) return std::nullopt;
  return datum.value.as_string();
}

Datum base64_encode_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(base64_encode(text_of(args[0])));
}
Datum base64_decode_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(base64_decode(text_of(args[0])));
}
template <Result<std::string> (*kFunction)(std::string_view)>
Datum url_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(unwrap(kFunction(text_of(args[0])), args[0]));
}

// ---- Dates

Datum now(Evaluator& e, Arguments& args, const CallContext&) {
  return text(unwrap(from_millis(static_cast<double>(e.options().now_ms), optional_text(args[0]),
                                 optional_text(args[1])),
                     args[0]));
}
Datum millis(Evaluator& e, Arguments&, const CallContext&) {
  return Value::integer(e.options().now_ms);
}
Datum from_millis_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(unwrap(
      from_millis(number_of(args[0]), optional_text(args[1]), optional_text(args[2])), args[1]));
}
Datum to_millis_function(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return unwrap(
      to_millis(text_of(args[0]), optional_text(args[1]), static_cast<double>(e.options().now_ms),
                e.dialect() == Dialect::kAws ? Edition::kAws206 : Edition::kNewest),
      args[0]);
}

Datum eval(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  Datum input = context.input;
  if (!args[1].is_undefined()) {
    input = args[1];
    if (input.is_array() && !input.is_sequence()) {
      input = Datum(e.make_array({input.value}), kSequence | kOuterWrapper);
    }
  }
  return e.evaluate_text(text_of(args[0]), input, context.frame);
}

Datum hash_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  return unwrap(hash(text_of(args[0]), text_of(args[1])), args[1]);
}
Datum uuid(Evaluator& e, Arguments&, const CallContext&) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t word = e.random();
    for (std::size_t k = 0; k < 8; ++k) bytes[i + k] = static_cast<std::uint8_t>(word >> (8 * k));
  }
  return text(uuid_text(bytes));
}
Datum parse_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return unwrap(parse(text_of(args[0])), args[0]);
}

constexpr Builtin kBuiltins[] = {
    {"base64encode", "<s-:s>", 1, base64_encode_function},
    {"base64decode", "<s-:s>", 1, base64_decode_function},
    {"encodeUrlComponent", "<s-:s>", 1, url_function<encode_url_component>},
    {"encodeUrl", "<s-:s>", 1, url_function<encode_url>},
    {"decodeUrlComponent", "<s-:s>", 1, url_function<decode_url_component>},
    {"decodeUrl", "<s-:s>", 1, url_function<decode_url>},
    {"eval", "<sx?:x>", 2, eval, true},
    {"toMillis", "<s-s?:n>", 2, to_millis_function},
    {"fromMillis", "<n-s?s?:s>", 3, from_millis_function},
    {"now", "<s?s?:s>", 2, now},
    {"millis", "<:n>", 0, millis},
    {"hash", "<s-s?:s>", 2, hash_function},
    {"uuid", "<:s>", 0, uuid},
    {"parse", "<s-:x>", 1, parse_function},
};

}  // namespace

std::span<const Builtin> encoding_builtins() { return kBuiltins; }

}  // namespace pawl::asl::jsonata
