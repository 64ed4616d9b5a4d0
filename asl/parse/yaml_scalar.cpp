#include "asl/parse/yaml_scalar.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>

namespace pawl::asl {
namespace {

constexpr std::string_view kCorePrefix = "tag:yaml.org,2002:";

constexpr std::string_view kNulls[] = {"", "~", "null", "Null", "NULL"};
constexpr std::string_view kTrues[] = {"true", "True", "TRUE"};
constexpr std::string_view kFalses[] = {"false", "False", "FALSE"};
constexpr std::string_view kNotFinite[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};

// Short tags of CloudFormation, which only a template can resolve.
constexpr std::string_view kCloudFormationTags[] = {
    "!Ref", "!Sub",         "!GetAtt",    "!Join",      "!Select", "!Split",        "!FindInMap",
    "!If",  "!ImportValue", "!Base64",    "!Cidr",      "!GetAZs", "!And",          "!Or",
    "!Not", "!Equals",      "!Condition", "!Transform", "!Length", "!ToJsonString",
};

template <typename Words>
bool is_one_of(std::string_view text, const Words& words) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return text;
}

// [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+; beyond 64 bits a double.
std::optional<Value> parse_integer(std::string_view text) {
  int base = 10;
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  if (text.starts_with("0o") || text.starts_with("0x")) {
    base = text[1] == 'o' ? 8 : 16;
    digits = text.substr(2);
    if (digits.empty() || !std::isxdigit(static_cast<unsigned char>(digits.front()))) {
      return std::nullopt;
    }
  } else if (!all_digits(without_sign(text))) {
    return std::nullopt;
  }
  std::int64_t integer = 0;
  const char* const end = digits.data() + digits.size();
  const auto [last, failure] = std::from_chars(digits.data(), end, integer, base);
  if (last != end) return std::nullopt;
  if (failure == std::errc()) return Value::integer(integer);
  if (base != 10) return std::nullopt;
  double number = 0;
  std::from_chars(digits.data(), end, number);
  return std::isfinite(number) ? std::optional<Value>(Value::number(number)) : std::nullopt;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
std::optional<Value> parse_float(std::string_view text) {
  std::string_view rest = without_sign(text);
  std::string_view exponent;
  if (const std::size_t e = rest.find_first_of("eE"); e != std::string_view::npos) {
    exponent = rest.substr(e + 1);
    rest = rest.substr(0, e);
    if (!all_digits(without_sign(exponent))) return std::nullopt;
  }
  const std::size_t dot = rest.find('.');
  const std::string_view whole = rest.substr(0, dot);
  const std::string_view fraction =
      dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  if (whole.empty() ? !all_digits(fraction)
                    : !all_digits(whole) || (!fraction.empty() && !all_digits(fraction))) {
    return std::nullopt;
  }
  const std::string_view unsigned_plus = text.starts_with('+') ? text.substr(1) : text;
  double number = 0;
  std::from_chars(unsigned_plus.data(), unsigned_plus.data() + unsigned_plus.size(), number);
  return Value::number(number);
}

Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message), ""}; }

Result<Value> plain_scalar(std::string_view text) {
  if (is_one_of(text, kNulls)) return Value::null();
  if (is_one_of(text, kTrues)) return Value::boolean(true);
  if (is_one_of(text, kFalses)) return Value::boolean(false);
  if (is_one_of(without_sign(text), kNotFinite)) {
    return invalid("'" + std::string(text) + "' is a number that JSON cannot hold.");
  }
  if (const std::optional<Value> integer = parse_integer(text)) return *integer;
  if (const std::optional<Value> number = parse_float(text)) return *number;
  return Value::string(text);
}

Result<Value> tagged_scalar(std::string_view type, std::string_view text) {
  if (type == "str") return Value::string(text);
  Result<Value> value = plain_scalar(text);
  if (!value) return value;
  if (type == "float" && value->is_int()) return Value::number(value->as_double());
  const bool fits = (type == "null" && value->is_null()) || (type == "bool" && value->is_bool()) ||
                    (type == "int" && value->is_int()) || (type == "float" && value->is_double());
  if (fits) return value;
  return invalid("'" + std::string(text) + "' does not fit its tag !!" + std::string(type) + ".");
}

}  // namespace

Result<Value> yaml_scalar(std::string_view tag, std::string_view text) {
  if (tag == "?" || tag.empty()) return plain_scalar(text);
  if (tag == "!") return Value::string(text);
  if (tag.starts_with(kCorePrefix)) {
    const std::string_view type = tag.substr(kCorePrefix.size());
    if (type == "str" || type == "null" || type == "bool" || type == "int" || type == "float") {
      return tagged_scalar(type, text);
    }
  }
  return unknown_tag(tag);
}

bool is_core_collection_tag(std::string_view tag) {
  return tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:map" ||
         tag == "tag:yaml.org,2002:seq";
}

Error unknown_tag(std::string_view tag) {
  const std::string name(tag);
  if (is_one_of(tag, kCloudFormationTags)) {
    return invalid("The CloudFormation tag " + name +
                   " can only be resolved inside a template. Write the value, or a "
                   "${Placeholder} that DefinitionSubstitutions fills in.");
  }
  return invalid("The tag " + name + " is not supported.");
}

}  // namespace pawl::asl
