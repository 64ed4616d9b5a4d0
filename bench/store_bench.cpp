// Two questions about the journal over LevelDB:
//   store_bench commits [directory] [seconds]
//     How many commits a second are durable with 1 to 10,000 executions open? Each has one commit
//     of about 200 bytes in flight: it waits until that is durable, then appends the next.
//   store_bench keys [directory] [records]
//     How does the order of keys change the rate as the store grows? About 1,000 executions are
//     open at once and write 10 records of 200 bytes each; the same records under three kinds of
//     key.
// Compare figures of one run only: the disk changes by the minute. The control beside each row is a
// bare loop of 200-byte appends and fdatasync, measured just before it.
#include "runtime/journal/journal.h"
#include "runtime/store/encoding.h"
#include "runtime/store/leveldb_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace pawl::runtime;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Bytes this process sent to block devices (page cache included), from the kernel.
std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  for (std::string name; io >> name;) {
    std::uint64_t value = 0;
    io >> value;
    if (name == "write_bytes:") return value;
  }
  return 0;
}

// Values that do not compress, cheaply: windows of one random text.
class Values {
 public:
  explicit Values(std::uint64_t seed) : dice_(seed) {
    while (text_.size() < (std::size_t{1} << 20)) append_u64(text_, dice_());
  }
  std::string_view next(std::size_t bytes) {
    return std::string_view(text_).substr(dice_() % (text_.size() - bytes), bytes);
  }

 private:
  std::mt19937_64 dice_;
  std::string text_;
};

// Synced appends a second to one file, without pawl or LevelDB.
double control(const std::string& directory) {
  std::filesystem::create_directories(directory);
  const std::string path = directory + "/control";
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  const std::string text(200, 'x');
  int count = 0;
  const Clock::time_point begin = Clock::now();
  while (seconds_since(begin) < 0.5) {
    if (::write(file, text.data(), text.size()) < 0 || ::fdatasync(file) != 0) std::exit(1);
    ++count;
  }
  const double rate = count / seconds_since(begin);
  ::close(file);
  std::filesystem::remove(path);
  return rate;
}

std::unique_ptr<Store> open_fresh(const std::string& path) {
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  LevelDbOptions options;
  options.path = path;
  auto opened = open_leveldb(options);
  if (!opened) {
    fmt::print(stderr, "{}\n", opened.error().message);
    std::exit(1);
  }
  return std::move(*opened);
}

// Wakes the one shard of the benchmark when the watermark moved.
class Wake {
 public:
  void notify() {
    const std::lock_guard lock(mutex_);
    pending_ = true;
    changed_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return pending_; });
    pending_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool pending_ = false;
};

// Keeps `open` commits in flight until `more` says no: as each becomes durable, the next is made.
void keep_in_flight(Journal& journal, Wake& wake, const Lease& lease, std::size_t open,
                    const std::function<bool(Batch&)>& next) {
  pawl::runtime::CommitNumber last = 0;
  bool more = true;
  do {
    while (more && last - journal.durable() < open) {
      Batch batch;
      more = next(batch);
      if (!more) break;
      auto number = journal.append(batch, lease, 1);
      if (!number) {
        fmt::print(stderr, "{}\n", number.error().message);
        std::exit(1);
      }
      last = *number;
    }
    if (journal.durable() < last) wake.wait();
  } while (more || journal.durable() < last);
}

void bench_commits(const std::string& directory, double seconds) {
  fmt::print("{:>8} {:>12} {:>10} {:>14} {:>12} {:>10}\n", "open", "commits/s", "batches/s",
             "commits/batch", "us/batch", "control/s");
  for (const std::size_t open : {1U, 16U, 128U, 1000U, 10000U}) {
    const std::string path = directory + "/commits";
    const double control_rate = control(directory);
    const std::unique_ptr<Store> store = open_fresh(path);
    const Lease lease = store->lease(0).value();
    Values values(1);
    Wake wake;
    Journal journal(*store);
    journal.on_progress([&wake] { wake.notify(); });
    std::uint64_t count = 0;
    const Clock::time_point begin = Clock::now();
    keep_in_flight(journal, wake, lease, open, [&](Batch& batch) {
      if (seconds_since(begin) > seconds) return false;
      std::string key = "e";
      append_u64(key, count++);
      batch.put(key, values.next(180));
      return true;
    });
    const double time = seconds_since(begin);
    const Journal::Statistics statistics = journal.statistics();
    const auto commits = static_cast<double>(statistics.commits);
    const auto batches = static_cast<double>(statistics.batches);
    fmt::print("{:>8} {:>12.0f} {:>10.0f} {:>14.1f} {:>12.0f} {:>10.0f}\n", open, commits / time,
               batches / time, commits / batches,
               static_cast<double>(statistics.sync_nanoseconds) / batches / 1000, control_rate);
    std::fflush(stdout);
  }
}

enum class KeyOrder { kCommit, kExecutionNumber, kRandomExecution };

// Record `record` of the workload: executions begin one after the other, 1,000 are open at once,
// and each writes its next record at its own pace.
class Workload {
 public:
  Workload(KeyOrder order, std::uint64_t seed) : order_(order), dice_(seed), values_(seed) {
    for (auto& execution : open_) execution = begin();
  }

  std::string next_key() {
    Execution& execution = open_[dice_() % open_.size()];
    std::string key = "e";
    ++commit_;
    if (order_ == KeyOrder::kCommit) {
      append_u64(key, commit_);
    } else {
      append_u64(key, order_ == KeyOrder::kExecutionNumber ? execution.number : execution.id);
      append_u32(key, execution.events);
    }
    if (++execution.events == 10) execution = begin();
    return key;
  }

  std::string_view next_value() { return values_.next(200); }

 private:
  struct Execution {
    std::uint64_t number = 0;
    std::uint64_t id = 0;
    std::uint32_t events = 0;
  };

  Execution begin() { return {++started_, dice_(), 0}; }

  KeyOrder order_;
  std::mt19937_64 dice_;
  std::array<Execution, 1000> open_;
  std::uint64_t started_ = 0;
  std::uint64_t commit_ = 0;
  Values values_;
};

void bench_keys(const std::string& directory, std::uint64_t records_max) {
  struct Layout {
    KeyOrder order;
    const char* name;
  };
  fmt::print("{:>22} {:>10} {:>12} {:>12} {:>12} {:>10}\n", "keys", "records", "rate/s at end",
             "rate/s mean", "written/data", "us/batch");  // of the last tenth
  for (const Layout& layout : {Layout{KeyOrder::kCommit, "commit order"},
                               Layout{KeyOrder::kExecutionNumber, "(execution no, event)"},
                               Layout{KeyOrder::kRandomExecution, "(random id, event)"}}) {
    const std::string path = directory + "/keys";
    const std::unique_ptr<Store> store = open_fresh(path);
    const Lease lease = store->lease(0).value();
    Workload workload(layout.order, 7);
    Wake wake;
    Journal journal(*store);
    journal.on_progress([&wake] { wake.notify(); });

    const std::uint64_t written_before = bytes_written();
    const Clock::time_point begin = Clock::now();
    std::uint64_t count = 0;
    Clock::time_point tenth = begin;  // since when the last 10 % of a stage are measured
    std::uint64_t stage = 200'000;
    Journal::Statistics at_tenth;
    keep_in_flight(journal, wake, lease, 1000, [&](Batch& batch) {
      if (count == stage - stage / 10) {
        tenth = Clock::now();
        at_tenth = journal.statistics();
      }
      if (count == stage) {
        const Journal::Statistics now = journal.statistics();
        fmt::print(
            "{:>22} {:>10} {:>12.0f} {:>12.0f} {:>12.2f} {:>10.0f}\n", layout.name, count,
            static_cast<double>(stage) / 10 / seconds_since(tenth),
            static_cast<double>(count) / seconds_since(begin),
            static_cast<double>(bytes_written() - written_before) /
                (static_cast<double>(count) * 213),
            static_cast<double>(now.sync_nanoseconds - at_tenth.sync_nanoseconds) / 1000 /
                static_cast<double>(std::max<std::uint64_t>(now.batches - at_tenth.batches, 1)));
        std::fflush(stdout);
        stage *= 10;
      }
      if (count == records_max) return false;
      ++count;
      batch.put(workload.next_key(), workload.next_value());
      return true;
    });
  }
  std::filesystem::remove_all(directory + "/keys");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const std::string directory = argc > 2 ? argv[2] : "/tmp/pawl-store-bench";
  if (what == "commits") {
    bench_commits(directory, argc > 3 ? std::strtod(argv[3], nullptr) : 3);
  } else if (what == "keys") {
    bench_keys(directory, argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 2'000'000);
  } else {
    fmt::print(stderr,
               "usage: store_bench commits [directory] [seconds]\n"
               "       store_bench keys [directory] [records]\n");
    return 2;
  }
  return 0;
}
