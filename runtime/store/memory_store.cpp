// Every key has its versions, newest last, each with the number of the batch that made it. A scan
// sees the newest version that is not younger than itself. Versions that nobody can see any more go
// when the key is written again, or when the last scan that held them up ends.
#include "runtime/store/memory_store.h"

#include "runtime/store/lease_table.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace pawl::runtime {
namespace {

struct Version {
  std::uint64_t number = 0;
  std::optional<std::string> value;  // none: erased
};

using Versions = std::vector<Version>;  // rising numbers, never empty

class Table {
 public:
  struct Entry {
    std::string key;
    std::string value;
  };

  std::optional<std::string> get(std::string_view key) const {
    const std::shared_lock lock(mutex_);
    const auto found = keys_.find(key);
    return found == keys_.end() ? std::nullopt : found->second.back().value;
  }

  void write(const Batch& batch) {
    const std::lock_guard lock(mutex_);
    ++newest_;
    Writer writer(*this);
    batch.visit(writer);
  }

  std::uint64_t begin_scan() {
    const std::lock_guard lock(mutex_);
    scans_.insert(newest_);
    return newest_;
  }

  void end_scan(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    const bool oldest = scans_.begin() == scans_.find(number);
    scans_.erase(scans_.find(number));
    if (!oldest || held_up_.empty()) return;
    for (const std::string& key : std::exchange(held_up_, {})) prune(keys_.find(key));
  }

  // The first entry with a key in [from, to) as of `number`; in descending order the last one.
  std::optional<Entry> first(std::string_view from, std::string_view to,
                             std::uint64_t number) const {
    const std::shared_lock lock(mutex_);
    for (auto at = keys_.lower_bound(from); at != keys_.end() && below(at->first, to); ++at) {
      if (const std::string* value = seen(at->second, number)) return Entry{at->first, *value};
    }
    return std::nullopt;
  }

  std::optional<Entry> last(std::string_view from, std::string_view to,
                            std::uint64_t number) const {
    const std::shared_lock lock(mutex_);
    auto at = to.empty() ? keys_.end() : keys_.lower_bound(to);
    while (at != keys_.begin()) {
      --at;
      if (at->first < from) break;
      if (const std::string* value = seen(at->second, number)) return Entry{at->first, *value};
    }
    return std::nullopt;
  }

 private:
  using Keys = std::map<std::string, Versions, std::less<>>;

  class Writer : public Batch::Visitor {
   public:
    explicit Writer(Table& table) : table_(table) {}
    void on_put(std::string_view key, std::string_view value) override {
      table_.add(key, std::string(value));
    }
    void on_erase(std::string_view key) override { table_.add(key, std::nullopt); }

   private:
    Table& table_;
  };

  static bool below(std::string_view key, std::string_view to) { return to.empty() || key < to; }

  static const std::string* seen(const Versions& versions, std::uint64_t number) {
    for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
      if (version->number <= number) return version->value ? &*version->value : nullptr;
    }
    return nullptr;
  }

  void add(std::string_view key, std::optional<std::string> value) {
    auto at = keys_.find(key);
    if (at == keys_.end()) {
      if (!value) return;
      at = keys_.emplace(std::string(key), Versions()).first;
    }
    at->second.push_back({newest_, std::move(value)});
    prune(at);
  }

  // Drops the versions of a key that no scan can see; remembers the key if one holds it up.
  void prune(Keys::iterator at) {
    if (at == keys_.end()) return;
    const std::uint64_t oldest = scans_.empty() ? newest_ : *scans_.begin();
    Versions& versions = at->second;
    const auto kept = std::find_if(versions.rbegin(), versions.rend(),
                                   [oldest](const Version& v) { return v.number <= oldest; });
    if (kept != versions.rend()) versions.erase(versions.begin(), std::prev(kept.base()));
    const bool erased = !versions.back().value;
    if (versions.size() > 1 || (erased && versions.front().number > oldest)) {
      held_up_.insert(at->first);
    } else if (erased) {
      keys_.erase(at);
    }
  }

  mutable std::shared_mutex mutex_;
  Keys keys_;
  std::uint64_t newest_ = 0;
  std::multiset<std::uint64_t> scans_;  // the numbers running scans see
  std::set<std::string> held_up_;       // keys with versions kept for a scan
};

// Looks one key up per step, so that no lock is held between steps.
class TableIterator : public Iterator {
 public:
  TableIterator(std::shared_ptr<Table> table, std::string_view from, std::string_view to,
                bool ascending)
      : table_(std::move(table)),
        number_(table_->begin_scan()),
        from_(from),
        to_(to),
        ascending_(ascending) {
    look();
  }
  TableIterator(const TableIterator&) = delete;
  TableIterator& operator=(const TableIterator&) = delete;
  ~TableIterator() override { table_->end_scan(number_); }

  bool valid() const override { return entry_.has_value(); }
  void next() override {
    PAWL_ASSERT(valid());
    if (ascending_) {
      from_ = std::move(entry_->key) + '\0';  // the smallest key above it
    } else {
      to_ = std::move(entry_->key);
      done_ = to_.empty();  // an empty bound would mean the end of the store
    }
    look();
  }
  std::string_view key() const override { return entry_->key; }
  std::string_view value() const override { return entry_->value; }
  Status status() const override { return {}; }

 private:
  void look() {
    if (done_) {
      entry_.reset();
    } else {
      entry_ = ascending_ ? table_->first(from_, to_, number_) : table_->last(from_, to_, number_);
    }
  }

  std::shared_ptr<Table> table_;
  std::uint64_t number_;
  std::string from_;
  std::string to_;
  bool ascending_;
  bool done_ = false;
  std::optional<Table::Entry> entry_;
};

class MemoryStore : public Store {
 public:
  Result<std::optional<std::string>> get(std::string_view key) const override {
    return table_->get(key);
  }

  std::unique_ptr<Iterator> scan(std::string_view from, std::string_view to) const override {
    return std::make_unique<TableIterator>(table_, from, to, true);
  }

  std::unique_ptr<Iterator> scan_back(std::string_view from, std::string_view to) const override {
    return std::make_unique<TableIterator>(table_, from, to, false);
  }

  Result<Lease> lease(ShardNumber shard) override {
    const std::lock_guard lock(write_mutex_);
    const Lease lease{shard, leases_.epoch(shard) + 1};
    Batch batch;
    batch.put(lease_key(shard), encode_lease(lease.epoch));
    table_->write(batch);
    leases_.set(lease);
    return lease;
  }

  Status write(const Batch& batch) override { return write_under(batch, {}); }

  Status write_under(const Batch& batch, std::span<const Lease> leases) override {
    const std::lock_guard lock(write_mutex_);
    if (Status held = leases_.check(leases); !held) return held;
    table_->write(batch);
    return {};
  }

  Status reopen() override { return {}; }
  bool holds(const Lease& lease) const override { return leases_.holds(lease); }
  std::string describe() const override { return "memory"; }

 private:
  std::shared_ptr<Table> table_ = std::make_shared<Table>();  // shared with its iterators
  LeaseTable leases_;
  std::mutex write_mutex_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace pawl::runtime
