// Value: one JSON value, immutable and shared.
//
// A Value is 16 bytes: scalars inline, strings, arrays and objects behind an intrusive reference
// count. Copying a Value never copies a document: states, branches, events and frames hold the
// same nodes, and a changed document (ResultPath) copies only the spine to the change.
//
// Threads: the counts are not atomic. A Value, and everything reachable from it, belongs to one
// thread (a shard); what crosses threads is text.
//
// Numbers: integers of 64 bits are exact (kInt); everything else is an IEEE double (kDouble). The
// two kinds write differently (1 and 1.0), and compare equal by value.
//
// kUndefined is the absence of a value: a default-constructed Value, a path that found nothing.
// It never occurs inside an array or object.
#pragma once

#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::asl {

enum class Kind : std::uint8_t {
  kUndefined,
  kNull,
  kBool,
  kInt,
  kDouble,
  kString,
  kArray,
  kObject
};

// Documents nest no deeper (docs/limits.md): every recursion over a Value is bounded by it.
inline constexpr int kMaxDepth = 256;

class Value;
struct Member;

namespace detail {
struct StringRep;
struct ArrayRep;
struct ObjectRep;
}  // namespace detail

class Value {
 public:
  Value() noexcept : kind_(Kind::kUndefined) { payload_.integer = 0; }
  Value(const Value& other) noexcept : kind_(other.kind_), payload_(other.payload_) { retain(); }
  Value(Value&& other) noexcept : kind_(other.kind_), payload_(other.payload_) {
    other.kind_ = Kind::kUndefined;
  }
  Value& operator=(const Value& other) noexcept {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Value() { release(); }

  static Value null() noexcept;
  static Value boolean(bool value) noexcept;
  static Value integer(std::int64_t value) noexcept;
  static Value number(double value) noexcept;  // always kDouble
  static Value string(std::string_view text);  // UTF-8, may hold NUL
  static Value array(std::vector<Value> items);
  // Members in order; of equal keys the last value wins and keeps the first place.
  static Value object(std::vector<Member> members);

  Kind kind() const noexcept { return kind_; }
  bool is_undefined() const noexcept { return kind_ == Kind::kUndefined; }
  bool is_null() const noexcept { return kind_ == Kind::kNull; }
  bool is_bool() const noexcept { return kind_ == Kind::kBool; }
  bool is_int() const noexcept { return kind_ == Kind::kInt; }
  bool is_double() const noexcept { return kind_ == Kind::kDouble; }
  bool is_number() const noexcept { return is_int() || is_double(); }
  bool is_string() const noexcept { return kind_ == Kind::kString; }
  bool is_array() const noexcept { return kind_ == Kind::kArray; }
  bool is_object() const noexcept { return kind_ == Kind::kObject; }

  // Each asserts its kind.
  bool as_bool() const;
  std::int64_t as_int() const;
  double as_double() const;            // of either number kind
  std::string_view as_string() const;  // valid while this value (or a copy) lives
  std::span<const Value> items() const;
  std::span<const Member> members() const;

  // Elements of an array, members of an object, 0 of anything else.
  std::size_t size() const noexcept;
  // The member's value, or nullptr if this is no object or has no such key.
  const Value* find(std::string_view key) const;
  // Nesting: 0 for scalars, 1 + the deepest child otherwise. Kept, not computed.
  int depth() const noexcept;

  // True if both handles share one node (or are equal scalars): a cheap "unchanged" test.
  bool same_as(const Value& other) const noexcept;

  void swap(Value& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(payload_, other.payload_);
  }

 private:
  union Payload {
    bool boolean;
    std::int64_t integer;
    double number;
    detail::StringRep* string;
    detail::ArrayRep* array;
    detail::ObjectRep* object;
  };

  void retain() const noexcept;
  void release() noexcept;
  void destroy() noexcept;

  Kind kind_;
  Payload payload_;
};

struct Member {
  Value key;  // always kString
  Value value;
};

// Collects members in order; set() of a known key replaces its value in place.
class ObjectBuilder {
 public:
  ObjectBuilder() = default;
  explicit ObjectBuilder(const Value& object);  // starts from an object's members
  ObjectBuilder& set(std::string_view key, Value value);
  ObjectBuilder& set(Value key, Value value);
  void erase(std::string_view key);
  std::size_t size() const { return members_.size(); }
  Value build() &&;

 private:
  std::vector<Member> members_;
};

// Deep equality: numbers by value, objects regardless of member order.
bool equal(const Value& a, const Value& b);

// "object", "array", "string", "number", "boolean", "null", "undefined".
std::string_view kind_name(Kind kind);

// The text of a member; empty if there is none, or it is no string. Valid while `object` lives.
std::string_view text_of(const Value& object, std::string_view key);

namespace detail {

struct Counted {
  mutable std::uint32_t references = 1;
};
struct StringRep : Counted {
  std::string text;
};
struct ArrayRep : Counted {
  int depth = 1;
  std::vector<Value> items;
};
struct ObjectRep : Counted {
  int depth = 1;
  std::vector<Member> members;
  // Open-addressed table of member index + 1, built for objects of more than kLinearMembers.
  std::vector<std::uint32_t> index;
};

}  // namespace detail

inline Value Value::null() noexcept {
  Value v;
  v.kind_ = Kind::kNull;
  return v;
}
inline Value Value::boolean(bool value) noexcept {
  Value v;
  v.kind_ = Kind::kBool;
  v.payload_.boolean = value;
  return v;
}
inline Value Value::integer(std::int64_t value) noexcept {
  Value v;
  v.kind_ = Kind::kInt;
  v.payload_.integer = value;
  return v;
}
inline Value Value::number(double value) noexcept {
  Value v;
  v.kind_ = Kind::kDouble;
  v.payload_.number = value;
  return v;
}
inline bool Value::as_bool() const {
  PAWL_ASSERT(kind_ == Kind::kBool);
  return payload_.boolean;
}
inline std::int64_t Value::as_int() const {
  PAWL_ASSERT(kind_ == Kind::kInt);
  return payload_.integer;
}
inline double Value::as_double() const {
  PAWL_ASSERT(is_number());
  return kind_ == Kind::kInt ? static_cast<double>(payload_.integer) : payload_.number;
}
inline std::string_view Value::as_string() const {
  PAWL_ASSERT(kind_ == Kind::kString);
  return payload_.string->text;
}
inline std::span<const Value> Value::items() const {
  PAWL_ASSERT(kind_ == Kind::kArray);
  return payload_.array->items;
}
inline std::span<const Member> Value::members() const {
  PAWL_ASSERT(kind_ == Kind::kObject);
  return payload_.object->members;
}
inline int Value::depth() const noexcept {
  if (kind_ == Kind::kArray) return payload_.array->depth;
  if (kind_ == Kind::kObject) return payload_.object->depth;
  return 0;
}
inline void Value::retain() const noexcept {
  if (kind_ < Kind::kString) return;
  if (kind_ == Kind::kString) {
    ++payload_.string->references;
  } else if (kind_ == Kind::kArray) {
    ++payload_.array->references;
  } else {
    ++payload_.object->references;
  }
}
inline void Value::release() noexcept {
  if (kind_ >= Kind::kString) destroy();
}

}  // namespace pawl::asl
