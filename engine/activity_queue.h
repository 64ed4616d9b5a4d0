// ActivityQueue: the tasks of activities, from their scheduling to the worker that takes one.
//
// A scheduled task is a row (records.h: keys::activity_task), written with its frame and erased
// with the commit that hands it out, so the queue survives a restart and nothing is handed out
// twice. Keys rise with the time of scheduling: first come, first served. Memory holds a window of
// the rows of those activities that somebody polls, and the workers that wait, each on a fiber of
// its own.
//
// Lives on the engine's first shard: poll() and close() are called there, added() anywhere.
//
// Source: the GetActivityTask operation; api-facts section 7.
#pragma once

#include "base/result.h"
#include "engine/records.h"
#include "runtime/fiber/shard.h"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

namespace pawl::engine {

class Engine;

// A task in the queue of its activity: since when, and which branch waits. The scheduling of a
// branch's next attempt is later.
struct QueuedTask {
  runtime::WallTime queued_at{};
  ExecutionNumber execution = 0;
  BranchId branch = 0;

  bool operator<(const QueuedTask& other) const {
    return std::tie(queued_at, execution, branch) <
           std::tie(other.queued_at, other.execution, other.branch);
  }
};

// What a worker gets. That it got it is in the history by then.
struct ActivityTask {
  std::string token;
  std::string input;  // JSON text
};

class ActivityQueue {
 public:
  static constexpr std::size_t kWindow = 1'000;      // rows of one activity in memory
  static constexpr std::size_t kQueuesMax = 10'000;  // activities that are remembered unpolled

  ActivityQueue(Engine& engine, runtime::Shard& shard) : engine_(engine), shard_(shard) {}

  // Whether the activity is registered: its row is there.
  Result<bool> exists(std::string_view activity) const;

  // The next task of the activity; empty at `deadline`, when `gone` says that the worker has left
  // (asked before a task is handed out, and now and then), and when the engine closes. Suspends.
  // kLimit: Limits::activity_workers wait already. kUnavailable: the store failed; the task, if
  // any, waits on.
  Result<std::optional<ActivityTask>> poll(const std::string& activity, const std::string& worker,
                                           runtime::SteadyTime deadline,
                                           const std::function<bool()>& gone);

  // A task's row is durable. Any shard's thread.
  void added(const std::string& activity, const QueuedTask& task);

  // Sends all workers home, and those that come later.
  void close();
  void open() { closed_ = false; }

 private:
  struct Poller {
    runtime::WaitPoint called;
    std::optional<QueuedTask> task;
    bool waiting = true;
  };
  struct Queue {
    std::set<QueuedTask> window;      // the oldest rows that nobody has
    bool more = true;                 // the store may have others behind them
    std::set<QueuedTask> handed_out;  // on their way to a worker: the row is still there
    std::deque<Poller*> pollers;      // who came first is served first
    std::size_t workers = 0;          // waiting or being served
  };

  void match(const std::string& activity, Queue& queue);
  Status refill(const std::string& activity, Queue& queue);
  Result<std::optional<ActivityTask>> wait_for_task(const std::string& activity, Queue& queue,
                                                    const std::string& worker,
                                                    runtime::SteadyTime deadline,
                                                    const std::function<bool()>& gone);
  void forget_idle();

  Engine& engine_;
  runtime::Shard& shard_;
  std::map<std::string, Queue, std::less<>> queues_;
  bool closed_ = false;
};

}  // namespace pawl::engine
