#include "runtime/journal/journal.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace pawl::runtime {
namespace {

constexpr std::chrono::milliseconds kReopenPauseMin{100};
constexpr std::chrono::milliseconds kReopenPauseMax{5000};

// Emptied chunks are kept for their memory: growing to 8 MiB again would copy every byte twice.
constexpr std::size_t kSpareChunksMax = 2;

// Commits that go to the disk together.
struct Chunk {
  Batch batch;
  std::vector<Lease> leases;  // each one once
  CommitNumber last = 0;
  std::uint64_t commits = 0;

  void add(const Batch& commit, const Lease& lease, CommitNumber number) {
    batch.append(commit);
    const auto same = [&lease](const Lease& other) {
      return other.shard == lease.shard && other.epoch == lease.epoch;
    };
    // From the back: a shard tends to append several commits in a row.
    if (std::none_of(leases.rbegin(), leases.rend(), same)) leases.push_back(lease);
    last = number;
    ++commits;
  }

  void clear() {
    batch.clear();
    leases.clear();
    commits = 0;
  }
};

}  // namespace

struct Journal::State {
  State(Store& the_store, const JournalOptions& the_options)
      : store(the_store), options(the_options) {}

  Result<CommitNumber> append(const Batch& batch, const Lease& lease, std::uint64_t under);
  Status flush_threaded();
  Status flush_here();
  void run();

  Status write_next(std::unique_lock<std::mutex>& lock);
  void drop_pending(std::unique_lock<std::mutex>& lock, const Error& reason, bool failed);
  Status try_reopen(std::unique_lock<std::mutex>& lock);
  void reopen_until_healthy(std::unique_lock<std::mutex>& lock);
  void notify(std::unique_lock<std::mutex>& lock);
  Error unavailable() const;

  Store& store;
  const JournalOptions options;
  std::vector<std::function<void()>> callbacks;  // fixed before the first append

  // Read without the mutex, written under it. Order matters to readers without it: a new
  // incarnation is stored before the watermark moves past numbers that the old one lost.
  std::atomic<CommitNumber> durable{0};
  std::atomic<std::uint64_t> incarnation{1};
  std::atomic<bool> healthy{true};
  std::atomic<std::size_t> pending_bytes{0};  // also what is being written

  mutable std::mutex mutex;
  std::condition_variable work;     // for the committer: something pending, or the end
  std::condition_variable settled;  // for flush(): the watermark or the incarnation moved
  std::deque<Chunk> pending;
  std::vector<Chunk> spare;
  CommitNumber last = 0;
  bool idle = false;  // the committer waits for work
  bool stopping = false;
  Error failure;  // why the current incarnation began
  Statistics statistics;

  std::thread committer;
};

Error Journal::State::unavailable() const {
  return Error{ErrorCode::kUnavailable,
               "the journal dropped what was not durable: " + failure.message, failure.where};
}

Result<CommitNumber> Journal::State::append(const Batch& batch, const Lease& lease,
                                            std::uint64_t under) {
  // A shard that lost its lease is told here, without disturbing the others. It can still lose it
  // before the commit is written; the store looks again then.
  if (!store.holds(lease)) {
    return Error{
        ErrorCode::kCancelled, "shard " + std::to_string(lease.shard) + " was leased again", {}};
  }
  const std::lock_guard lock(mutex);
  if (under != incarnation.load(std::memory_order_relaxed) ||
      !healthy.load(std::memory_order_relaxed)) {
    return unavailable();
  }
  if (pending.empty() || (pending.back().commits > 0 &&
                          pending.back().batch.bytes() + batch.bytes() > options.batch_bytes_max)) {
    if (spare.empty()) {
      pending.emplace_back();
    } else {
      pending.push_back(std::move(spare.back()));
      spare.pop_back();
    }
  }
  pending.back().add(batch, lease, ++last);
  pending_bytes.fetch_add(batch.bytes(), std::memory_order_relaxed);
  if (std::exchange(idle, false)) work.notify_one();
  return last;
}

// Writes the first chunk. The lock is held on entry and exit, not while the disk works: what comes
// in meanwhile is the next batch.
Status Journal::State::write_next(std::unique_lock<std::mutex>& lock) {
  Chunk chunk = std::move(pending.front());
  pending.pop_front();
  lock.unlock();
  const auto begin = std::chrono::steady_clock::now();
  Status written = store.write_under(chunk.batch, chunk.leases);
  const auto time = std::chrono::steady_clock::now() - begin;
  lock.lock();
  pending_bytes.fetch_sub(chunk.batch.bytes(), std::memory_order_relaxed);
  if (!written) {
    // Also when only a lease was lost: the commits of this chunk have their numbers, and a
    // watermark that passes a number says that it is on the disk. A new incarnation says it is not.
    drop_pending(lock, written.error(), written.error().code != ErrorCode::kCancelled);
    return written;
  }
  statistics.commits += chunk.commits;
  statistics.batches += 1;
  statistics.bytes += chunk.batch.bytes();
  statistics.sync_nanoseconds += static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
  statistics.seconds.add(std::chrono::duration<double>(time).count());
  statistics.batch_commits.add(static_cast<double>(chunk.commits));
  durable.store(chunk.last, std::memory_order_release);
  if (spare.size() < kSpareChunksMax) {
    chunk.clear();
    spare.push_back(std::move(chunk));
  }
  notify(lock);
  return {};
}

void Journal::State::drop_pending(std::unique_lock<std::mutex>& lock, const Error& reason,
                                  bool failed) {
  for (const Chunk& chunk : pending) {
    pending_bytes.fetch_sub(chunk.batch.bytes(), std::memory_order_relaxed);
  }
  pending.clear();
  failure = reason;
  if (failed) {
    ++statistics.failures;
    healthy.store(false, std::memory_order_release);
  }
  incarnation.fetch_add(1, std::memory_order_release);
  notify(lock);
}

Status Journal::State::try_reopen(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  Status opened = store.reopen();
  lock.lock();
  if (!opened) {
    failure = opened.error();
    return opened;
  }
  healthy.store(true, std::memory_order_release);
  notify(lock);
  return {};
}

void Journal::State::reopen_until_healthy(std::unique_lock<std::mutex>& lock) {
  auto pause = kReopenPauseMin;
  while (!stopping && !try_reopen(lock)) {
    work.wait_for(lock, pause, [this] { return stopping; });
    pause = std::min(pause * 2, kReopenPauseMax);
  }
}

void Journal::State::notify(std::unique_lock<std::mutex>& lock) {
  settled.notify_all();
  lock.unlock();
  for (const std::function<void()>& callback : callbacks) callback();
  lock.lock();
}

void Journal::State::run() {
  std::unique_lock lock(mutex);
  while (true) {
    if (!healthy.load(std::memory_order_relaxed)) reopen_until_healthy(lock);
    if (!pending.empty()) {
      (void)write_next(lock);  // a failure is in the state, and seen at the next turn
    } else if (stopping) {
      return;
    } else {
      idle = true;
      work.wait(lock, [this] { return stopping || !pending.empty(); });
      idle = false;
    }
  }
}

Status Journal::State::flush_threaded() {
  std::unique_lock lock(mutex);
  if (!healthy.load(std::memory_order_relaxed)) return unavailable();
  // Nothing on its way. `last` may still lie above the watermark: what a failure dropped never
  // passes it.
  if (idle && pending.empty()) return {};
  const CommitNumber target = last;
  const std::uint64_t under = incarnation.load(std::memory_order_relaxed);
  settled.wait(lock, [&] {
    return durable.load(std::memory_order_relaxed) >= target ||
           incarnation.load(std::memory_order_relaxed) != under;
  });
  if (incarnation.load(std::memory_order_relaxed) != under) return unavailable();
  return {};
}

Status Journal::State::flush_here() {
  std::unique_lock lock(mutex);
  if (!healthy.load(std::memory_order_relaxed)) return try_reopen(lock);
  while (!pending.empty()) {
    if (Status written = write_next(lock); !written) return written;
  }
  return {};
}

Journal::Journal(Store& store, JournalOptions options)
    : state_(std::make_unique<State>(store, options)) {
  if (options.threaded) state_->committer = std::thread([this] { state_->run(); });
}

Journal::~Journal() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->work.notify_one();
  }
  if (state_->committer.joinable()) {
    state_->committer.join();
  } else if (healthy()) {
    (void)flush();  // nobody is left to tell; what was not acknowledged may be lost
  }
}

Result<CommitNumber> Journal::append(const Batch& batch, const Lease& lease,
                                     std::uint64_t incarnation) {
  return state_->append(batch, lease, incarnation);
}

CommitNumber Journal::durable() const { return state_->durable.load(std::memory_order_acquire); }

std::uint64_t Journal::incarnation() const {
  return state_->incarnation.load(std::memory_order_acquire);
}

bool Journal::healthy() const { return state_->healthy.load(std::memory_order_acquire); }

bool Journal::full() const {
  return state_->pending_bytes.load(std::memory_order_relaxed) > state_->options.pending_bytes_max;
}

void Journal::on_progress(std::function<void()> callback) {
  const std::lock_guard lock(state_->mutex);
  PAWL_ASSERT(state_->last == 0);
  state_->callbacks.push_back(std::move(callback));
}

Status Journal::flush() {
  return state_->options.threaded ? state_->flush_threaded() : state_->flush_here();
}

std::string Journal::failure() const {
  const std::lock_guard lock(state_->mutex);
  return state_->failure.message;
}

Journal::Statistics Journal::statistics() const {
  const std::lock_guard lock(state_->mutex);
  Statistics statistics = state_->statistics;
  statistics.pending_bytes = state_->pending_bytes.load(std::memory_order_relaxed);
  return statistics;
}

}  // namespace pawl::runtime
