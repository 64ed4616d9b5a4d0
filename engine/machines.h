// State machines and their revisions: what is registered, kept in the store, and compiled.
//
// A revision (definition and role) is immutable; an execution keeps the one it was started with.
// What the API stores with a machine and the engine has no use for (logging, tracing, encryption,
// tags) is one opaque JSON text.
#pragma once

#include "asl/model/definition.h"
#include "base/result.h"
#include "runtime/clock/clock.h"
#include "runtime/store/store.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>  // layers: the one thing that all shards read; changed only by API calls
#include <string>
#include <string_view>
#include <vector>

namespace pawl::engine {

struct MachineRecord {
  std::string name;
  bool express = false;
  std::string role_arn;
  runtime::WallTime creation_date{};
  runtime::WallTime update_date{};
  std::uint32_t revision = 1;
  std::string revision_id;    // empty until the first update
  std::string configuration;  // JSON text of the API's
  // Of the machine as it is now: revisions before it, and their executions, belong to an earlier
  // machine of this name that was deleted.
  std::uint32_t first_revision = 1;
  // Deleted, but not all of its executions have ended. They do at their next transition.
  bool deleting = false;
};

struct RevisionRecord {
  std::string definition;  // text as it was given
  std::string role_arn;
};

std::string encode_machine(const MachineRecord& record);
Result<MachineRecord> decode_machine(std::string_view bytes, std::string_view key);
std::string encode_revision(const RevisionRecord& record);
Result<RevisionRecord> decode_revision(std::string_view bytes, std::string_view key);

// The registered machines, read by every thread, changed by one at a time (Engine).
class Machines {
 public:
  explicit Machines(const runtime::Store& store) : store_(store) {}

  Status load();  // from the store, replacing what was known
  std::shared_ptr<const MachineRecord> find(std::string_view name) const;
  std::vector<std::shared_ptr<const MachineRecord>> list() const;  // newest first
  void put(MachineRecord record);
  void erase(std::string_view name);

  // Whether an execution of that revision may go on: its machine is there and not being deleted.
  bool serves(std::string_view name, std::uint32_t revision) const;
  // Changes when serves() may have turned false for someone: what is asked at every transition.
  std::uint64_t deletions() const { return deletions_.load(std::memory_order_acquire); }

  Result<RevisionRecord> revision(std::string_view name, std::uint32_t number) const;
  // The number of the newest revision ever stored under this name; 0 if there is none.
  Result<std::uint32_t> newest_revision(std::string_view name) const;

 private:
  const runtime::Store& store_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const MachineRecord>, std::less<>> machines_;
  std::atomic<std::uint64_t> deletions_ = 1;
};

struct CompiledRevision {
  std::shared_ptr<const asl::Definition> definition;
  std::string role_arn;
};

// Compiled revisions of one shard. Its thread only.
class DefinitionCache {
 public:
  explicit DefinitionCache(const Machines& machines) : machines_(machines) {}
  Result<CompiledRevision> get(const std::string& name, std::uint32_t revision);

 private:
  static constexpr std::size_t kCached = 10'000;
  const Machines& machines_;
  std::map<std::pair<std::string, std::uint32_t>, CompiledRevision> cache_;
};

}  // namespace pawl::engine
