// A Map state within a test: its fields are evaluated as in an execution, and its iterations are
// left to the inspector.
#include "engine/inspector.h"
#include "engine/interpreter.h"
#include "engine/map_run/item_reader.h"
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
  if (const std::string* data = inspector.item_data(); reads && data != nullptr) {
    const asl::ItemReader& reader = *state.distributed->item_reader;
    const auto max_items = max_items_of(turn, branch, reader, input.value());
    if (!max_items) return std::nullopt;
    Result<asl::Payload> items = parse_item_data(reader, *data, *max_items);
    if (!items) {
      raise_failure(turn, branch, "States.ItemReaderFailed", items.error().message);
      return std::nullopt;
    }
    if (!reader.items_pointer.empty()) inspector.saw(FlowStep::kItemsPointer, *items);
    return *std::move(items);
  }
  std::optional<asl::Payload> items = map_items(turn, branch, state, input);
  if (items) inspector.saw(FlowStep::kItemsPath, *items);
  return items;
}

// Documents of a test that are shown together. Bounded like every document: what gets too large for
// one is not shown, and not made any further.
class Shown {
 public:
  explicit Shown(Turn& turn) : bytes_left_(turn.limits().payload_bytes) {}

  // False: too large.
  bool add(const asl::Payload& one) {
    if (one.text().size() > bytes_left_) return false;
    bytes_left_ -= one.text().size();
    values_.push_back(one.value());
    return true;
  }
  asl::Payload take() { return asl::Payload::of(asl::Value::array(std::move(values_))); }

 private:
  std::size_t bytes_left_;
  std::vector<asl::Value> values_;
};

// False: the failure was raised.
bool go_on(Turn& turn, Branch& branch) {
  if (turn.services().inspector->go_on()) return true;
  raise(turn, branch, {.failure = {std::string(kStatesTimeout), std::nullopt}});
  return false;
}

// The ItemSelector for one item after the other; `inputs` becomes what it makes of them. False: the
// failure was raised.
bool select_items(Turn& turn, Branch& branch, const asl::MapState& state, const asl::Value& items,
                  std::optional<asl::Payload>& inputs) {
  Shown selected(turn);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!go_on(turn, branch)) return false;
    const auto one = iteration_input(turn, branch, state, items, i);
    if (!one) return false;
    if (!selected.add(*one)) return true;
  }
  inputs = selected.take();
  if (state.item_selector.present()) inspect(turn, FlowStep::kItemSelector, *inputs);
  return true;
}

// The ItemBatcher's batches of `inputs`, an array. False: the failure was raised.
bool batch_items(Turn& turn, Branch& branch, const asl::ItemBatcher& batcher,
                 const asl::Value& state_input, const asl::Value& inputs) {
  const std::optional<BatchLimits> limits = batch_limits(turn, branch, batcher, state_input);
  if (!limits) return false;
  Shown batches(turn);
  for (std::uint64_t first = 0; first < inputs.size();) {
    if (!go_on(turn, branch)) return false;
    const std::optional<ItemBatch> batch =
        next_batch(turn, branch, batcher, *limits, first, inputs.size(),
                   [&](std::uint64_t index) -> std::optional<asl::Payload> {
                     return asl::Payload::of(inputs.items()[static_cast<std::size_t>(index)]);
                   });
    if (!batch) return false;
    if (!batches.add(batch->input)) return true;
    first += batch->items;
  }
  inspect(turn, FlowStep::kItemBatcher, batches.take());
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
  const bool batches = state.distributed && state.distributed->item_batcher;
  if (state.item_selector.present() || batches) {
    std::optional<asl::Payload> inputs;
    if (!select_items(turn, branch, state, items->value(), inputs)) return;
    if (batches && inputs &&
        !batch_items(turn, branch, *state.distributed->item_batcher, input.value(),
                     inputs->value())) {
      return;
    }
  }
  inspector.end_children(turn, branch, &settings);
}

}  // namespace pawl::engine
