// EngineShard: retention. Executions that ended long enough ago are erased, with all that is
// theirs, a bounded commit at a time: nobody else waits longer for his own.
//
// Numbers rise with the time of the start, so the pass over the executions ends at the first that
// started too late to be due. An execution whose rows do not fit into one commit leaves a grave row
// in the first of them: it is gone at once and as a whole, its remains go behind it, also after a
// crash. The children of a Map Run go with the execution that the run belongs to.
#include "engine/engine_shard.h"
#include "runtime/log/log.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

namespace {

constexpr std::size_t kErasedAtOnce = 1'000;   // rows in a commit
constexpr std::size_t kLookedAtOnce = 10'000;  // executions, before others have their turn
constexpr int kPassedOverMost = 100;           // rows, before a new scan is cheaper
constexpr int kRestsForWork = 3;               // erasing takes a quarter of the shard at most

// Puts the rows of executions into a batch, to be erased, until the batch is full.
class Eraser {
 public:
  Eraser(const runtime::Store& store, runtime::Batch& batch) : store_(store), batch_(batch) {}

  // What an execution has besides its record and what leads to that. False: there is more.
  bool take_parts(ExecutionNumber number) {
    return take_map_runs(number) && take_rows(keys::history(number, 0).substr(0, kNumberKey)) &&
           take_frames(number);
  }

  bool take_frames(ExecutionNumber number) {
    return take_rows(keys::frame(number, 0).substr(0, kNumberKey));
  }

  // The rows of `number` in a pass over histories up to `last`'s, which is at it or before it. The
  // pass begins anew if there is much in between.
  bool take_histories(std::unique_ptr<runtime::Iterator>& pass, ExecutionNumber number,
                      ExecutionNumber last) {
    int passed_over = 0;
    const auto begin = [&] {
      pass = store_.scan(keys::history(number, 0), keys::history(last + 1, 0));
    };
    if (pass == nullptr) begin();
    for (; pass->valid() && !full(); pass->next()) {
      const ExecutionNumber at = runtime::Decoder(pass->key().substr(1)).u64();
      if (at > number) return true;
      if (at == number) {
        batch_.erase(pass->key());
      } else if (++passed_over == kPassedOverMost) {
        begin();
        if (!pass->valid()) break;
        if (runtime::Decoder(pass->key().substr(1)).u64() != number) return true;
        batch_.erase(pass->key());
      }
    }
    if (Status read = pass->status(); !read) fail(read.error());
    return !pass->valid() && status_.has_value();
  }

  void take_record(ExecutionNumber number, const ExecutionRecord& record) {
    batch_.erase(keys::execution(number));
    batch_.erase(keys::list(list_of(record), record.status, number));
    batch_.erase(keys::paused_execution(number));
    if (record.map_run) return;
    // A later execution may have the name by now.
    const std::string name = keys::name(record.machine, record.name);
    const Result<std::optional<std::string>> row = store_.get(name);
    if (!row) return fail(row.error());
    if (*row && runtime::Decoder(**row).u64() == number) batch_.erase(name);
  }

  const Status& status() const { return status_; }

  bool take_map_runs(ExecutionNumber parent) {
    const std::string prefix = keys::map_runs_prefix(parent);
    const auto rows = store_.scan(prefix, keys::prefix_end(prefix));
    for (; rows->valid() && !full(); rows->next()) {
      const ExecutionNumber run = runtime::Decoder(rows->key().substr(prefix.size())).u64();
      if (!take_children(run)) return false;
      if (!take_rows(keys::map_run_items(run, 0).substr(0, kNumberKey))) return false;
      batch_.erase(keys::map_run(run));
      batch_.erase(rows->key());
    }
    if (Status read = rows->status(); !read) fail(read.error());
    return !rows->valid() && status_.has_value();
  }

 private:
  static constexpr std::size_t kNumberKey = 1 + sizeof(ExecutionNumber);  // kind, number

  bool full() const { return batch_.count() >= kErasedAtOnce || !status_; }

  void fail(const Error& error) {
    if (status_) status_ = error;
  }

  bool take_rows(const std::string& prefix) {
    const auto rows = store_.scan(prefix, keys::prefix_end(prefix));
    for (; rows->valid() && !full(); rows->next()) batch_.erase(rows->key());
    if (Status read = rows->status(); !read) fail(read.error());
    return !rows->valid() && status_.has_value();
  }

  // The row that names a child goes last: until then the child is found.
  bool take_children(ExecutionNumber run) {
    const std::string prefix = keys::map_run_child(run, 0).substr(0, kNumberKey);
    const auto rows = store_.scan(prefix, keys::prefix_end(prefix));
    for (; rows->valid() && !full(); rows->next()) {
      const Result<MapRunChild> child = decode_map_run_child(rows->value(), rows->key());
      if (!child) {
        fail(child.error());
        break;
      }
      if (!take_parts(child->execution)) return false;
      const std::string key = keys::execution(child->execution);
      const Result<std::optional<std::string>> row = store_.get(key);
      const Result<ExecutionRecord> record =
          row && *row ? decode_execution(**row, key)
                      : Result<ExecutionRecord>(Error{ErrorCode::kNotFound, "", key});
      if (record) take_record(child->execution, *record);
      batch_.erase(rows->key());
    }
    if (Status read = rows->status(); !read) fail(read.error());
    return !rows->valid() && status_.has_value();
  }

  const runtime::Store& store_;
  runtime::Batch& batch_;
  Status status_;
};

// The children of a Map Run go with its parent.
bool is_due(const ExecutionRecord& record, runtime::WallTime due) {
  return record.stop_date && *record.stop_date <= due && !record.map_run;
}

}  // namespace

void EngineShard::watch_retention() {
  const std::chrono::milliseconds retention = engine_.options().retention;
  // Virtual time would leap from one look to the next, for ever.
  if (retention.count() <= 0 || services_.clock->is_virtual() || closed_) return;
  constexpr std::chrono::milliseconds kSoonest = std::chrono::seconds(10);
  constexpr std::chrono::milliseconds kLatest = std::chrono::hours(1);
  const auto interval = std::clamp(retention / 24, kSoonest, kLatest);
  retention_alarm_ = shard_.at(services_.clock->steady_now() + interval, [this] {
    shard_.spawn_when_possible([this] {
      const Result<std::uint64_t> erased = erase_expired();
      if (!erased) {
        runtime::log().warn("Old executions were not erased, trying again later: {}",
                            erased.error().message);
      } else if (*erased > 0) {
        runtime::log().info("Erased {} executions whose retention is over.", *erased);
      }
      watch_retention();
    });
  });
}

Result<std::uint64_t> EngineShard::erase_expired() {
  if (engine_.options().retention.count() <= 0) return std::uint64_t{0};
  if (!open_) return Error{ErrorCode::kUnavailable, "The store is not available.", ""};
  if (std::exchange(erasing_now_, true)) return std::uint64_t{0};
  Result<std::uint64_t> erased = erase_expired_now();
  erasing_now_ = false;
  erasing_.clear();
  return erased;
}

Result<std::uint64_t> EngineShard::erase_expired_now() {
  if (Status finished = erase_remains(); !finished) return std::move(finished).error();
  const runtime::Store& store = *engine_.options().store;
  const runtime::WallTime due = services_.clock->wall_now() - engine_.options().retention;
  const std::string end = keys::execution(first_number_at(due + std::chrono::milliseconds(1)));
  const std::uint64_t erased_before = statistics_.executions_erased;
  std::optional<ExecutionNumber> survivor;
  for (std::string from = keys::execution(retention_from_); from < end;) {
    std::vector<ExecutionNumber> expired;
    {
      const auto rows = store.scan(from, end);
      std::size_t looked_at = 0;
      for (; rows->valid() && looked_at < kLookedAtOnce && expired.size() < kErasedAtOnce;
           rows->next(), ++looked_at) {
        const ExecutionNumber number = runtime::Decoder(rows->key().substr(1)).u64();
        if (shard_of(number) != number_) continue;
        const Result<ExecutionRecord> record = decode_execution(rows->value(), rows->key());
        if (!record) return record.error();
        if (is_due(*record, due)) {
          expired.push_back(number);
        } else if (!survivor) {
          survivor = number;
        }
      }
      if (Status read = rows->status(); !read) return std::move(read).error();
      from = rows->valid() ? std::string(rows->key()) : end;
    }
    if (Status done = erase_these(expired, due, survivor); !done) return std::move(done).error();
    shard_.yield_if_due();
    if (!open_) return Error{ErrorCode::kUnavailable, "The store is not available.", ""};
  }
  retention_from_ = survivor.value_or(first_number_at(due));
  return statistics_.executions_erased - erased_before;
}

// Empty if it is not to be erased now. Who is in memory, or has a namesake that is being started,
// is looked at the next time.
Result<std::optional<ExecutionRecord>> EngineShard::read_expired(ExecutionNumber number,
                                                                 runtime::WallTime due) const {
  if (executions_.contains(number)) return std::optional<ExecutionRecord>();
  const std::string key = keys::execution(number);
  const Result<std::optional<std::string>> row = engine_.options().store->get(key);
  if (!row) return row.error();
  if (!*row) return std::optional<ExecutionRecord>();
  Result<ExecutionRecord> record = decode_execution(**row, key);
  if (!record) return std::move(record).error();
  if (!is_due(*record, due) || starting_.contains(engine_.arn_of(*record))) {
    return std::optional<ExecutionRecord>();
  }
  return std::optional(*std::move(record));
}

// Executions in the order of their numbers. A scan for each of them would be most of the work: one
// finds who has Map Runs, one for each commit passes over the histories.
Status EngineShard::erase_these(const std::vector<ExecutionNumber>& expired, runtime::WallTime due,
                                std::optional<ExecutionNumber>& survivor) {
  if (expired.empty()) return {};
  const runtime::Store& store = *engine_.options().store;
  const std::string last = keys::prefix_end(keys::map_runs_prefix(expired.back()));
  std::unordered_set<ExecutionNumber> with_map_runs;
  {
    const auto runs = store.scan(keys::map_runs_prefix(expired.front()), last);
    for (; runs->valid(); runs->next()) {
      with_map_runs.insert(runtime::Decoder(runs->key().substr(1)).u64());
    }
    if (Status read = runs->status(); !read) return read;
  }
  runtime::Batch batch;
  std::unique_ptr<runtime::Iterator> histories;
  runtime::SteadyTime begun = services_.clock->steady_now();
  std::size_t erased = 0;
  const auto put_on_disk = [&]() -> Status {
    histories = nullptr;  // not to be held while others run
    const auto work = services_.clock->steady_now() - begun;
    if (Status durable = commit(std::exchange(batch, {})); !durable) return durable;
    statistics_.executions_erased += std::exchange(erased, 0);
    runtime::sleep_for(kRestsForWork * work);
    begun = services_.clock->steady_now();
    return {};
  };
  for (const ExecutionNumber number : expired) {
    // Others ran while a commit was waited for: it may have been redriven.
    const Result<std::optional<ExecutionRecord>> record = read_expired(number, due);
    if (!record) return record.error();
    if (!*record) {
      survivor = std::min(survivor.value_or(number), number);
      continue;
    }
    erasing_.insert(number);
    Eraser eraser(store, batch);
    eraser.take_record(number, **record);
    // What has succeeded keeps no frames.
    const bool whole =
        (!with_map_runs.contains(number) || eraser.take_map_runs(number)) &&
        eraser.take_histories(histories, number, expired.back()) &&
        ((*record)->status == ExecutionStatus::kSucceeded || eraser.take_frames(number));
    if (!eraser.status()) return eraser.status();
    if (!whole) batch.put(keys::grave(number), {});
    ++erased;
    if (batch.count() < kErasedAtOnce && whole) continue;
    if (Status durable = put_on_disk(); !durable) return durable;
    if (whole) continue;
    if (Status finished = erase_remains(); !finished) return finished;
  }
  return batch.empty() ? Status() : put_on_disk();
}

// What executions that are gone have left.
Status EngineShard::erase_remains() {
  const runtime::Store& store = *engine_.options().store;
  std::vector<ExecutionNumber> graves;
  {
    const auto rows = store.scan(keys::kGraves, keys::prefix_end(keys::kGraves));
    for (; rows->valid(); rows->next()) {
      const ExecutionNumber number = runtime::Decoder(rows->key().substr(1)).u64();
      if (shard_of(number) == number_) graves.push_back(number);
    }
    if (Status read = rows->status(); !read) return read;
  }
  for (const ExecutionNumber number : graves) {
    for (bool whole = false; !whole;) {
      runtime::Batch batch;
      Eraser eraser(store, batch);
      whole = eraser.take_parts(number);
      if (!eraser.status()) return eraser.status();
      if (whole) batch.erase(keys::grave(number));
      if (Status durable = commit(batch); !durable) return durable;
    }
  }
  return {};
}

}  // namespace pawl::engine
