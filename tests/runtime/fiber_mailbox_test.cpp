#include "runtime/fiber/mailbox.h"
#include "runtime/fiber/unique_function.h"
#include "tests/catch.h"

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace pawl::runtime {
namespace {

TEST_CASE("a unique_function holds small and big callables that can only be moved",
          "[runtime][fiber]") {
  auto owned = std::make_shared<int>(7);
  const std::weak_ptr<int> watched = owned;
  {
    unique_function<int(int)> small = [p = std::make_unique<int>(1)](int x) { return *p + x; };
    unique_function<int(int)> big = [owned, pad = std::array<char, 200>{}](int x) {
      return *owned + x + pad[0];
    };
    owned.reset();
    unique_function<int(int)> moved = std::move(big);
    CHECK_FALSE(big);  // NOLINT: moved-from is empty by contract
    CHECK(moved(1) == 8);
    CHECK(small(1) == 2);
    small = std::move(moved);
    CHECK(small(2) == 9);
  }
  CHECK(watched.expired());
}

TEST_CASE("messages of one thread run in the order they were posted", "[runtime][fiber]") {
  Mailbox mailbox;
  std::string seen;
  for (char c = 'a'; c <= 'e'; ++c) mailbox.post([&seen, c] { seen += c; });
  CHECK_FALSE(mailbox.empty());
  CHECK(mailbox.run_messages() == 5);
  CHECK(seen == "abcde");
  CHECK(mailbox.empty());
}

TEST_CASE("messages of many threads all arrive, each thread's in order", "[runtime][fiber]") {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  Mailbox mailbox;
  std::array<int, kThreads> next{};
  bool ordered = true;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        mailbox.post([&, t, i] { ordered = ordered && next[t]++ == i; });
      }
    });
  }
  std::size_t total = 0;
  while (total < kThreads * kEach) total += mailbox.run_messages();
  for (std::thread& thread : threads) thread.join();
  CHECK(ordered);
}

TEST_CASE("a closed mailbox destroys messages instead of running them", "[runtime][fiber]") {
  Mailbox mailbox;
  auto kept = std::make_shared<int>(0);
  CHECK(mailbox.post([kept] { ++*kept; }));
  mailbox.close();
  CHECK_FALSE(mailbox.post([kept] { ++*kept; }));
  CHECK(mailbox.run_messages() == 0);
  CHECK(*kept == 0);
  CHECK(kept.use_count() == 1);
}

TEST_CASE("a notify between the last look and falling asleep is not lost", "[runtime][fiber]") {
  Mailbox mailbox;
  CHECK(mailbox.fall_asleep());
  CHECK_FALSE(mailbox.wake_up());
  mailbox.notify();
  CHECK_FALSE(mailbox.fall_asleep());
  CHECK(mailbox.wake_up());
  CHECK(mailbox.fall_asleep());
}

}  // namespace
}  // namespace pawl::runtime
