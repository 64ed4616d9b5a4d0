#include "asl/parse/fields.h"

#include <cmath>
#include <utility>

namespace pawl::asl {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

}  // namespace

void FirstError::report(ErrorCode code, const Place& place, std::string message) {
  if (!error_) error_ = Error{code, std::move(message), place.text()};
}

std::optional<std::int64_t> whole_number(const Value& value) {
  if (value.is_int()) return value.as_int();
  if (!value.is_double()) return std::nullopt;
  const double number = value.as_double();
  if (!(number >= -kTwoTo63 && number < kTwoTo63) || std::trunc(number) != number) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

void FieldReader::report(std::string_view field, std::string message) const {
  first_error_.report(ErrorCode::kInvalid, place_ / field, std::move(message));
}

std::optional<std::string> FieldReader::string(std::string_view field) const {
  const Value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->as_string());
  report(field, "A string is expected here.");
  return std::nullopt;
}

std::string FieldReader::required_string(std::string_view field) const {
  if (find(field) == nullptr) report(field, "This field is required.");
  return string(field).value_or("");
}

std::optional<std::int64_t> FieldReader::integer(std::string_view field) const {
  const Value* value = find(field);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::int64_t> number = whole_number(*value);
  if (!number) report(field, "An integer is expected here.");
  return number;
}

std::optional<double> FieldReader::number(std::string_view field) const {
  const Value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->as_double();
  report(field, "A number is expected here.");
  return std::nullopt;
}

std::vector<std::string> FieldReader::strings(std::string_view field) const {
  std::vector<std::string> out;
  const Value* value = find(field);
  if (value == nullptr || !value->is_array()) {
    report(field, "An array of strings is expected here.");
    return out;
  }
  for (const Value& item : value->items()) {
    if (!item.is_string()) {
      report(field, "An array of strings is expected here.");
      return out;
    }
    out.emplace_back(item.as_string());
  }
  return out;
}

std::optional<StringExpression> FieldReader::expression(const std::string& field) const {
  const Value* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    report(field, "A path is expected here.");
    return std::nullopt;
  }
  Result<StringExpression> parsed = StringExpression::parse(value->as_string());
  if (parsed) return std::move(parsed).value();
  report(field, parsed.error().message);
  return std::nullopt;
}

bool FieldReader::is_jsonata(std::string_view field) const {
  if (language_ != QueryLanguage::kJsonata) return false;
  const Value* value = find(field);
  return value != nullptr && value->is_string() && jsonata_source(value->as_string()).has_value();
}

template <typename T>
void FieldReader::read_dynamic(std::string_view field, ScalarField<T>& out) const {
  if (language_ == QueryLanguage::kJsonPath) {
    out.path = expression(std::string(field) + "Path");
  } else if (is_jsonata(field)) {
    out.expression = jsonata_template(field);
  }
}

NumberField FieldReader::number_field(std::string_view field) const {
  NumberField out;
  read_dynamic(field, out);
  if (!out.expression) out.literal = integer(field);
  return out;
}

FractionField FieldReader::fraction_field(std::string_view field) const {
  FractionField out;
  read_dynamic(field, out);
  if (!out.expression) out.literal = number(field);
  return out;
}

TextField FieldReader::text_field(std::string_view field) const {
  TextField out;
  read_dynamic(field, out);
  if (!out.expression) out.literal = string(field);
  return out;
}

ScalarField<bool> FieldReader::condition_field(std::string_view field) const {
  ScalarField<bool> out;
  const Value* value = find(field);
  if (value != nullptr && value->is_bool()) {
    out.literal = value->as_bool();
  } else if (is_jsonata(field)) {
    out.expression = jsonata_template(field);
  } else {
    report(field, "A boolean or a JSONata expression is expected here.");
  }
  return out;
}

PathField FieldReader::path(std::string_view field) const {
  PathField out;
  const Value* value = find(field);
  if (value == nullptr) return out;
  if (value->is_null()) {
    out.kind = PathField::Kind::kNull;
    return out;
  }
  if (std::optional<StringExpression> parsed = expression(std::string(field))) {
    out.kind = PathField::Kind::kPath;
    out.expression = std::move(*parsed);
  }
  return out;
}

PathField FieldReader::reference_path(std::string_view field) const {
  PathField out;
  const Value* value = find(field);
  if (value == nullptr) return out;
  if (value->is_null()) {
    out.kind = PathField::Kind::kNull;
    return out;
  }
  if (!value->is_string()) {
    report(field, "A reference path is expected here.");
    return out;
  }
  Result<Path> parsed = Path::parse_reference(value->as_string());
  if (!parsed) {
    report(field, parsed.error().message);
  } else {
    out.kind = PathField::Kind::kPath;
    out.reference = std::move(parsed).value();
  }
  return out;
}

std::optional<PayloadTemplate> FieldReader::payload_template(std::string_view field) const {
  const Value* value = find(field);
  if (value == nullptr) return std::nullopt;
  Result<PayloadTemplate> compiled = PayloadTemplate::compile(*value);
  if (compiled) return std::move(compiled).value();
  report(std::string(field) + compiled.error().where, compiled.error().message);
  return std::nullopt;
}

std::optional<JsonataTemplate> FieldReader::jsonata_template(std::string_view field) const {
  const Value* value = find(field);
  if (value == nullptr) return std::nullopt;
  const std::string name = std::string(part_) + std::string(field);
  Result<JsonataTemplate> compiled = JsonataTemplate::compile(*value, name);
  if (compiled) return std::move(compiled).value();
  // Its `where` begins with the name, which is part of our own place.
  const std::string& where = compiled.error().where;
  report(std::string(field) + (where.size() > name.size() ? where.substr(name.size()) : ""),
         compiled.error().message);
  return std::nullopt;
}

Template FieldReader::template_of(std::string_view field) const {
  Template out;
  if (language_ == QueryLanguage::kJsonata) {
    out.jsonata = jsonata_template(field);
  } else {
    out.jsonpath = payload_template(field);
  }
  return out;
}

}  // namespace pawl::asl
