// The parts of entering a Map: what its fields say about the items, and about failures of theirs.
// Shared by the state itself (map.cpp, map_distributed.cpp) and by a test of it
// (map_inspected.cpp).
//
// Each answers empty when it has raised the failure: the caller just returns.
#pragma once

#include "engine/environment.h"
#include "engine/execution.h"
#include "engine/turn.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace pawl::engine {

// Items, or ItemsPath on the effective input.
std::optional<asl::Payload> map_items(Turn& turn, Branch& branch, const asl::MapState& state,
                                      const asl::Payload& input);

// ToleratedFailureCount and ToleratedFailurePercentage, each if it is given.
struct MapTolerance {
  std::optional<std::int64_t> count;
  std::optional<double> percentage;
};
std::optional<MapTolerance> map_tolerance(Turn& turn, Branch& branch,
                                          const asl::DistributedMap& distributed,
                                          const asl::Value& input);

// What iteration `index` begins with: its item, or what the ItemSelector makes of it.
std::optional<asl::Payload> iteration_input(Turn& turn, Branch& branch, const asl::MapState& state,
                                            const asl::Value& items, std::size_t index);

// One item of the state's data, and the same as iteration_input() for any item.
MapItem item_at(const asl::MapState& state, const asl::Value& items, std::size_t index);
std::optional<asl::Payload> item_input(Turn& turn, Branch& branch, const asl::MapState& state,
                                       const MapItem& item);

// MaxItems of the ItemReader; 0: all. What is negative the reader refuses.
std::optional<std::int64_t> max_items_of(Turn& turn, Branch& branch, const asl::ItemReader& reader,
                                         const asl::Value& input);

// ItemBatcher: how much one batch takes, with what the engine allows where it says nothing.
struct BatchLimits {
  std::int64_t items = 0;
  std::int64_t bytes = 0;  // of the input as JSON
};
std::optional<BatchLimits> batch_limits(Turn& turn, Branch& branch, const asl::ItemBatcher& batcher,
                                        const asl::Value& input);
// {"BatchInput", "Items"} of the items from `first` on, before `end`; at least one. `take` gives
// the item of an index, or raises.
struct ItemBatch {
  asl::Payload input;
  std::uint64_t items = 0;
};
std::optional<ItemBatch> next_batch(
    Turn& turn, Branch& branch, const asl::ItemBatcher& batcher, const BatchLimits& limits,
    std::uint64_t first, std::uint64_t end,
    const std::function<std::optional<asl::Payload>(std::uint64_t)>& take);

// A test's Map: evaluates all of these for the inspector, which then ends the state.
void inspect_map(Turn& turn, Branch& branch, const asl::MapState& state, const asl::Payload& input,
                 std::int64_t max_concurrency);

}  // namespace pawl::engine
