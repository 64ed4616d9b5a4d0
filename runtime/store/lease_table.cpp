#include "runtime/store/lease_table.h"

#include "runtime/store/encoding.h"

#include <mutex>
#include <utility>

namespace pawl::runtime {
namespace {

constexpr std::uint8_t kLeaseVersion = 1;

}  // namespace

std::string lease_key(ShardNumber shard) {
  std::string key(1, kLeaseKind);
  append_u32(key, shard);
  return key;
}

std::string encode_lease(std::uint64_t epoch) { return Encoder(kLeaseVersion).u64(epoch).seal(); }

Status LeaseTable::load(std::unique_ptr<Iterator> leases) {
  std::map<ShardNumber, std::uint64_t> epochs;
  for (; leases->valid(); leases->next()) {
    Result<OpenedRecord> record = open_record(leases->key(), leases->value(), kLeaseVersion);
    if (!record) return std::move(record).error();
    Decoder key(leases->key().substr(1));
    Decoder payload(record->payload);
    const ShardNumber shard = key.u32();
    const std::uint64_t epoch = payload.u64();
    if (Status read = key.finished(leases->key()); !read) return read;
    if (Status read = payload.finished(leases->key()); !read) return read;
    epochs[shard] = epoch;
  }
  if (Status read = leases->status(); !read) return read;
  const std::lock_guard lock(mutex_);
  epochs_ = std::move(epochs);
  return {};
}

std::uint64_t LeaseTable::epoch(ShardNumber shard) const {
  const std::shared_lock lock(mutex_);
  const auto found = epochs_.find(shard);
  return found == epochs_.end() ? 0 : found->second;
}

void LeaseTable::set(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  epochs_[lease.shard] = lease.epoch;
}

bool LeaseTable::holds(const Lease& lease) const {
  return lease.epoch != 0 && epoch(lease.shard) == lease.epoch;
}

Status LeaseTable::check(std::span<const Lease> leases) const {
  for (const Lease& lease : leases) {
    if (holds(lease)) continue;
    return Error{ErrorCode::kCancelled,
                 "shard " + std::to_string(lease.shard) + " was leased again (epoch " +
                     std::to_string(epoch(lease.shard)) + "); nothing is written under epoch " +
                     std::to_string(lease.epoch),
                 {}};
  }
  return {};
}

}  // namespace pawl::runtime
