// A Map state within a test: its fields are evaluated as in an execution, and its iterations are
// left to the inspector.
#include "engine/inspector.h"
#include "engine/interpreter.h"
#include "engine/states/map_parts.h"

#include <utility>
#include <vector>

namespace pawl::engine {

namespace {

// Where an execution would read the items from elsewhere a test gives them, or has them in the
// state's input, as if they had been read already (developer guide, "Testing Distributed Map").
std::optional<asl::Payload> items_for_test(Turn& turn, Branch& branch, const asl::MapState& state,
                                           const asl::Payload& input) {
  Inspector& inspector = *turn.services().inspector;
  const bool reads = state.distributed && state.distributed->item_reader;
  if (const Result<asl::Payload>* read = inspector.item_data(); reads && read != nullptr) {
    if (*read) return **read;
    raise_failure(turn, branch, "States.ItemReaderFailed", read->error().message);
    return std::nullopt;
  }
  std::optional<asl::Payload> items = map_items(turn, branch, state, input);
  if (items) inspector.saw(FlowStep::kItemsPath, *items);
  return items;
}

// The ItemSelector for one item after the other. Bounded like every document: what gets too large
// for one is not shown. False: the failure was raised.
bool select_items(Turn& turn, Branch& branch, const asl::MapState& state, const asl::Value& items,
                  Inspector& inspector) {
  std::vector<asl::Value> selected;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!inspector.go_on()) {
      raise(turn, branch, {.failure = {std::string(kStatesTimeout), std::nullopt}});
      return false;
    }
    const auto one = iteration_input(turn, branch, state, items, i);
    if (!one) return false;
    bytes += one->text().size();
    if (bytes > turn.limits().payload_bytes) return true;
    selected.push_back(one->value());
  }
  inspector.saw(FlowStep::kItemSelector, asl::Payload::of(asl::Value::array(std::move(selected))));
  return true;
}

}  // namespace

void inspect_map(Turn& turn, Branch& branch, const asl::MapState& state, const asl::Payload& input,
                 std::int64_t max_concurrency) {
  Inspector& inspector = *turn.services().inspector;
  const std::optional<asl::Payload> items = items_for_test(turn, branch, state, input);
  if (!items) return;
  MapSettings settings;
  settings.max_concurrency = max_concurrency;
  settings.iterations = items->value().size();
  if (state.distributed) {
    const std::optional<MapTolerance> tolerance =
        map_tolerance(turn, branch, *state.distributed, input.value());
    if (!tolerance) return;
    settings.tolerated_failure_count = tolerance->count;
    settings.tolerated_failure_percentage = tolerance->percentage;
  }
  if (state.item_selector.present() &&
      !select_items(turn, branch, state, items->value(), inspector)) {
    return;
  }
  inspector.end_children(turn, branch, &settings);
}

}  // namespace pawl::engine
