// What store.h promises, asked of every store.
#include "runtime/store/memory_store.h"
#include "runtime/store/testing/faulty_files.h"
#include "runtime/store/testing/faulty_store.h"
#include "tests/runtime/store_testing.h"

#include <atomic>
#include <functional>
#include <random>
#include <thread>
#include <vector>

namespace pawl::runtime {
namespace {

// Runs a test against each kind of store, freshly made.
void for_each_store(const std::function<void(Store&)>& test) {
  SECTION("memory") { test(*make_memory_store()); }
  SECTION("faulty, without a fault") {
    const std::unique_ptr<Store> memory = make_memory_store();
    FaultyStore faulty(*memory);
    test(faulty);
  }
  SECTION("leveldb in memory") {
    FaultyFiles files;
    test(*open_or_fail(store_at("/store", &files)));
  }
  SECTION("leveldb") {
    const TemporaryDirectory directory;
    test(*open_or_fail(store_at(directory.store())));
  }
}

std::string keys_of(Iterator& iterator) {
  std::string keys;
  for (; iterator.valid(); iterator.next()) keys += std::string(iterator.key()) + " ";
  REQUIRE(iterator.status());
  return keys;
}

}  // namespace

TEST_CASE("a batch keeps its changes in order, and later ones of a key win", "[runtime][store]") {
  for_each_store([](Store& store) {
    Batch batch;
    batch.put("a", "1");
    batch.put("b", "");
    batch.put("a", "2");
    batch.put("c", "3");
    batch.erase("c");
    Batch more;
    more.put(std::string("d\0e", 3), std::string("\0\xff", 2));
    batch.append(more);
    REQUIRE(batch.count() == 6);
    REQUIRE(store.write(batch));
    REQUIRE(*store.get("a").value() == "2");
    REQUIRE(store.get("b").value()->empty());
    REQUIRE_FALSE(store.get("c").value());
    REQUIRE(*store.get(std::string("d\0e", 3)).value() == std::string("\0\xff", 2));
    REQUIRE_FALSE(store.get("d").value());
    batch.clear();
    REQUIRE(batch.empty());
    REQUIRE(store.write(batch));
  });
}

TEST_CASE("scans run over [from, to) in both directions", "[runtime][store]") {
  for_each_store([](Store& store) {
    Batch batch;
    for (const char* key : {"a", "b", "b1", "c", "d"}) batch.put(key, key);
    REQUIRE(store.write(batch));
    REQUIRE(keys_of(*store.scan("b", "d")) == "b b1 c ");
    REQUIRE(keys_of(*store.scan_back("b", "d")) == "c b1 b ");
    REQUIRE(keys_of(*store.scan("a0", "b0")) == "b ");
    REQUIRE(keys_of(*store.scan_back("a0", "b0")) == "b ");
    REQUIRE(keys_of(*store.scan("c", "")) == "c d ");
    REQUIRE(keys_of(*store.scan_back("c", "")) == "d c ");
    REQUIRE(keys_of(*store.scan_back("c", "zz")) == "d c ");
    REQUIRE(keys_of(*store.scan("e", "f")).empty());
    REQUIRE(keys_of(*store.scan_back("e", "f")).empty());
    REQUIRE(keys_of(*store.scan("b", "b")).empty());
    REQUIRE(keys_of(*store.scan_back("b", "b")).empty());
    REQUIRE(keys_of(*store.scan("c", "b")).empty());
    REQUIRE(keys_of(*store.scan_back("c", "b")).empty());
  });
}

TEST_CASE("a scan sees the store as it was when it began", "[runtime][store]") {
  for_each_store([](Store& store) {
    Batch batch;
    batch.put("a", "1");
    batch.put("b", "1");
    batch.put("d", "1");
    REQUIRE(store.write(batch));
    const std::unique_ptr<Iterator> before = store.scan("a", "z");
    const std::unique_ptr<Iterator> back = store.scan_back("a", "z");
    batch.clear();
    batch.put("a", "2");
    batch.erase("b");
    batch.put("c", "2");
    REQUIRE(store.write(batch));
    REQUIRE(store.write(put("b", "3")));
    REQUIRE(before->value() == "1");
    REQUIRE(keys_of(*before) == "a b d ");
    REQUIRE(keys_of(*back) == "d b a ");
    REQUIRE(keys_of(*store.scan("a", "z")) == "a b c d ");
    REQUIRE(*store.get("b").value() == "3");
  });
}

TEST_CASE("random batches leave what a map would hold", "[runtime][store]") {
  const auto seed = GENERATE(1U, 2U, 3U);
  CAPTURE(seed);
  for_each_store([seed](Store& store) {
    std::mt19937 dice(seed);
    std::map<std::string, std::string> model;
    std::vector<std::pair<std::unique_ptr<Iterator>, std::map<std::string, std::string>>> scans;
    for (int round = 0; round < 60; ++round) {
      Batch batch;
      for (unsigned i = dice() % 8; i > 0; --i) {
        const std::string key = "k" + std::to_string(dice() % 30);
        if (dice() % 3 == 0) {
          batch.erase(key);
          model.erase(key);
        } else {
          const std::string value = std::to_string(dice());
          batch.put(key, value);
          model[key] = value;
        }
      }
      REQUIRE(store.write(batch));
      if (dice() % 4 == 0) scans.emplace_back(store.scan("a", "{"), model);
      if (!scans.empty() && dice() % 5 == 0) {
        std::map<std::string, std::string> found;
        for (Iterator& at = *scans.front().first; at.valid(); at.next()) {
          found.emplace(at.key(), at.value());
        }
        REQUIRE(found == scans.front().second);
        scans.erase(scans.begin());
      }
      REQUIRE(read_all(store) == model);
    }
  });
}

TEST_CASE("a later lease fences the earlier one off", "[runtime][store]") {
  for_each_store([](Store& store) {
    const Lease old_lease = store.lease(3).value();
    const Lease other = store.lease(4).value();
    REQUIRE(store.holds(old_lease));
    REQUIRE_FALSE(store.holds(Lease{5, 0}));
    REQUIRE_FALSE(store.holds(Lease{3, old_lease.epoch + 1}));
    const std::vector<Lease> leases{other, old_lease};
    REQUIRE(store.write_under(put("a", "1"), leases));

    const Lease new_lease = store.lease(3).value();
    REQUIRE(new_lease.epoch > old_lease.epoch);
    REQUIRE_FALSE(store.holds(old_lease));
    const Status refused = store.write_under(put("a", "2"), leases);
    REQUIRE(refused.error().code == ErrorCode::kCancelled);
    REQUIRE(*store.get("a").value() == "1");
    const std::vector<Lease> current{other, new_lease};
    REQUIRE(store.write_under(put("a", "3"), current));  // and the store is still open
  });
}

TEST_CASE("readers on other threads see whole batches only", "[runtime][store]") {
  for_each_store([](Store& store) {
    REQUIRE(store.write(put("a", "0")));
    REQUIRE(store.write(put("b", "0")));
    std::atomic<bool> stop{false};
    std::atomic<int> torn{0};
    std::atomic<int> passes{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        while (!stop) {
          std::string values;
          const std::unique_ptr<Iterator> at = store.scan("a", "c");
          for (; at->valid(); at->next()) values += std::string(at->value()) + " ";
          const std::size_t middle = values.find(' ');
          if (values.substr(0, middle) != values.substr(middle + 1, middle)) ++torn;
          ++passes;
        }
      });
    }
    for (int i = 1; i < 200 || passes < 20; ++i) {
      Batch batch;
      batch.put("a", std::to_string(i));
      batch.put("b", std::to_string(i));
      if (!store.write(batch)) ++torn;
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
    REQUIRE(torn == 0);
  });
}

TEST_CASE("a faulty store fails the write it was told to, and stays closed until healed",
          "[runtime][store]") {
  const std::unique_ptr<Store> memory = make_memory_store();
  FaultyStore store(*memory);
  const auto fault = GENERATE(WriteFault::kBefore, WriteFault::kAfter);
  store.fail_write(2, fault);
  REQUIRE(store.write(put("a", "1")));
  REQUIRE(store.write(put("b", "1")).error().code == ErrorCode::kIo);
  REQUIRE(store.closed());
  REQUIRE(store.write(put("c", "1")).error().code == ErrorCode::kUnavailable);
  REQUIRE(store.get("a").error().code == ErrorCode::kUnavailable);
  REQUIRE(store.scan("a", "z")->status().error().code == ErrorCode::kUnavailable);
  REQUIRE_FALSE(store.reopen());
  store.heal();
  REQUIRE(store.reopen());
  REQUIRE(store.get("a").value());
  REQUIRE(store.get("b").value().has_value() == (fault == WriteFault::kAfter));
  REQUIRE_FALSE(store.get("c").value());
  store.fail_reads(true);
  REQUIRE(store.get("a").error().code == ErrorCode::kIo);
}

}  // namespace pawl::runtime
