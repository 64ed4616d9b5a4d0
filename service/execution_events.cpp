#include "service/execution_events.h"

#include "asl/time/timestamp.h"
#include "runtime/log/log.h"

#include <algorithm>

namespace pawl::service {

namespace {

constexpr std::size_t kDataMax = 248'000;  // input and output together

asl::Value millis(runtime::WallTime time) {
  return asl::Value::integer(time.time_since_epoch().count());
}

asl::Value included(bool yes) {
  return std::move(asl::ObjectBuilder().set("included", asl::Value::boolean(yes))).build();
}

asl::Value optional_text(const std::optional<std::string>& text) {
  return text ? asl::Value::string(*text) : asl::Value::null();
}

std::string seconds_text(runtime::WallTime time) {
  constexpr std::size_t kToTheSecond = 19;  // "2019-02-26T19:42:21"
  return asl::format_timestamp_ms(time).substr(0, kToTheSecond) + "Z";
}

}  // namespace

asl::Value execution_event(const engine::Engine& engine, const engine::ExecutionDescription& what,
                           std::string_view id, runtime::WallTime time) {
  const engine::ExecutionRecord& record = what.record;
  const std::size_t bytes = what.input.size() + (what.output ? what.output->size() : 0);
  const bool data = bytes <= kDataMax;
  asl::ObjectBuilder detail;
  detail.set("executionArn", asl::Value::string(what.arn));
  detail.set("stateMachineArn", asl::Value::string(what.state_machine_arn));
  detail.set("name", asl::Value::string(record.name));
  detail.set("status", asl::Value::string(engine::status_name(record.status)));
  detail.set("startDate", millis(record.start_date));
  detail.set("stopDate", record.stop_date ? millis(*record.stop_date) : asl::Value::null());
  detail.set("input", data ? asl::Value::string(what.input) : asl::Value::null());
  detail.set("output", data ? optional_text(what.output) : asl::Value::null());
  const auto arn = [](const std::string& text) {
    return text.empty() ? asl::Value::null() : asl::Value::string(text);
  };
  detail.set("stateMachineVersionArn", arn(record.version_arn));
  detail.set("stateMachineAliasArn", arn(record.alias_arn));
  detail.set("redriveCount", asl::Value::integer(record.redrive_count));
  detail.set("inputDetails", included(data));
  detail.set("outputDetails", what.output ? included(data) : asl::Value::null());
  detail.set("error", optional_text(record.failure.error));
  detail.set("cause", optional_text(record.failure.cause));

  const engine::EngineOptions& options = engine.options();
  asl::ObjectBuilder event;
  event.set("version", asl::Value::string("0"));
  event.set("id", asl::Value::string(id));
  event.set("detail-type", asl::Value::string("Step Functions Execution Status Change"));
  event.set("source", asl::Value::string("aws.states"));
  event.set("account", asl::Value::string(options.account));
  event.set("time", asl::Value::string(seconds_text(time)));
  event.set("region", asl::Value::string(options.region));
  event.set("resources", asl::Value::array({asl::Value::string(what.arn)}));
  event.set("detail", std::move(detail).build());
  return std::move(event).build();
}

void ExecutionEvents::status_changed(const engine::Execution& execution,
                                     engine::ExecutionStatus status) {
  if (!execution.durable) return;  // Express executions have no such events
  const Change change{0, execution.number, status, engine_.options().clock->wall_now()};
  if (runtime::Shard::current() == &shard_) return add(change);
  shard_.post([this, change] { add(change); });
}

void ExecutionEvents::add(Change change) {
  change.id = ++last_id_;
  kept_.push_back(change);
  if (kept_.size() > kKeptMax) kept_.pop_front();
  for (auto it = readers_.begin(); it != readers_.end();) {
    const std::shared_ptr<Reader> reader = it->lock();
    if (reader == nullptr) {
      it = readers_.erase(it);
      continue;
    }
    reader->news_.wake();
    ++it;
  }
  if (subscribers_.empty()) return;
  unserved_.push_back(change);
  if (unserved_.size() > kKeptMax) unserved_.pop_front();
  if (!serving_) {
    serving_ = true;
    shard_.spawn_when_possible([this] { serve_subscribers(); });
  }
}

void ExecutionEvents::subscribe(std::function<void(const asl::Value&)> on_event) {
  subscribers_.push_back(std::move(on_event));
}

void ExecutionEvents::serve_subscribers() {
  while (!unserved_.empty()) {
    const Change change = unserved_.front();
    unserved_.pop_front();
    const std::optional<asl::Value> event = render(change);
    if (!event) continue;
    for (const auto& subscriber : subscribers_) subscriber(*event);
    shard_.yield_if_due();
  }
  serving_ = false;
}

std::optional<asl::Value> ExecutionEvents::render(const Change& change) const {
  Result<engine::ExecutionDescription> found = engine_.describe(change.execution);
  if (!found) {
    runtime::log().warn("An event cannot be shown: {}", found.error().message);
    return std::nullopt;
  }
  engine::ExecutionRecord& record = found->record;
  if (record.status != change.status) {
    // It went on since: as it was then, but for the reason of an earlier end.
    record.status = change.status;
    record.failure = {};
    found->output.reset();
    record.stop_date.reset();
    if (change.status != engine::ExecutionStatus::kRunning) record.stop_date = change.time;
  }
  return execution_event(engine_, *found, runtime::uuid4(*engine_.options().random), change.time);
}

std::shared_ptr<ExecutionEvents::Reader> ExecutionEvents::read(EventFilter filter,
                                                               std::optional<std::uint64_t> after) {
  std::erase_if(readers_, [](const auto& reader) { return reader.expired(); });
  if (closed_ || readers_.size() >= kReadersMax) return nullptr;
  const std::uint64_t oldest = kept_.empty() ? last_id_ : kept_.front().id - 1;
  auto reader = std::make_shared<Reader>(*this, std::move(filter),
                                         std::clamp(after.value_or(last_id_), oldest, last_id_));
  readers_.push_back(reader);
  return reader;
}

void ExecutionEvents::close() {
  closed_ = true;
  for (const auto& weak : readers_) {
    if (const auto reader = weak.lock()) {
      reader->over_ = true;
      reader->news_.wake();
    }
  }
}

bool ExecutionEvents::Reader::matches(const asl::Value& event) const {
  const asl::Value& detail = *event.find("detail");
  const auto is = [&detail](std::string_view member, const std::string& wanted) {
    return wanted.empty() || detail.find(member)->as_string() == wanted;
  };
  return is("stateMachineArn", filter_.state_machine_arn) &&
         is("executionArn", filter_.execution_arn) && is("status", filter_.status);
}

std::optional<SentEvent> ExecutionEvents::Reader::next(runtime::SteadyTime deadline) {
  while (!over_) {
    if (after_ == events_.last_id_) {
      if (!news_.wait(deadline)) return std::nullopt;
      continue;
    }
    const std::uint64_t first = events_.kept_.front().id;
    if (after_ + 1 < first) {  // it reads too slowly: the next one is not kept any more
      over_ = true;
      break;
    }
    const Change change = events_.kept_[after_ + 1 - first];
    after_ = change.id;
    std::optional<asl::Value> event = events_.render(change);
    if (event && matches(*event)) return SentEvent{change.id, *std::move(event)};
    runtime::yield();
  }
  return std::nullopt;
}

}  // namespace pawl::service
