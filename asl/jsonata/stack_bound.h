// How much stack the parser may use. Internal to asl/jsonata.
#pragma once

#include "asl/jsonata/fault.h"
#include "asl/jsonata/jsonata.h"

#include <cstddef>

namespace pawl::asl::jsonata {

class StackBound {
 public:
  explicit StackBound(Dialect dialect)
      : top_(static_cast<const char*>(__builtin_frame_address(0))),
        limit_(dialect == Dialect::kAws ? kParseStackBytes : kReferenceBytes) {}

  void check(int position) const {
    const std::ptrdiff_t used = top_ - static_cast<const char*>(__builtin_frame_address(0));
    if (static_cast<std::size_t>(used < 0 ? -used : used) > limit_) fail(position);
  }

 private:
  // Who offers the reference's dialect has a thread's stack.
  static constexpr std::size_t kReferenceBytes = std::size_t{1} << 20;

  [[noreturn, gnu::noinline]] static void fail(int position) {
    Fault fault;
    fault.code = "U1001";
    fault.position = position;
    fault.message = "Stack overflow error: the expression is nested too deeply";
    throw fault;
  }

  const char* top_;
  std::size_t limit_;
};

}  // namespace pawl::asl::jsonata
