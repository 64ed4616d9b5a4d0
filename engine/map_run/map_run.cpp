#include "engine/map_run/map_run.h"

#include "engine/record_parts.h"

#include <cstring>
#include <limits>

namespace pawl::engine {

namespace {

constexpr std::uint8_t kVersion = 1;

void put_counts(runtime::Encoder& out, const MapRunCounts& counts) {
  out.varint(counts.started).varint(counts.succeeded).varint(counts.failed);
  out.varint(counts.timed_out).varint(counts.aborted).varint(counts.pending_redrive);
  out.varint(counts.not_redrivable);
}

MapRunCounts get_counts(runtime::Decoder& in) {
  MapRunCounts counts;
  counts.started = in.varint();
  counts.succeeded = in.varint();
  counts.failed = in.varint();
  counts.timed_out = in.varint();
  counts.aborted = in.varint();
  counts.pending_redrive = in.varint();
  counts.not_redrivable = in.varint();
  return counts;
}

std::uint64_t bits_of(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

double double_of(std::uint64_t bits) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

std::string_view status_name(MapRunStatus status) {
  switch (status) {
    case MapRunStatus::kRunning:
      return "RUNNING";
    case MapRunStatus::kSucceeded:
      return "SUCCEEDED";
    case MapRunStatus::kFailed:
      return "FAILED";
    case MapRunStatus::kAborted:
      return "ABORTED";
  }
  return "RUNNING";
}

void MapRunCounts::ended(ExecutionStatus status, std::uint64_t count) {
  switch (status) {
    case ExecutionStatus::kSucceeded:
      succeeded += count;
      return;
    case ExecutionStatus::kFailed:
      failed += count;
      return;
    case ExecutionStatus::kTimedOut:
      timed_out += count;
      return;
    case ExecutionStatus::kAborted:
      aborted += count;
      return;
    case ExecutionStatus::kRunning:
      return;
  }
}

std::string encode_map_run(const MapRunRecord& record) {
  runtime::Encoder out(kVersion);
  out.u64(record.parent).varint(record.branch);
  out.string(record.parent_name).string(record.machine).string(record.label).string(record.name);
  out.varint(record.revision).string(record.role_arn);
  out.varint(static_cast<std::uint64_t>(record.processor));
  out.boolean(record.express);
  out.u8(static_cast<std::uint8_t>(record.status)).u8(static_cast<std::uint8_t>(record.stage));
  out.varint(static_cast<std::uint64_t>(record.start_date.time_since_epoch().count()));
  put_time(out, record.stop_date);
  out.varint(static_cast<std::uint64_t>(record.max_concurrency));
  out.boolean(record.tolerated_count.has_value());
  if (record.tolerated_count) out.varint(static_cast<std::uint64_t>(*record.tolerated_count));
  out.boolean(record.tolerated_percentage.has_value());
  if (record.tolerated_percentage) out.u64(bits_of(*record.tolerated_percentage));
  out.varint(static_cast<std::uint64_t>(record.batch_items));
  out.varint(static_cast<std::uint64_t>(record.batch_bytes));
  out.varint(record.total_items);
  out.boolean(record.items_stored);
  out.varint(record.next_item).varint(record.next_ordinal);
  put_counts(out, record.items);
  put_counts(out, record.executions);
  out.varint(static_cast<std::uint64_t>(record.redrive_count));
  put_time(out, record.redrive_date);
  out.boolean(record.failing).boolean(record.redrive_wanted);
  out.varint(record.redrive_next).varint(record.redrive_end);
  return out.seal();
}

Result<MapRunRecord> decode_map_run(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  constexpr std::uint64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
  constexpr std::uint64_t kMaxId = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t kMaxNumber = std::numeric_limits<std::int64_t>::max();
  MapRunRecord record;
  record.parent = in.u64();
  record.branch = static_cast<BranchId>(in.varint_max(kMaxId));
  record.parent_name = std::string(in.string());
  record.machine = std::string(in.string());
  record.label = std::string(in.string());
  record.name = std::string(in.string());
  record.revision = static_cast<std::uint32_t>(in.varint_max(kMaxId));
  record.role_arn = std::string(in.string());
  record.processor = static_cast<asl::MachineIndex>(in.varint_max(kMaxInt));
  record.express = in.boolean();
  record.status = static_cast<MapRunStatus>(in.varint_max(3));
  record.stage = static_cast<MapRunStage>(in.varint_max(4));
  record.start_date = get_wall(in);
  record.stop_date = get_time(in);
  record.max_concurrency = static_cast<std::int64_t>(in.varint_max(kMaxNumber));
  if (in.boolean()) record.tolerated_count = static_cast<std::int64_t>(in.varint_max(kMaxNumber));
  if (in.boolean()) record.tolerated_percentage = double_of(in.u64());
  record.batch_items = static_cast<std::int64_t>(in.varint_max(kMaxNumber));
  record.batch_bytes = static_cast<std::int64_t>(in.varint_max(kMaxNumber));
  record.total_items = in.varint();
  record.items_stored = in.boolean();
  record.next_item = in.varint();
  record.next_ordinal = static_cast<std::uint32_t>(in.varint_max(kMaxId));
  record.items = get_counts(in);
  record.executions = get_counts(in);
  record.redrive_count = static_cast<std::int64_t>(in.varint_max(kMaxNumber));
  record.redrive_date = get_time(in);
  record.failing = in.boolean();
  record.redrive_wanted = in.boolean();
  record.redrive_next = static_cast<std::uint32_t>(in.varint_max(kMaxId));
  record.redrive_end = static_cast<std::uint32_t>(in.varint_max(kMaxId));
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string labelled_machine(const MapRunRecord& record) {
  return record.machine + "/" + record.label;
}

std::string map_run_tail(const MapRunRecord& record) {
  return labelled_machine(record) + ":" + record.name;
}

bool threshold_exceeded(const MapRunRecord& record) {
  const std::uint64_t failed = record.items.failed + record.items.timed_out;
  if (failed == 0) return false;
  // What is not given does not bind, unless nothing is: then no failure is tolerated.
  if (!record.tolerated_count && !record.tolerated_percentage) return true;
  if (record.tolerated_count && failed > static_cast<std::uint64_t>(*record.tolerated_count)) {
    return true;
  }
  return record.tolerated_percentage &&
         100.0 * static_cast<double>(failed) >
             *record.tolerated_percentage * static_cast<double>(record.total_items);
}

bool pending_redrive(const MapRunRecord& run, const ExecutionRecord& child) {
  const bool unsuccessful =
      child.status != ExecutionStatus::kRunning && child.status != ExecutionStatus::kSucceeded;
  return unsuccessful && run.running() && child.map_run &&
         child.map_run->ordinal >= run.redrive_next && child.map_run->ordinal < run.redrive_end;
}

std::string encode_map_run_child(const MapRunChild& child) {
  return runtime::Encoder(kVersion).u64(child.execution).varint(child.items).seal();
}

Result<MapRunChild> decode_map_run_child(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  MapRunChild child;
  child.execution = in.u64();
  child.items = in.varint();
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return child;
}

std::string encode_items(const ItemPage& page) {
  runtime::Encoder out(kVersion);
  out.string(page.source);
  out.varint(page.items.size());
  for (const RawItem& item : page.items) {
    out.boolean(item.key.has_value());
    if (item.key) out.string(*item.key);
    out.string(item.json);
  }
  return out.seal();
}

Result<ItemPage> decode_items(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  ItemPage page;
  page.source = std::string(in.string());
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    RawItem item;
    if (in.boolean()) item.key = std::string(in.string());
    item.json = std::string(in.string());
    page.items.push_back(std::move(item));
  }
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return page;
}

void MapRun::take_up() {
  taken_ordinal = record.next_ordinal;
  taken_item = record.next_item;
  taken_redrive = record.redrive_next;
}

namespace keys {

namespace {

std::string key_of(char kind, std::uint64_t number) {
  std::string key(1, kind);
  runtime::append_u64(key, number);
  return key;
}

}  // namespace

std::string map_run(ExecutionNumber number) { return key_of('m', number); }

std::string map_run_child(ExecutionNumber run, std::uint32_t ordinal) {
  std::string key = key_of('c', run);
  runtime::append_u32(key, ordinal);
  return key;
}

std::string map_run_items(ExecutionNumber run, std::uint64_t first) {
  std::string key = key_of('i', run);
  runtime::append_u64(key, first);
  return key;
}

std::optional<std::uint64_t> parse_map_run_items(std::string_view key) {
  runtime::Decoder in(key);
  in.u8();
  in.u64();
  const std::uint64_t first = in.u64();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return first;
}

std::optional<std::uint32_t> parse_map_run_child(std::string_view key) {
  runtime::Decoder in(key);
  in.u8();
  in.u64();
  const std::uint32_t ordinal = in.u32();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return ordinal;
}

std::string map_runs_prefix(ExecutionNumber parent) { return key_of('r', parent); }

std::string map_run_of(ExecutionNumber parent, ExecutionNumber run) {
  std::string key = map_runs_prefix(parent);
  runtime::append_u64(key, run);
  return key;
}

}  // namespace keys
}  // namespace pawl::engine
