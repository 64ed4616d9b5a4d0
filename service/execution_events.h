// Changes of an execution's status as events in EventBridge's shape, for subscribers in this
// process and for GET /_pawl/events.
//
// Source: api-facts section 12; "Step Functions Execution Status Change" of the developer guide.
#pragma once

#include "asl/json/value.h"
#include "engine/engine.h"
#include "engine/observer.h"

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::service {

// {"version":"0","id":...,"detail-type":"Step Functions Execution Status Change",
//  "source":"aws.states","account":...,"time":...,"region":...,"resources":[execution ARN],
//  "detail":{...}}
// Dates in `detail` are milliseconds since 1970. Input and output are left out, and their Details
// say so, when they are larger than 248 KB together.
asl::Value execution_event(const engine::Engine& engine, const engine::ExecutionDescription& what,
                           std::string_view id, runtime::WallTime time);

// Which events a subscriber wants; an empty text matches all.
struct EventFilter {
  std::string state_machine_arn;
  std::string execution_arn;
  std::string status;
};

// All of it belongs to the engine's first shard, but the observer's calls, which any shard makes.
class ExecutionEvents final : public engine::Observer {
 public:
  static constexpr std::size_t kKeptMax = 10'000;  // as far as a reader may lag or go back
  static constexpr std::size_t kReadersMax = 100;

  ExecutionEvents(engine::Engine& engine, runtime::Shard& shard) : engine_(engine), shard_(shard) {}

  // `on_event` gets every event from now on, on a fiber of the first shard, one at a time.
  void subscribe(std::function<void(const asl::Value&)> on_event);

  // One reader of the stream. next() suspends.
  class Reader;
  // Events behind number `after`, or the oldest that are kept; absent: from now on. nullptr: too
  // many readers, or closed.
  std::shared_ptr<Reader> read(EventFilter filter, std::optional<std::uint64_t> after);
  void close();  // all readers end

  bool wants_history(std::string_view /*machine*/) override { return false; }
  void status_changed(const engine::Execution& execution, engine::ExecutionStatus status) override;
  void recorded(const engine::Execution& /*execution*/, std::uint32_t /*record*/,
                std::uint32_t /*events*/) override {}

 private:
  friend class Reader;
  // Small: what an event shows is read from the store when it is sent.
  struct Change {
    std::uint64_t id = 0;
    engine::ExecutionNumber execution = 0;
    engine::ExecutionStatus status = engine::ExecutionStatus::kRunning;
    runtime::WallTime time{};
  };

  void add(Change change);
  void serve_subscribers();
  std::optional<asl::Value> render(const Change& change) const;

  engine::Engine& engine_;
  runtime::Shard& shard_;
  std::uint64_t last_id_ = 0;
  std::deque<Change> kept_;
  std::vector<std::function<void(const asl::Value&)>> subscribers_;
  std::deque<Change> unserved_;  // of the subscribers
  bool serving_ = false;
  std::list<std::weak_ptr<Reader>> readers_;
  bool closed_ = false;
};

struct SentEvent {
  std::uint64_t id = 0;
  asl::Value event;
};

class ExecutionEvents::Reader {
 public:
  Reader(ExecutionEvents& events, EventFilter filter, std::uint64_t after)
      : events_(events), filter_(std::move(filter)), after_(after) {}

  // The next event; empty at `deadline` (ask again) and when over().
  std::optional<SentEvent> next(runtime::SteadyTime deadline);
  // It lagged behind what is kept, or the stream is closed.
  bool over() const { return over_; }

 private:
  friend class ExecutionEvents;
  bool matches(const asl::Value& event) const;

  ExecutionEvents& events_;
  EventFilter filter_;
  std::uint64_t after_;  // the last one that was looked at
  runtime::WaitPoint news_;
  bool over_ = false;
};

}  // namespace pawl::service
