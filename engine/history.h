// Reading histories and stored documents.
#pragma once

#include "base/result.h"
#include "engine/event.h"
#include "engine/records.h"
#include "runtime/store/store.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace pawl::engine {

// The documents of one execution, by their place. Keeps the records it has read, as long as they
// are no more than kKeptBytesMax together: events lie beside what they show first.
class PayloadReader {
 public:
  static constexpr std::size_t kKeptBytesMax = std::size_t{32} << 20;

  PayloadReader(const runtime::Store& store, ExecutionNumber number)
      : store_(store), number_(number) {}
  Result<std::string> text(PayloadRef ref);
  // Makes a record known that somebody else has read.
  void keep(std::uint32_t record, std::string bytes);

 private:
  const runtime::Store& store_;
  ExecutionNumber number_;
  struct Kept {
    std::string bytes;
    std::optional<HistoryRecord> opened;  // views of `bytes`, once it was asked for
  };
  std::map<std::uint32_t, Kept> records_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace pawl::engine
