// Redrive: an execution that failed, timed out or was stopped goes on where it stood.
//
// The frames of such an execution stay in the store when it ends (Turn::end). A redrive opens it
// again and begins the work of every state that had no exit: with the same definition, the same
// ARN, the history appended. What succeeded is kept.
//
// Source: API reference, RedriveExecution; developer guide, "Restarting state machine executions
// with redrive"; `api-facts` section 5.
#pragma once

#include "engine/execution.h"
#include "engine/turn.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::engine {

inline constexpr std::chrono::hours kRedrivablePeriod{14 * 24};  // since the end
inline constexpr std::size_t kRedriveTokens = 10;                // client tokens remembered ...
inline constexpr std::chrono::minutes kRedriveTokenLife{15};     // ... for this long

// Why an execution cannot be redriven, in AWS's words; empty if it can. `last_event` is the number
// of the last event of its history. Pure.
std::string redrive_refusal(const ExecutionRecord& record, EventId last_event, bool machine_exists,
                            runtime::WallTime now, const Limits& limits);

// The redrive that was made with this client token, if it is still remembered. Pure.
std::optional<runtime::WallTime> redriven_with(const ExecutionRecord& record,
                                               std::string_view client_token,
                                               runtime::WallTime now);

// Handles the message: opens the execution again, or replies why not.
void redrive(Turn& turn, RedriveMessage& message);

}  // namespace pawl::engine
