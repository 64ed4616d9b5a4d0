// JSONata expressions in a definition: strings between {% and %}.
//
// Source: `asl-facts` section 4. The service refuses an expression that does not parse with the
// parser's own text, and one that reads what does not exist where it stands.
#pragma once

#include "asl/model/place.h"
#include "asl/validate/context.h"

#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

// Starts like an expression or ends like one: not meant as plain text.
bool has_jsonata_marker(std::string_view text);

// The expression between the markers of `text`, for which is_jsonata_string() is true.
std::string_view jsonata_of(std::string_view text);

struct ExpressionProblem {
  std::string_view code;
  std::string message;
};

// What keeps `text`, which has a marker, from being an expression that can be evaluated at this
// moment of the state; empty if nothing does.
std::vector<ExpressionProblem> jsonata_problems(const Context& context, std::string_view text);

// Reports them at `place`.
void check_jsonata_string(const Context& context, std::string_view text, const Place& place);

}  // namespace pawl::asl
