// Parts that several records of the engine share. Drawn in docs/storage.md.
#pragma once

#include "runtime/clock/clock.h"
#include "runtime/store/encoding.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace pawl::engine {

// A time that may be absent: 0, or milliseconds since 1970 plus 1.
inline void put_time(runtime::Encoder& out, const std::optional<runtime::WallTime>& time) {
  out.varint(time ? static_cast<std::uint64_t>(time->time_since_epoch().count()) + 1 : 0);
}

inline std::optional<runtime::WallTime> get_time(runtime::Decoder& in) {
  const std::uint64_t stored = in.varint();
  if (stored == 0) return std::nullopt;
  return runtime::WallTime(std::chrono::milliseconds(stored - 1));
}

}  // namespace pawl::engine
