// Power loss (R3 of the reliability figures). Workers append commits of several records through a
// journal, note what was acknowledged, and the power goes at a random call to the disk.
#include "runtime/journal/journal.h"
#include "runtime/store/testing/faulty_files.h"
#include "tests/runtime/store_testing.h"

#include <leveldb/env.h>

#include <array>
#include <atomic>
#include <random>
#include <set>

namespace pawl::runtime {
namespace {

constexpr int kShards = 3;
constexpr int kRecords = 4;  // of each commit

struct Outcome {
  int lost = 0;     // acknowledged commits that are not there
  int halves = 0;   // commits of which only a part is there
  int refused = 0;  // the store did not open
  int cuts = 0;     // power losses
  std::string last_refusal;
};

LevelDbOptions small_store(FaultyFiles& files) {
  LevelDbOptions options = store_at("/s", &files);
  options.write_buffer_bytes = std::size_t{64} << 10;  // the least LevelDB takes: tables come soon
  options.table_bytes = std::size_t{64} << 10;
  return options;
}

void write_until_the_power_goes(FaultyFiles& files, std::mt19937_64& dice, int& next,
                                std::set<int>& acknowledged, Outcome& outcome) {
  Result<std::unique_ptr<Store>> opened = open_leveldb(small_store(files));
  if (!opened) {
    if (!files.power_is_cut()) {
      ++outcome.refused;
      outcome.last_refusal = opened.error().message;
    }
    return;
  }
  Store& store = **opened;
  JournalOptions options;
  options.threaded = false;
  options.batch_bytes_max = 4096;
  Journal journal(store, options);
  std::array<Lease, kShards> leases;
  for (ShardNumber shard = 0; shard < kShards; ++shard) {
    Result<Lease> lease = store.lease(shard);
    if (!lease) return;
    leases[shard] = *lease;
  }
  for (int round = 0; round < 400; ++round) {
    std::map<CommitNumber, int> waiting;
    for (auto commits = dice() % 6 + 1; commits > 0; --commits) {
      Batch batch;
      for (int record = 0; record < kRecords; ++record) {
        batch.put("c" + std::to_string(next) + "/" + std::to_string(record),
                  noise(dice() % 700, dice()));
      }
      const auto number = journal.append(batch, leases[dice() % kShards], 1);
      if (number) waiting[*number] = next;
      ++next;
    }
    (void)journal.flush();
    for (const auto& [number, commit] : waiting) {
      if (journal.durable() >= number) acknowledged.insert(commit);
    }
    if (!journal.healthy()) return;
  }
}

void verify(const std::map<std::string, std::string>& found, const std::set<int>& acknowledged,
            int commits, Outcome& outcome) {
  for (int commit = 0; commit < commits; ++commit) {
    int records = 0;
    for (int record = 0; record < kRecords; ++record) {
      records += found.contains("c" + std::to_string(commit) + "/" + std::to_string(record));
    }
    if (records != 0 && records != kRecords) ++outcome.halves;
    if (records != kRecords && acknowledged.contains(commit)) ++outcome.lost;
  }
}

// One store through several power losses, at `seed`'s moments.
Outcome lose_power(std::uint64_t seed, FaultyFiles::Loss loss) {
  std::mt19937_64 dice(seed);
  FaultyFiles files;
  Outcome outcome;
  std::set<int> acknowledged;
  int next = 0;
  for (int life = 0; life < 3 && outcome.refused == 0; ++life) {
    // Often early, so that creation and opening are hit as well.
    files.cut_power(1 + dice() % (dice() % 3 == 0 ? 40 : 2000));
    write_until_the_power_goes(files, dice, next, acknowledged, outcome);
    outcome.cuts += files.power_is_cut() ? 1 : 0;
    files.restart(dice(), loss);
  }
  if (outcome.refused > 0) return outcome;
  const Result<std::unique_ptr<Store>> opened = open_leveldb(small_store(files));
  if (!opened) {
    ++outcome.refused;
    outcome.last_refusal = opened.error().message;
    return outcome;
  }
  verify(read_all(**opened), acknowledged, next, outcome);
  return outcome;
}

void lose_power_at(std::uint64_t first, std::uint64_t count) {
  int cuts = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    const Outcome outcome = lose_power(seed, FaultyFiles::Loss::kSectors);
    CAPTURE(outcome.last_refusal);
    REQUIRE(outcome.refused == 0);
    REQUIRE(outcome.lost == 0);
    REQUIRE(outcome.halves == 0);
    cuts += outcome.cuts;
  }
  REQUIRE(static_cast<std::uint64_t>(cuts) > count);
}

// Counts what a MANIFEST was told before its directory was synced with the tables' names in it.
class NamesWatched final : public StoreFiles, public leveldb::EnvWrapper {
 public:
  explicit NamesWatched(FaultyFiles& files)
      : EnvWrapper(static_cast<leveldb::Env*>(files.leveldb_env())), files_(files) {}

  void* leveldb_env() override { return static_cast<leveldb::Env*>(this); }
  Status sync_directory(const std::string& path) override {
    names_behind_ = false;
    return files_.sync_directory(path);
  }
  Status truncate(const std::string& file, std::uint64_t bytes) override {
    return files_.truncate(file, bytes);
  }
  leveldb::Status NewWritableFile(const std::string& file,
                                  leveldb::WritableFile** result) override {
    leveldb::Status made = target()->NewWritableFile(file, result);
    if (file.ends_with(".ldb")) {
      ++tables;
      names_behind_ = true;
    }
    if (made.ok() && file.find("/MANIFEST-") != std::string::npos) {
      *result = new Manifest(*this, std::unique_ptr<leveldb::WritableFile>(*result));
    }
    return made;
  }

  std::atomic<int> tables = 0;
  std::atomic<int> told_too_early = 0;

 private:
  class Manifest : public leveldb::WritableFile {
   public:
    Manifest(NamesWatched& world, std::unique_ptr<leveldb::WritableFile> file)
        : world_(world), file_(std::move(file)) {}
    leveldb::Status Append(const leveldb::Slice& data) override {
      if (world_.names_behind_) ++world_.told_too_early;
      return file_->Append(data);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override { return file_->Sync(); }

   private:
    NamesWatched& world_;
    std::unique_ptr<leveldb::WritableFile> file_;
  };

  FaultyFiles& files_;
  std::atomic<bool> names_behind_ = false;
};

}  // namespace

TEST_CASE("a MANIFEST names no table before the directory durably does",
          "[runtime][leveldb][power]") {
  FaultyFiles disk;
  NamesWatched files(disk);
  LevelDbOptions options = small_store(disk);
  options.files = &files;
  for (int life = 0; life < 2; ++life) {
    const std::unique_ptr<Store> store = open_or_fail(options);
    for (int i = 0; i < 300; ++i) {
      const std::string number = std::to_string(life * 1000 + i);
      REQUIRE(store->write(put("k" + number, noise(2000, static_cast<std::uint64_t>(i)))));
    }
  }
  CHECK(files.tables > 10);
  CHECK(files.told_too_early == 0);
}

TEST_CASE("after a power loss every acknowledged commit is there, and no half one",
          "[runtime][leveldb][power]") {
  lose_power_at(1, 150);
}

TEST_CASE("after many power losses every acknowledged commit is there, and no half one",
          "[runtime][leveldb][power][.slow]") {
  lose_power_at(10'000, 5'000);
}

// Random bytes where nothing was synced: no disk does it, and they look like damage. Refusing is
// right then; losing something is not.
TEST_CASE("rubbish in what was not synced loses nothing that was acknowledged",
          "[runtime][leveldb][power]") {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    const Outcome outcome = lose_power(seed, FaultyFiles::Loss::kRubbish);
    REQUIRE(outcome.lost == 0);
    REQUIRE(outcome.halves == 0);
    refused += outcome.refused;
    if (outcome.refused > 0) {
      REQUIRE_THAT(outcome.last_refusal, Catch::Contains("is damaged"));
    }
  }
  CHECK(refused < 50);
}

}  // namespace pawl::runtime
