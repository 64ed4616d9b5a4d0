#include "engine/states/map_parts.h"

#include "asl/json/writer.h"
#include "engine/interpreter.h"
#include "engine/map_run/map_run.h"

#include <algorithm>
#include <vector>

namespace pawl::engine {

namespace {

// A field of ItemBatcher: at least 1; 0: it is not given. Empty: the failure was raised.
std::optional<std::int64_t> batch_limit(Turn& turn, Branch& branch, const asl::NumberField& field,
                                        std::string_view name, const asl::Value& input) {
  const FieldNumber number =
      field_integer(turn, branch, field, std::string(name) + "Path", input, 1);
  if (number.raised) return std::nullopt;
  if (number.value && *number.value < 1) {
    raise_runtime(turn, branch, std::string(name) + " must be positive.");
    return std::nullopt;
  }
  return number.value.value_or(0);
}

}  // namespace

std::optional<asl::Payload> map_items(Turn& turn, Branch& branch, const asl::MapState& state,
                                      const asl::Payload& input) {
  if (state_of(turn.execution(), branch).query_language == asl::QueryLanguage::kJsonata) {
    if (state.items) {
      std::optional<asl::Value> items = query_array(turn, branch, *state.items);
      if (!items) return std::nullopt;
      return asl::Payload::of(*std::move(items));
    }
    if (input.value().is_array()) return input;
    raise_query(turn, branch, "Map state input must be an array but was: " + input.text(), "");
    return std::nullopt;
  }
  asl::Payload items = input;
  std::string path = "$";
  if (state.items_path.kind == asl::PathField::Kind::kPath) {
    const asl::StringExpression& expression = state.items_path.expression;
    path = expression.text();
    const StateEnvironment environment(turn, branch);
    Result<asl::Value> value = expression.path() != nullptr
                                   ? expression.path()->evaluate(input.value(), environment)
                                   : expression.evaluate("ItemsPath", input.value(), environment);
    if (!value) {
      raise_runtime(turn, branch, "Invalid path '" + path + "' : " + value.error().message);
      return std::nullopt;
    }
    items = asl::Payload::of(*std::move(value));
  }
  // Recorded: a path into the context object is named without its first '$', and an inline Map does
  // not iterate over an object.
  const bool object = items.value().is_object() && state.distributed.has_value();
  if (!items.value().is_array() && !object) {
    if (path.starts_with("$$")) path.erase(0, 1);
    raise_runtime(turn, branch, "Reference path \"" + path + "\" must point to array.");
    return std::nullopt;
  }
  return items;
}

std::optional<MapTolerance> map_tolerance(Turn& turn, Branch& branch,
                                          const asl::DistributedMap& distributed,
                                          const asl::Value& input) {
  const FieldNumber count = field_integer(turn, branch, distributed.tolerated_failure_count,
                                          "ToleratedFailureCountPath", input);
  if (count.raised) return std::nullopt;
  if (count.value && *count.value < 0) {
    raise_runtime(turn, branch, "ToleratedFailureCount cannot be negative.");
    return std::nullopt;
  }
  std::optional<double> percentage = distributed.tolerated_failure_percentage.literal;
  if (const auto& expression = distributed.tolerated_failure_percentage.expression) {
    percentage = query_fraction(turn, branch, *expression, 0, 100);
    if (!percentage) return std::nullopt;
  }
  if (const auto& path = distributed.tolerated_failure_percentage.path) {
    const StateEnvironment environment(turn, branch);
    const Result<asl::Value> value =
        path->evaluate("ToleratedFailurePercentagePath", input, environment);
    if (!value) {
      raise_runtime(turn, branch, "Invalid path '" + path->text() + "' : " + value.error().message);
      return std::nullopt;
    }
    if (!value->is_number()) {
      raise_runtime(turn, branch,
                    "The ToleratedFailurePercentagePath field refers to value \"" +
                        asl::to_text(*value) + "\" which is not a valid float: " + path->text());
      return std::nullopt;
    }
    percentage = value->as_double();
  }
  if (percentage && (*percentage < 0 || *percentage > 100)) {
    raise_runtime(turn, branch, "ToleratedFailurePercentage must be between 0 and 100.");
    return std::nullopt;
  }
  return MapTolerance{count.value, percentage};
}

std::optional<asl::Payload> iteration_input(Turn& turn, Branch& branch, const asl::MapState& state,
                                            const asl::Value& items, std::size_t index) {
  return item_input(turn, branch, state, item_at(state, items, index));
}

MapItem item_at(const asl::MapState& state, const asl::Value& items, std::size_t index) {
  MapItem item;
  item.index = static_cast<std::int64_t>(index);
  item.value = items.is_object() ? items.members()[index].value : items.items()[index];
  if (items.is_object()) item.key = items.members()[index].key.as_string();
  if (state.distributed) item.source = "STATE_DATA";
  return item;
}

std::optional<asl::Payload> item_input(Turn& turn, Branch& branch, const asl::MapState& state,
                                       const MapItem& item) {
  if (!state.item_selector.present()) return asl::Payload::of(item.value);
  std::optional<asl::Payload> effective = apply_input_path(turn, branch);
  if (!effective) return std::nullopt;
  std::optional<asl::Value> selected =
      evaluate_template(turn, branch, state.item_selector, effective->value(), {.item = &item});
  if (!selected) return std::nullopt;
  return asl::Payload::of(*std::move(selected));
}

std::optional<std::int64_t> max_items_of(Turn& turn, Branch& branch, const asl::ItemReader& reader,
                                         const asl::Value& input) {
  const FieldNumber number = field_integer(turn, branch, reader.max_items, "MaxItemsPath", input);
  if (number.raised) return std::nullopt;
  return number.value.value_or(0);
}

std::optional<BatchLimits> batch_limits(Turn& turn, Branch& branch, const asl::ItemBatcher& batcher,
                                        const asl::Value& input) {
  const auto items =
      batch_limit(turn, branch, batcher.max_items_per_batch, "MaxItemsPerBatch", input);
  if (!items) return std::nullopt;
  const auto bytes =
      batch_limit(turn, branch, batcher.max_input_bytes_per_batch, "MaxInputBytesPerBatch", input);
  if (!bytes) return std::nullopt;
  const auto largest = static_cast<std::int64_t>(turn.limits().payload_bytes);
  return BatchLimits{*items == 0 ? static_cast<std::int64_t>(kMapRunItemsMax) : *items,
                     *bytes == 0 ? largest : std::min(*bytes, largest)};
}

std::optional<ItemBatch> next_batch(
    Turn& turn, Branch& branch, const asl::ItemBatcher& batcher, const BatchLimits& limits,
    std::uint64_t first, std::uint64_t end,
    const std::function<std::optional<asl::Payload>(std::uint64_t)>& take) {
  asl::ObjectBuilder object;
  std::size_t bytes = std::string_view(R"({"Items":[]})").size();
  if (batcher.batch_input.present()) {
    const std::optional<asl::Payload> input = apply_input_path(turn, branch);
    if (!input) return std::nullopt;
    std::optional<asl::Value> batch_input =
        evaluate_template(turn, branch, batcher.batch_input, input->value());
    if (!batch_input) return std::nullopt;
    bytes += std::string_view(R"("BatchInput":,)").size() + asl::to_json(*batch_input).size();
    object.set("BatchInput", *std::move(batch_input));
  }
  std::vector<asl::Value> items;
  while (first + items.size() < end && static_cast<std::int64_t>(items.size()) < limits.items) {
    const auto item = take(first + items.size());
    if (!item) return std::nullopt;
    bytes += item->text().size() + (items.empty() ? 0 : 1);
    // One that is too large by itself goes alone; the child's limit judges it.
    if (!items.empty() && bytes > static_cast<std::size_t>(limits.bytes)) break;
    items.push_back(item->value());
  }
  ItemBatch batch;
  batch.items = items.size();
  object.set("Items", asl::Value::array(std::move(items)));
  batch.input = asl::Payload::of(std::move(object).build());
  return batch;
}

}  // namespace pawl::engine
