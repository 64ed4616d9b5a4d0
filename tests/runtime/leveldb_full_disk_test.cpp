// A disk that is really full (R5 of the reliability figures): a tmpfs of 8 MiB, filled and freed
// under load. Needs the right to mount, in a mount namespace of a child; says so and passes
// without.
#include "runtime/journal/journal.h"
#include "tests/runtime/store_testing.h"

#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pawl::runtime {
namespace {

using namespace std::chrono_literals;

constexpr int kCannotMount = 77;

// Fills the file system with a file, as another program would.
void fill(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  for (std::size_t size : {65536U, 4096U, 64U, 1U}) {
    const std::string block(size, 'x');
    while (::write(descriptor, block.data(), size) > 0) {
    }
  }
  ::close(descriptor);
}

// One client that waits for each commit. Returns 0, or the number of the expectation that failed.
int write_through_full_disks(const std::string& directory, int cycles) {
  LevelDbOptions store_options = store_at(directory + "/store");
  store_options.write_buffer_bytes = std::size_t{256} << 10;
  store_options.table_bytes = std::size_t{256} << 10;
  std::map<std::string, std::string> acknowledged;
  {
    const auto opened = open_leveldb(store_options);
    if (!opened) return 1;
    Store& store = **opened;
    const Lease lease = store.lease(1).value();
    Journal journal(store);
    std::mutex mutex;
    std::condition_variable progress;
    journal.on_progress([&] {
      const std::lock_guard lock(mutex);
      progress.notify_all();
    });
    const auto wait_for = [&](auto condition) {
      std::unique_lock lock(mutex);
      return progress.wait_for(lock, 15s, condition);
    };
    int next = 0;
    // Few keys, so that the data itself never fills the disk.
    const auto commit = [&](int& broken) {
      const std::uint64_t incarnation = journal.incarnation();
      const std::string key = "k" + std::to_string(next % 200);
      const std::string value = noise(1000, static_cast<std::uint64_t>(next++));
      const auto number = journal.append(put(key, value), lease, incarnation);
      if (!number) return false;
      if (!wait_for([&] {
            return journal.durable() >= *number || journal.incarnation() != incarnation;
          })) {
        broken = 2;
      }
      const bool durable = journal.durable() >= *number && journal.incarnation() == incarnation;
      // Of a commit with an unknown outcome the store has the new value, or the old one.
      durable ? void(acknowledged[key] = value) : void(acknowledged.erase(key));
      return durable;
    };
    int broken = 0;
    for (int cycle = 0; cycle < cycles && broken == 0; ++cycle) {
      for (int i = 0; i < 150; ++i) {
        if (!commit(broken)) return 3;
      }
      fill(directory + "/filler");
      int written = 0;
      while (commit(broken) && broken == 0) {
        if (++written > 5000) return 4;  // the disk was not full
      }
      if (commit(broken)) return 5;  // refused at once while it is full
      // Until reopening has failed, too: the journal comes back although it was in vain at first.
      const auto full_since = std::chrono::steady_clock::now();
      while (journal.failure().find("cannot be opened") == std::string::npos) {
        if (std::chrono::steady_clock::now() - full_since > 10s) return 12;
        std::this_thread::sleep_for(5ms);
      }
      ::unlink((directory + "/filler").c_str());
      const auto freed = std::chrono::steady_clock::now();
      if (!wait_for([&] { return journal.healthy(); })) return 6;
      if (std::chrono::steady_clock::now() - freed > 6s) return 7;
    }
    if (broken != 0) return broken;
    if (journal.statistics().failures != static_cast<std::uint64_t>(cycles)) return 8;
  }
  if (!check_leveldb(store_options.path).empty()) return 9;
  const auto opened = open_leveldb(store_options);
  if (!opened) return 10;
  for (const auto& [key, value] : acknowledged) {
    const auto found = (*opened)->get(key);
    if (!found || *found != value) return 11;
  }
  return 0;
}

}  // namespace

TEST_CASE("a disk that fills up and is freed costs time, and no acknowledged commit",
          "[runtime][leveldb][.slow]") {
  const TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    const bool mounted = ::unshare(CLONE_NEWNS) == 0 &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=8m") == 0;
    ::_exit(mounted ? write_through_full_disks(directory.path(), 20) : kCannotMount);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kCannotMount) {
    WARN("no right to mount a tmpfs: not tested");
    return;
  }
  REQUIRE(WEXITSTATUS(status) == 0);
}

}  // namespace pawl::runtime
