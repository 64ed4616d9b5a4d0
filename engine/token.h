// Task tokens: opaque to their holders; here they name the waiting task and prove the holder got
// it from us (128 random bits that only the frame and the token know).
#pragma once

#include "engine/frame.h"
#include "engine/records.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::engine {

struct TaskToken {
  ExecutionNumber execution = 0;
  BranchId branch = 0;
  EventId scheduled_event = 0;
  std::string nonce;
};

inline constexpr std::size_t kNonceBytes = 16;

std::string encode_token(const TaskToken& token);
// Empty: not a token of ours.
std::optional<TaskToken> decode_token(std::string_view text);

// Comparison in constant time.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace pawl::engine
