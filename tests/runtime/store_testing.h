// What the store's and the journal's tests share.
#pragma once

#include "runtime/clock/random.h"
#include "runtime/store/leveldb_store.h"
#include "runtime/store/store.h"
#include "tests/catch.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace pawl::runtime {

// A directory of its own that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "pawl-store-XXXXXX").string();
    PAWL_ASSERT(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string store() const { return path_ + "/store"; }

 private:
  std::string path_;
};

inline std::unique_ptr<Store> open_or_fail(const LevelDbOptions& options) {
  Result<std::unique_ptr<Store>> opened = open_leveldb(options);
  if (!opened) FAIL(opened.error().message);
  return std::move(*opened);
}

inline LevelDbOptions store_at(const std::string& path, StoreFiles* files = nullptr) {
  LevelDbOptions options;
  options.path = path;
  options.files = files;
  return options;
}

inline Batch put(std::string_view key, std::string_view value) {
  Batch batch;
  batch.put(key, value);
  return batch;
}

// A value that takes as many bytes on the disk: neither packing nor compression makes it smaller.
inline std::string noise(std::size_t size, std::uint64_t seed) {
  Xoshiro256 generator(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator.next() >> 56U);
  return bytes;
}

// Everything of kinds 'a' to 'z': the tests' own keys. Fails on a read error.
inline std::map<std::string, std::string> read_all(const Store& store) {
  std::map<std::string, std::string> found;
  const std::unique_ptr<Iterator> at = store.scan("a", "{");
  for (; at->valid(); at->next()) found.emplace(at->key(), at->value());
  if (!at->status()) FAIL(at->status().error().message);
  return found;
}

}  // namespace pawl::runtime
