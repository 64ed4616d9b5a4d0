// Documents: how an execution's payloads become texts of its history records, each large part once.
//
// A document that shares a large part (a string, array or object of kPartBytes or more) with an
// earlier one is stored as a *composition*: its own text with holes, and for each hole a range of a
// document that is stored whole. 256 KiB that pass through ten states, each of which sets one
// member, are written once and not eleven times. Drawn in docs/storage.md. Pure.
#pragma once

#include "asl/json/payload.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"
#include "base/result.h"
#include "engine/event.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::engine {

inline constexpr std::size_t kPartBytes = 4096;
// Large parts that an execution remembers, the newest: looked through for every value that is
// written, and they keep their values in memory.
inline constexpr std::size_t kPartsMax = 16;
// Of one document when it is read; what is written is far below (Limits).
inline constexpr std::size_t kDocumentBytesMax = std::size_t{64} << 20;

// A range of the text of a document that is stored whole.
struct TextRange {
  PayloadRef document;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// The large parts of what an execution has stored, while it is in memory.
class StoredParts final : public asl::KnownSizes {
 public:
  const TextRange* find(const asl::Value& value) const;
  void add(const asl::Value& value, const TextRange& range);
  void clear() { parts_.clear(); }
  std::size_t size_of(const asl::Value& value) const override;

 private:
  struct Part {
    asl::Value value;  // held, so that no other node takes its place
    TextRange range;
  };
  std::vector<Part> parts_;
};

// A document as it is written: text, and holes for the parts that are stored already.
struct Composition {
  struct Hole {
    std::size_t at = 0;  // in `text`
    TextRange range;
  };
  struct Part {
    asl::Value value;
    std::size_t offset = 0;  // in `text`
    std::size_t size = 0;
    bool outermost = false;
  };
  std::string text;
  std::vector<Hole> holes;  // in order
  std::vector<Part> parts;  // large ones that are in `text`, inner ones before those around them

  // Turns what is in `text` at the place of an outermost part into a hole.
  void cut(const Part& part, const TextRange& range);
};

Composition compose(const asl::Value& document, const StoredParts& stored);

std::string encode_composition(const Composition& composition);
// The text of a composition. `whole` answers the text of a document that is stored whole; an error
// for any other. kCorrupt: the bytes are none, or name what is not there.
using WholeText = std::function<Result<std::string_view>(PayloadRef)>;
Result<std::string> assemble(std::string_view composition, const WholeText& whole);

}  // namespace pawl::engine
