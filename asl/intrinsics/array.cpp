#include "asl/intrinsics/functions.h"

#include <algorithm>
#include <vector>

namespace pawl::asl::intrinsics {

namespace {

constexpr std::int64_t kMaxRange = 1000;  // items of an ArrayRange: the service's own limit

// Deep equality in which 1 and 1.0 differ: the service compares parsed nodes, and those are of
// different classes.
bool same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kArray:
      return a.same_as(b) || std::equal(a.items().begin(), a.items().end(), b.items().begin(),
                                        b.items().end(), same);
    case Kind::kObject:
      return a.same_as(b) ||
             (a.size() == b.size() &&
              std::all_of(a.members().begin(), a.members().end(), [&b](const Member& member) {
                const Value* other = b.find(member.key.as_string());
                return other != nullptr && same(member.value, *other);
              }));
    default:
      return equal(a, b);
  }
}

bool contains(std::span<const Value> items, const Value& value) {
  return std::any_of(items.begin(), items.end(),
                     [&value](const Value& item) { return same(item, value); });
}

// Hash of what `same` compares, so that unique() stays linear for lists of scalars.
std::size_t shallow_hash(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
      return std::hash<std::string_view>{}(value.as_string());
    case Kind::kInt:
      return std::hash<std::int64_t>{}(value.as_int());
    case Kind::kDouble:
      return std::hash<double>{}(value.as_double());
    default:
      return static_cast<std::size_t>(value.kind()) * 1021 + value.size();
  }
}

}  // namespace

Outcome array(Arguments arguments) { return Value::array({arguments.begin(), arguments.end()}); }

Outcome array_partition(Arguments arguments) {
  const std::optional<std::int64_t> chunk = truncated(arguments[1]);
  if (!arguments[0].is_array() || !chunk || *chunk < 1) return std::nullopt;
  const auto items = arguments[0].items();
  const auto size = static_cast<std::size_t>(
      std::min<std::int64_t>(*chunk, static_cast<std::int64_t>(items.size()) + 1));
  std::vector<Value> chunks;
  for (std::size_t begin = 0; begin < items.size(); begin += size) {
    const auto part = items.subspan(begin, std::min(size, items.size() - begin));
    chunks.push_back(Value::array({part.begin(), part.end()}));
  }
  return Value::array(std::move(chunks));
}

Outcome array_contains(Arguments arguments) {
  if (!arguments[0].is_array()) return std::nullopt;
  return Value::boolean(contains(arguments[0].items(), arguments[1]));
}

Outcome array_range(Arguments arguments) {
  const std::optional<std::int64_t> first = truncated(arguments[0]);
  const std::optional<std::int64_t> last = truncated(arguments[1]);
  const std::optional<std::int64_t> step = truncated(arguments[2]);
  if (!first || !last || !step || *step == 0) return std::nullopt;
  // As unsigned numbers, where the distance of any two 64-bit integers fits.
  const bool up = *step > 0;
  if (up ? *first > *last : *first < *last) return Value::array({});
  const auto distance = up ? static_cast<std::uint64_t>(*last) - static_cast<std::uint64_t>(*first)
                           : static_cast<std::uint64_t>(*first) - static_cast<std::uint64_t>(*last);
  const std::uint64_t stride =
      up ? static_cast<std::uint64_t>(*step) : ~static_cast<std::uint64_t>(*step) + 1;
  const std::uint64_t steps = distance / stride;
  if (steps >= static_cast<std::uint64_t>(kMaxRange)) return std::nullopt;
  std::vector<Value> items;
  items.reserve(steps + 1);
  for (std::uint64_t i = 0; i <= steps; ++i) {
    items.push_back(Value::integer(*first + static_cast<std::int64_t>(i) * *step));
  }
  return Value::array(std::move(items));
}

Outcome array_get_item(Arguments arguments) {
  const std::optional<std::int64_t> index = truncated(arguments[1]);
  if (!arguments[0].is_array() || !index) return std::nullopt;
  if (*index < 0 || *index >= static_cast<std::int64_t>(arguments[0].size())) return std::nullopt;
  return arguments[0].items()[static_cast<std::size_t>(*index)];
}

Outcome array_length(Arguments arguments) {
  if (!arguments[0].is_array()) return std::nullopt;
  return Value::integer(static_cast<std::int64_t>(arguments[0].size()));
}

// The first of equal items stays.
Outcome array_unique(Arguments arguments) {
  if (!arguments[0].is_array()) return std::nullopt;
  std::vector<Value> kept;
  std::vector<std::vector<Value>> buckets(arguments[0].size() + 1);
  for (const Value& item : arguments[0].items()) {
    std::vector<Value>& bucket = buckets[shallow_hash(item) % buckets.size()];
    if (contains(bucket, item)) continue;
    bucket.push_back(item);
    kept.push_back(item);
  }
  return Value::array(std::move(kept));
}

// Shallow: a member of the second object replaces that of the first. The service offers no other
// mode, though it wants to be told so.
Outcome json_merge(Arguments arguments) {
  if (!arguments[0].is_object() || !arguments[1].is_object()) return std::nullopt;
  if (!arguments[2].is_bool() || arguments[2].as_bool()) return std::nullopt;
  std::vector<Member> members(arguments[0].members().begin(), arguments[0].members().end());
  members.insert(members.end(), arguments[1].members().begin(), arguments[1].members().end());
  return Value::object(std::move(members));
}

}  // namespace pawl::asl::intrinsics
