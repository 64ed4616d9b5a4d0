// The built-in functions as the evaluator calls them. Internal to asl/jsonata.
//
// What is pure arithmetic on numbers, dates and encodings is in library.h; builtins_*.cpp connect
// it with the language: signatures, undefined arguments, sequences, callbacks.
#pragma once

#include "asl/jsonata/arguments.h"
#include "asl/jsonata/datum.h"
#include "asl/jsonata/frame.h"
#include "asl/jsonata/jsonata.h"
#include "asl/jsonata/signature.h"
#include "base/result.h"

#include <span>
#include <string_view>

namespace pawl::asl::jsonata {

class Evaluator;

struct CallContext {
  const Datum& input;
  const FramePtr& frame;
};

struct Builtin {
  std::string_view name;
  std::string_view signature;
  // That of the reference's implementation: it decides what callbacks receive. -1: any number.
  int arity;
  Datum (*run)(Evaluator&, Arguments&, const CallContext&);
  bool reference_only = false;
  const Signature* parsed = nullptr;  // set by find_builtin
};

// nullptr: there is none of that name. Both dialects' functions; see reference_only.
const Builtin* find_builtin(std::string_view name);
inline const Builtin* find_builtin(std::string_view name, Dialect dialect) {
  const Builtin* builtin = find_builtin(name);
  return builtin != nullptr && builtin->reference_only && dialect == Dialect::kAws ? nullptr
                                                                                   : builtin;
}

// The tables of the files builtins_*.cpp.
std::span<const Builtin> number_builtins();
std::span<const Builtin> string_builtins();
std::span<const Builtin> pattern_builtins();
std::span<const Builtin> array_builtins();
std::span<const Builtin> callback_builtins();
std::span<const Builtin> encoding_builtins();

// ---- for builtins_*.cpp

[[noreturn]] void fail_library(const Error& error, const Value& value);

template <typename T>
T unwrap(Result<T> result, const Datum& argument) {
  if (!result) fail_library(result.error(), argument.value);
  return std::move(result).value();
}

inline std::string_view text_of(const Datum& datum) { return datum.value.as_string(); }
inline double number_of(const Datum& datum) { return datum.value.as_double(); }
inline Value count_value(std::size_t value) {
  return Value::integer(static_cast<std::int64_t>(value));
}

}  // namespace pawl::asl::jsonata
