// Move tasks: dead letters go back to the queues that gave them up, or to a queue that is named. A
// message moves in one decision, and is counted in it: it is in one of both queues, never in none.
#include "connectors/embedded/json_rows.h"
#include "connectors/sqs/service.h"
#include "runtime/fiber/shard.h"
#include "runtime/log/log.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors::sqs {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

// Tasks of one queue that are remembered, the latest first; AWS shows as many.
constexpr std::size_t kTasksMax = 10;
constexpr std::size_t kMovedAtOnce = 100;
constexpr std::string_view kRunning = "RUNNING";

std::string queue_of(std::string_view arn) { return std::string(arn.substr(arn.rfind(':') + 1)); }

Error no_resource(std::string message) {
  return {"ResourceNotFoundException", std::move(message), 404, {}};
}

std::vector<Value> tasks_in(Change& change, std::string_view source) {
  const std::optional<Value> row = get_json(change, keys::moves(source));
  if (!row || !row->is_array()) return {};
  return {row->items().begin(), row->items().end()};
}

bool is_dead_letter_queue(Change& change, const std::string& arn) {
  bool found = false;
  change.scan(keys::kQueues, runtime::prefix_end(keys::kQueues),
              [&](std::string_view key, std::string_view row) {
                const Result<QueueRecord> queue = decode_queue(row, key);
                if (!queue) {
                  change.fail(queue.error());
                  return false;
                }
                const auto policy = queue->attributes.find("RedrivePolicy");
                found = policy != queue->attributes.end() &&
                        policy->second.find("\"" + arn + "\"") != std::string::npos;
                return !found;
              });
  return found;
}

std::int64_t moved_by(const Value& task) {
  const Value* moved = task.find("ApproximateNumberOfMessagesMoved");
  return moved != nullptr && moved->is_int() ? moved->as_int() : 0;
}

// The latest task with another state and count.
void update_task(Change& change, std::string_view source, std::string_view status,
                 std::int64_t moved, std::string_view failure = {}) {
  std::vector<Value> tasks = tasks_in(change, source);
  if (tasks.empty()) return;
  ObjectBuilder task(tasks.front());
  task.set("Status", Value::string(status));
  task.set("ApproximateNumberOfMessagesMoved", Value::integer(moved));
  if (!failure.empty()) task.set("FailureReason", Value::string(failure));
  tasks.front() = std::move(task).build();
  put_json(change, keys::moves(source), Value::array(std::move(tasks)));
}

}  // namespace

Answer start_message_move_task(const Request& request) {
  const std::string arn(request.text("SourceArn"));
  const std::string destination(request.text("DestinationArn"));
  if (arn.empty()) return missing_parameter("SourceArn");
  const std::string source = queue_of(arn);
  Answer answer = Value::object({});
  if (auto failed = request.sqs.apply(request.call, [&](Change& change) {
        const QueueRef queue = Sqs::find(change, source);
        if (!queue || request.sqs.arn_of(source) != arn) {
          answer = no_resource(
              "The resource that you specified for the SourceArn parameter "
              "doesn't exist.");
          return;
        }
        if (!destination.empty() && !Sqs::find(change, queue_of(destination))) {
          answer = no_resource(
              "The resource that you specified for the DestinationArn parameter "
              "doesn't exist.");
          return;
        }
        if (!is_dead_letter_queue(change, arn)) {
          answer = invalid_value("Source queue must be configured as a Dead Letter Queue.");
          return;
        }
        std::vector<Value> tasks = tasks_in(change, source);
        if (!tasks.empty() && text_of(tasks.front(), "Status") == kRunning) {
          answer = Error{"AWS.SimpleQueueService.UnsupportedOperation",
                         "There is already a task running. Only one active task is allowed for a "
                         "source queue arn at a given time.",
                         400,
                         {}};
          return;
        }
        const std::string handle = request.sqs.ledger().new_id();
        ObjectBuilder task;
        task.set("TaskHandle", Value::string(handle));
        task.set("Status", Value::string(kRunning));
        task.set("SourceArn", Value::string(arn));
        if (!destination.empty()) task.set("DestinationArn", Value::string(destination));
        task.set("ApproximateNumberOfMessagesMoved", Value::integer(0));
        if (const std::shared_ptr<QueueIndex> index = request.sqs.index_of(*queue)) {
          const auto counts = index->counts(request.sqs.now());
          task.set("ApproximateNumberOfMessagesToMove",
                   Value::integer(static_cast<std::int64_t>(counts.visible)));
        }
        task.set("StartedTimestamp", Value::integer(request.sqs.now()));
        tasks.insert(tasks.begin(), std::move(task).build());
        if (tasks.size() > kTasksMax) tasks.resize(kTasksMax);
        put_json(change, keys::moves(source), Value::array(std::move(tasks)));
        change.when_durable([&sqs = request.sqs, source] { sqs.run_move(source); });
        answer = std::move(ObjectBuilder().set("TaskHandle", Value::string(handle))).build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer list_message_move_tasks(const Request& request) {
  const std::string arn(request.text("SourceArn"));
  if (arn.empty()) return missing_parameter("SourceArn");
  const auto max =
      static_cast<std::size_t>(std::clamp(request.number("MaxResults").value_or(1), std::int64_t{1},
                                          static_cast<std::int64_t>(kTasksMax)));
  std::vector<Value> tasks;
  bool there = false;
  Status read = request.sqs.ledger().read([&](Change& change) {
    there = Sqs::find(change, queue_of(arn)) != nullptr;
    tasks = tasks_in(change, queue_of(arn));
  });
  if (!read) return aws::store_error(read.error());
  if (!there) {
    return no_resource(
        "The resource that you specified for the SourceArn parameter doesn't exist.");
  }
  if (tasks.size() > max) tasks.resize(max);
  for (Value& task : tasks) {
    // A task that has ended has no handle: there is nothing to cancel.
    if (text_of(task, "Status") == kRunning) continue;
    ObjectBuilder shown(task);
    shown.erase("TaskHandle");
    task = std::move(shown).build();
  }
  return std::move(ObjectBuilder().set("Results", Value::array(std::move(tasks)))).build();
}

Answer cancel_message_move_task(const Request& request) {
  const std::string handle(request.text("TaskHandle"));
  constexpr std::size_t kHandleBytes = 36;
  if (handle.size() != kHandleBytes) {
    return invalid_value("Value for parameter TaskHandle is invalid.");
  }
  Answer answer = no_resource("Task does not exist.");
  if (auto failed = request.sqs.apply(request.call, [&](Change& change) {
        answer = no_resource("Task does not exist.");
        std::string source;
        std::int64_t moved = 0;
        change.scan(keys::kMoves, runtime::prefix_end(keys::kMoves),
                    [&](std::string_view key, std::string_view row) {
                      const std::optional<Value> tasks = read_json_row(change, key, row);
                      if (!tasks) return false;
                      if (tasks->size() == 0) return true;
                      const Value& latest = tasks->items()[0];
                      if (text_of(latest, "TaskHandle") != handle ||
                          text_of(latest, "Status") != kRunning) {
                        return true;
                      }
                      source = key.substr(keys::kMoves.size());
                      moved = moved_by(latest);
                      return false;
                    });
        if (source.empty()) return;
        update_task(change, source, "CANCELLED", moved);
        answer = std::move(
                     ObjectBuilder().set("ApproximateNumberOfMessagesMoved", Value::integer(moved)))
                     .build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

namespace {

// What the latest task of `source` does with `picked`, as one decision. False: it has ended.
bool decide_move(Sqs& sqs, Change& change, const QueueRecord& queue,
                 const std::vector<std::uint64_t>& picked, std::vector<std::uint64_t>& gone) {
  const std::vector<Value> tasks = tasks_in(change, queue.name);
  if (tasks.empty() || text_of(tasks.front(), "Status") != kRunning) return false;
  const std::string destination = queue_of(text_of(tasks.front(), "DestinationArn"));
  std::int64_t moved = moved_by(tasks.front());
  for (const std::uint64_t sequence : picked) {
    const std::string key = keys::message(queue.id, sequence);
    const std::optional<std::string> row = change.get(key);
    if (!row) {
      gone.push_back(sequence);
      continue;
    }
    Result<MessageRecord> message = decode_message(*row, key);
    if (!message) {
      change.fail(std::move(message).error());
      return false;
    }
    const std::string target =
        destination.empty() ? queue_of(message->dead_letter_source) : destination;
    const QueueRef to = Sqs::find(change, target);
    if (!to || to->fifo() != queue.fifo()) {
      update_task(change, queue.name, "FAILED", moved,
                  target.empty() ? "CouldNotDetermineMessageSource"
                                 : "AWS.SimpleQueueService.NonExistentQueue");
      return false;
    }
    change.erase(key);
    message->receives = 0;
    message->first_received = 0;
    message->dead_letter_source.clear();
    message->visible_at = sqs.now();
    sqs.put_record(change, *to, sqs.next_sequence(), *message);
    gone.push_back(sequence);
    ++moved;
  }
  update_task(change, queue.name, picked.empty() ? "COMPLETED" : kRunning, moved);
  return !picked.empty();
}

// One step of a move. False: it has ended.
Result<bool> move_some(Sqs& sqs, const std::string& source) {
  QueueRef queue;
  Status read = sqs.ledger().read([&](Change& change) { queue = Sqs::find(change, source); });
  if (!read) return std::move(read).error();
  if (!queue) return false;
  const std::shared_ptr<QueueIndex> index = sqs.index_of(*queue);
  if (index == nullptr) {
    return pawl::Error{ErrorCode::kUnavailable, "the queue cannot be read", source};
  }
  const std::vector<std::uint64_t> picked = index->visible(sqs.now(), kMovedAtOnce);
  // Out of sight meanwhile, as for a receive.
  for (const std::uint64_t sequence : picked) {
    index->hide(sequence, sqs.now() + kVisibilitySecondsMax * 1000);
  }
  std::vector<std::uint64_t> gone;
  bool more = false;
  Status moved = sqs.ledger().commit([&](Change& change) {
    gone.clear();
    more = decide_move(sqs, change, *queue, picked, gone);
  });
  if (!moved || !more) sqs.forget_index(queue->id);  // what did not move is in sight again
  if (!moved) return std::move(moved).error();
  for (const std::uint64_t sequence : gone) index->erase(sequence);
  return more;
}

}  // namespace

void Sqs::run_move(const std::string& source) {
  ledger_.shard().spawn_when_possible([this, source, hold = ledger_.shard().hold_time()] {
    while (!ledger_.shard().stopping()) {
      const Result<bool> more = move_some(*this, source);
      if (!more) {
        // It goes on with the next start.
        runtime::log().error("The dead letters of {} could not be moved: {}", source,
                             more.error().message);
      }
      if (!more || !*more) return;
    }
  });
}

Status Sqs::open() {
  std::vector<std::string> unfinished;
  Status read = ledger_.read([&](Change& change) {
    change.scan(keys::kMoves, runtime::prefix_end(keys::kMoves),
                [&](std::string_view key, std::string_view row) {
                  const std::optional<Value> tasks = read_json_row(change, key, row);
                  if (!tasks) return false;
                  if (tasks->size() > 0 && text_of(tasks->items()[0], "Status") == kRunning) {
                    unfinished.emplace_back(key.substr(keys::kMoves.size()));
                  }
                  return true;
                });
  });
  if (!read) return read;
  for (const std::string& source : unfinished) run_move(source);
  return {};
}

}  // namespace pawl::connectors::sqs
