// Journal: makes the commits of all shards durable, many per sync.
//
// A shard appends a commit and goes on; one committer coalesces everything that is pending into a
// single synced store batch, and while it syncs the next batch gathers. Commits have rising
// numbers; durable() is the watermark up to which all of them are on stable storage. An effect
// waits until the watermark has passed its commit.
//
// When the store fails, every commit above the watermark is gone: the journal starts a new
// incarnation, refuses appends of the old one, and reopens the store with growing pauses (100 ms to
// 5 s). The engine drops what it had in memory and continues from the store, which is the same
// thing it does after a crash.
#pragma once

#include "runtime/metrics/metrics.h"
#include "runtime/store/store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace pawl::runtime {

using CommitNumber = std::uint64_t;  // from 1; 0 means none

struct JournalOptions {
  // Past this many bytes waiting for the committer, full() is true and shards admit no new work.
  std::size_t pending_bytes_max = std::size_t{64} << 20;
  // A batch is closed at this size even if more is pending, so that one sync stays short.
  std::size_t batch_bytes_max = std::size_t{8} << 20;
  // Without a thread nothing is written until flush(): simulations drive it themselves.
  bool threaded = true;
};

class Journal {
 public:
  Journal(Store& store, JournalOptions options = {});
  ~Journal();  // flushes what is pending if the store is healthy, then joins the committer
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Appends under `lease` and `incarnation`; never blocks on the disk. Any thread. kUnavailable if
  // the incarnation is over or the store is closed, kCancelled if the shard was leased again:
  // nothing of the commit happened or will. A lease that is lost between append and disk ends the
  // incarnation, with the store healthy: only its loser is refused from then on.
  Result<CommitNumber> append(const Batch& batch, const Lease& lease, std::uint64_t incarnation);

  // Commit `n` of incarnation `i` is durable when durable() >= n and, looked at after that,
  // incarnation() == i. The order matters: numbers that an incarnation lost are passed by the
  // watermark of the next one.
  CommitNumber durable() const;       // acquire; any thread
  std::uint64_t incarnation() const;  // from 1; changes when commits were lost; any thread
  bool healthy() const;               // false from a failure until the store is open again
  bool full() const;
  std::string failure() const;  // why commits were lost last; empty if that never happened

  // Called on the committer's thread (or inside flush()) after the watermark moved, after a
  // failure, and after a recovery. Must only notify: no engine code runs there. Register before
  // the first append.
  void on_progress(std::function<void()> callback);

  // Writes everything pending now and returns the outcome. With a thread: waits for it. Without
  // one, when the store has failed: tries once to reopen it, and is ok if that worked.
  Status flush();

  struct Statistics {
    std::uint64_t commits = 0;
    std::uint64_t batches = 0;
    std::uint64_t bytes = 0;
    std::uint64_t failures = 0;
    std::uint64_t sync_nanoseconds = 0;
    std::uint64_t pending_bytes = 0;              // now: waiting for the disk, or being written
    Histogram seconds = Histogram::of_seconds();  // of a batch, from its write to its sync
    Histogram batch_commits = Histogram::of_sizes();
  };
  Statistics statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pawl::runtime
