#include "service/logs/execution_log.h"

#include "asl/json/writer.h"
#include "asl/time/timestamp.h"
#include "runtime/log/log.h"
#include "service/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace pawl::service {

namespace {

constexpr std::size_t kPayloadMax = 248'000;
constexpr std::size_t kEventsAtOnce = 16;

LogLevel level_named(std::string_view name) {
  if (name == "ALL") return LogLevel::kAll;
  if (name == "ERROR") return LogLevel::kError;
  if (name == "FATAL") return LogLevel::kFatal;
  return LogLevel::kOff;
}

bool is_payload(std::string_view member) {
  return member == "input" || member == "output" || member == "parameters" ||
         member == "assignedVariables";
}

bool is_data(std::string_view member) {
  return is_payload(member) || member == "inputDetails" || member == "outputDetails" ||
         member == "assignedVariablesDetails";
}

std::string cut(std::string_view text) {
  std::size_t size = std::min(text.size(), kPayloadMax);
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
    --size;
  }
  return std::string(text.substr(0, size));
}

asl::Value truncated(bool yes) {
  return std::move(asl::ObjectBuilder().set("truncated", asl::Value::boolean(yes))).build();
}

asl::Value log_details(const asl::Value& details, bool data) {
  asl::ObjectBuilder out;
  for (const asl::Member& member : details.members()) {
    const std::string_view name = member.key.as_string();
    if (!data && is_data(name)) continue;
    if (is_payload(name) && member.value.is_string() &&
        member.value.as_string().size() > kPayloadMax) {
      out.set(name, asl::Value::string(cut(member.value.as_string())));
      continue;
    }
    if (name == "inputDetails" || name == "outputDetails") {
      const asl::Value* text = details.find(name == "inputDetails" ? "input" : "output");
      out.set(name, truncated(text != nullptr && text->is_string() &&
                              text->as_string().size() > kPayloadMax));
      continue;
    }
    out.set(name, member.value);
  }
  return std::move(out).build();
}

}  // namespace

LogSettings log_settings(const LogsApi& logs, const asl::Value& logging) {
  LogSettings settings;
  const asl::Value* level = logging.find("level");
  const asl::Value* data = logging.find("includeExecutionData");
  const asl::Value* destinations = logging.find("destinations");
  if (level != nullptr && level->is_string()) settings.level = level_named(level->as_string());
  settings.data = data != nullptr && data->is_bool() && data->as_bool();
  if (destinations != nullptr && destinations->is_array() && destinations->size() > 0) {
    const asl::Value* group = destinations->items()[0].find("cloudWatchLogsLogGroup");
    const asl::Value* arn = group != nullptr ? group->find("logGroupArn") : nullptr;
    if (arn != nullptr) settings.group = logs.group_of_destination(arn->as_string());
  }
  return settings;
}

bool is_logged(std::string_view type, LogLevel level) {
  switch (level) {
    case LogLevel::kOff:
      return false;
    case LogLevel::kAll:
      return true;
    case LogLevel::kFatal:
      return type == "ExecutionFailed" || type == "ExecutionTimedOut" || type == "ExecutionAborted";
    case LogLevel::kError:
      return type.ends_with("Failed") || type.ends_with("TimedOut") || type.ends_with("Aborted") ||
             type == "FailStateEntered";
  }
  return false;
}

asl::Value log_record(const asl::Value& event, const std::string& execution_arn,
                      std::int64_t redrive_count, bool data) {
  asl::Value details = asl::Value::object({});
  std::string timestamp;
  for (const asl::Member& member : event.members()) {
    const std::string_view name = member.key.as_string();
    if (name.ends_with("EventDetails")) details = log_details(member.value, data);
    if (name == "timestamp") {  // seconds with a fraction of milliseconds
      constexpr double kMillis = 1000;
      timestamp = std::to_string(std::llround(member.value.as_double() * kMillis));
    }
  }
  const auto number = [&event](std::string_view name) {
    const asl::Value* value = event.find(name);
    return asl::Value::string(std::to_string(value != nullptr ? value->as_int() : 0));
  };
  asl::ObjectBuilder out;
  out.set("id", number("id"));
  out.set("type", *event.find("type"));
  out.set("details", std::move(details));
  out.set("previous_event_id", number("previousEventId"));
  out.set("event_timestamp", asl::Value::string(timestamp));
  out.set("execution_arn", asl::Value::string(execution_arn));
  out.set("redrive_count", asl::Value::string(std::to_string(redrive_count)));
  return std::move(out).build();
}

// --- sinks -------------------------------------------------------------------------------------

namespace {

class DirectorySink final : public LogSink {
 public:
  explicit DirectorySink(std::string directory) : directory_(std::move(directory)) {}

  void write(std::string_view group, std::string_view line) override {
    const std::filesystem::path path = path_of(group);
    std::error_code problem;
    std::filesystem::create_directories(directory_, problem);
    constexpr std::uintmax_t kFileMax = std::uintmax_t{64} << 20U;
    const std::uintmax_t size = std::filesystem::file_size(path, problem);
    if (!problem && size + line.size() > kFileMax) {
      std::filesystem::rename(path, path.string() + ".1", problem);
    }
    std::ofstream file(path, std::ios::app | std::ios::binary);
    file.write(line.data(), static_cast<std::streamsize>(line.size()));
    file.flush();
    if (!file && !std::exchange(complained_, true)) {
      runtime::log().error("The log cannot be written to {}.", path.string());
    }
  }

 private:
  std::filesystem::path path_of(std::string_view group) const {
    std::string name(group.empty() ? "executions" : group);
    std::replace(name.begin(), name.end(), '/', '_');
    while (name.starts_with('_') || name.starts_with('.')) name.erase(0, 1);
    return std::filesystem::path(directory_) / (name + ".jsonl");
  }

  std::string directory_;
  bool complained_ = false;
};

class StdoutSink final : public LogSink {
 public:
  void write(std::string_view /*group*/, std::string_view lines) override {
    constexpr int kTries = 100;
    while (!lines.empty()) {
      pollfd out{STDOUT_FILENO, POLLOUT, 0};
      for (int tries = 0; ::poll(&out, 1, 0) == 0; ++tries) {
        if (tries == kTries) return;
        runtime::sleep_for(std::chrono::milliseconds(10));
      }
      // A pipe that polls as writable takes this much without blocking.
      const ssize_t written =
          ::write(STDOUT_FILENO, lines.data(), std::min<std::size_t>(lines.size(), PIPE_BUF));
      if (written <= 0) return;  // nobody reads any more
      lines.remove_prefix(static_cast<std::size_t>(written));
    }
  }
};

}  // namespace

std::unique_ptr<LogSink> make_directory_sink(std::string directory) {
  return std::make_unique<DirectorySink>(std::move(directory));
}
std::unique_ptr<LogSink> make_stdout_sink() { return std::make_unique<StdoutSink>(); }

// --- the log -----------------------------------------------------------------------------------

ExecutionLog::ExecutionLog(engine::Engine& engine, runtime::Shard& shard, LogsApi& logs)
    : engine_(engine), shard_(shard), logs_(logs) {}

// Called on every shard's own thread; the configuration is read once per change of the machine.
ExecutionLog::SettingsPtr ExecutionLog::settings_of(std::size_t shard, std::string_view machine) {
  auto record = engine_.machines().find(machine);
  if (record == nullptr) return nullptr;
  auto& machines = known_[shard].machines;
  const auto it = machines.find(machine);
  if (it != machines.end() && it->second.first == record) return it->second.second;
  const Configuration configuration = decode_configuration(record->configuration);
  auto settings =
      std::make_shared<const LogSettings>(log_settings(logs_, configuration.settings.logging));
  constexpr std::size_t kKnownMax = 10'000;
  if (machines.size() >= kKnownMax) machines.clear();
  machines.insert_or_assign(std::string(machine), std::pair(std::move(record), settings));
  return settings;
}

bool ExecutionLog::wants_history(std::string_view machine) {
  // Which shard asks is not said; it is the one that runs this.
  const auto& shards = engine_.options().shards;
  const auto it = std::find(shards.begin(), shards.end(), runtime::Shard::current());
  if (it == shards.end()) return false;
  const SettingsPtr settings = settings_of(static_cast<std::size_t>(it - shards.begin()), machine);
  return settings != nullptr && settings->level != LogLevel::kOff;
}

void ExecutionLog::recorded(const engine::Execution& execution, std::uint32_t record,
                            std::uint32_t events) {
  SettingsPtr settings = settings_of(engine::shard_of(execution.number), execution.record.machine);
  if (settings == nullptr || settings->level == LogLevel::kOff) return;
  auto job = std::make_shared<Job>();
  job->settings = std::move(settings);
  job->execution = execution.number;
  job->machine = execution.record.machine;
  job->arn = execution.arn;
  job->redrive_count = execution.record.redrive_count;
  job->record = record;
  job->events = events;
  add(std::move(job));
}

void ExecutionLog::status_changed(const engine::Execution& execution,
                                  engine::ExecutionStatus status) {
  const bool ended = status != engine::ExecutionStatus::kRunning;
  if (execution.durable || !ended || execution.memory_history.empty()) return;
  SettingsPtr settings = settings_of(engine::shard_of(execution.number), execution.record.machine);
  if (settings == nullptr || settings->level == LogLevel::kOff) return;
  auto job = std::make_shared<Job>();
  job->settings = std::move(settings);
  job->machine = execution.record.machine;
  job->arn = execution.arn;
  job->history = execution.memory_history;
  add(std::move(job));
}

void ExecutionLog::add(std::shared_ptr<Job> job) {
  if (runtime::Shard::current() != &shard_) {
    shard_.post([this, job = std::move(job)]() mutable { add(std::move(job)); });
    return;
  }
  std::size_t bytes = 0;
  for (const std::string& record : job->history) bytes += record.size();
  if (queue_.size() >= kQueuedMax || queued_bytes_ + bytes > kQueuedBytesMax) {
    if (dropped_++ == 0) {
      runtime::log().warn("Executions run faster than they can be logged: some are not.");
    }
    return;
  }
  queued_bytes_ += bytes;
  queue_.push_back(std::move(job));
  if (working_) return;
  working_ = true;
  shard_.spawn_when_possible([this] { work(); });
}

void ExecutionLog::work() {
  while (!queue_.empty() && !shard_.stopping()) {
    const std::shared_ptr<Job> job = std::move(queue_.front());
    queue_.pop_front();
    for (const std::string& record : job->history) queued_bytes_ -= record.size();
    write(*job);
    runtime::yield();
  }
  working_ = false;
}

const std::string& ExecutionLog::stream_of(const std::string& machine) {
  std::string& stream = streams_[machine];
  if (stream.empty()) {
    // "states/NAME/2020-03-25-19-17/0ec1f8b2"
    constexpr std::size_t kToTheMinute = 16;
    constexpr std::size_t kIdCharacters = 8;
    std::string minute = asl::format_timestamp_ms(engine_.options().clock->wall_now());
    minute.resize(kToTheMinute);
    std::replace(minute.begin(), minute.end(), 'T', '-');
    std::replace(minute.begin(), minute.end(), ':', '-');
    stream = fmt::format("states/{}/{}/{}", machine, minute,
                         runtime::uuid4(*engine_.options().random).substr(0, kIdCharacters));
  }
  return stream;
}

void ExecutionLog::write(const Job& job) {
  std::vector<LogEvent> lines;
  const auto add_event = [&](const asl::Value& event) {
    if (!is_logged(event.find("type")->as_string(), job.settings->level)) return;
    const asl::Value record = log_record(event, job.arn, job.redrive_count, job.settings->data);
    LogEvent line;
    constexpr double kMillis = 1000;
    line.timestamp = runtime::WallTime(
        std::chrono::milliseconds(std::llround(event.find("timestamp")->as_double() * kMillis)));
    line.message = asl::to_json(record);
    lines.push_back(std::move(line));
  };
  const auto failed = [&](const Error& error) {
    runtime::log().warn("Events of {} are not logged: {}", job.arn, error.message);
  };

  if (!job.history.empty()) {
    const auto events = engine::render_history(job.history, true);
    if (!events) return failed(events.error());
    for (const asl::Value& event : *events) add_event(event);
  } else {
    std::optional<engine::HistoryCursor> next = engine::HistoryCursor{job.record, 0};
    for (std::size_t left = job.events; left > 0 && next;) {
      const auto page =
          engine_.history(job.execution, *next, std::min(left, kEventsAtOnce), false, true);
      if (!page) return failed(page.error());
      for (const asl::Value& event : page->events) add_event(event);
      left -= std::min(left, page->events.size());
      next = page->next;
      runtime::yield();
    }
  }
  if (lines.empty()) return;
  if (!sinks_.empty()) {
    std::string text;
    for (const LogEvent& line : lines) text.append(line.message).push_back('\n');
    for (const auto& sink : sinks_) sink->write(job.settings->group, text);
  }
  // A log group that was deleted meanwhile takes no more events.
  const auto group = logs_.store().group(job.settings->group);
  if (!group) return failed(group.error());
  if (!*group) return;
  const Status kept = logs_.store().append(job.settings->group, stream_of(job.machine), lines);
  if (!kept) failed(kept.error());
}

}  // namespace pawl::service
