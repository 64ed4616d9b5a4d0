// Parts that several records of the engine share. Drawn in docs/storage.md.
#pragma once

#include "engine/event.h"
#include "runtime/clock/clock.h"
#include "runtime/store/encoding.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace pawl::engine {

// What is beyond cannot be meant, and could not be reckoned with: milliseconds from 1970 to either
// side (nine thousand years), and the number of an event.
inline constexpr std::int64_t kTimeMax = std::int64_t{1} << 48U;
inline constexpr std::uint64_t kEventIdMax = std::uint64_t{1} << 48U;

inline EventId get_event_id(runtime::Decoder& in) {
  return static_cast<EventId>(in.varint_max(kEventIdMax));
}

inline std::chrono::milliseconds get_span(runtime::Decoder& in, std::int64_t read) {
  if (read > kTimeMax || read < -kTimeMax) {
    in.fail();
    return {};
  }
  return std::chrono::milliseconds(read);
}

inline runtime::WallTime get_wall(runtime::Decoder& in) {
  return runtime::WallTime(get_span(in, static_cast<std::int64_t>(in.varint())));
}

// A time that may be absent: 0, or milliseconds since 1970 plus 1.
inline void put_time(runtime::Encoder& out, const std::optional<runtime::WallTime>& time) {
  out.varint(time ? static_cast<std::uint64_t>(time->time_since_epoch().count()) + 1 : 0);
}

inline std::optional<runtime::WallTime> get_time(runtime::Decoder& in) {
  const std::uint64_t stored = in.varint();
  if (stored == 0) return std::nullopt;
  return runtime::WallTime(get_span(in, static_cast<std::int64_t>(stored - 1)));
}

}  // namespace pawl::engine
