// FaultyStore: any store, made to fail when a test says so. It fails as LevelDbStore does: after a
// failed write it is closed, and answers kUnavailable until reopen() succeeds.
#pragma once

#include "runtime/store/store.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::runtime {

enum class WriteFault {
  kBefore,  // the batch is not written
  kAfter,   // the batch is written and durable, and the failure is reported all the same
};

// Thread-safe as the store under it, which it does not own.
class FaultyStore : public Store {
 public:
  explicit FaultyStore(Store& store) : store_(store) {}

  // The `nth` write from now on (1: the next; leases are writes too) fails with kIo, and every
  // reopen() from then on with kUnavailable until heal(). One plan at a time: the last call counts.
  void fail_write(std::uint64_t nth, WriteFault fault);

  // reopen() works again (a full disk has space), and a plan that was not reached is dropped.
  void heal();

  // Reads fail with kIo while this is on; the store stays open.
  void fail_reads(bool on) { reads_fail_ = on; }

  std::uint64_t writes() const;  // that were tried while the store was open
  bool closed() const;

  Result<std::optional<std::string>> get(std::string_view key) const override;
  std::unique_ptr<Iterator> scan(std::string_view from, std::string_view to) const override;
  std::unique_ptr<Iterator> scan_back(std::string_view from, std::string_view to) const override;
  Result<Lease> lease(ShardNumber shard) override;
  Status write(const Batch& batch) override;
  Status write_under(const Batch& batch, std::span<const Lease> leases) override;
  Status reopen() override;
  bool holds(const Lease& lease) const override { return store_.holds(lease); }
  std::uint64_t approximate_bytes() const override { return store_.approximate_bytes(); }
  std::string describe() const override { return "faulty " + store_.describe(); }

 private:
  Status readable() const;
  std::optional<WriteFault> next_fault();

  Store& store_;
  std::atomic<bool> reads_fail_{false};
  mutable std::mutex mutex_;
  std::uint64_t writes_ = 0;
  std::uint64_t fails_at_ = 0;  // number of the write; 0: none
  WriteFault fault_ = WriteFault::kBefore;
  bool closed_ = false;
  bool broken_ = false;  // reopen() fails
};

}  // namespace pawl::runtime
