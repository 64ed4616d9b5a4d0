// Store: ordered keys, atomic batches, snapshot reads, and a lease with a fencing epoch per shard.
//
// The only door to the disk. LevelDB (leveldb_store.h) holds one node's shards in one directory;
// memory_store.h is for tests, Express-only engines and temporary runs; faulty_store.h misbehaves
// on purpose. A store for several nodes (PostgreSQL) fits the same interface: nothing above knows
// which one it is. Keys and records are drawn in docs/storage.md.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pawl::runtime {

// Changes that become durable together or not at all. Later changes of a key win.
class Batch {
 public:
  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  void append(const Batch& other);
  void clear();

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return data_.size(); }

  class Visitor {
   public:
    virtual ~Visitor() = default;
    virtual void on_put(std::string_view key, std::string_view value) = 0;
    virtual void on_erase(std::string_view key) = 0;
  };
  void visit(Visitor& visitor) const;  // in order

 private:
  std::string data_;  // per change: kind byte, varint key size, key, [varint value size, value]
  std::size_t count_ = 0;
};

using ShardNumber = std::uint32_t;

// The right to commit for one shard. A later lease of the same shard has a higher epoch, and makes
// every batch under an older one fail.
struct Lease {
  ShardNumber shard = 0;
  std::uint64_t epoch = 0;
};

// One forward pass over [from, to) as the store was when it was made. Keys and values are valid
// until the next call. Not to be held across a suspension of the fiber.
class Iterator {
 public:
  virtual ~Iterator() = default;
  virtual bool valid() const = 0;
  virtual void next() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual Status status() const = 0;  // kCorrupt / kIo: the pass ended early; look after the loop
};

class Store {
 public:
  virtual ~Store() = default;

  // Reads may be called from any thread and see every batch whose write() has returned ok.
  // Ok without a value: no such key. kCorrupt names the key and the file; kUnavailable: closed.
  // An empty `to` stands for the end of the store. A scan of a closed store is not valid() and its
  // status is kUnavailable. Iterators outlive a close, but hold up reopen(): see there.
  virtual Result<std::optional<std::string>> get(std::string_view key) const = 0;
  virtual std::unique_ptr<Iterator> scan(std::string_view from, std::string_view to) const = 0;
  // Descending pass over [from, to), from its end.
  virtual std::unique_ptr<Iterator> scan_back(std::string_view from, std::string_view to) const = 0;

  // Takes the shard's lease; its epoch is durable when this returns.
  virtual Result<Lease> lease(ShardNumber shard) = 0;

  // Writes `batch` durably (synced). One caller at a time (the journal's committer). After any
  // error the store has closed itself: a log that failed once is never appended to, and calls
  // answer kUnavailable until reopen() succeeds.
  virtual Status write(const Batch& batch) = 0;

  // write(), but only while every one of `leases` is the newest of its shard, with nothing between
  // the look and the write: a shard that was leased again gets nothing in. kCancelled when one is
  // not: nothing was written, and the store stays open.
  virtual Status write_under(const Batch& batch, std::span<const Lease> leases) = 0;

  // Opens a closed store again with what is on the disk; ok at once if it is open. The batch whose
  // write failed may be in it, whole, or not at all. Waits a little for readers that still hold the
  // closed store, then answers kUnavailable. Leases stay valid (look with holds(): one is lost
  // when a lease() that answered an error took effect after all).
  virtual Status reopen() = 0;

  // True while `lease` is the newest of its shard.
  virtual bool holds(const Lease& lease) const = 0;

  // Approximate bytes on disk (0 for memory) and a name for messages.
  virtual std::uint64_t approximate_bytes() const { return 0; }
  virtual std::string describe() const = 0;
};

}  // namespace pawl::runtime
