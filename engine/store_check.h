// Looks a whole store over, record by record: is each one sound, and has each execution what it
// needs to be shown and to go on? What `pawl check` says. Damage of the store's own files is found
// before (runtime::check_leveldb). Reads only; the store should belong to nobody else meanwhile.
#pragma once

#include "base/result.h"
#include "runtime/store/store.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace pawl::engine {

inline constexpr std::size_t kStoreProblemsMax = 1000;

struct StoreCheck {
  std::uint64_t records = 0;
  std::uint64_t executions = 0;
  std::uint64_t events = 0;
  std::vector<Error> problems;  // at most kStoreProblemsMax; `where` is a key or an execution
  bool more_problems = false;   // there were others
};

// One pass over all keys (those of embedded services are counted, and not looked into), in memory
// of about 40 bytes an execution. `progress` is called now and then with the records so far. An
// error: the pass could not be finished.
Result<StoreCheck> check_store(const runtime::Store& store,
                               const std::function<void(std::uint64_t)>& progress = {});

}  // namespace pawl::engine
