// FaultyFiles: a file system in memory for LevelDbStore that knows what was synced. It can fail a
// call, and it can lose its power.
//
// The model is stricter than ext4: a byte is safe once its file was synced, a name (a file that was
// made, renamed or removed) once its directory was. Everything else is up to the dice at power
// loss.
#pragma once

#include "runtime/store/leveldb_store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pawl::runtime {

class FaultyFiles : public StoreFiles {
 public:
  enum class Call { kCreate, kAppend, kSync, kRename, kRemove, kAny };

  // What becomes of bytes that were not synced.
  enum class Loss {
    kSectors,  // dropped, cut short, kept, or kept with sectors of zeros: what disks do
    kRubbish,  // as kSectors, or random bytes: what no disk should do
  };

  FaultyFiles();
  ~FaultyFiles() override;

  // The `nth` call of this kind from now on (1: the next) fails with `message`, and so does every
  // later one until heal(): a disk that is full stays full. A failing append still writes
  // `partial_bytes` of what it got. kAny counts calls of all kinds.
  void fail(Call call, std::uint64_t nth, std::string message, std::size_t partial_bytes = 0);
  void heal();

  // At the `nth` changing call from now on the power goes: it and everything later fails and
  // changes nothing, until restart() shows what is left. Destroy stores and iterators before that.
  void cut_power(std::uint64_t nth);
  bool power_is_cut() const;
  void restart(std::uint64_t seed, Loss loss = Loss::kSectors);

  std::uint64_t calls(Call call) const;

  // For damaging files by hand, while no store is open.
  std::vector<std::string> names() const;  // full paths, sorted
  std::string content(const std::string& file) const;
  void set_content(const std::string& file, std::string content);
  void remove(const std::string& file);
  std::unique_ptr<FaultyFiles> copy() const;  // as it is now, everything synced, no faults

  void* leveldb_env() override;
  Status sync_directory(const std::string& path) override;
  Status truncate(const std::string& file, std::uint64_t bytes) override;

 private:
  struct Disk;
  std::unique_ptr<Disk> disk_;
};

}  // namespace pawl::runtime
