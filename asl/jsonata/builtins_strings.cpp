// Built-in functions: text.
#include "asl/jsonata/builtins.h"
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/text.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace pawl::asl::jsonata {
namespace {

Value text(std::string_view value) { return Value::string(value); }

Datum string(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return e.stringify(args[0], e.truthy(args[1].value));
}
Datum substring_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const double start = args[1].is_undefined() ? std::nan("") : number_of(args[1]);
  std::optional<double> size;
  if (!args[2].is_undefined()) size = number_of(args[2]);
  return text(substring(text_of(args[0]), start, size));
}
Datum substring_before(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return args[0];
  const std::string_view subject = text_of(args[0]);
  const std::size_t at = subject.find(text_of(args[1]));
  return at == std::string_view::npos ? args[0] : Datum(text(std::string(subject.substr(0, at))));
}
Datum substring_after(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return args[0];
  const std::string_view subject = text_of(args[0]);
  const std::string_view part = text_of(args[1]);
  const std::size_t at = subject.find(part);
  return at == std::string_view::npos ? args[0]
                                      : Datum(text(std::string(subject.substr(at + part.size()))));
}
Datum lowercase(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(lower_case(text_of(args[0])));
}
Datum uppercase(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(upper_case(text_of(args[0])));
}
Datum length_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return count_value(count_code_points(text_of(args[0])));
}
Datum trim(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  std::string out;
  for (const char c : text_of(args[0])) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return text(std::move(out));
}
Datum pad_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const double width = args[1].is_undefined() ? 0 : number_of(args[1]);
  return text(unwrap(pad(text_of(args[0]), width,
                         args[2].is_undefined() ? std::string_view(" ") : text_of(args[2])),
                     args[1]));
}

Datum join(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const std::string_view separator = args[1].is_undefined() ? std::string_view() : text_of(args[1]);
  std::string out;
  bool first = true;
  for (const Value& each : args[0].value.items()) {
    e.count_step();
    e.check_weight(out.size());
    if (!first) out += separator;
    first = false;
    out += each.as_string();
  }
  return text(std::move(out));
}

constexpr Builtin kBuiltins[] = {
    {"string", "<x-b?:s>", 1, string},
    {"substring", "<s-nn?:s>", 3, substring_function},
    {"substringBefore", "<s-s:s>", 2, substring_before},
    {"substringAfter", "<s-s:s>", 2, substring_after},
    {"lowercase", "<s-:s>", 1, lowercase},
    {"uppercase", "<s-:s>", 1, uppercase},
    {"length", "<s-:n>", 1, length_function},
    {"trim", "<s-:s>", 1, trim},
    {"pad", "<s-ns?:s>", 3, pad_function},
    {"join", "<a<s>s?:s>", 2, join},
};

}  // namespace

std::span<const Builtin> string_builtins() { return kBuiltins; }

}  // namespace pawl::asl::jsonata
