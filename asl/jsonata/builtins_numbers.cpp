// Built-in functions: numbers, truth and types, failures.
#include "asl/jsonata/builtins.h"
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/library.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace pawl::asl::jsonata {
namespace {

Value text(std::string_view value) { return Value::string(value); }

Datum sum(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  double total = 0;
  std::int64_t exact = 0;
  bool integral = true;
  for (const Value& each : args[0].value.items()) {
    total += each.as_double();
    integral = integral && each.is_int() && !__builtin_add_overflow(exact, each.as_int(), &exact);
  }
  if (integral && e.dialect() == Dialect::kAws) return Value::integer(exact);
  return e.number(total);
}

Datum count(Evaluator&, Arguments& args, const CallContext&) {
  return args[0].is_undefined() ? Value::integer(0) : count_value(args[0].value.size());
}

Datum extreme(const Datum& array, bool largest) {
  if (array.is_undefined() || array.value.size() == 0) return {};
  const std::span<const Value> items = array.value.items();
  const Value* best = &items[0];
  for (const Value& each : items) {
    if (std::isnan(each.as_double())) return each;
    if (largest ? each.as_double() > best->as_double() : each.as_double() < best->as_double()) {
      best = &each;
    }
  }
  return *best;
}
Datum max(Evaluator&, Arguments& args, const CallContext&) { return extreme(args[0], true); }
Datum min(Evaluator&, Arguments& args, const CallContext&) { return extreme(args[0], false); }

Datum average(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[0].value.size() == 0) return {};
  double total = 0;
  for (const Value& each : args[0].value.items()) total += each.as_double();
  return e.number(total / static_cast<double>(args[0].value.size()));
}

Datum to_number_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return unwrap(to_number(args[0].value), args[0]);
}

Datum abs(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  if (args[0].value.is_int() &&
      args[0].value.as_int() != std::numeric_limits<std::int64_t>::min()) {
    return Value::integer(std::abs(args[0].value.as_int()));
  }
  return e.number(std::fabs(number_of(args[0])));
}
Datum floor(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[0].value.is_int()) return args[0];
  return e.number(std::floor(number_of(args[0])));
}
Datum ceil(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[0].value.is_int()) return args[0];
  return e.number(std::ceil(number_of(args[0])));
}
Datum round(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const double asked = args[1].is_undefined() ? 0 : number_of(args[1]);
  const double precision = std::isnan(asked) ? 0 : asked;
  // The reference writes the precision as an exponent, which reads back if it is integral and the
  // number it makes is no larger than a number may be.
  const double number = number_of(args[0]);
  const bool readable =
      precision == std::trunc(precision) &&
      (number == 0 || std::isfinite(number * std::pow(10, std::max(precision, 0.0))));
  if (!readable && e.dialect() == Dialect::kReference) {
    return Value::number(std::nan(""));
  }
  if (args[0].value.is_int() && precision >= 0) return args[0];
  return e.number(round_half_even(number, static_cast<int>(std::clamp(precision, -400.0, 400.0))));
}
Datum sqrt(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  if (number_of(args[0]) < 0) fail_value("D3060", args[0].value);
  return e.number(std::sqrt(number_of(args[0])));
}
Datum power(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const double exponent = args[1].is_undefined() ? std::nan("") : number_of(args[1]);
  // 1 to the power of nothing is 1 in C, and no number in JavaScript.
  const double result = std::isnan(exponent) ? exponent : std::pow(number_of(args[0]), exponent);
  if (!std::isfinite(result)) fail_values("D3061", args[0].value, args[1].value);
  return e.number(result);
}
Datum random(Evaluator& e, Arguments& args, const CallContext&) {
  if (!args[0].is_undefined()) {
    if (args[0].value.is_int()) return Value::number(seeded_random(args[0].value.as_int()));
    const double given = std::isnan(number_of(args[0])) ? 0 : number_of(args[0]);
    const double seed = std::clamp(std::trunc(given), -9.2e18, 9.2e18);
    return Value::number(seeded_random(static_cast<std::int64_t>(seed)));
  }
  return Value::number(static_cast<double>(e.random() >> 11) * 0x1.0p-53);
}
Datum format_number_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(unwrap(
      format_number(number_of(args[0]),
                    args[1].is_undefined() ? std::string_view() : text_of(args[1]), args[2].value),
      args[0]));
}
Datum format_base_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(unwrap(
      format_base(number_of(args[0]), args[1].is_undefined() ? 10 : number_of(args[1])), args[1]));
}
Datum format_integer_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  return text(unwrap(format_integer(number_of(args[0]), text_of(args[1])), args[1]));
}
Datum parse_integer_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  return unwrap(parse_integer(text_of(args[0]), text_of(args[1])), args[1]);
}

// ---- Truth, types and failures

Datum boolean(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return Value::boolean(e.truthy(args[0].value));
}
Datum negate(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return Value::boolean(!e.truthy(args[0].value));
}
Datum exists(Evaluator&, Arguments& args, const CallContext&) {
  return Value::boolean(!args[0].is_undefined());
}
Datum type(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  if (e.is_function(args[0].value)) return text("function");
  // What is not a number has none of the other types either (jsonata-js).
  if (args[0].value.is_number() && std::isnan(args[0].value.as_double())) return text("object");
  return text(std::string(kind_name(args[0].value.kind())));
}
Datum error(Evaluator&, Arguments& args, const CallContext&) {
  Fault fault;
  fault.code = "D3137";
  fault.message = args[0].is_undefined() || text_of(args[0]).empty()
                      ? "$error() function evaluated"
                      : std::string(text_of(args[0]));
  throw fault;
}
Datum assert_function(Evaluator& e, Arguments& args, const CallContext&) {
  if (e.truthy(args[0].value)) return {};
  Fault fault;
  fault.code = "D3141";
  fault.message = args[1].is_undefined() || text_of(args[1]).empty()
                      ? "$assert() statement failed"
                      : std::string(text_of(args[1]));
  throw fault;
}

constexpr Builtin kBuiltins[] = {
    {"sum", "<a<n>:n>", 1, sum},
    {"count", "<a:n>", 1, count},
    {"max", "<a<n>:n>", 1, max},
    {"min", "<a<n>:n>", 1, min},
    {"average", "<a<n>:n>", 1, average},
    {"number", "<(nsb)-:n>", 1, to_number_function},
    {"abs", "<n-:n>", 1, abs},
    {"floor", "<n-:n>", 1, floor},
    {"ceil", "<n-:n>", 1, ceil},
    {"round", "<n-n?:n>", 2, round},
    {"sqrt", "<n-:n>", 1, sqrt},
    {"power", "<n-n:n>", 2, power},
    {"random", "<n?:n>", 0, random},
    {"formatNumber", "<n-so?:s>", 3, format_number_function},
    {"formatBase", "<n-n?:s>", 2, format_base_function},
    {"formatInteger", "<n-s:s>", 2, format_integer_function},
    {"parseInteger", "<s-s:n>", 2, parse_integer_function},
    {"boolean", "<x-:b>", 1, boolean},
    {"not", "<x-:b>", 1, negate},
    {"exists", "<x:b>", 1, exists},
    {"type", "<x:s>", 1, type},
    {"error", "<s?:x>", 1, error},
    {"assert", "<bs?:x>", 2, assert_function},
};

}  // namespace

std::span<const Builtin> number_builtins() { return kBuiltins; }

}  // namespace pawl::asl::jsonata
