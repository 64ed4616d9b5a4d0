// Result<T>: a value, or the Error that explains why there is none.
//
// Expected failures (bad input, a missing key, a full disk) are values of this type; broken
// invariants are PAWL_ASSERT (base/assert.h). The interface is that of std::expected, which
// g++ 12 and clang 14 do not have in C++20.
#pragma once

#include "base/assert.h"

#include <string>
#include <utility>
#include <variant>

namespace pawl {

// What kind of failure, for code to switch on. The message is for people.
enum class ErrorCode {
  kInvalid,      // the caller's input is wrong: syntax, type, constraint
  kNotFound,     // what was asked for is not there
  kExists,       // it is there already
  kLimit,        // a documented bound was reached (docs/limits.md)
  kEvaluation,   // an expression could not be computed from its data
  kTimeout,      // a deadline passed
  kCancelled,    // whoever waited gave up, or we are shutting down
  kUnavailable,  // not now: store closed, connection refused; may be tried again
  kIo,           // the operating system said no
  kCorrupt,      // stored data does not read back
  kUnsupported,  // understood, but not offered
  kInternal,     // our own defect, reported instead of crashing
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // a whole sentence or clause; says what to do where that is known
  std::string where;    // JSON pointer, store key, file:line or offset; may be empty
};

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : data_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error) : data_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool has_value() const { return data_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    PAWL_ASSERT(has_value());
    return std::get<0>(data_);
  }
  const T& value() const& {
    PAWL_ASSERT(has_value());
    return std::get<0>(data_);
  }
  T&& value() && {
    PAWL_ASSERT(has_value());
    return std::get<0>(std::move(data_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    PAWL_ASSERT(!has_value());
    return std::get<1>(data_);
  }
  Error&& error() && {
    PAWL_ASSERT(!has_value());
    return std::get<1>(std::move(data_));
  }

  template <typename U>
  T value_or(U&& fallback) && {
    return has_value() ? std::get<0>(std::move(data_)) : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  std::variant<T, Error> data_;
};

// Success without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT: implicit on purpose

  bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& {
    PAWL_ASSERT(failed_);
    return error_;
  }
  Error&& error() && {
    PAWL_ASSERT(failed_);
    return std::move(error_);
  }

 private:
  Error error_;
  bool failed_ = false;
};

using Status = Result<void>;

}  // namespace pawl
