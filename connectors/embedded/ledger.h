// Ledger: the rows of the embedded services, and the order in which they change.
//
// Embedded queues, buckets and tables are rows of the engine's own store, and one shard (the
// engine's first) decides about all of them. An operation is a decision: a function that reads and
// writes through a Change, runs on that shard and never suspends, so that decisions are one after
// the other. What was decided is seen by later decisions at once, and by the outside when it is
// durable.
//
// Two ways to become durable:
//   commit()   for API clients: appended to the journal in the same breath; answers when durable.
//   prepare()  for Tasks: the writes are handed over and join the commit that records the Task's
//              outcome (engine::JoinedWrites): they happen once, together. Until that commit is
//              appended (microseconds, unless the engine is busy), what the decision read and wrote
//              is held: decisions that would change it, or read what it changes in order to write,
//              wait and then decide again. If nobody waits for the outcome, nothing happened.
//
// Source of the choice: docs/decisions/0004-embedded-services.md. Keys: docs/storage.md.
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "engine/task.h"
#include "runtime/fiber/wait_point.h"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors {

class Ledger;

// What one decision reads and writes. Reads see what the decision itself wrote, then what others
// decided, then the store. A read that fails makes the whole decision fail, so that its code need
// not look: get() answers nothing then.
class Change {
 public:
  // Of a row that the decision depends on.
  std::optional<std::string> get(std::string_view key);
  // As get(), of a row that is read far more often than it changes (a queue, a table): the ledger
  // remembers what it says until a decision writes it. Null: no such row. Rows of a kind are always
  // read by the same `decode`.
  template <typename Record>
  std::shared_ptr<const Record> get_remembered(std::string_view key,
                                               Result<Record> (*decode)(std::string_view row,
                                                                        std::string_view key)) {
    if (const std::shared_ptr<const void> known = remembered(key)) {
      return std::static_pointer_cast<const Record>(known);
    }
    const std::optional<std::string> row = get(key);
    if (!row) return nullptr;
    Result<Record> record = decode(*row, key);
    if (!record) {
      fail(std::move(record).error());
      return nullptr;
    }
    auto shared = std::make_shared<const Record>(*std::move(record));
    remember(key, shared);
    return shared;
  }
  // Rows of [from, to) in order, or in reverse, until `row` answers false. `to` must not be empty.
  // Not held: a decision that depends on a whole range reads a row that its writers write.
  using Row = std::function<bool(std::string_view key, std::string_view value)>;
  void scan(std::string_view from, std::string_view to, const Row& row);
  void scan_back(std::string_view from, std::string_view to, const Row& row);

  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  // Takes back everything that this decision wrote: it refuses after all.
  void discard();
  // Runs on the ledger's shard once the change is durable; must not suspend.
  void when_durable(std::function<void()> effect);
  // Runs when the change is certain not to happen, or its store failed.
  void when_lost(std::function<void()> effect);
  void fail(Error error);  // a row is damaged: nothing is written, the caller gets the error

 private:
  friend class Ledger;
  Change(const Ledger& ledger, bool durable_only) : ledger_(ledger), durable_only_(durable_only) {}
  void visit(std::string_view from, std::string_view to, bool back, const Row& row);
  // Nothing is remembered of a row that is being changed.
  std::shared_ptr<const void> remembered(std::string_view key);
  void remember(std::string_view key, std::shared_ptr<const void> record);
  bool is_changing(std::string_view key) const;

  const Ledger& ledger_;
  bool durable_only_;
  bool saw_undurable_ = false;
  std::map<std::string, std::optional<std::string>, std::less<>> written_;
  std::set<std::string, std::less<>> read_;
  std::vector<std::function<void()>> durable_;
  std::vector<std::function<void()>> lost_;
  std::optional<Error> failure_;
};

class Ledger {
 public:
  // `engine` must outlive it. Made and destroyed while the engine's shards do not run.
  explicit Ledger(engine::Engine& engine);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // May run more than once: it must set its results anew each time.
  using Decide = std::function<void(Change&)>;

  // All on a fiber of shard(); they may suspend. kUnavailable: the store failed, and only it knows
  // whether the change happened. kLimit: at capacity, nothing happened.
  Status commit(const Decide& decide);
  Result<engine::JoinedWrites> prepare(const Decide& decide);
  // commit() without `joined`; else prepare() into it. One decision per Task.
  Status apply(const Decide& decide, engine::JoinedWrites* joined);
  // Reads only, what is durable. Never suspends.
  Status read(const Decide& decide) const;

  runtime::Shard& shard() const { return shard_; }
  engine::Engine& engine() const { return engine_; }
  runtime::WallTime now() const { return engine_.options().clock->wall_now(); }
  std::string new_id() const { return runtime::uuid4(*engine_.options().random); }

 private:
  friend class Change;
  using ChangeId = std::uint64_t;
  struct Decided {
    std::optional<std::string> value;
    ChangeId change = 0;
  };
  struct Hold {
    std::size_t readers = 0;
    std::size_t writers = 0;
  };
  // A change on its way to the disk.
  struct Pending {
    ChangeId id = 0;
    std::map<std::string, std::optional<std::string>, std::less<>> written;
    std::set<std::string, std::less<>> read;
    std::vector<std::function<void()>> durable;
    std::vector<std::function<void()>> lost;
  };
  class Fate;

  // Decides when nothing that it touches is held. Suspends meanwhile.
  Result<Change> decide_unheld(const Decide& decide);
  // Appends the change, if there is anything to append or to wait for, and waits until it is
  // durable.
  Status settle(Change change);
  bool is_held(const Change& change) const;
  std::shared_ptr<Pending> pending_of(Change change);
  static runtime::Batch batch_of(const Pending& pending);
  void hold(const Pending& pending);
  void release(const Pending& pending);
  void show(const Pending& pending);    // to later decisions
  void unshow(const Pending& pending);  // the store shows it from now on, or it is lost
  void forget(const Pending& pending);  // what it writes
  static void run_all(std::vector<std::function<void()>>& effects);

  engine::Engine& engine_;
  runtime::Shard& shard_;
  std::map<std::string, Decided, std::less<>> decided_;  // appended and not yet durable
  std::map<std::string, Hold, std::less<>> holds_;
  // What rows say that nobody is changing.
  mutable std::map<std::string, std::shared_ptr<const void>, std::less<>> remembered_;
  std::list<runtime::WaitPoint*> waiting_;
  ChangeId last_change_ = 0;
};

}  // namespace pawl::connectors
