// A distributed Map: its items are processed by child executions of a Map Run.
//
// The state's branch decides what starts next, here; the run (map_run/map_run.h) counts what starts
// and ends. Whatever becomes of the run's work comes as a MapRunMessage: children ended, items were
// read, results were written. Each time the branch starts what there is room for, and ends the run
// when nothing is left.
//
// Source: developer guide, "Map state in Distributed mode"; `asl-facts` sections 11 and 16.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/history.h"
#include "engine/map_run/child_name.h"
#include "engine/map_run/child_result.h"
#include "engine/states/map_parts.h"
#include "engine/states/states.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

namespace {

constexpr std::string_view kThresholdExceeded = "States.ExceedToleratedFailureThreshold";
constexpr std::string_view kItemReaderFailed = "States.ItemReaderFailed";
constexpr std::string_view kResultWriterFailed = "States.ResultWriterFailed";
// Starts that one turn decides, and children that it looks at for a redrive: others have their
// turn.
constexpr std::size_t kStartsAtOnce = 256;
constexpr std::size_t kLooksAtOnce = 1'000;

const asl::MapState& map_of(const Execution& execution, const Branch& branch) {
  return std::get<asl::MapState>(state_of(execution, branch).body);
}

const asl::DistributedMap& distributed_of(const Execution& execution, const Branch& branch) {
  return *map_of(execution, branch).distributed;
}

std::string run_arn(const TurnServices& services, const MapRunRecord& record) {
  return "arn:" + services.partition + ":states:" + services.region + ":" + services.account +
         ":mapRun:" + map_run_tail(record);
}

// --- the fields that are evaluated on entry --------------------------------------------------

bool read_batcher(Turn& turn, Branch& branch, const asl::Value& input, MapRunRecord& record) {
  const auto& batcher = distributed_of(turn.execution(), branch).item_batcher;
  if (!batcher) return true;
  const std::optional<BatchLimits> limits = batch_limits(turn, branch, *batcher, input);
  if (!limits) return false;
  record.batch_items = limits->items;
  record.batch_bytes = limits->bytes;
  return true;
}

// --- calls to S3 -------------------------------------------------------------------------------

MapRunWork work_of(Turn& turn, const Branch& branch) {
  const Execution& execution = turn.execution();
  MapRunWork work;
  work.run = branch.map_run;
  work.definition = execution.definition;
  TaskRequest& request = work.request;
  request.execution_arn = execution.arn;
  request.execution_name = execution.record.name;
  request.state_machine_arn = execution.state_machine_arn;
  request.state_name = state_of(execution, branch).name;
  request.role_arn = execution.record.role_arn;
  request.region = turn.services().region;
  request.account = turn.services().account;
  request.idempotency_key = run_arn(turn.services(), branch.map_run->record) + "#" +
                            std::to_string(branch.map_run->record.redrive_count);
  request.execution_number = execution.number;
  request.branch = branch.id;
  request.cancellation = std::make_shared<Cancellation>();
  return work;
}

// Evaluates Parameters or Arguments. False: the failure was raised.
bool evaluate_parameters(Turn& turn, Branch& branch, const asl::Template& fields,
                         asl::Value& parameters) {
  parameters = asl::Value::object({});
  if (!fields.present()) return true;
  const std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return false;
  std::optional<asl::Value> evaluated = evaluate_template(turn, branch, fields, input->value());
  if (!evaluated) return false;
  if (evaluated->is_object()) parameters = *std::move(evaluated);
  return true;
}

void read(Turn& turn, Branch& branch) {
  const auto& reader = *distributed_of(turn.execution(), branch).item_reader;
  MapRunWork work = work_of(turn, branch);
  if (!evaluate_parameters(turn, branch, reader.parameters, work.parameters)) return;
  const std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return;
  const auto max_items = max_items_of(turn, branch, reader, input->value());
  if (!max_items) return;
  work.max_items = *max_items;
  work.reader = &reader;
  turn.map_runs().works.push_back(std::move(work));
}

// --- the end of a run --------------------------------------------------------------------------

void fail_run(Turn& turn, Branch& branch, std::string_view error, std::string cause) {
  const Failure failure{std::string(error), std::move(cause)};
  turn.emit(branch, EventType::kMapRunFailed,
            {{Field::kError, std::string_view(*failure.error)},
             {Field::kCause, std::string_view(*failure.cause)}});
  raise(turn, branch, {.failure = failure});
}

void fail_for_threshold(Turn& turn, Branch& branch) {
  fail_run(turn, branch, kThresholdExceeded,
           "The specified tolerated failure threshold was exceeded");
}

// In this branch, those around it, or those beside it.
bool uses_variables(const Execution& execution) {
  return std::any_of(execution.branches.begin(), execution.branches.end(),
                     [](const auto& branch) { return !branch.second->frame.variables.empty(); });
}

void succeed_run(Turn& turn, Branch& branch, asl::Value result) {
  const std::shared_ptr<MapRun> run = branch.map_run;
  turn.end_map_run(run, MapRunStatus::kSucceeded);
  if (run->record.items_stored) turn.map_runs().cleans.push_back(run);
  branch.map_run.reset();
  branch.frame.map_run = 0;
  branch.frame.phase = Phase::kEnter;
  // Recorded: MapStateSucceeded advances no chain; MapRunSucceeded did until the autumn of 2024,
  // when JSONata and variables came (docs/decisions/0003-recorded-eras.md).
  const bool newer =
      state_of(turn.execution(), branch).query_language == asl::QueryLanguage::kJsonata ||
      uses_variables(turn.execution());
  const EventId chain = branch.frame.previous_event;
  turn.emit(branch, EventType::kMapRunSucceeded);
  turn.emit_aside(branch.frame.previous_event, EventType::kMapStateSucceeded);
  if (newer) branch.frame.previous_event = chain;
  succeed_state(turn, branch, asl::Payload::of(std::move(result)));
}

// All children have ended.
void complete(Turn& turn, Branch& branch) {
  MapRunRecord& record = branch.map_run->record;
  const auto& writer = distributed_of(turn.execution(), branch).result_writer;
  if (writer && writer->resource) {
    record.stage = MapRunStage::kWriting;
    turn.touch(branch.map_run);
    MapRunWork work = work_of(turn, branch);
    if (!evaluate_parameters(turn, branch, writer->parameters, work.parameters)) return;
    work.writer = &*writer;
    turn.map_runs().works.push_back(std::move(work));
    return;
  }
  if (record.failing) return fail_for_threshold(turn, branch);
  const ResultForm form = result_form(writer);
  const Result<asl::Value> results =
      gather_results(*turn.services().store, branch.map_run->number,
                     arns_of(turn.services(), record), form, turn.limits().payload_bytes);
  if (results) return succeed_run(turn, branch, *results);
  if (results.error().code != ErrorCode::kLimit) return;  // the store: tried again after it
  fail_run(turn, branch, kStatesDataLimitExceeded,
           "The state/task '" + state_of(turn.execution(), branch).name +
               "' returned a result with a size exceeding the maximum number of bytes service "
               "limit.");
}

// --- starting children -------------------------------------------------------------------------

// Item `index` of a run whose items are rows; `value` keeps what the item refers to.
Status stored_item(const runtime::Store& store, MapRun& run, std::uint64_t index, MapItem& item) {
  const bool here = index >= run.page_first && index < run.page_first + run.page.items.size();
  if (!here) {
    const auto rows = store.scan_back(keys::map_run_items(run.number, 0),
                                      keys::map_run_items(run.number, index + 1));
    if (!rows->valid()) {
      if (Status status = rows->status(); !status) return status;
      return Error{ErrorCode::kCorrupt, "An item of the Map Run is missing from the store.", ""};
    }
    Result<ItemPage> page = decode_items(rows->value(), rows->key());
    if (!page) return std::move(page).error();
    run.page = *std::move(page);
    run.page_first = *keys::parse_map_run_items(rows->key());
  }
  const std::uint64_t place = index - run.page_first;
  if (place >= run.page.items.size()) {
    return Error{ErrorCode::kCorrupt, "An item of the Map Run is missing from the store.", ""};
  }
  const RawItem& raw = run.page.items[static_cast<std::size_t>(place)];
  Result<asl::Value> value = asl::read_json(raw.json);
  if (!value) return std::move(value).error();
  item.index = static_cast<std::int64_t>(index);
  item.value = *std::move(value);
  item.key = raw.key ? std::string_view(*raw.key) : std::string_view();
  item.source = run.page.source;
  return {};
}

// What child's input item `index` makes. Empty: raised, or the store cannot be read.
std::optional<asl::Payload> selected_item(Turn& turn, Branch& branch, std::uint64_t index) {
  const asl::MapState& state = map_of(turn.execution(), branch);
  const std::shared_ptr<MapRun> run = branch.map_run;
  if (!run->record.items_stored) {
    return item_input(turn, branch, state,
                      item_at(state, branch.frame.items.value(), static_cast<std::size_t>(index)));
  }
  MapItem item;
  const Status found = stored_item(*turn.services().store, *run, index, item);
  if (found) return item_input(turn, branch, state, item);
  if (found.error().code == ErrorCode::kCorrupt) {
    fail_run(turn, branch, kItemReaderFailed, found.error().message);
  }
  return std::nullopt;
}

// The next child's input, from the item cursor on; moves the cursor. Empty as above.
std::optional<ChildStart> next_start(Turn& turn, Branch& branch) {
  const std::shared_ptr<MapRun> run = branch.map_run;
  const MapRunRecord& record = run->record;
  ChildStart start;
  start.ordinal = run->taken_ordinal;
  const auto& batcher = distributed_of(turn.execution(), branch).item_batcher;
  if (!batcher) {
    std::optional<asl::Payload> input = selected_item(turn, branch, run->taken_item);
    if (!input) return std::nullopt;
    start.input = *std::move(input);
    start.items = 1;
  } else {
    std::optional<ItemBatch> batch =
        next_batch(turn, branch, *batcher, {record.batch_items, record.batch_bytes},
                   run->taken_item, record.total_items,
                   [&](std::uint64_t index) { return selected_item(turn, branch, index); });
    if (!batch) return std::nullopt;
    start.input = std::move(batch->input);
    start.items = batch->items;
  }
  if (start.input.exceeds(turn.limits().payload_bytes)) {
    fail_run(turn, branch, kStatesDataLimitExceeded,
             "The input of a child workflow execution exceeds the maximum number of bytes service "
             "limit.");
    return std::nullopt;
  }
  ++run->taken_ordinal;
  run->taken_item += start.items;
  start.next_item = run->taken_item;
  return start;
}

// Looks at the next child that a redrive may have to run again. False: the store cannot be read.
bool redrive_next(Turn& turn, MapRun& run, const std::shared_ptr<MapRun>& pointer) {
  const runtime::Store& store = *turn.services().store;
  const std::uint32_t ordinal = run.taken_redrive;
  const Result<StoredChild> child = read_child(store, run.number, ordinal);
  if (!child) return false;
  ++run.taken_redrive;
  const ExecutionStatus status = child->record.status;
  if (status == ExecutionStatus::kSucceeded || status == ExecutionStatus::kRunning) return true;
  ++run.starting;
  if (!run.record.express) {
    turn.map_runs().redrives.emplace_back(pointer, child->number);
    return true;
  }
  PayloadReader payloads(store, child->number);
  Result<std::string> input = payloads.text(child->record.input);
  if (!input) return false;
  ChildStart start;
  start.ordinal = ordinal;
  start.again = true;
  start.input = asl::Payload::of_text(*std::move(input));
  start.items = child->record.map_run->items;
  turn.map_runs().starts.emplace_back(pointer, std::move(start));
  return true;
}

std::size_t slots_of(const Turn& turn, const MapRun& run) {
  const auto most = static_cast<std::int64_t>(turn.services().limits->distributed_concurrency);
  const std::int64_t wanted = run.record.max_concurrency;
  return static_cast<std::size_t>(wanted == 0 ? most : std::min(wanted, most));
}

// Starts what there is room for.
void fill(Turn& turn, Branch& branch) {
  const std::shared_ptr<MapRun> run = branch.map_run;
  const std::size_t slots = slots_of(turn, *run);
  std::size_t started = 0;
  std::size_t looked_at = 0;
  while (run->busy() < slots && run->taken_redrive < run->record.redrive_end) {
    if (looked_at++ == kLooksAtOnce) return turn.map_runs().tells.push_back(run);
    if (!redrive_next(turn, *run, run)) return;
  }
  while (run->busy() < slots && run->taken_item < run->record.total_items) {
    if (started++ == kStartsAtOnce) return turn.map_runs().tells.push_back(run);
    std::optional<ChildStart> start = next_start(turn, branch);
    if (!start) return;
    ++run->starting;
    turn.map_runs().starts.emplace_back(run, *std::move(start));
  }
}

// --- a redrive ---------------------------------------------------------------------------------

// The children that did not succeed are to be run again.
void begin_round(Turn& turn, Branch& branch) {
  const std::shared_ptr<MapRun> run = branch.map_run;
  MapRunRecord& record = run->record;
  record.redrive_wanted = false;
  if (record.redrive_count >= turn.limits().map_run_redrives) {
    return raise_runtime(turn, branch,
                         "The Map Run reached the maximum number of redrives (" +
                             std::to_string(turn.limits().map_run_redrives) + ").");
  }
  for (MapRunCounts* counts : {&record.items, &record.executions}) {
    counts->pending_redrive += counts->failed + counts->timed_out + counts->aborted;
    counts->failed = counts->timed_out = counts->aborted = counts->not_redrivable = 0;
  }
  record.status = MapRunStatus::kRunning;
  record.stage = MapRunStage::kChildren;
  record.stop_date.reset();
  record.failing = false;
  ++record.redrive_count;
  record.redrive_date = turn.now();
  record.redrive_next = 0;
  record.redrive_end = record.next_ordinal;
  run->take_up();
  turn.touch(run);
  const std::string arn = run_arn(turn.services(), record);
  turn.emit(
      branch, EventType::kMapRunRedriven,
      {{Field::kMapRunArn, std::string_view(arn)}, {Field::kRedriveCount, record.redrive_count}});
}

// Whatever there is to do now.
void progress(Turn& turn, Branch& branch) {
  const std::shared_ptr<MapRun> run = branch.map_run;
  MapRunRecord& record = run->record;
  run->parent_told = false;
  if (std::exchange(run->dirty, false)) turn.touch(run);
  if (record.redrive_wanted) {
    if (run->busy() > 0) return;  // children of before are still being stopped
    begin_round(turn, branch);
    if (branch.map_run != run) return;
  }
  if (record.stage != MapRunStage::kChildren || !record.running()) return;
  if (!record.failing && threshold_exceeded(record)) {
    record.failing = true;
    turn.touch(run);
    if (!run->running.empty()) turn.map_runs().stops.push_back(run);
  }
  if (!record.failing) {
    if (turn.execution().paused) return;
    fill(turn, branch);
    if (branch.map_run != run || !record.running()) return;
    if (run->taken_item < record.total_items || run->taken_redrive < record.redrive_end) return;
  }
  if (run->busy() == 0) complete(turn, branch);
}

}  // namespace

void enter_map_run(Turn& turn, Branch& branch, const asl::MapState& state,
                   const asl::Payload& input, std::int64_t max_concurrency) {
  const Execution& execution = turn.execution();
  const asl::DistributedMap& distributed = *state.distributed;
  Frame& frame = branch.frame;
  std::optional<asl::Payload> items;
  if (!distributed.item_reader) {
    items = map_items(turn, branch, state, input);
    if (!items) return;
  }
  // Recorded: 0 where an ItemReader will find out.
  const std::size_t length = items ? items->value().size() : 0;
  frame.started_event = turn.emit(branch, EventType::kMapStateStarted,
                                  {{Field::kLength, static_cast<std::int64_t>(length)}});

  auto run = std::make_shared<MapRun>();
  MapRunRecord& record = run->record;
  const auto tolerance = map_tolerance(turn, branch, distributed, input.value());
  if (!tolerance) return;
  record.tolerated_count = tolerance->count;
  record.tolerated_percentage = tolerance->percentage;
  if (!read_batcher(turn, branch, input.value(), record)) return;
  // Evaluated once more when the reading begins; what is wrong shows before the run starts.
  if (distributed.item_reader) {
    asl::Value parameters;
    if (!evaluate_parameters(turn, branch, distributed.item_reader->parameters, parameters)) return;
    if (!max_items_of(turn, branch, *distributed.item_reader, input.value())) return;
  }

  run->number = turn.services().next_number();
  record.parent = execution.number;
  record.branch = branch.id;
  record.parent_name = execution.record.name;
  record.machine = execution.record.machine;
  record.label = distributed.label.value_or(runtime::uuid4(*turn.services().random));
  record.name = name_with_number(run->number, *turn.services().random);
  record.revision = execution.record.revision;
  record.role_arn = execution.record.role_arn;
  record.processor = state.processor;
  record.express = distributed.express;
  record.start_date = turn.now();
  record.max_concurrency = max_concurrency;
  record.total_items = length;
  record.items_stored = distributed.item_reader.has_value();
  record.stage = record.items_stored ? MapRunStage::kReading : MapRunStage::kChildren;
  turn.touch(run);
  const std::string arn = run_arn(turn.services(), record);
  turn.emit(branch, EventType::kMapRunStarted, {{Field::kMapRunArn, std::string_view(arn)}});
  turn.services().know_map_run(run);
  branch.map_run = run;
  frame.phase = Phase::kMapRun;
  frame.map_run = run->number;
  if (items) frame.items = *items;
  turn.mark(branch);
  if (record.items_stored) return read(turn, branch);
  progress(turn, branch);
}

void map_run_message(Turn& turn, Branch& branch, MapRunMessage& message) {
  const std::shared_ptr<MapRun> run = branch.map_run;
  MapRunRecord& record = run->record;
  switch (message.kind) {
    case MapRunMessage::Kind::kChildren:
      return progress(turn, branch);
    case MapRunMessage::Kind::kUpdate:
      if (!record.running()) {
        turn.after_commit([reply = message.reply](const Status& durable) {
          reply(durable ? Status(Error{ErrorCode::kInvalid, "The Map Run is over.", ""}) : durable);
        });
        return;
      }
      turn.after_commit(message.reply);
      if (message.update.max_concurrency) record.max_concurrency = *message.update.max_concurrency;
      if (message.update.tolerated_count) record.tolerated_count = message.update.tolerated_count;
      if (message.update.tolerated_percentage) {
        record.tolerated_percentage = message.update.tolerated_percentage;
      }
      turn.touch(run);
      return progress(turn, branch);
    case MapRunMessage::Kind::kRead:
      if (record.stage != MapRunStage::kReading || !record.running()) return;
      if (message.failure) {
        return fail_run(turn, branch, kItemReaderFailed, message.failure->cause.value_or(""));
      }
      record.stage = MapRunStage::kChildren;
      record.total_items = message.items;
      turn.touch(run);
      return progress(turn, branch);
    case MapRunMessage::Kind::kWritten:
      if (record.stage != MapRunStage::kWriting || !record.running()) return;
      if (message.failure) {
        return fail_run(turn, branch, kResultWriterFailed, message.failure->cause.value_or(""));
      }
      if (record.failing) return fail_for_threshold(turn, branch);
      return succeed_run(turn, branch,
                         asl::Value::object({{asl::Value::string("MapRunArn"),
                                              asl::Value::string(run_arn(turn.services(), record))},
                                             {asl::Value::string("ResultWriterDetails"),
                                              std::move(message.written)}}));
  }
}

void resume_map_run(Turn& turn, Branch& branch) {
  const MapRunRecord& record = branch.map_run->record;
  if (record.running() && record.stage == MapRunStage::kReading) return read(turn, branch);
  if (record.running() && record.stage == MapRunStage::kWriting) return complete(turn, branch);
  progress(turn, branch);
}

void redrive_map_run(Turn& turn, Branch& branch) {
  branch.map_run->record.redrive_wanted = true;
  turn.touch(branch.map_run);
  turn.mark(branch);
  turn.map_runs().tells.push_back(branch.map_run);
}

// Source: developer guide, "Redriving Map Runs": after States.DataLimitExceeded and States.Runtime
// a redrive begins a new run; so it does when the run had not got as far as its children.
void map_run_failed(Turn& turn, Branch& branch, const Failure& failure) {
  turn.end_map_run(branch.map_run, MapRunStatus::kFailed);
  branch.map_run.reset();
  const bool goes_on =
      failure.error != kStatesDataLimitExceeded && failure.error != kStatesRuntime &&
      failure.error != kStatesQueryEvaluationError && failure.error != kItemReaderFailed;
  if (goes_on) return;
  branch.frame.map_run = 0;
  branch.frame.phase = Phase::kEnter;
}

}  // namespace pawl::engine
