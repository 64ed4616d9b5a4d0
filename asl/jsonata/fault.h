// The exception that carries a failure out of the parser and the evaluator. It never leaves
// asl/jsonata: Expression turns it into a Failure.
#pragma once

#include "asl/json/value.h"
#include "asl/jsonata/jsonata.h"

#include <string>
#include <string_view>

namespace pawl::asl::jsonata {

struct Fault {
  std::string code;
  int position = -1;
  std::string token;
  bool has_token = false;
  bool token_is_literal = false;  // a number, true, false, null: not quoted in the message
  Value value;
  Value value2;
  int index = 0;
  std::string type;     // T0412: the expected element type
  std::string message;  // set: used as it is
};

[[noreturn]] void fail(std::string_view code);
[[noreturn]] void fail_at(std::string_view code, int position);
[[noreturn]] void fail_token(std::string_view code, int position, std::string_view token);
[[noreturn]] void fail_value(std::string_view code, const Value& value, int position = -1);
[[noreturn]] void fail_values(std::string_view code, const Value& value, const Value& value2,
                              int position = -1);

// Fills in the reference's text for the code.
Failure to_failure(const Fault& fault);

}  // namespace pawl::asl::jsonata
