// Damaged files (R4 of the reliability figures): the store opens with everything, or is refused
// with the file named, or a read says so. It never gives a wrong answer.
#include "runtime/store/testing/faulty_files.h"
#include "tests/runtime/store_testing.h"

#include <random>

namespace pawl::runtime {
namespace {

struct Sample {
  FaultyFiles files;
  std::map<std::string, std::string> content;
};

LevelDbOptions small_store(FaultyFiles& files) {
  LevelDbOptions options = store_at("/s", &files);
  options.write_buffer_bytes = std::size_t{64} << 10;
  options.table_bytes = std::size_t{64} << 10;
  options.create_if_missing = false;
  return options;
}

// A closed store of several tables and one log, which the MANIFEST names. (While a table is being
// written there are two logs; that the newer one is gone cannot be told from its never having been
// made. Opening once more puts an end to that state, whatever the timing of the compaction was.)
const Sample& sample() {
  static const std::unique_ptr<Sample> made = [] {
    auto result = std::make_unique<Sample>();
    std::mt19937_64 dice(5);
    LevelDbOptions options = small_store(result->files);
    options.create_if_missing = true;
    std::unique_ptr<Store> store = open_or_fail(options);
    for (int i = 0; i < 400; ++i) {
      if (i == 395) {
        store.reset();
        store = open_or_fail(options);
      }
      const std::string key = "k" + std::to_string(dice() % 300);
      std::string value;
      for (auto size = dice() % 1200; size > 0; --size) value += static_cast<char>(dice());
      REQUIRE(store->write(put(key, value)));
      result->content[key] = value;
    }
    return result;
  }();
  return *made;
}

std::vector<std::string> interesting(const FaultyFiles& files) {
  std::vector<std::string> names = files.names();
  std::erase_if(names, [](const std::string& name) {
    return name.ends_with("/LOCK") || name.find("/LOG") != std::string::npos;
  });
  return names;
}

enum class Seen { kAll, kRefusedAtOpen, kRefusedAtRead, kWrong };

// Opens the store and compares every key, by look-up and by scans in both directions.
Seen look(FaultyFiles& files, const std::string& damaged) {
  const Result<std::unique_ptr<Store>> opened = open_leveldb(small_store(files));
  if (!opened) {
    const Error& error = opened.error();
    CAPTURE(damaged, error.message, error.where);
    CHECK(error.code == ErrorCode::kCorrupt);
    CHECK(error.where.starts_with("/s"));
    return Seen::kRefusedAtOpen;
  }
  bool refused = false;
  for (const auto& [key, value] : sample().content) {
    const auto found = (*opened)->get(key);
    if (!found) {
      refused = true;
      CHECK(found.error().code == ErrorCode::kCorrupt);
      CHECK_THAT(found.error().message, Catch::Contains(damaged));
    } else if (*found != value) {
      return Seen::kWrong;
    }
  }
  std::map<std::string, std::string> forward;
  const std::unique_ptr<Iterator> up = (*opened)->scan("a", "{");
  for (; up->valid(); up->next()) forward.emplace(up->key(), up->value());
  std::map<std::string, std::string> backward;
  const std::unique_ptr<Iterator> down = (*opened)->scan_back("a", "{");
  for (; down->valid(); down->next()) backward.emplace(down->key(), down->value());
  for (const auto& [iterator, found] :
       {std::pair(up.get(), &forward), std::pair(down.get(), &backward)}) {
    if (!iterator->status()) {
      refused = true;
      CHECK_THAT(iterator->status().error().message, Catch::Contains(damaged));
    } else if (*found != sample().content) {
      return Seen::kWrong;
    }
  }
  // What a scan gave before it ended must be the beginning, with nothing left out.
  auto expected = sample().content.begin();
  for (const auto& entry : forward) {
    if (entry != *expected++) return Seen::kWrong;
  }
  return refused ? Seen::kRefusedAtRead : Seen::kAll;
}

void flip_bytes(std::uint64_t first, std::uint64_t count) {
  std::map<Seen, int> seen;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::mt19937_64 dice(seed);
    const std::vector<std::string> names = interesting(sample().files);
    const std::string& name = names[seed % names.size()];
    const std::unique_ptr<FaultyFiles> files = sample().files.copy();
    std::string content = files->content(name);
    // One bit, a byte, or a run of zeros.
    const std::size_t at = dice() % content.size();
    const auto kind = dice() % 3;
    const std::size_t run = std::min<std::size_t>(dice() % 700 + 1, content.size() - at);
    if (kind == 0) content[at] = static_cast<char>(content[at] ^ (1 << dice() % 8));
    if (kind == 1) content[at] = static_cast<char>(dice());
    // Zeros to the very end of a log are a torn tail by definition; keep off it.
    if (kind == 2 && at + run + 1500 < content.size()) {
      std::fill_n(content.begin() + static_cast<long>(at), run, '\0');
    }
    files->set_content(name, content);
    CAPTURE(seed, name, at, kind, run);
    const Seen outcome = look(*files, name);
    REQUIRE(outcome != Seen::kWrong);
    ++seen[outcome];
  }
  CHECK(seen[Seen::kRefusedAtOpen] > 0);
  CHECK(seen[Seen::kRefusedAtRead] > 0);
}

}  // namespace

TEST_CASE("flipped bytes are found or harmless, never believed", "[runtime][leveldb][damage]") {
  flip_bytes(1, 300);
}

TEST_CASE("many flipped bytes are found or harmless", "[runtime][leveldb][damage][.slow]") {
  flip_bytes(1000, 20'000);
}

TEST_CASE("every flipped bit of the last record of a log is found", "[runtime][leveldb][damage]") {
  FaultyFiles original;
  {
    const std::unique_ptr<Store> store = open_or_fail(store_at("/s", &original));
    for (const char* key : {"a", "b", "c"}) REQUIRE(store->write(put(key, "value")));
  }
  for (const std::string& name : original.names()) {
    if (!name.ends_with(".log")) continue;
    const std::string content = original.content(name);
    for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
      std::string damaged = content;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      const std::unique_ptr<FaultyFiles> files = original.copy();
      files->set_content(name, damaged);
      const auto opened = open_leveldb(store_at("/s", files.get()));
      CAPTURE(bit);
      REQUIRE_FALSE(opened);
      REQUIRE(opened.error().code == ErrorCode::kCorrupt);
      REQUIRE_THAT(opened.error().where, Catch::StartsWith(name));
    }
  }
}

TEST_CASE("a file that is missing or cut is refused by name, but for a log's tail",
          "[runtime][leveldb][damage]") {
  for (const std::string& name : interesting(sample().files)) {
    CAPTURE(name);
    const std::unique_ptr<FaultyFiles> gone = sample().files.copy();
    gone->remove(name);
    REQUIRE(look(*gone, name) == Seen::kRefusedAtOpen);
    if (name.ends_with(".log")) continue;
    std::mt19937_64 dice(9);
    for (int i = 0; i < 20; ++i) {
      const std::unique_ptr<FaultyFiles> cut = sample().files.copy();
      const std::string content = cut->content(name);
      const std::size_t size = dice() % content.size();
      cut->set_content(name, content.substr(0, size));
      CAPTURE(size);
      const Seen outcome = look(*cut, name);
      // A MANIFEST may be cut where a crash would have cut it too; then all is there.
      const bool manifest = name.find("MANIFEST") != std::string::npos;
      REQUIRE((outcome == Seen::kRefusedAtOpen || (manifest && outcome == Seen::kAll)));
    }
  }
}

TEST_CASE("a log that is cut keeps every commit in front of the cut",
          "[runtime][leveldb][damage]") {
  FaultyFiles original;
  constexpr int kCommits = 30;
  std::vector<std::size_t> ends;  // of the log after each commit
  std::string log;
  {
    const std::unique_ptr<Store> store = open_or_fail(store_at("/s", &original));
    for (const std::string& name : original.names()) {
      if (name.ends_with(".log")) log = name;
    }
    for (int i = 0; i < kCommits; ++i) {
      REQUIRE(
          store->write(put("k" + std::to_string(i), noise(3000, static_cast<std::uint64_t>(i)))));
      ends.push_back(original.content(log).size());
    }
  }
  for (std::size_t size = ends.front(); size < ends.back(); size += 997) {
    const std::unique_ptr<FaultyFiles> files = original.copy();
    files->set_content(log, original.content(log).substr(0, size));
    const auto whole = std::upper_bound(ends.begin(), ends.end(), size) - ends.begin();
    CAPTURE(size);
    REQUIRE(read_all(*open_or_fail(store_at("/s", files.get()))).size() ==
            static_cast<std::size_t>(whole));
  }
}

TEST_CASE("a check of a whole store names each damaged file", "[runtime][leveldb][damage]") {
  REQUIRE(check_leveldb("/s", sample().files.copy().get()).empty());
  const std::unique_ptr<FaultyFiles> files = sample().files.copy();
  std::vector<std::string> damaged;
  for (const std::string& name : files->names()) {
    if (!name.ends_with(".ldb") || damaged.size() == 2) continue;
    std::string content = files->content(name);
    content[100] = static_cast<char>(~content[100]);
    files->set_content(name, content);
    damaged.push_back(name);
  }
  const std::vector<Error> found = check_leveldb("/s", files.get());
  REQUIRE(damaged.size() == 2);
  REQUIRE(found.size() == 2);
  REQUIRE(found[0].where == damaged[0]);
  REQUIRE(found[1].where == damaged[1]);
}

}  // namespace pawl::runtime
