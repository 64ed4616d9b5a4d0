// Inspector: how a test of one state (state_test.h) looks into the interpreter. Null everywhere
// else.
//
// The states of a test are run by the same code as those of an execution. At each step that AWS's
// TestState shows they tell the inspector what came out; and what a test gives in the place of the
// world (a context object, the outputs of a Map's iterations) they take from it.
#pragma once

#include "asl/json/payload.h"
#include "engine/environment.h"
#include "engine/execution.h"
#include "engine/retry.h"
#include "engine/turn.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pawl::engine {

// Named by the field of the state that was applied.
enum class FlowStep : std::uint8_t {
  kInputPath,
  kParameters,  // or Arguments
  kResult,      // of the work, before anything is applied to it
  kResultSelector,
  kResultPath,
  kItemsPath,
  kItemsPointer,
  kItemSelector,
  kItemBatcher,
};
inline constexpr std::size_t kFlowSteps = 9;

// What a Map's fields say, literally or as evaluated; absent where the state leaves them out.
struct MapSettings {
  std::int64_t max_concurrency = 0;
  std::optional<std::int64_t> tolerated_failure_count;
  std::optional<double> tolerated_failure_percentage;
  std::size_t iterations = 0;
};

class Inspector {
 public:
  virtual ~Inspector() = default;

  // --- what it is told; a step that runs again replaces what was there ---
  virtual void saw(FlowStep step, const asl::Payload& data) = 0;
  virtual void exited(const Branch& branch, const asl::Payload& output, asl::StateIndex next) = 0;
  virtual void raised(const Branch& branch, const RaisedError& error) = 0;

  // --- what it gives ---
  virtual const asl::Value* context() const = 0;  // nullptr: the engine's own
  virtual const MapItem* map_item() const = 0;    // of the Map around the state; nullptr: none
  // What a Map's ItemReader reads; nullptr: the items are in the state's input.
  virtual const std::string* item_data() const = 0;
  // False: the test has taken too long, and the state fails with States.Timeout.
  virtual bool go_on() const = 0;
  // Ends a Parallel (no settings) or Map state in the place of its branches or iterations.
  virtual void end_children(Turn& turn, Branch& branch, const MapSettings* settings) = 0;
};

inline void inspect(Turn& turn, FlowStep step, const asl::Payload& data) {
  if (Inspector* inspector = turn.services().inspector) inspector->saw(step, data);
}

}  // namespace pawl::engine
