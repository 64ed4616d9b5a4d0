// One question of `pawl eval --batch` about JSONata, as a line of JSON, and its answer.
//
//   {"kind": "jsonata", "expr" [, "data"] [, "bindings"] [, "timelimit"] [, "depth"]}
//
// `data` absent: no input. `timelimit` is in milliseconds, `depth` in nested evaluations. Answers:
// {"result": ...}, {"undefined": true} or {"error": {"code", "position", "token", "message"}}, of
// which position and token may be missing.
#pragma once

#include "asl/jsonata/jsonata.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::asl::jsonata {

// What the language may not ask for itself.
struct BatchEnvironment {
  std::int64_t now_ms = 0;                   // $now, $millis
  std::function<std::int64_t()> elapsed_ms;  // a steady clock, for `timelimit`; may be empty
  RandomSource* random = nullptr;
  std::size_t stack_bytes = std::size_t{4} << 20;  // what the caller's stack can spare
};

// Empty for a line that is no JSON object of kind "jsonata" (a missing kind counts as one).
std::optional<std::string> answer_jsonata_line(std::string_view line, Dialect dialect,
                                               const BatchEnvironment& environment);

}  // namespace pawl::asl::jsonata
