#include "runtime/journal/journal.h"

#include "runtime/store/memory_store.h"
#include "runtime/store/testing/faulty_files.h"
#include "runtime/store/testing/faulty_store.h"
#include "tests/runtime/store_testing.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace pawl::runtime {
namespace {

using namespace std::chrono_literals;

// Waits until a journal reports that something holds; false after ten seconds.
class Progress {
 public:
  explicit Progress(Journal& journal) {
    journal.on_progress([this] {
      const std::lock_guard lock(mutex_);
      ++calls_;
      changed_.notify_all();
    });
  }
  template <typename Condition>
  bool until(Condition holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, holds);
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
};

JournalOptions by_hand() {
  JournalOptions options;
  options.threaded = false;
  return options;
}

}  // namespace

TEST_CASE("commits are numbered from 1 and durable in that order", "[runtime][journal]") {
  const std::unique_ptr<Store> store = make_memory_store();
  Journal journal(*store, by_hand());
  const Lease lease = store->lease(1).value();
  REQUIRE(journal.append(put("a", "1"), lease, 1).value() == 1);
  REQUIRE(journal.append(put("a", "2"), lease, 1).value() == 2);
  REQUIRE(journal.durable() == 0);
  REQUIRE_FALSE(store->get("a").value());  // nothing happens before flush()
  REQUIRE(journal.flush());
  REQUIRE(journal.durable() == 2);
  REQUIRE(*store->get("a").value() == "2");
  REQUIRE(journal.statistics().commits == 2);
  REQUIRE(journal.statistics().batches == 1);
}

TEST_CASE("what is pending becomes several batches at the batch limit", "[runtime][journal]") {
  const std::unique_ptr<Store> store = make_memory_store();
  JournalOptions options = by_hand();
  options.batch_bytes_max = 1000;
  options.pending_bytes_max = 5000;
  Journal journal(*store, options);
  const Lease lease = store->lease(1).value();
  const std::string value(300, 'x');
  int appended = 0;
  for (; !journal.full(); ++appended) {
    REQUIRE(journal.append(put("a" + std::to_string(appended), value), lease, 1));
  }
  REQUIRE(appended * 300 >= 4700);
  REQUIRE(journal.append(put("b", std::string(5000, 'y')), lease, 1));  // larger than any batch
  REQUIRE(journal.flush());
  REQUIRE_FALSE(journal.full());
  REQUIRE(journal.statistics().batches == static_cast<std::uint64_t>((appended + 2) / 3 + 1));
  REQUIRE(read_all(*store).size() == static_cast<std::size_t>(appended) + 1);
}

TEST_CASE("a commit under an old lease is refused, and others go on", "[runtime][journal]") {
  const std::unique_ptr<Store> store = make_memory_store();
  Journal journal(*store, by_hand());
  const Lease old_lease = store->lease(1).value();
  const Lease other = store->lease(2).value();
  const Lease new_lease = store->lease(1).value();
  REQUIRE(journal.append(put("a", "old"), old_lease, 1).error().code == ErrorCode::kCancelled);
  REQUIRE(journal.append(put("b", "other"), other, 1));
  REQUIRE(journal.append(put("a", "new"), new_lease, 1));
  REQUIRE(journal.flush());
  REQUIRE(*store->get("a").value() == "new");
  REQUIRE(journal.incarnation() == 1);
}

TEST_CASE("a lease lost between append and disk ends the incarnation, not the health",
          "[runtime][journal]") {
  const std::unique_ptr<Store> store = make_memory_store();
  Journal journal(*store, by_hand());
  const Lease old_lease = store->lease(1).value();
  const Lease other = store->lease(2).value();
  REQUIRE(journal.append(put("a", "old"), old_lease, 1));
  REQUIRE(store->lease(1));
  REQUIRE(journal.flush().error().code == ErrorCode::kCancelled);
  REQUIRE(journal.durable() == 0);
  REQUIRE(journal.incarnation() == 2);
  REQUIRE(journal.healthy());
  REQUIRE_FALSE(store->get("a").value());
  REQUIRE(journal.append(put("b", "1"), other, 1).error().code == ErrorCode::kUnavailable);
  REQUIRE(journal.append(put("b", "1"), other, 2).value() == 2);
  REQUIRE(journal.flush());
}

TEST_CASE("a failed write drops what was pending and starts a new incarnation",
          "[runtime][journal]") {
  const std::unique_ptr<Store> memory = make_memory_store();
  FaultyStore store(*memory);
  JournalOptions options = by_hand();
  options.batch_bytes_max = 1;  // one commit a batch
  Journal journal(store, options);
  Progress progress(journal);
  const Lease lease = store.lease(1).value();
  const auto fault = GENERATE(WriteFault::kBefore, WriteFault::kAfter);
  store.fail_write(2, fault);
  for (const char* key : {"a", "b", "c"}) REQUIRE(journal.append(put(key, "1"), lease, 1));

  REQUIRE(journal.flush().error().code == ErrorCode::kIo);
  REQUIRE(journal.durable() == 1);
  REQUIRE_FALSE(journal.healthy());
  REQUIRE(journal.incarnation() == 2);
  REQUIRE_FALSE(journal.failure().empty());
  REQUIRE(journal.append(put("d", "1"), lease, 2).error().code == ErrorCode::kUnavailable);
  REQUIRE_FALSE(journal.flush());  // not healed yet
  store.heal();
  REQUIRE(journal.flush());
  REQUIRE(journal.healthy());
  REQUIRE(journal.append(put("d", "1"), lease, 1).error().code == ErrorCode::kUnavailable);
  REQUIRE(journal.append(put("d", "1"), lease, 2).value() == 4);  // numbers are not used again
  REQUIRE(journal.flush());
  REQUIRE(journal.durable() == 4);
  REQUIRE(progress.calls() == 4);  // a durable; failure; recovery; d durable
  REQUIRE(store.get("b").value().has_value() == (fault == WriteFault::kAfter));
  REQUIRE_FALSE(store.get("c").value());
}

TEST_CASE("four threads append, and each sees its commits durable and in order",
          "[runtime][journal]") {
  const TemporaryDirectory directory;
  const std::unique_ptr<Store> store = open_or_fail(store_at(directory.store()));
  constexpr int kThreads = 4;
  constexpr int kCommits = 2000;
  {
    Journal journal(*store);
    Progress progress(journal);
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      const Lease lease = store->lease(static_cast<ShardNumber>(t)).value();
      threads.emplace_back([&journal, &refused, lease, t] {
        CommitNumber before = 0;
        for (int i = 0; i < kCommits; ++i) {
          Batch batch = put("a" + std::to_string(t), std::to_string(i));
          batch.put("b" + std::to_string(t) + "/" + std::to_string(i), "x");
          const Result<CommitNumber> number = journal.append(batch, lease, 1);
          if (!number || *number <= before) {
            ++refused;
          } else {
            before = *number;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(refused == 0);
    REQUIRE(journal.flush());
    REQUIRE(journal.durable() == kThreads * kCommits);
    REQUIRE(progress.calls() >= 1);
    REQUIRE(journal.statistics().commits == kThreads * kCommits);
    REQUIRE(journal.statistics().batches <= kThreads * kCommits);
  }
  REQUIRE(read_all(*store).size() == kThreads * (kCommits + 1));
  for (int t = 0; t < kThreads; ++t) {
    REQUIRE(*store->get("a" + std::to_string(t)).value() == std::to_string(kCommits - 1));
  }
}

TEST_CASE("a journal that ends writes what is pending", "[runtime][journal]") {
  const std::unique_ptr<Store> store = make_memory_store();
  const bool threaded = GENERATE(true, false);
  const Lease lease = store->lease(1).value();
  {
    JournalOptions options;
    options.threaded = threaded;
    Journal journal(*store, options);
    REQUIRE(journal.append(put("a", "1"), lease, 1));
  }
  REQUIRE(store->get("a").value());
}

TEST_CASE("a journal that ends while its store is broken does not hang", "[runtime][journal]") {
  const std::unique_ptr<Store> memory = make_memory_store();
  FaultyStore store(*memory);
  const Lease lease = store.lease(1).value();
  Journal journal(store);
  store.fail_write(1, WriteFault::kBefore);
  REQUIRE(journal.append(put("a", "1"), lease, 1));
  REQUIRE_FALSE(journal.flush());
}

// Appends, waits for each commit, and after a failure goes on as an engine does: with the new
// incarnation, from what the store has.
TEST_CASE("under failing writes no acknowledged commit is lost and service comes back",
          "[runtime][journal]") {
  const std::unique_ptr<Store> memory = make_memory_store();
  FaultyStore store(*memory);
  const Lease lease = store.lease(1).value();
  Journal journal(store);
  Progress progress(journal);
  std::map<std::string, std::string> acknowledged;
  int failures = 0;
  for (int i = 0; i < 300; ++i) {
    if (i % 50 == 25) {
      store.fail_write(1, i % 100 == 25 ? WriteFault::kBefore : WriteFault::kAfter);
    }
    const std::string key = "k" + std::to_string(i);
    const std::uint64_t incarnation = journal.incarnation();
    const Result<CommitNumber> number = journal.append(put(key, "1"), lease, incarnation);
    REQUIRE(number);
    REQUIRE(progress.until(
        [&] { return journal.durable() >= *number || journal.incarnation() != incarnation; }));
    if (journal.durable() >= *number && journal.incarnation() == incarnation) {
      acknowledged[key] = "1";
      continue;
    }
    ++failures;
    store.heal();
    REQUIRE(progress.until([&] { return journal.healthy(); }));
    if (store.get(key).value()) acknowledged[key] = "1";
  }
  REQUIRE(failures == 6);
  REQUIRE(acknowledged.size() == 297);
  REQUIRE(read_all(store) == acknowledged);
}

TEST_CASE("an append costs less than a microsecond", "[runtime][journal][.slow]") {
  const std::unique_ptr<Store> store = make_memory_store();
  JournalOptions options = by_hand();
  Journal journal(*store, options);
  const Lease lease = store->lease(1).value();
  std::vector<Batch> batches;
  for (int i = 0; i < 100'000; ++i)
    batches.push_back(put(std::to_string(i), std::string(180, 'x')));
  const auto begin = std::chrono::steady_clock::now();
  for (Batch& batch : batches) (void)journal.append(batch, lease, 1);
  const auto time = std::chrono::steady_clock::now() - begin;
  const auto each = std::chrono::duration_cast<std::chrono::nanoseconds>(time) / batches.size();
  WARN("append: " << each.count() << " ns");
  REQUIRE(each < 1us);
}

}  // namespace pawl::runtime
