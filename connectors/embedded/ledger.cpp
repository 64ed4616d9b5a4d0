#include "connectors/embedded/ledger.h"

#include "base/assert.h"
#include "runtime/fiber/shard.h"

#include <utility>

namespace pawl::connectors {

// --- Change ---

std::optional<std::string> Change::get(std::string_view key) {
  if (const auto own = written_.find(key); own != written_.end()) return own->second;
  if (!durable_only_) {
    read_.emplace(key);
    if (const auto decided = ledger_.decided_.find(key); decided != ledger_.decided_.end()) {
      saw_undurable_ = true;
      return decided->second.value;
    }
  }
  Result<std::optional<std::string>> row = ledger_.engine_.options().store->get(key);
  if (!row) {
    fail(std::move(row).error());
    return std::nullopt;
  }
  return *std::move(row);
}

bool Change::is_changing(std::string_view key) const {
  if (written_.contains(key) || ledger_.decided_.contains(key)) return true;
  const auto hold = ledger_.holds_.find(key);
  return hold != ledger_.holds_.end() && hold->second.writers > 0;
}

std::shared_ptr<const void> Change::remembered(std::string_view key) {
  PAWL_ASSERT(runtime::Shard::current() == &ledger_.shard_);
  const auto known = ledger_.remembered_.find(key);
  if (known == ledger_.remembered_.end() || is_changing(key)) return nullptr;
  if (!durable_only_) read_.emplace(key);
  return known->second;
}

void Change::remember(std::string_view key, std::shared_ptr<const void> record) {
  if (is_changing(key)) return;
  constexpr std::size_t kRememberedMax = 4096;
  if (ledger_.remembered_.size() >= kRememberedMax) ledger_.remembered_.clear();
  ledger_.remembered_.insert_or_assign(std::string(key), std::move(record));
}

void Change::scan(std::string_view from, std::string_view to, const Row& row) {
  visit(from, to, false, row);
}

void Change::scan_back(std::string_view from, std::string_view to, const Row& row) {
  visit(from, to, true, row);
}

// Merges the store's rows with what is newer than they are.
void Change::visit(std::string_view from, std::string_view to, bool back, const Row& row) {
  if (from >= to) return;
  std::map<std::string_view, const std::optional<std::string>*> newer;
  if (!durable_only_) {
    for (auto it = ledger_.decided_.lower_bound(from);
         it != ledger_.decided_.end() && it->first < to; ++it) {
      newer[it->first] = &it->second.value;
      saw_undurable_ = true;
    }
  }
  for (auto it = written_.lower_bound(from); it != written_.end() && it->first < to; ++it) {
    newer[it->first] = &it->second;
  }
  const runtime::Store& store = *ledger_.engine_.options().store;
  const auto rows = back ? store.scan_back(from, to) : store.scan(from, to);
  const auto before = [back](std::string_view a, std::string_view b) {
    return back ? a > b : a < b;
  };
  const auto next_newer = [&]() { return back ? std::prev(newer.end()) : newer.begin(); };
  while (rows->valid() || !newer.empty()) {
    const auto first = newer.empty() ? newer.end() : next_newer();
    if (first == newer.end() || (rows->valid() && before(rows->key(), first->first))) {
      if (!row(rows->key(), rows->value())) return;
      rows->next();
      continue;
    }
    if (rows->valid() && rows->key() == first->first) rows->next();
    if (*first->second && !row(first->first, **first->second)) return;
    newer.erase(first);
  }
  if (Status read = rows->status(); !read) fail(std::move(read).error());
}

void Change::put(std::string_view key, std::string_view value) {
  written_.insert_or_assign(std::string(key), std::string(value));
}
void Change::erase(std::string_view key) {
  written_.insert_or_assign(std::string(key), std::nullopt);
}
void Change::discard() {
  written_.clear();
  durable_.clear();
  lost_.clear();
}
void Change::when_durable(std::function<void()> effect) { durable_.push_back(std::move(effect)); }
void Change::when_lost(std::function<void()> effect) { lost_.push_back(std::move(effect)); }
void Change::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

// --- Ledger ---

Ledger::Ledger(engine::Engine& engine) : engine_(engine), shard_(*engine.options().shards[0]) {}
Ledger::~Ledger() { PAWL_ASSERT(waiting_.empty()); }

void Ledger::run_all(std::vector<std::function<void()>>& effects) {
  for (const auto& effect : std::exchange(effects, {})) effect();
}

bool Ledger::is_held(const Change& change) const {
  if (holds_.empty() || change.written_.empty()) return false;
  for (const auto& [key, value] : change.written_) {
    if (holds_.contains(key)) return true;
  }
  for (const std::string& key : change.read_) {
    const auto hold = holds_.find(key);
    if (hold != holds_.end() && hold->second.writers > 0) return true;
  }
  return false;
}

Result<Change> Ledger::decide_unheld(const Decide& decide) {
  PAWL_ASSERT(runtime::Shard::current() == &shard_);
  for (;;) {
    Change change(*this, false);
    decide(change);
    if (change.failure_) return *std::move(change.failure_);
    if (!is_held(change)) return change;
    runtime::WaitPoint released;
    const auto place = waiting_.insert(waiting_.end(), &released);
    const runtime::TimeHold hold = shard_.hold_time();
    released.wait();
    waiting_.erase(place);
  }
}

std::shared_ptr<Ledger::Pending> Ledger::pending_of(Change change) {
  auto pending = std::make_shared<Pending>();
  pending->id = ++last_change_;
  pending->written = std::move(change.written_);
  pending->read = std::move(change.read_);
  pending->durable = std::move(change.durable_);
  pending->lost = std::move(change.lost_);
  return pending;
}

runtime::Batch Ledger::batch_of(const Pending& pending) {
  runtime::Batch batch;
  for (const auto& [key, value] : pending.written) {
    if (value) {
      batch.put(key, *value);
    } else {
      batch.erase(key);
    }
  }
  return batch;
}

void Ledger::forget(const Pending& pending) {
  for (const auto& [key, value] : pending.written) {
    if (const auto known = remembered_.find(key); known != remembered_.end()) {
      remembered_.erase(known);
    }
  }
}

void Ledger::show(const Pending& pending) {
  forget(pending);
  for (const auto& [key, value] : pending.written) {
    decided_.insert_or_assign(key, Decided{value, pending.id});
  }
}

void Ledger::unshow(const Pending& pending) {
  forget(pending);
  for (const auto& [key, value] : pending.written) {
    const auto decided = decided_.find(key);
    if (decided != decided_.end() && decided->second.change == pending.id) decided_.erase(decided);
  }
}

void Ledger::hold(const Pending& pending) {
  for (const std::string& key : pending.read) ++holds_[key].readers;
  for (const auto& [key, value] : pending.written) ++holds_[key].writers;
}

void Ledger::release(const Pending& pending) {
  const auto drop_unused = [this](const std::string& key) {
    const auto hold = holds_.find(key);
    if (hold != holds_.end() && hold->second.readers == 0 && hold->second.writers == 0) {
      holds_.erase(hold);
    }
  };
  for (const std::string& key : pending.read) --holds_[key].readers;
  for (const auto& [key, value] : pending.written) --holds_[key].writers;
  for (const std::string& key : pending.read) drop_unused(key);
  for (const auto& [key, value] : pending.written) drop_unused(key);
  for (runtime::WaitPoint* waiting : waiting_) waiting->wake();
}

Status Ledger::commit(const Decide& decide) {
  Result<Change> change = decide_unheld(decide);
  if (!change) return std::move(change).error();
  return settle(*std::move(change));
}

Status Ledger::settle(Change change) {
  // What was decided upon something that is not on disk yet is not told before that is.
  const bool must_append = !change.written_.empty() || change.saw_undurable_;
  const std::shared_ptr<Pending> pending = pending_of(std::move(change));
  if (!must_append) {
    run_all(pending->durable);
    return {};
  }
  struct Answer {
    runtime::WaitPoint settled;
    std::optional<Status> status;
  } answer;
  Status appended = engine_.append(batch_of(*pending), [this, pending, &answer](const Status& s) {
    unshow(*pending);
    run_all(s ? pending->durable : pending->lost);
    answer.status = s;
    answer.settled.wake();
  });
  if (!appended) {
    run_all(pending->lost);
    return appended;
  }
  if (!answer.status) show(*pending);  // a store in memory may have settled it already
  const runtime::TimeHold hold = shard_.hold_time();
  while (!answer.status) answer.settled.wait();
  return *std::move(answer.status);
}

// Lives with the outcome that carries the writes, on the shard of its execution.
class Ledger::Fate final : public engine::WritesFate {
 public:
  Fate(Ledger& ledger, std::shared_ptr<Pending> pending)
      : ledger_(ledger),
        shard_(&ledger.shard_),
        mailbox_(ledger.shard_.mailbox()),
        pending_(std::move(pending)) {}
  Fate(const Fate&) = delete;
  Fate& operator=(const Fate&) = delete;
  ~Fate() override {
    if (!settled_) settle(false);
  }

  void appended() override {
    appended_ = true;
    on_ledger([&ledger = ledger_, pending = pending_] {
      ledger.show(*pending);
      ledger.release(*pending);
    });
  }
  void durable(const Status& status) override { settle(status.has_value()); }

 private:
  void settle(bool happened) {
    settled_ = true;
    on_ledger([&ledger = ledger_, pending = pending_, happened, appended = appended_] {
      if (appended) {
        ledger.unshow(*pending);
      } else {
        ledger.release(*pending);
      }
      run_all(happened ? pending->durable : pending->lost);
    });
  }

  template <typename Step>
  void on_ledger(Step step) {
    if (runtime::Shard::current() == shard_) {
      step();
    } else {
      mailbox_->post(std::move(step));  // a shard that has ended has no ledger any more
    }
  }

  Ledger& ledger_;  // lives as long as its shard runs, not longer
  runtime::Shard* shard_;
  std::shared_ptr<runtime::Mailbox> mailbox_;
  std::shared_ptr<Pending> pending_;
  bool appended_ = false;
  bool settled_ = false;
};

Result<engine::JoinedWrites> Ledger::prepare(const Decide& decide) {
  Result<Change> change = decide_unheld(decide);
  if (!change) return std::move(change).error();
  engine::JoinedWrites writes;
  if (change->written_.empty()) {
    // Nothing will join a commit, and an Express execution has none of its own.
    if (Status settled = settle(*std::move(change)); !settled) return std::move(settled).error();
    return writes;
  }
  const std::shared_ptr<Pending> pending = pending_of(*std::move(change));
  writes.batch = batch_of(*pending);
  hold(*pending);
  writes.fate = std::make_shared<Fate>(*this, pending);
  return writes;
}

Status Ledger::apply(const Decide& decide, engine::JoinedWrites* joined) {
  if (joined == nullptr) return commit(decide);
  Result<engine::JoinedWrites> prepared = prepare(decide);
  if (!prepared) return std::move(prepared).error();
  *joined = *std::move(prepared);
  return {};
}

Status Ledger::read(const Decide& decide) const {
  Change change(*this, true);
  decide(change);
  PAWL_ASSERT(change.written_.empty());
  if (change.failure_) return *std::move(change.failure_);
  return {};
}

}  // namespace pawl::connectors
