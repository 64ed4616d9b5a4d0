#include "engine/records.h"

#include "engine/record_parts.h"

#include <algorithm>

namespace pawl::engine {

namespace {

constexpr std::uint8_t kExecutionVersion = 1;
constexpr unsigned kNumberTimeShift = 22;  // behind the milliseconds: counter and shard

void put_optional(runtime::Encoder& out, const std::optional<std::string>& text) {
  out.boolean(text.has_value());
  if (text) out.string(*text);
}

std::optional<std::string> get_optional(runtime::Decoder& in) {
  if (!in.boolean()) return std::nullopt;
  return std::string(in.string());
}

}  // namespace

std::uint32_t shard_of(ExecutionNumber number) {
  return static_cast<std::uint32_t>(number % kShardsMax);
}

ExecutionNumber first_number_at(runtime::WallTime time) {
  const std::int64_t millis = std::max<std::int64_t>(time.time_since_epoch().count(), 0);
  return static_cast<ExecutionNumber>(millis) << kNumberTimeShift;
}

std::string_view status_name(ExecutionStatus status) {
  switch (status) {
    case ExecutionStatus::kRunning:
      return "RUNNING";
    case ExecutionStatus::kSucceeded:
      return "SUCCEEDED";
    case ExecutionStatus::kFailed:
      return "FAILED";
    case ExecutionStatus::kTimedOut:
      return "TIMED_OUT";
    case ExecutionStatus::kAborted:
      return "ABORTED";
  }
  return "RUNNING";
}

// No machine has a name with a slash.
std::string list_of_map_run(ExecutionNumber run) { return "/" + std::to_string(run); }

std::string list_of(const ExecutionRecord& record) {
  return record.map_run ? list_of_map_run(record.map_run->run) : record.machine;
}

std::string encode_execution(const ExecutionRecord& record) {
  runtime::Encoder out(kExecutionVersion);
  out.string(record.name);
  out.string(record.machine);
  out.varint(record.revision);
  out.string(record.role_arn);
  out.boolean(record.express);
  out.u8(static_cast<std::uint8_t>(record.status));
  out.varint(static_cast<std::uint64_t>(record.start_date.time_since_epoch().count()));
  put_time(out, record.stop_date);
  put_time(out, record.timeout_at);
  out.varint(record.input.place);
  out.varint(record.output.place);
  put_optional(out, record.failure.error);
  put_optional(out, record.failure.cause);
  out.string(record.trace_header);
  out.boolean(record.parent.has_value());
  if (record.parent) {
    out.u64(record.parent->execution);
    out.varint(record.parent->branch);
    out.varint(static_cast<std::uint64_t>(record.parent->scheduled_event));
  }
  out.string(record.version_arn);
  out.string(record.alias_arn);
  out.varint(static_cast<std::uint64_t>(record.redrive_count));
  put_time(out, record.redrive_date);
  out.varint(record.redrive_tokens.size());
  for (const RedriveToken& known : record.redrive_tokens) {
    out.string(known.token);
    put_time(out, known.used);
  }
  out.boolean(record.map_run.has_value());
  if (record.map_run) {
    out.u64(record.map_run->run);
    out.varint(record.map_run->ordinal).varint(record.map_run->items);
    out.string(record.map_run->label);
    out.varint(static_cast<std::uint64_t>(record.map_run->processor));
  }
  return out.seal();
}

Result<ExecutionRecord> decode_execution(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kExecutionVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  ExecutionRecord record;
  record.name = std::string(in.string());
  record.machine = std::string(in.string());
  record.revision = static_cast<std::uint32_t>(in.varint_max(0xFFFFFFFF));
  record.role_arn = std::string(in.string());
  record.express = in.boolean();
  record.status = static_cast<ExecutionStatus>(in.varint_max(4));
  record.start_date = get_wall(in);
  record.stop_date = get_time(in);
  record.timeout_at = get_time(in);
  record.input.place = in.varint();
  record.output.place = in.varint();
  record.failure.error = get_optional(in);
  record.failure.cause = get_optional(in);
  record.trace_header = std::string(in.string());
  if (in.boolean()) {
    ParentLink link;
    link.execution = in.u64();
    link.branch = static_cast<BranchId>(in.varint_max(0xFFFFFFFF));
    link.scheduled_event = get_event_id(in);
    record.parent = link;
  }
  record.version_arn = std::string(in.string());
  record.alias_arn = std::string(in.string());
  record.redrive_count = static_cast<std::int64_t>(in.varint());
  record.redrive_date = get_time(in);
  const std::uint64_t tokens = in.varint();
  for (std::uint64_t i = 0; i < tokens && in.ok(); ++i) {
    RedriveToken known;
    known.token = std::string(in.string());
    known.used = get_time(in).value_or(runtime::WallTime{});
    record.redrive_tokens.push_back(std::move(known));
  }
  if (in.boolean()) {
    MapRunLink link;
    link.run = in.u64();
    link.ordinal = static_cast<std::uint32_t>(in.varint_max(0xFFFFFFFF));
    link.items = in.varint();
    link.label = std::string(in.string());
    link.processor = static_cast<asl::MachineIndex>(in.varint_max(0x7FFFFFFF));
    record.map_run = std::move(link);
  }
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string encode_express_start(const ExpressStart& start) {
  runtime::Encoder out(kExecutionVersion);
  out.string(encode_execution(start.record));
  out.string(start.input);
  return out.seal();
}

Result<ExpressStart> decode_express_start(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kExecutionVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  Result<ExecutionRecord> record = decode_execution(in.string(), key);
  ExpressStart start;
  start.input = std::string(in.string());
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  if (!record) return std::move(record).error();
  start.record = *std::move(record);
  return start;
}

std::string encode_history(const HistoryRecord& record) {
  std::uint8_t parts = record.frame.empty() ? 0 : kHasFrame;
  for (const StoredDocument& document : record.payloads) {
    if (document.composed) parts |= kHasComposed;
  }
  runtime::Encoder out(parts != 0 ? kHistoryVersionParts : kHistoryVersion);
  if (parts != 0) out.u8(parts);
  out.varint(static_cast<std::uint64_t>(record.first_event));
  out.varint(record.events);
  out.varint(static_cast<std::uint64_t>(record.base_time.time_since_epoch().count()));
  out.varint(record.payloads.size());
  for (const StoredDocument& document : record.payloads) {
    if ((parts & kHasComposed) != 0) out.boolean(document.composed);
    out.string(document.bytes);
  }
  if ((parts & kHasFrame) != 0) out.string(record.frame);
  out.raw(record.event_bytes);
  return out.seal();
}

Result<HistoryRecord> open_history(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened =
      runtime::open_record(key, bytes, kHistoryVersionParts);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  HistoryRecord record;
  std::uint8_t parts = opened->version == kHistoryVersionComposed ? kHasComposed : 0;
  if (opened->version >= kHistoryVersionParts) parts = in.u8();
  if ((parts & ~(kHasComposed | kHasFrame)) != 0) in.fail();
  record.first_event = get_event_id(in);
  record.events = static_cast<std::uint32_t>(in.varint_max(0xFFFFFFFF));
  record.base_time = get_wall(in);
  const std::uint64_t payloads = in.varint();
  for (std::uint64_t i = 0; i < payloads && in.ok(); ++i) {
    const bool composed = (parts & kHasComposed) != 0 && in.boolean();
    record.payloads.push_back({in.string(), composed});
  }
  if ((parts & kHasFrame) != 0) record.frame = in.string();
  record.event_bytes = in.rest();
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

namespace keys {

namespace {

std::string number_key(char kind, ExecutionNumber number) {
  std::string key(1, kind);
  runtime::append_u64(key, number);
  return key;
}

}  // namespace

std::string execution(ExecutionNumber number) { return number_key('e', number); }

std::string express_start(ExecutionNumber number) { return number_key('x', number); }

std::string frame(ExecutionNumber number, BranchId branch) {
  std::string key = number_key('f', number);
  runtime::append_u32(key, branch);
  return key;
}

std::string history(ExecutionNumber number, std::uint32_t record) {
  std::string key = number_key('h', number);
  runtime::append_u32(key, record);
  return key;
}

std::string timer(runtime::WallTime at, ExecutionNumber number, BranchId branch) {
  std::string key = number_key('t', static_cast<std::uint64_t>(at.time_since_epoch().count()));
  runtime::append_u64(key, number);
  runtime::append_u32(key, branch);
  return key;
}

std::string dispatch(ExecutionNumber number, BranchId branch) {
  std::string key = number_key('d', number);
  runtime::append_u32(key, branch);
  return key;
}

// Names hold no NUL (they are checked), so it can end them.
std::string name(std::string_view machine, std::string_view execution) {
  std::string key = "n";
  key.append(machine).push_back('\0');
  key.append(execution);
  return key;
}

std::string list_prefix(std::string_view machine, ExecutionStatus status) {
  std::string key = "l";
  key.append(machine).push_back('\0');
  key.push_back(static_cast<char>('0' + static_cast<int>(status)));
  return key;
}

std::string list(std::string_view machine, ExecutionStatus status, ExecutionNumber number) {
  std::string key = list_prefix(machine, status);
  runtime::append_u64(key, number);
  return key;
}

std::string grave(ExecutionNumber number) { return number_key(kGraves.front(), number); }

std::string paused_machine(std::string_view name) {
  return std::string(kPausedMachines) + std::string(name);
}
std::string paused_execution(ExecutionNumber number) {
  return number_key(kPausedExecutions.front(), number);
}
std::string machine(std::string_view name) {
  std::string key(kMachines);
  key.append(name);
  return key;
}

std::string activity(std::string_view name) { return std::string("A").append(name); }

std::string activity_tasks(std::string_view activity) {
  std::string key = "q";
  key.append(activity).push_back('\0');
  return key;
}

std::string activity_task(std::string_view activity, runtime::WallTime queued_at,
                          ExecutionNumber number, BranchId branch) {
  std::string key = activity_tasks(activity);
  runtime::append_u64(key, static_cast<std::uint64_t>(queued_at.time_since_epoch().count()));
  runtime::append_u64(key, number);
  runtime::append_u32(key, branch);
  return key;
}

std::string revision(std::string_view name, std::uint32_t number) {
  std::string key = "R";
  key.append(name).push_back('\0');
  runtime::append_u32(key, number);
  return key;
}

std::optional<Timer> parse_timer(std::string_view key) {
  runtime::Decoder in(key);
  in.u8();
  Timer timer;
  timer.at = runtime::WallTime(std::chrono::milliseconds(in.u64()));
  timer.execution = in.u64();
  timer.branch = in.u32();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return timer;
}

std::optional<Timer> parse_activity_task(std::string_view key) {
  const std::size_t end = key.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return parse_timer(key.substr(end));  // behind the name it looks like a timer's
}

std::optional<Dispatch> parse_dispatch(std::string_view key) {
  runtime::Decoder in(key);
  in.u8();
  Dispatch dispatch;
  dispatch.execution = in.u64();
  dispatch.branch = in.u32();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return dispatch;
}

std::optional<BranchId> parse_frame(std::string_view key) {
  const std::optional<Dispatch> same_shape = parse_dispatch(key);
  return same_shape ? std::optional(same_shape->branch) : std::nullopt;
}

std::optional<std::uint32_t> parse_history(std::string_view key) { return parse_frame(key); }

std::optional<ExecutionNumber> parse_list(std::string_view key) {
  if (key.size() < 8) return std::nullopt;
  runtime::Decoder in(key.substr(key.size() - 8));
  return in.u64();
}

}  // namespace keys
}  // namespace pawl::engine
