// Map: runs its processor once per item; all outputs in item order are its result.
//
// Inline iterations are branches of the execution. A distributed Map runs them the same way, but
// their events stay out of the parent's history, which shows the Map Run, and failures are counted
// against what is tolerated.
#include "asl/json/writer.h"
#include "engine/inspector.h"
#include "engine/states/map_parts.h"
#include "engine/states/states.h"

#include <algorithm>
#include <limits>

namespace pawl::engine {

namespace {

constexpr std::string_view kThresholdExceeded = "States.ExceedToleratedFailureThreshold";

const asl::MapState& map_of(const Execution& execution, const Branch& branch) {
  return std::get<asl::MapState>(state_of(execution, branch).body);
}

std::string shown(const asl::Value& value) {
  return value.is_string() ? std::string(value.as_string()) : asl::to_json(value);
}

bool threshold_exceeded(const Branch& parent) {
  const Branch::Children& children = *parent.children;
  return children.failed > children.tolerated_count ||
         100.0 * children.failed > children.tolerated_percentage * parent.frame.children;
}

// Starts one more iteration; `previous` is what its first event points to. False: the failure was
// raised, and the Map with all its iterations is gone.
bool start_iteration(Turn& turn, Branch& branch, EventId previous) {
  Execution& execution = turn.execution();
  const asl::MapState& state = map_of(execution, branch);
  Frame& frame = branch.frame;
  const std::int32_t index = branch.children->started++;
  std::optional<asl::Payload> input =
      iteration_input(turn, branch, state, frame.items.value(), static_cast<std::size_t>(index));
  if (!input) return false;
  const bool silent = branch.silent || state.distributed.has_value();
  const EventId started =
      turn.emit_aside(previous, EventType::kMapIterationStarted,
                      {{Field::kName, std::string_view(state_of(execution, branch).name)},
                       {Field::kIndex, std::int64_t{index}}},
                      silent);
  Branch& child = turn.add_child(branch, frame.first_child + static_cast<BranchId>(index), index,
                                 state.processor, *std::move(input), started);
  child.silent = silent;
  return true;
}

void fill(Turn& turn, Branch& branch, EventId previous) {
  const Branch::Children& children = *branch.children;
  const Frame& frame = branch.frame;
  while (children.started < frame.children &&
         (frame.concurrency == 0 || children.started - children.finished < frame.concurrency)) {
    if (!start_iteration(turn, branch, previous)) return;
  }
}

void finish(Turn& turn, Branch& branch) {
  Branch::Children& children = *branch.children;
  std::vector<asl::Value> outputs;
  outputs.reserve(children.results.size());
  for (const asl::Payload& result : children.results) {
    if (result.present()) outputs.push_back(result.value());
  }
  const bool distributed = map_of(turn.execution(), branch).distributed.has_value();
  // Recorded: MapStateSucceeded advances no chain; MapRunSucceeded did until the autumn of 2024,
  // when JSONata came (docs/decisions/0003-recorded-eras.md).
  const bool jsonata =
      state_of(turn.execution(), branch).query_language == asl::QueryLanguage::kJsonata;
  const EventId chain = branch.frame.previous_event;
  if (distributed) turn.emit(branch, EventType::kMapRunSucceeded);
  turn.emit_aside(branch.frame.previous_event, EventType::kMapStateSucceeded, {}, branch.silent);
  if (distributed && jsonata) branch.frame.previous_event = chain;
  turn.remove_children(branch);
  succeed_state(turn, branch, asl::Payload::of(asl::Value::array(std::move(outputs))));
}

// A child has ended one way or the other; the next one starts, or the Map is complete.
void after_child(Turn& turn, Branch& parent, EventId chain) {
  const Branch::Children& children = *parent.children;
  if (children.finished == parent.frame.children) return finish(turn, parent);
  fill(turn, parent, chain);
}

void record_result(Branch& parent, std::int32_t index, asl::Payload output) {
  Branch::Children& children = *parent.children;
  children.results[static_cast<std::size_t>(index)] = std::move(output);
  children.unsaved.push_back(index);
  ++children.finished;
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
                    "The ToleratedFailurePercentagePath field refers to value \"" + shown(*value) +
                        "\" which is not a valid float: " + path->text());
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
  asl::Payload input =
      asl::Payload::of(items.is_object() ? items.members()[index].value : items.items()[index]);
  if (!state.item_selector.present()) return input;
  std::optional<asl::Payload> effective = apply_input_path(turn, branch);
  if (!effective) return std::nullopt;
  MapItem item;
  item.index = static_cast<std::int64_t>(index);
  item.value = input.value();
  if (items.is_object()) item.key = items.members()[index].key.as_string();
  if (state.distributed) item.source = "STATE_DATA";
  std::optional<asl::Value> selected =
      evaluate_template(turn, branch, state.item_selector, effective->value(), {.item = &item});
  if (!selected) return std::nullopt;
  return asl::Payload::of(*std::move(selected));
}

void enter_map(Turn& turn, Branch& branch, const asl::MapState& state) {
  Execution& execution = turn.execution();
  Frame& frame = branch.frame;
  const std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return;
  const FieldNumber concurrency =
      field_integer(turn, branch, state.max_concurrency, "MaxConcurrencyPath", input->value());
  if (concurrency.raised) return;
  if (concurrency.value && *concurrency.value < 0) {
    return raise_runtime(turn, branch, "MaxConcurrency cannot be negative.");
  }
  if (turn.services().inspector != nullptr) {
    return inspect_map(turn, branch, state, *input, concurrency.value.value_or(0));
  }
  if (state.distributed && (state.distributed->item_reader || state.distributed->item_batcher ||
                            state.distributed->result_writer)) {
    return raise_runtime(turn, branch,
                         "ItemReader, ItemBatcher and ResultWriter are not supported yet.");
  }
  const std::optional<asl::Payload> items = map_items(turn, branch, state, *input);
  if (!items) return;

  const std::size_t length = items->value().size();
  if (length > std::numeric_limits<std::int32_t>::max()) {
    return raise_runtime(turn, branch, "The Map state has too many items.");
  }
  const std::int32_t limit =
      state.distributed ? turn.limits().distributed_concurrency : turn.limits().map_concurrency;
  frame.started_event = turn.emit(branch, EventType::kMapStateStarted,
                                  {{Field::kLength, static_cast<std::int64_t>(length)}});
  branch.children = std::make_unique<Branch::Children>();
  if (state.distributed) {
    const auto tolerance = map_tolerance(turn, branch, *state.distributed, input->value());
    if (!tolerance) return;
    // What is not given does not bind, unless nothing is: then no failure is tolerated.
    constexpr std::int64_t kAnyNumber = std::numeric_limits<std::int64_t>::max();
    branch.children->tolerated_count =
        tolerance->count.value_or(tolerance->percentage ? kAnyNumber : 0);
    branch.children->tolerated_percentage =
        tolerance->percentage.value_or(tolerance->count ? 100.0 : 0.0);
    frame.map_run_arn = "arn:" + turn.services().partition + ":states:" + turn.services().region +
                        ":" + turn.services().account + ":mapRun:" + execution.record.machine +
                        "/" +
                        state.distributed->label.value_or(runtime::uuid4(*turn.services().random)) +
                        ":" + runtime::uuid4(*turn.services().random);
    turn.emit(branch, EventType::kMapRunStarted,
              {{Field::kMapRunArn, std::string_view(frame.map_run_arn)}});
  }
  frame.phase = Phase::kChildren;
  frame.items = *items;
  frame.concurrency = static_cast<std::int32_t>(
      concurrency.value.value_or(0) == 0 ? limit
                                         : std::min<std::int64_t>(*concurrency.value, limit));
  frame.children = static_cast<std::int32_t>(length);
  frame.first_child = execution.next_branch;
  execution.next_branch += static_cast<BranchId>(length);
  branch.children->results.resize(length);
  branch.children->saved.resize(length, false);
  if (length == 0) return finish(turn, branch);
  fill(turn, branch, frame.started_event);
}

void map_child_succeeded(Turn& turn, Branch& parent, Branch& child, asl::Payload output) {
  const std::int32_t index = child.frame.index;
  const EventId tail = child.frame.previous_event;
  const bool silent = child.silent;
  turn.remove(child);
  const EventId succeeded =
      turn.emit_aside(tail, EventType::kMapIterationSucceeded,
                      {{Field::kName, std::string_view(state_of(turn.execution(), parent).name)},
                       {Field::kIndex, std::int64_t{index}}},
                      silent);
  // The Map goes on from its last iteration; the next iteration from the states of this one.
  if (!silent) parent.frame.previous_event = succeeded;
  parent.children->last_event = succeeded;
  record_result(parent, index, std::move(output));
  after_child(turn, parent, tail);
}

void map_child_failed(Turn& turn, Branch& parent, Branch& child, RaisedError error) {
  Execution& execution = turn.execution();
  const asl::MapState& state = map_of(execution, parent);
  const std::int32_t index = child.frame.index;
  const EventId failing = child.frame.previous_event;
  if (state.distributed) {
    turn.remove(child);
    ++parent.children->failed;
    if (!threshold_exceeded(parent)) {
      record_result(parent, index, {});
      return after_child(turn, parent, failing);
    }
    const Failure failure{std::string(kThresholdExceeded),
                          "The specified tolerated failure threshold was exceeded"};
    turn.emit(parent, EventType::kMapRunFailed,
              {{Field::kError, std::string_view(*failure.error)},
               {Field::kCause, std::string_view(*failure.cause)}});
    return raise(turn, parent, {.failure = failure});
  }
  turn.emit_aside(failing, EventType::kMapIterationFailed,
                  {{Field::kName, std::string_view(state_of(execution, parent).name)},
                   {Field::kIndex, std::int64_t{index}}},
                  child.silent);
  abort_children(turn, parent, &child, failing);
  parent.frame.previous_event = failing;
  raise(turn, parent, std::move(error));
}

void map_loaded(Execution& execution, Branch& parent) {
  parallel_loaded(execution, parent);
  const asl::MapState& state = map_of(execution, parent);
  if (!state.distributed) return;
  // Path forms were evaluated on entry and would give the same again; literals suffice here.
  const auto& count = state.distributed->tolerated_failure_count.literal;
  const auto& percentage = state.distributed->tolerated_failure_percentage.literal;
  parent.children->tolerated_count =
      count.value_or(percentage ? std::numeric_limits<std::int64_t>::max() : 0);
  parent.children->tolerated_percentage = percentage.value_or(count ? 100.0 : 0.0);
}

}  // namespace pawl::engine
