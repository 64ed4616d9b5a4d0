#include "engine/machines.h"

#include "asl/json/reader.h"
#include "asl/parse/parse.h"
#include "engine/record_parts.h"
#include "engine/records.h"

#include <algorithm>
#include <mutex>  // layers: for machines.h

namespace pawl::engine {

namespace {

constexpr std::uint8_t kVersion = 1;

std::uint64_t millis(runtime::WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

std::string encode_machine(const MachineRecord& record) {
  runtime::Encoder out(kVersion);
  out.string(record.name);
  out.boolean(record.express);
  out.string(record.role_arn);
  out.varint(millis(record.creation_date));
  out.varint(millis(record.update_date));
  out.varint(record.revision);
  out.string(record.revision_id);
  out.string(record.configuration);
  out.varint(record.first_revision);
  out.boolean(record.deleting);
  return out.seal();
}

Result<MachineRecord> decode_machine(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  MachineRecord record;
  record.name = std::string(in.string());
  record.express = in.boolean();
  record.role_arn = std::string(in.string());
  record.creation_date = get_wall(in);
  record.update_date = get_wall(in);
  record.revision = static_cast<std::uint32_t>(in.varint_max(0xFFFFFFFF));
  record.revision_id = std::string(in.string());
  record.configuration = std::string(in.string());
  record.first_revision = static_cast<std::uint32_t>(in.varint_max(0xFFFFFFFF));
  record.deleting = in.boolean();
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string encode_revision(const RevisionRecord& record) {
  runtime::Encoder out(kVersion);
  out.string(record.definition);
  out.string(record.role_arn);
  return out.seal();
}

Result<RevisionRecord> decode_revision(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  RevisionRecord record;
  record.definition = std::string(in.string());
  record.role_arn = std::string(in.string());
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

Status Machines::load() {
  std::map<std::string, std::shared_ptr<const MachineRecord>, std::less<>> loaded;
  const auto rows = store_.scan(keys::kMachines, keys::prefix_end(keys::kMachines));
  for (; rows->valid(); rows->next()) {
    Result<MachineRecord> record = decode_machine(rows->value(), rows->key());
    if (!record) return std::move(record).error();
    std::string name = record->name;
    loaded.emplace(std::move(name), std::make_shared<const MachineRecord>(*std::move(record)));
  }
  if (Status status = rows->status(); !status) return status;
  const std::unique_lock lock(mutex_);
  machines_ = std::move(loaded);
  return {};
}

std::shared_ptr<const MachineRecord> Machines::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto it = machines_.find(name);
  return it == machines_.end() ? nullptr : it->second;
}

std::vector<std::shared_ptr<const MachineRecord>> Machines::list() const {
  std::vector<std::shared_ptr<const MachineRecord>> all;
  {
    const std::shared_lock lock(mutex_);
    all.reserve(machines_.size());
    for (const auto& [name, record] : machines_) all.push_back(record);
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a->creation_date > b->creation_date;
  });
  return all;
}

void Machines::put(MachineRecord record) {
  const std::unique_lock lock(mutex_);
  std::string name = record.name;
  if (record.deleting) ++deletions_;
  machines_[std::move(name)] = std::make_shared<const MachineRecord>(std::move(record));
}

void Machines::erase(std::string_view name) {
  const std::unique_lock lock(mutex_);
  if (const auto it = machines_.find(name); it != machines_.end()) machines_.erase(it);
  ++deletions_;
}

bool Machines::serves(std::string_view name, std::uint32_t revision) const {
  const std::shared_ptr<const MachineRecord> record = find(name);
  return record != nullptr && !record->deleting && revision >= record->first_revision;
}

Result<RevisionRecord> Machines::revision(std::string_view name, std::uint32_t number) const {
  const std::string key = keys::revision(name, number);
  Result<std::optional<std::string>> row = store_.get(key);
  if (!row) return std::move(row).error();
  if (!*row) {
    return Error{ErrorCode::kCorrupt,
                 "The definition of state machine '" + std::string(name) + "', revision " +
                     std::to_string(number) + ", is missing from the store.",
                 runtime::printable_key(key)};
  }
  return decode_revision(**row, key);
}

Result<std::uint32_t> Machines::newest_revision(std::string_view name) const {
  const auto rows = store_.scan_back(keys::revision(name, 0), keys::revision(name, 0xFFFFFFFF));
  if (!rows->valid()) {
    if (Status status = rows->status(); !status) return std::move(status).error();
    return std::uint32_t{0};
  }
  runtime::Decoder in(rows->key().substr(rows->key().size() - 4));
  return in.u32();
}

Result<CompiledRevision> DefinitionCache::get(const std::string& name, std::uint32_t revision) {
  const auto key = std::make_pair(name, revision);
  if (const auto it = cache_.find(key); it != cache_.end()) return it->second;
  Result<RevisionRecord> record = machines_.revision(name, revision);
  if (!record) return std::move(record).error();
  const Result<asl::Value> json = asl::read_json(record->definition);
  if (!json) return json.error();
  Result<std::shared_ptr<const asl::Definition>> definition = asl::compile(*json);
  if (!definition) return std::move(definition).error();
  if (cache_.size() >= kCached) cache_.clear();  // executions hold what they use
  CompiledRevision compiled{*std::move(definition), std::move(record->role_arn)};
  cache_.emplace(key, compiled);
  return compiled;
}

}  // namespace pawl::engine
