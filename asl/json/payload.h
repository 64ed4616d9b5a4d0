// Payload: one JSON document on its way between states, events and frames.
//
// A handle to a shared, immutable document that exists as text, as a Value, or both: text is
// parsed when somebody looks inside, a Value is written when somebody needs its bytes, each at
// most once. What a caller gave as text keeps that text, blanks included.
//
// Belongs to one thread, like Value.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::asl {

class KnownSizes;

class Payload {
 public:
  Payload() = default;  // absent: an event without this member, a state not yet run
  static Payload of(Value value);
  // `text` must be valid JSON within the reader's limits; use parse() where that is not known.
  // `depth`: how deep it nests, where the caller knows; -1: looked at when asked for.
  static Payload of_text(std::string text, int depth = -1);
  // Checks and parses text from outside.
  static Result<Payload> parse(std::string text);

  bool present() const { return document_ != nullptr; }
  explicit operator bool() const { return present(); }
  const Value& value() const;       // parses on first use
  const std::string& text() const;  // writes on first use
  bool has_text() const { return document_ != nullptr && document_->has_text; }
  // Whether the text has more than `bytes`, without writing it.
  bool exceeds(std::size_t bytes, const KnownSizes* known = nullptr) const;
  // Whether it nests more than `levels` deep.
  bool nests_deeper_than(int levels) const;
  // `text` is what the value is written as: somebody has written it already.
  void keep_text(std::string text) const;
  bool same_as(const Payload& other) const { return document_ == other.document_; }

  // Where the engine has stored this document: an opaque number that belongs to `owner` (an
  // execution's number). 0 if it has not been stored for that owner. See docs/storage.md.
  std::uint64_t stored_as(std::uint64_t owner) const;
  void set_stored_as(std::uint64_t owner, std::uint64_t place) const;

 private:
  struct Document {
    Value value;
    std::string text;
    int depth = -1;
    std::size_t size = 0;  // of the text, once somebody has counted it; 0: not known
    bool has_text = false;
    bool has_value = false;
    std::uint64_t owner = 0;
    std::uint64_t place = 0;
  };
  std::shared_ptr<Document> document_;
};

}  // namespace pawl::asl
