// The parts of entering a Map: what its fields say about the items, and about failures of theirs.
// Shared by the state itself (map.cpp) and by a test of it (map_inspected.cpp).
//
// Each answers empty when it has raised the failure: the caller just returns.
#pragma once

#include "engine/environment.h"
#include "engine/execution.h"
#include "engine/turn.h"

#include <cstdint>
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

// A test's Map: evaluates all of these for the inspector, which then ends the state.
void inspect_map(Turn& turn, Branch& branch, const asl::MapState& state, const asl::Payload& input,
                 std::int64_t max_concurrency);

}  // namespace pawl::engine
