// Reads JSON text (RFC 8259) into a Value, within limits.
//
// Strict: UTF-8 is validated, no comments, no trailing text, no NUL or byte-order mark. Of
// duplicate keys the last value wins (as the service's own reader does). Integers beyond 64 bits
// become doubles. Iterative: nesting is bounded by a counter, not by the stack.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <cstddef>
#include <string_view>

namespace pawl::asl {

struct ReadOptions {
  std::size_t max_bytes = std::size_t{64} << 20;
  int max_depth = kMaxDepth;
};

// kInvalid: not JSON; the message says what was expected, `where` is "offset N" with line and
// column. kLimit: larger or deeper than the options allow.
Result<Value> read_json(std::string_view text, const ReadOptions& options = {});

// The same, but for the limit on bytes, by RapidJSON alone: which judges what read_json() does not
// take at first sight (quick_reader.h), and says what is wrong with it. For tests.
Result<Value> read_with_rapidjson(std::string_view text, const ReadOptions& options = {});

// Line and column (both from 1) of a byte offset; columns count bytes.
struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;
};
TextPosition position_of(std::string_view text, std::size_t offset);

}  // namespace pawl::asl
