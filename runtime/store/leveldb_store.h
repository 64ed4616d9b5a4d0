// LevelDbStore: one directory of LevelDB 1.23 that holds one node's shards.
//
// What it adds to LevelDB, each with its test in tests/runtime/leveldb_*_test.cpp:
// - After a failed write it closes at once. LevelDB itself goes on after a failed append and loses
//   what it acknowledges from then on; reopened before the next append it loses nothing.
// - Directory entries are synced: a new log file, a table before it is named in a MANIFEST, and the
//   switch of CURRENT survive a power loss on any file system, not only on those that sync a new
//   file's name with its data.
// - Other directories (foreign, newer, damaged, in use) are refused by name instead of being
// filled.
// - Damage is found, never believed: checksums are verified by every read, and nothing is repaired.
//   A record at the end of a log that the disk did not finish writing is left out: it was never
//   acknowledged.
#pragma once

#include "runtime/store/store.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pawl::runtime {

// Where the files are: the machine's file system, unless a test brings its own
// (runtime/store/testing/faulty_files.h).
class StoreFiles {
 public:
  virtual ~StoreFiles() = default;
  virtual void* leveldb_env() = 0;  // a leveldb::Env*, which stays at home in runtime/store
  virtual Status sync_directory(const std::string& path) = 0;
  virtual Status truncate(const std::string& file, std::uint64_t bytes) = 0;  // and sync it
};

struct LevelDbOptions {
  std::string path;               // the directory; its parent must exist
  bool create_if_missing = true;  // also a directory that is there and empty
  // Memory for what is not yet sorted into files, twice that at times; also what a restart reads:
  // at 64 MiB the first answer after a kill took five times as long, for a quarter less of the
  // processor's time under the steadiest load (bench/RESULTS.md).
  std::size_t write_buffer_bytes = std::size_t{16} << 20;
  std::size_t block_cache_bytes = std::size_t{64} << 20;
  // Size of one sorted file. Small ones end near where new keys begin, so that merging leaves the
  // old ones below alone: at 8 MiB the second level was written twice as often.
  std::size_t table_bytes = std::size_t{2} << 20;
  int bloom_bits = 10;  // per key: 1 % of look-ups for a missing key read a block; 0 for no filter
  bool compression = true;      // Snappy
  StoreFiles* files = nullptr;  // not owned; the machine's if null
};

// Opens or creates the store. Blocks while the log of the last run is read (16 MiB: a fraction of a
// second).
//
// kNotFound: nothing there, and create_if_missing is off. kInvalid: a directory of something else.
// kUnsupported: made by a newer pawl. kUnavailable: another process or store has it open. kCorrupt:
// damaged; `where` is the file, and its offset where known. kIo: the operating system said no.
Result<std::unique_ptr<Store>> open_leveldb(const LevelDbOptions& options);

// Whether another process has the directory open.
bool leveldb_in_use(const std::string& path);

// Reads every byte of a store that is not open, and says what does not read back: one Error per
// damaged file, `where` naming it. Empty: all is well. Writes nothing.
std::vector<Error> check_leveldb(const std::string& path, StoreFiles* files = nullptr);

}  // namespace pawl::runtime
