// Reads the fields of one object of a definition (a state, a retrier, a catcher) into the model.
//
// A definition has been validated before it is compiled, so every reader answers a default for
// what it cannot read and reports it: the first report becomes the answer of compile().
#pragma once

#include "asl/json/value.h"
#include "asl/model/definition.h"
#include "asl/model/place.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

// The first problem of a compilation; later ones are dropped.
class FirstError {
 public:
  void report(ErrorCode code, const Place& place, std::string message);
  bool any() const { return error_.has_value(); }
  Error take() { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

class FieldReader {
 public:
  // All must outlive the reader. What is no object has no fields. `part`: of a part of a state, its
  // name in the locations of JSONata failures ("Catch[1]/").
  FieldReader(const Value& object, const Place& place, FirstError& first_error,
              QueryLanguage language = QueryLanguage::kJsonPath, std::string_view part = {})
      : object_(object),
        place_(place),
        first_error_(first_error),
        language_(language),
        part_(part) {}

  const Value* find(std::string_view field) const { return object_.find(field); }
  const Place& place() const { return place_; }

  std::optional<std::string> string(std::string_view field) const;
  std::string required_string(std::string_view field) const;
  std::optional<std::int64_t> integer(std::string_view field) const;
  std::optional<double> number(std::string_view field) const;
  std::vector<std::string> strings(std::string_view field) const;

  // Literal in `field`, or dynamic: in `field`Path (JSONPath) or in `field` itself (JSONata).
  NumberField number_field(std::string_view field) const;
  FractionField fraction_field(std::string_view field) const;
  TextField text_field(std::string_view field) const;
  ScalarField<bool> condition_field(std::string_view field) const;

  PathField path(std::string_view field) const;            // InputPath, OutputPath, ItemsPath
  PathField reference_path(std::string_view field) const;  // ResultPath
  std::optional<PayloadTemplate> payload_template(std::string_view field) const;
  std::optional<JsonataTemplate> jsonata_template(std::string_view field) const;
  // One of the two, by the state's query language.
  Template template_of(std::string_view field) const;

  void report(std::string_view field, std::string message) const;

 private:
  std::optional<StringExpression> expression(const std::string& field) const;
  bool is_jsonata(std::string_view field) const;  // the field holds an expression of JSONata
  // Path or expression of a scalar that is not written literally.
  template <typename T>
  void read_dynamic(std::string_view field, ScalarField<T>& out) const;

  const Value& object_;
  const Place& place_;
  FirstError& first_error_;
  QueryLanguage language_;
  std::string_view part_;
};

// A number without a fraction, written 5 or 5.0; empty for anything else or beyond 64 bits.
std::optional<std::int64_t> whole_number(const Value& value);

}  // namespace pawl::asl
