// One question of `pawl eval --batch` about the JSONPath language, as a line of JSON, and its
// answer: how corpora and other programs ask for single evaluations.
//
// Questions (`kind`):
//   jsonpath   {"selector", "document" [, "root": "context"]}     the selector's result
//              {"op": "classify", "selector"}                     is it a Reference Path?
//              {"op": "write", "selector", "document", "value"}   as ResultPath puts `value`
//   intrinsic  {"call", "input" [, "context", "variables", "random"]}
//   template   {"template", "input" [, "context", "variables"]}
//   choice     {"rule", "input" [, "context", "variables"]}
//   timestamp  {"text"}
//
// Answers: {"result": ...}, {"reference_path": bool}, or
// {"error": {"code": "NOT_FOUND" | "INVALID_PATH" | "OTHER", "message": ...}}.
// NOT_FOUND and OTHER are failures at run time, INVALID_PATH is one of the definition. Selectors
// are read as Jayway reads them, which takes more than a state machine may say.
#pragma once

#include "asl/json/value.h"

#include <string>
#include <string_view>

namespace pawl::asl {

// The answer to one question; `line` holds one JSON object. Pure; a bad line is answered with an
// error of code "OTHER", never with an exception. Kinds that are not ours give undefined.
Value answer_path_question(const Value& question);

// The same for text: one line in, one line out, without the line break.
std::string answer_path_line(std::string_view line);

}  // namespace pawl::asl
