#include "engine/activity_queue.h"

#include "engine/engine.h"
#include "runtime/log/log.h"

#include <algorithm>

namespace pawl::engine {

namespace {

// How often a waiting worker is looked after.
constexpr std::chrono::seconds kLookAfter{5};

}  // namespace

Result<bool> ActivityQueue::exists(std::string_view activity) const {
  const auto row = engine_.options().store->get(keys::activity(activity));
  if (!row) return row.error();
  return row->has_value();
}

void ActivityQueue::added(const std::string& activity, const QueuedTask& task) {
  if (runtime::Shard::current() != &shard_) {
    shard_.post([this, activity, task] { added(activity, task); });
    return;
  }
  const auto known = queues_.find(activity);
  if (known == queues_.end()) return;  // who polls next reads the store
  Queue& queue = known->second;
  if (queue.handed_out.contains(task)) return;
  if (!queue.more && queue.window.size() >= kWindow) queue.more = true;
  // Behind the window there may be older ones that only the store knows.
  const bool behind = queue.window.empty() || *queue.window.rbegin() < task;
  if (!queue.more || !behind) queue.window.insert(task);
  // On the dispatcher, where reading the store is not for us to do; the fiber it wakes may.
  if (!queue.pollers.empty()) {
    shard_.spawn_when_possible([this, activity] {
      if (const auto it = queues_.find(activity); it != queues_.end()) match(activity, it->second);
    });
  }
}

Status ActivityQueue::refill(const std::string& activity, Queue& queue) {
  const std::string prefix = keys::activity_tasks(activity);
  const auto rows = engine_.options().store->scan(prefix, keys::prefix_end(prefix));
  for (; rows->valid() && queue.window.size() < kWindow; rows->next()) {
    const std::optional<keys::Timer> row = keys::parse_activity_task(rows->key());
    if (!row) continue;
    const QueuedTask task{row->at, row->execution, row->branch};
    if (!queue.handed_out.contains(task)) queue.window.insert(task);
  }
  queue.more = rows->valid();
  return rows->status();
}

// Gives tasks to workers as long as there are both.
void ActivityQueue::match(const std::string& activity, Queue& queue) {
  while (!queue.pollers.empty()) {
    if (queue.window.empty() && queue.more) {
      if (const Status read = refill(activity, queue); !read) {
        runtime::log().error("The tasks of activity '{}' cannot be read: {}", activity,
                             read.error().message);
        queue.more = true;
        return;
      }
    }
    if (queue.window.empty()) return;
    Poller& poller = *queue.pollers.front();
    queue.pollers.pop_front();
    poller.waiting = false;
    poller.task = *queue.window.begin();
    queue.handed_out.insert(*poller.task);
    queue.window.erase(queue.window.begin());
    poller.called.wake();
  }
}

Result<std::optional<ActivityTask>> ActivityQueue::poll(const std::string& activity,
                                                        const std::string& worker,
                                                        runtime::SteadyTime deadline,
                                                        const std::function<bool()>& gone) {
  PAWL_ASSERT(runtime::Shard::current() == &shard_);
  Queue& queue = queues_[activity];
  if (queue.workers >= engine_.options().limits.activity_workers) {
    return Error{ErrorCode::kLimit, "The activity has too many workers.", activity};
  }
  ++queue.workers;
  auto task = wait_for_task(activity, queue, worker, deadline, gone);
  --queue.workers;
  forget_idle();
  return task;
}

Result<std::optional<ActivityTask>> ActivityQueue::wait_for_task(
    const std::string& activity, Queue& queue, const std::string& worker,
    runtime::SteadyTime deadline, const std::function<bool()>& gone) {
  Poller poller;
  bool first = true;
  for (;;) {
    // Whose task was withdrawn while it was handed out does not lose its place.
    if (first) {
      queue.pollers.push_back(&poller);
    } else {
      queue.pollers.push_front(&poller);
    }
    first = false;
    poller.waiting = true;
    poller.task.reset();
    if (!closed_) match(activity, queue);
    while (poller.waiting && !closed_ && !gone() && shard_.now() < deadline) {
      poller.called.wait(std::min(deadline, shard_.now() + kLookAfter));
    }
    if (poller.waiting) {
      queue.pollers.erase(std::find(queue.pollers.begin(), queue.pollers.end(), &poller));
      return std::optional<ActivityTask>();
    }
    const QueuedTask task = *poller.task;
    if (gone() || closed_) {  // before anything was said about it: the next one takes it
      queue.handed_out.erase(task);
      queue.window.insert(task);
      match(activity, queue);
      return std::optional<ActivityTask>();
    }
    Result<ActivityTask> started = engine_.start_activity_task(task, worker);
    queue.handed_out.erase(task);
    if (started) return std::optional<ActivityTask>(*std::move(started));
    if (started.error().code != ErrorCode::kNotFound) {
      queue.more = true;  // its row is still there
      return std::move(started).error();
    }
  }
}

void ActivityQueue::forget_idle() {
  if (queues_.size() <= kQueuesMax) return;
  std::erase_if(queues_, [](const auto& entry) { return entry.second.workers == 0; });
}

void ActivityQueue::close() {
  closed_ = true;
  for (auto& [activity, queue] : queues_) {
    for (Poller* poller : queue.pollers) poller->called.wake();
  }
}

}  // namespace pawl::engine
