#include "asl/json/value.h"

#include <algorithm>
#include <functional>

namespace pawl::asl {

namespace {

// Up to here a linear scan over the keys beats hashing (measured on keys of 4 to 20 bytes).
constexpr std::size_t kLinearMembers = 12;

std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key); }

// Finds `key` in the table of `rep`, or the free slot where it belongs.
std::size_t slot_of(const detail::ObjectRep& rep, std::string_view key) {
  const std::size_t mask = rep.index.size() - 1;
  std::size_t slot = hash_of(key) & mask;
  while (rep.index[slot] != 0 && rep.members[rep.index[slot] - 1].key.as_string() != key) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

// Indexes the members and folds duplicates: the last value wins, in the first one's place.
void index_members(detail::ObjectRep& rep) {
  std::size_t capacity = 32;
  while (capacity < rep.members.size() * 2) capacity *= 2;
  rep.index.assign(capacity, 0);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rep.members.size(); ++i) {
    // The probe compares with kept members only; member i may sit behind `kept` still.
    Member member = std::move(rep.members[i]);
    const std::size_t slot = slot_of(rep, member.key.as_string());
    if (rep.index[slot] != 0) {
      rep.members[rep.index[slot] - 1].value = std::move(member.value);
      continue;
    }
    rep.members[kept] = std::move(member);
    rep.index[slot] = static_cast<std::uint32_t>(++kept);
  }
  rep.members.resize(kept);
}

void fold_duplicates_linear(std::vector<Member>& members) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::size_t j = 0;
    while (j < kept && members[j].key.as_string() != members[i].key.as_string()) ++j;
    if (j < kept) {
      members[j].value = std::move(members[i].value);
    } else {
      if (kept != i) members[kept] = std::move(members[i]);
      ++kept;
    }
  }
  members.resize(kept);
}

}  // namespace

Value Value::string(std::string_view text) {
  Value v;
  auto* rep = new detail::StringRep;
  rep->text.assign(text);
  v.payload_.string = rep;
  v.kind_ = Kind::kString;
  return v;
}

Value Value::array(std::vector<Value> items) {
  Value v;
  auto* rep = new detail::ArrayRep;
  int depth = 0;
  for (const Value& item : items) {
    PAWL_ASSERT(!item.is_undefined());
    depth = std::max(depth, item.depth());
  }
  rep->depth = depth + 1;
  rep->items = std::move(items);
  v.payload_.array = rep;
  v.kind_ = Kind::kArray;
  return v;
}

Value Value::object(std::vector<Member> members) {
  Value v;
  auto* rep = new detail::ObjectRep;
  rep->members = std::move(members);
  if (rep->members.size() > kLinearMembers) {
    index_members(*rep);
  } else {
    fold_duplicates_linear(rep->members);
  }
  int depth = 0;
  for (const Member& member : rep->members) {
    PAWL_ASSERT(!member.value.is_undefined());
    depth = std::max(depth, member.value.depth());
  }
  rep->depth = depth + 1;
  v.payload_.object = rep;
  v.kind_ = Kind::kObject;
  return v;
}

std::size_t Value::size() const noexcept {
  if (kind_ == Kind::kArray) return payload_.array->items.size();
  if (kind_ == Kind::kObject) return payload_.object->members.size();
  return 0;
}

const Value* Value::find(std::string_view key) const {
  if (kind_ != Kind::kObject) return nullptr;
  const detail::ObjectRep& rep = *payload_.object;
  if (!rep.index.empty()) {
    const std::uint32_t entry = rep.index[slot_of(rep, key)];
    return entry == 0 ? nullptr : &rep.members[entry - 1].value;
  }
  for (const Member& member : rep.members) {
    if (member.key.as_string() == key) return &member.value;
  }
  return nullptr;
}

bool Value::same_as(const Value& other) const noexcept {
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case Kind::kUndefined:
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return payload_.boolean == other.payload_.boolean;
    case Kind::kInt:
      return payload_.integer == other.payload_.integer;
    case Kind::kDouble:
      return payload_.number == other.payload_.number;
    case Kind::kString:
      return payload_.string == other.payload_.string;
    case Kind::kArray:
      return payload_.array == other.payload_.array;
    case Kind::kObject:
      return payload_.object == other.payload_.object;
  }
  return false;
}

// Recursion over children is bounded by kMaxDepth, which every maker of documents enforces.
void Value::destroy() noexcept {
  switch (kind_) {
    case Kind::kString:
      if (--payload_.string->references == 0) delete payload_.string;
      break;
    case Kind::kArray:
      if (--payload_.array->references == 0) delete payload_.array;
      break;
    case Kind::kObject:
      if (--payload_.object->references == 0) delete payload_.object;
      break;
    default:
      break;
  }
}

ObjectBuilder::ObjectBuilder(const Value& object) {
  const auto members = object.members();
  members_.assign(members.begin(), members.end());
}

ObjectBuilder& ObjectBuilder::set(std::string_view key, Value value) {
  for (Member& member : members_) {
    if (member.key.as_string() == key) {
      member.value = std::move(value);
      return *this;
    }
  }
  members_.push_back({Value::string(key), std::move(value)});
  return *this;
}

ObjectBuilder& ObjectBuilder::set(Value key, Value value) {
  for (Member& member : members_) {
    if (member.key.same_as(key) || member.key.as_string() == key.as_string()) {
      member.value = std::move(value);
      return *this;
    }
  }
  members_.push_back({std::move(key), std::move(value)});
  return *this;
}

void ObjectBuilder::erase(std::string_view key) {
  std::erase_if(members_, [key](const Member& member) { return member.key.as_string() == key; });
}

Value ObjectBuilder::build() && { return Value::object(std::move(members_)); }

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    return a.is_int() && b.is_int() ? a.as_int() == b.as_int() : a.as_double() == b.as_double();
  }
  if (a.kind() != b.kind()) return false;
  if (a.same_as(b)) return true;
  switch (a.kind()) {
    case Kind::kString:
      return a.as_string() == b.as_string();
    case Kind::kArray:
      return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                        equal);
    case Kind::kObject:
      return a.size() == b.size() &&
             std::all_of(a.members().begin(), a.members().end(), [&b](const Member& member) {
               const Value* other = b.find(member.key.as_string());
               return other != nullptr && equal(member.value, *other);
             });
    default:
      return false;  // scalars were decided above
  }
}

std::string_view text_of(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string_view();
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kUndefined:
      return "undefined";
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "boolean";
    case Kind::kInt:
    case Kind::kDouble:
      return "number";
    case Kind::kString:
      return "string";
    case Kind::kArray:
      return "array";
    case Kind::kObject:
      return "object";
  }
  return "undefined";
}

}  // namespace pawl::asl
