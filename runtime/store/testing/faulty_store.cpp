#include "runtime/store/testing/faulty_store.h"

#include <utility>

namespace pawl::runtime {
namespace {

Error planned(ErrorCode code) { return Error{code, "a fault that the test asked for", "faulty"}; }

class FailedScan : public Iterator {
 public:
  explicit FailedScan(Error error) : error_(std::move(error)) {}
  bool valid() const override { return false; }
  void next() override { PAWL_ASSERT(false); }
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  Status status() const override { return error_; }

 private:
  Error error_;
};

}  // namespace

void FaultyStore::fail_write(std::uint64_t nth, WriteFault fault) {
  PAWL_ASSERT(nth > 0);
  const std::lock_guard lock(mutex_);
  fails_at_ = writes_ + nth;
  fault_ = fault;
}

void FaultyStore::heal() {
  const std::lock_guard lock(mutex_);
  fails_at_ = 0;
  broken_ = false;
}

std::uint64_t FaultyStore::writes() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}

bool FaultyStore::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

Status FaultyStore::readable() const {
  if (closed()) return planned(ErrorCode::kUnavailable);
  if (reads_fail_) return planned(ErrorCode::kIo);
  return {};
}

Result<std::optional<std::string>> FaultyStore::get(std::string_view key) const {
  if (Status status = readable(); !status) return std::move(status).error();
  return store_.get(key);
}

std::unique_ptr<Iterator> FaultyStore::scan(std::string_view from, std::string_view to) const {
  if (Status status = readable(); !status) {
    return std::make_unique<FailedScan>(std::move(status).error());
  }
  return store_.scan(from, to);
}

std::unique_ptr<Iterator> FaultyStore::scan_back(std::string_view from, std::string_view to) const {
  if (Status status = readable(); !status) {
    return std::make_unique<FailedScan>(std::move(status).error());
  }
  return store_.scan_back(from, to);
}

std::optional<WriteFault> FaultyStore::next_fault() {
  const std::lock_guard lock(mutex_);
  if (++writes_ != fails_at_) return std::nullopt;
  closed_ = true;
  broken_ = true;
  return fault_;
}

Result<Lease> FaultyStore::lease(ShardNumber shard) {
  if (closed()) return planned(ErrorCode::kUnavailable);
  const std::optional<WriteFault> fault = next_fault();
  if (fault == WriteFault::kBefore) return planned(ErrorCode::kIo);
  Result<Lease> lease = store_.lease(shard);
  if (fault == WriteFault::kAfter) return planned(ErrorCode::kIo);
  return lease;
}

Status FaultyStore::write(const Batch& batch) { return write_under(batch, {}); }

Status FaultyStore::write_under(const Batch& batch, std::span<const Lease> leases) {
  if (closed()) return planned(ErrorCode::kUnavailable);
  const std::optional<WriteFault> fault = next_fault();
  if (fault == WriteFault::kBefore) return planned(ErrorCode::kIo);
  Status written = store_.write_under(batch, leases);
  if (fault == WriteFault::kAfter) return planned(ErrorCode::kIo);
  return written;
}

Status FaultyStore::reopen() {
  const std::lock_guard lock(mutex_);
  if (broken_) return planned(ErrorCode::kUnavailable);
  if (Status opened = store_.reopen(); !opened) return opened;
  closed_ = false;
  return {};
}

}  // namespace pawl::runtime
