#include "engine/engine.h"

#include "engine/engine_shard.h"
#include "engine/history.h"
#include "engine/map_run/child_name.h"
#include "engine/redrive.h"
#include "engine/token.h"

#include <algorithm>
#include <functional>

namespace pawl::engine {

struct Engine::State {
  explicit State(EngineOptions given) : options(std::move(given)), machines(*options.store) {}

  EngineOptions options;
  Machines machines;
  std::vector<std::unique_ptr<EngineShard>> shards;
  std::optional<ActivityQueue> activities;
  std::vector<Observer*> observers;
};

Engine::Engine(EngineOptions options) : state_(std::make_unique<State>(std::move(options))) {
  const EngineOptions& given = state_->options;
  PAWL_ASSERT(given.store != nullptr && given.journal != nullptr && given.clock != nullptr &&
              given.random != nullptr && given.handlers != nullptr);
  PAWL_ASSERT(!given.shards.empty() && given.shards.size() <= kShardsMax);
  state_->activities.emplace(*this, *given.shards[0]);
  for (std::uint32_t i = 0; i < given.shards.size(); ++i) {
    state_->shards.push_back(
        std::make_unique<EngineShard>(*this, state_->machines, *given.shards[i], i));
  }
  // Mailboxes, which outlive their shards: the journal wakes whoever waits for a commit and calls
  // this then, when engine and shards may be gone.
  std::vector<std::shared_ptr<runtime::Mailbox>> boxes;
  for (runtime::Shard* shard : given.shards) boxes.push_back(shard->mailbox());
  given.journal->on_progress([boxes = std::move(boxes)] {
    for (const auto& box : boxes) box->notify();
  });
}

Engine::~Engine() = default;

Status Engine::open(std::uint32_t shard) {
  if (shard == 0) {
    state_->activities->open();
    if (Status loaded = state_->machines.load(); !loaded) return loaded;
  }
  if (Status opened = state_->shards[shard]->open(); !opened) return opened;
  if (shard == 0) {
    for (const auto& machine : state_->machines.list()) {
      if (machine->deleting) finish_deletion(machine->name);
    }
  }
  return {};
}

void Engine::close(std::uint32_t shard) {
  if (shard == 0) state_->activities->close();
  state_->shards[shard]->close();
}

void Engine::observe(Observer& observer) { state_->observers.push_back(&observer); }
const std::vector<Observer*>& Engine::observers() const { return state_->observers; }

const Machines& Engine::machines() const { return state_->machines; }
const EngineOptions& Engine::options() const { return state_->options; }

EngineShard& Engine::home_of(ExecutionNumber number) {
  const std::uint32_t shard = shard_of(number);
  PAWL_ASSERT(shard < state_->shards.size());
  return *state_->shards[shard];
}

// --- machines --------------------------------------------------------------------------------
// Changes run on shard 0, one after the other: that is what makes check and change one step.

Result<std::shared_ptr<const MachineRecord>> Engine::create_machine(CreateMachine request) {
  using Created = Result<std::shared_ptr<const MachineRecord>>;
  EngineShard& home = *state_->shards[0];
  return runtime::call_on(home.shard(), [&]() -> Created {
    if (state_->machines.find(request.name) != nullptr) {
      return Error{ErrorCode::kExists, "The name is in use.", request.name};
    }
    const Result<std::uint32_t> newest = state_->machines.newest_revision(request.name);
    if (!newest) return newest.error();
    MachineRecord record;
    record.name = request.name;
    record.express = request.express;
    record.role_arn = request.role_arn;
    record.creation_date = record.update_date = options().clock->wall_now();
    record.revision = record.first_revision = *newest + 1;
    record.configuration = request.configuration;
    runtime::Batch batch;
    batch.put(keys::machine(record.name), encode_machine(record));
    batch.put(keys::revision(record.name, record.revision),
              encode_revision({request.definition, request.role_arn}));
    // Seen by others at once, so that nobody creates it twice; taken back if the commit fails.
    state_->machines.put(record);
    if (Status durable = home.commit(batch); !durable) {
      state_->machines.erase(record.name);
      return std::move(durable).error();
    }
    return state_->machines.find(record.name);
  });
}

Result<std::shared_ptr<const MachineRecord>> Engine::update_machine(
    std::string_view name, std::optional<std::string> definition,
    std::optional<std::string> role_arn, std::optional<std::string> configuration) {
  using Updated = Result<std::shared_ptr<const MachineRecord>>;
  EngineShard& home = *state_->shards[0];
  return runtime::call_on(home.shard(), [&]() -> Updated {
    const std::shared_ptr<const MachineRecord> before = state_->machines.find(name);
    if (before == nullptr) {
      return Error{ErrorCode::kNotFound, "There is no such state machine.", std::string(name)};
    }
    Result<RevisionRecord> revision = state_->machines.revision(name, before->revision);
    if (!revision) return std::move(revision).error();
    MachineRecord record = *before;
    runtime::Batch batch;
    const bool changed = (definition && *definition != revision->definition) ||
                         (role_arn && *role_arn != revision->role_arn);
    if (definition) revision->definition = *std::move(definition);
    if (role_arn) revision->role_arn = record.role_arn = *std::move(role_arn);
    record.update_date = options().clock->wall_now();
    if (configuration) record.configuration = *std::move(configuration);
    if (changed) {
      ++record.revision;
      record.revision_id = runtime::uuid4(*options().random);
      batch.put(keys::revision(name, record.revision), encode_revision(*revision));
    }
    batch.put(keys::machine(name), encode_machine(record));
    if (Status durable = home.commit(batch); !durable) return std::move(durable).error();
    state_->machines.put(record);
    return state_->machines.find(name);
  });
}

Result<bool> Engine::has_running(std::string_view machine) const {
  const std::string prefix = keys::list_prefix(machine, ExecutionStatus::kRunning);
  const auto rows = options().store->scan(prefix, keys::prefix_end(prefix));
  if (rows->valid()) return true;
  if (Status read = rows->status(); !read) return std::move(read).error();
  return false;
}

Status Engine::delete_machine(std::string_view name) {
  EngineShard& home = *state_->shards[0];
  return runtime::call_on(home.shard(), [&]() -> Status {
    const std::shared_ptr<const MachineRecord> before = state_->machines.find(name);
    if (before == nullptr || before->deleting) return {};
    MachineRecord record = *before;
    record.deleting = true;
    // From here on nothing starts; what is being started ends at its first transition.
    state_->machines.put(record);
    const auto give_up = [&](Error error) {
      state_->machines.put(*before);
      return error;
    };
    const Result<bool> running = has_running(name);
    if (!running) return give_up(running.error());
    runtime::Batch batch;
    // Revisions stay: they say what the executions of the machine were.
    if (*running) {
      batch.put(keys::machine(name), encode_machine(record));
    } else {
      batch.erase(keys::machine(name));
    }
    if (Status durable = home.commit(batch); !durable) return give_up(std::move(durable).error());
    if (!*running) state_->machines.erase(name);
    return {};
  });
}

Status Engine::append(const runtime::Batch& batch, std::function<void(Status)> durable) {
  EngineShard& home = *state_->shards[0];
  PAWL_ASSERT(runtime::Shard::current() == &home.shard());
  return home.append(batch, std::move(durable));
}

Status Engine::commit(const runtime::Batch& batch) {
  EngineShard& home = *state_->shards[0];
  PAWL_ASSERT(runtime::Shard::current() == &home.shard());
  return home.commit(batch);
}

void Engine::finish_deletion(const std::string& machine) {
  EngineShard& home = *state_->shards[0];
  home.shard().post([this, &home, machine] {
    home.shard().spawn_when_possible([this, &home, machine] {
      const std::shared_ptr<const MachineRecord> record = state_->machines.find(machine);
      if (record == nullptr || !record->deleting) return;
      const Result<bool> running = has_running(machine);
      if (!running || *running) return;
      runtime::Batch batch;
      batch.erase(keys::machine(machine));
      // If this fails, it is done when the engine opens again.
      if (home.commit(batch)) state_->machines.erase(machine);
    });
  });
}

// --- executions ------------------------------------------------------------------------------

EngineShard& Engine::home_of_start(const StartRequest& request) {
  // The name decides the shard, so that two starts of one name meet.
  return *state_->shards[std::hash<std::string>{}(request.machine + '\0' + request.name) %
                         state_->shards.size()];
}

Result<StartResult> Engine::start(StartRequest request) {
  const bool fresh_name = request.name.empty();
  if (fresh_name) request.name = runtime::uuid4(*options().random);
  EngineShard& home = home_of_start(request);
  return runtime::call_on(home.shard(), [&]() -> Result<StartResult> {
    return home.start(std::move(request), fresh_name);
  });
}

Result<ExecutionDescription> Engine::run_synchronously(StartRequest request) {
  if (request.name.empty()) request.name = runtime::uuid4(*options().random);
  EngineShard& home = home_of_start(request);
  return runtime::call_on(home.shard(), [&]() -> Result<ExecutionDescription> {
    return home.run_synchronously(std::move(request));
  });
}

Status Engine::stop(ExecutionNumber number, Failure failure) {
  EngineShard& home = home_of(number);
  return runtime::call_on(home.shard(), [&]() -> Status {
    return home.deliver_and_wait(number, StopMessage{std::move(failure), {}});
  });
}

Result<runtime::WallTime> Engine::redrive(ExecutionNumber number, RedriveRequest request) {
  EngineShard& home = home_of(number);
  return runtime::call_on(home.shard(), [&]() -> Result<runtime::WallTime> {
    return home.redrive(number, std::move(request));
  });
}

namespace {

Error nothing_there() { return {ErrorCode::kNotFound, "There is no such thing.", ""}; }

}  // namespace

Result<MapRunRecord> Engine::map_run(ExecutionNumber number) const {
  const std::string key = keys::map_run(number);
  const Result<std::optional<std::string>> row = options().store->get(key);
  if (!row) return row.error();
  if (!*row) return nothing_there();
  return decode_map_run(**row, key);
}

Result<ExecutionNumber> Engine::find_map_run(std::string_view machine, std::string_view label,
                                             std::string_view name) const {
  const auto number = number_in_name(name);
  if (!number) return nothing_there();
  const Result<MapRunRecord> record = map_run(*number);
  if (!record) return record.error();
  if (record->machine != machine || record->label != label || record->name != name) {
    return nothing_there();
  }
  return *number;
}

Result<ExecutionNumber> Engine::find_child(std::string_view machine, std::string_view label,
                                           std::string_view name) const {
  const auto number = number_in_name(name);
  if (!number) return nothing_there();
  const std::string key = keys::execution(*number);
  const Result<std::optional<std::string>> row = options().store->get(key);
  if (!row) return row.error();
  if (!*row) return nothing_there();
  const Result<ExecutionRecord> record = decode_execution(**row, key);
  if (!record) return record.error();
  if (!record->map_run || record->machine != machine || record->map_run->label != label ||
      record->name != name) {
    return nothing_there();
  }
  return *number;
}

Result<std::vector<std::pair<ExecutionNumber, MapRunRecord>>> Engine::map_runs(
    ExecutionNumber execution, std::optional<ExecutionNumber> before, std::size_t max) const {
  const std::string prefix = keys::map_runs_prefix(execution);
  std::vector<ExecutionNumber> numbers;
  const auto rows = options().store->scan_back(
      prefix, before ? keys::map_run_of(execution, *before) : keys::prefix_end(prefix));
  for (; rows->valid() && numbers.size() < max; rows->next()) {
    if (const auto number = keys::parse_list(rows->key())) numbers.push_back(*number);
  }
  if (Status read = rows->status(); !read) return std::move(read).error();
  std::vector<std::pair<ExecutionNumber, MapRunRecord>> runs;
  for (const ExecutionNumber number : numbers) {
    Result<MapRunRecord> record = map_run(number);
    if (!record) return std::move(record).error();
    runs.emplace_back(number, *std::move(record));
  }
  return runs;
}

Status Engine::update_map_run(ExecutionNumber number, MapRunUpdate update) {
  if (shard_of(number) >= state_->shards.size()) return nothing_there();
  EngineShard& home = home_of(number);
  return runtime::call_on(home.shard(),
                          [&]() -> Status { return home.update_map_run(number, update); });
}

Result<std::string> Engine::redrive_refusal(ExecutionNumber number,
                                            const ExecutionRecord& record) const {
  EventId last_event = 0;
  // Those that run or succeeded are refused for that alone.
  if (record.status != ExecutionStatus::kRunning && record.status != ExecutionStatus::kSucceeded) {
    const Result<HistoryPage> last = history(number, {}, 1, true, false);
    if (!last) return last.error();
    if (!last->events.empty()) last_event = last->events.front().find("id")->as_int();
  }
  return engine::redrive_refusal(record, last_event,
                                 state_->machines.serves(record.machine, record.revision),
                                 options().clock->wall_now(), options().limits);
}

// --- pauses ----------------------------------------------------------------------------------

// The row first: whoever is told that something is paused finds it so after a crash.
Status Engine::change_pauses(const runtime::Batch& batch) {
  EngineShard& first = *state_->shards[0];
  return runtime::call_on(first.shard(), [&]() -> Status {
    if (Status durable = first.commit(batch); !durable) return durable;
    for (const auto& shard : state_->shards) {
      // Read anew for each: of two changes that cross, the later one is in both.
      Status told = runtime::call_on(shard->shard(), [&]() -> Status {
        Result<Pauses> now = load_pauses(*options().store);
        if (!now) return std::move(now).error();
        shard->set_pauses(*std::move(now));
        return {};
      });
      if (!told) return told;
    }
    return {};
  });
}

Status Engine::pause_machine(std::string_view name) {
  if (state_->machines.find(name) == nullptr) {
    return Error{ErrorCode::kNotFound, "There is no such state machine.", std::string(name)};
  }
  runtime::Batch batch;
  batch.put(keys::paused_machine(name), {});
  return change_pauses(batch);
}

Status Engine::resume_machine(std::string_view name) {
  runtime::Batch batch;
  batch.erase(keys::paused_machine(name));
  return change_pauses(batch);
}

Status Engine::pause_execution(ExecutionNumber number) {
  const Result<ExecutionDescription> known = describe(number);
  if (!known) return known.error();
  if (known->record.status != ExecutionStatus::kRunning) {
    return Error{ErrorCode::kCancelled, "The execution has ended.", known->arn};
  }
  runtime::Batch batch;
  batch.put(keys::paused_execution(number), {});
  return change_pauses(batch);
}

Status Engine::resume_execution(ExecutionNumber number) {
  runtime::Batch batch;
  batch.erase(keys::paused_execution(number));
  return change_pauses(batch);
}

Result<Pauses> Engine::pauses() const { return load_pauses(*options().store); }

Result<ExecutionNumber> Engine::find(std::string_view machine, std::string_view execution) const {
  const std::string key = keys::name(machine, execution);
  Result<std::optional<std::string>> row = options().store->get(key);
  if (!row) return std::move(row).error();
  if (!*row) return Error{ErrorCode::kNotFound, "There is no such execution.", ""};
  runtime::Decoder in(**row);
  const ExecutionNumber number = in.u64();
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return number;
}

Result<ExecutionDescription> Engine::describe(ExecutionNumber number) const {
  const std::string key = keys::execution(number);
  Result<std::optional<std::string>> row = options().store->get(key);
  if (!row) return std::move(row).error();
  if (!*row) return Error{ErrorCode::kNotFound, "There is no such execution.", ""};
  Result<ExecutionRecord> record = decode_execution(**row, key);
  if (!record) return std::move(record).error();
  ExecutionDescription description;
  description.number = number;
  description.arn = arn_of(*record);
  description.state_machine_arn = machine_arn_of(*record);
  PayloadReader payloads(*options().store, number);
  Result<std::string> input = payloads.text(record->input);
  if (!input) return std::move(input).error();
  description.input = *std::move(input);
  if (record->output.place != 0) {
    Result<std::string> output = payloads.text(record->output);
    if (!output) return std::move(output).error();
    description.output = *std::move(output);
  }
  description.record = *std::move(record);
  return description;
}

Result<std::vector<ExecutionDescription>> Engine::list(std::string_view machine,
                                                       std::optional<ExecutionStatus> status,
                                                       std::optional<ExecutionNumber> before,
                                                       std::size_t max) const {
  // One index per status, each in the order of the start; the page is merged from their ends.
  std::vector<ExecutionNumber> numbers;
  constexpr ExecutionStatus kAll[] = {ExecutionStatus::kRunning, ExecutionStatus::kSucceeded,
                                      ExecutionStatus::kFailed, ExecutionStatus::kTimedOut,
                                      ExecutionStatus::kAborted};
  for (const ExecutionStatus one : kAll) {
    if (status && *status != one) continue;
    const std::string prefix = keys::list_prefix(machine, one);
    const auto rows = options().store->scan_back(
        prefix, before ? keys::list(machine, one, *before) : keys::prefix_end(prefix));
    for (std::size_t taken = 0; rows->valid() && taken < max; rows->next(), ++taken) {
      if (const auto number = keys::parse_list(rows->key())) numbers.push_back(*number);
    }
    if (Status read = rows->status(); !read) return std::move(read).error();
  }
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  // An execution that ended between two scans is seen under both of its statuses.
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  if (numbers.size() > max) numbers.resize(max);
  std::vector<ExecutionDescription> listed;
  listed.reserve(numbers.size());
  const std::shared_ptr<const MachineRecord> now = state_->machines.find(machine);
  for (const ExecutionNumber number : numbers) {
    const std::string key = keys::execution(number);
    Result<std::optional<std::string>> row = options().store->get(key);
    if (!row) return std::move(row).error();
    if (!*row) continue;
    Result<ExecutionRecord> record = decode_execution(**row, key);
    if (!record) return std::move(record).error();
    // Of a deleted machine of this name; older ones are too.
    if (now != nullptr && record->revision < now->first_revision) continue;
    ExecutionDescription description;
    description.number = number;
    description.arn = arn_of(*record);
    description.state_machine_arn = machine_arn_of(*record);
    description.record = *std::move(record);
    listed.push_back(std::move(description));
  }
  return listed;
}

// --- task tokens -----------------------------------------------------------------------------

Status Engine::answer_token(std::string_view token, TokenMessage message) {
  const std::optional<TaskToken> named = decode_token(token);
  if (!named) return Error{ErrorCode::kInvalid, "Invalid Token: 'Invalid token'", ""};
  const Error gone{ErrorCode::kTimeout, "Task Timed Out: 'Provided task does not exist anymore'",
                   ""};
  if (shard_of(named->execution) >= state_->shards.size()) return gone;
  message.branch = named->branch;
  message.scheduled_event = named->scheduled_event;
  message.nonce = named->nonce;
  EngineShard& home = home_of(named->execution);
  return runtime::call_on(home.shard(), [&]() -> Status {
    Status answered = home.deliver_and_wait(named->execution, std::move(message));
    return !answered && answered.error().code == ErrorCode::kNotFound ? gone : answered;
  });
}

Status Engine::task_success(std::string_view token, std::string output) {
  TokenMessage message;
  message.kind = TokenMessage::Kind::kSuccess;
  message.output = std::move(output);
  return answer_token(token, std::move(message));
}

Status Engine::task_failure(std::string_view token, Failure failure) {
  TokenMessage message;
  message.kind = TokenMessage::Kind::kFailure;
  message.failure = std::move(failure);
  return answer_token(token, std::move(message));
}

Status Engine::task_heartbeat(std::string_view token) {
  TokenMessage message;
  message.kind = TokenMessage::Kind::kHeartbeat;
  return answer_token(token, std::move(message));
}

// --- activities ------------------------------------------------------------------------------

ActivityQueue& Engine::activities() { return *state_->activities; }

Result<ActivityTask> Engine::start_activity_task(const QueuedTask& task,
                                                 const std::string& worker) {
  if (shard_of(task.execution) >= state_->shards.size()) {
    return Error{ErrorCode::kNotFound, "There is no such execution.", ""};
  }
  EngineShard& home = home_of(task.execution);
  return runtime::call_on(home.shard(), [&]() -> Result<ActivityTask> {
    ActivityStartMessage message;
    message.branch = task.branch;
    message.queued_at = task.queued_at;
    message.worker = worker;
    message.task = std::make_shared<ActivityTask>();
    const std::shared_ptr<ActivityTask> taken = message.task;
    if (Status started = home.deliver_and_wait(task.execution, std::move(message)); !started) {
      return std::move(started).error();
    }
    return std::move(*taken);
  });
}

// --- names -----------------------------------------------------------------------------------

namespace {

// `name` may be empty. Each request makes several: in one allocation.
std::string arn(const EngineOptions& options, std::string_view kind, std::string_view rest,
                std::string_view name = {}) {
  std::string text;
  text.reserve(options.partition.size() + options.region.size() + options.account.size() +
               kind.size() + rest.size() + name.size() + sizeof("arn::states:::::"));
  text.append("arn:").append(options.partition).append(":states:").append(options.region);
  text.append(":").append(options.account).append(":").append(kind).append(":").append(rest);
  if (!name.empty()) text.append(":").append(name);
  return text;
}

}  // namespace

std::string Engine::machine_arn(std::string_view name) const {
  return arn(options(), "stateMachine", name);
}

std::string Engine::execution_arn(std::string_view machine, std::string_view name) const {
  return arn(options(), "execution", machine, name);
}

std::string Engine::activity_arn(std::string_view name) const {
  return arn(options(), "activity", name);
}

std::string Engine::express_arn(std::string_view machine, std::string_view name) const {
  return arn(
      options(), "express",
      std::string(machine) + ":" + std::string(name) + ":" + runtime::uuid4(*options().random));
}

std::string Engine::arn_of(const ExecutionRecord& record) const {
  if (!record.map_run) return execution_arn(record.machine, record.name);
  const std::string rest = record.machine + "/" + record.map_run->label + ":" + record.name;
  return record.express ? arn(options(), "express", rest + ":" + record.name)
                        : arn(options(), "execution", rest);
}

std::string Engine::machine_arn_of(const ExecutionRecord& record) const {
  return machine_arn(record.map_run ? record.machine + "/" + record.map_run->label
                                    : record.machine);
}

std::string Engine::map_run_arn(const MapRunRecord& record) const {
  return arn(options(), "mapRun", map_run_tail(record));
}

Result<std::uint64_t> Engine::erase_expired() {
  std::uint64_t erased = 0;
  for (const auto& shard : state_->shards) {
    const Result<std::uint64_t> of_shard =
        runtime::call_on(shard->shard(), [&shard] { return shard->erase_expired(); });
    if (!of_shard) return of_shard.error();
    erased += *of_shard;
  }
  return erased;
}

EngineStatistics Engine::statistics() const {
  EngineStatistics sum;
  for (const auto& shard : state_->shards) {
    sum.add(runtime::call_on(shard->shard(), [&shard] { return shard->statistics(); }));
  }
  return sum;
}

bool Engine::ready() const {
  return options().journal->healthy() &&
         std::all_of(state_->shards.begin(), state_->shards.end(),
                     [](const auto& shard) { return shard->is_open(); });
}

}  // namespace pawl::engine
