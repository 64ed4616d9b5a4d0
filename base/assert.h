// PAWL_ASSERT: an invariant that holds in release builds too. A broken one stops the process
// with the place and the condition; user input never reaches one.
#pragma once

namespace pawl {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace pawl

#define PAWL_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::pawl::assertion_failed(#condition, __FILE__, __LINE__))
