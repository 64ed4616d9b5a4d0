// The newest epoch of every shard, as a store keeps it in memory and under keys of kind 'L'.
#pragma once

#include "runtime/store/store.h"

#include <map>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>

namespace pawl::runtime {

// Key kinds that belong to the store itself. Those above it use neither.
constexpr char kLeaseKind = 'L';   // 'L', shard (4 bytes) -> sealed epoch (8 bytes)
constexpr char kFormatKind = '!';  // "!format" -> sealed "pawl store, format N"

std::string lease_key(ShardNumber shard);
std::string encode_lease(std::uint64_t epoch);

// Thread-safe; the store makes an epoch durable before it sets it here.
class LeaseTable {
 public:
  // Reads every lease of `store`, replacing what was known.
  Status load(std::unique_ptr<Iterator> leases);

  std::uint64_t epoch(ShardNumber shard) const;  // 0: never leased
  void set(const Lease& lease);
  bool holds(const Lease& lease) const;

  // Ok, or kCancelled naming the first of `leases` that is not the newest.
  Status check(std::span<const Lease> leases) const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<ShardNumber, std::uint64_t> epochs_;
};

}  // namespace pawl::runtime
