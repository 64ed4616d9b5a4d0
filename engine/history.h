// Reading histories and stored documents.
#pragma once

#include "base/result.h"
#include "engine/documents.h"
#include "engine/event.h"
#include "engine/records.h"
#include "runtime/store/store.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace pawl::engine {

// The documents of one execution, by their place. Keeps the records it has read, opened: a record
// is checked and taken apart once, however many of its documents are asked for.
class PayloadReader {
 public:
  PayloadReader(const runtime::Store& store, ExecutionNumber number)
      : store_(store), number_(number) {}

  // The text; valid as long as the reader.
  Result<std::string_view> view(PayloadRef ref);
  Result<std::string> text(PayloadRef ref);

  // Makes a record known that somebody else has read; its events and documents, valid as long as
  // the reader.
  Result<const HistoryRecord*> keep(std::uint32_t record, std::string bytes);

 private:
  Result<StoredDocument> stored(PayloadRef ref);

  struct Kept {
    std::string bytes;
    HistoryRecord record;  // borrows them
  };

  const runtime::Store& store_;
  ExecutionNumber number_;
  std::map<std::uint32_t, Kept> records_;
  std::map<std::uint64_t, std::string> assembled_;  // texts of composed documents, by their place
};

}  // namespace pawl::engine
