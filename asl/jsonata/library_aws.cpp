#include "asl/intrinsics/functions.h"
#include "asl/intrinsics/java_random.h"
#include "asl/json/reader.h"
#include "asl/jsonata/library.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace pawl::asl::jsonata {

namespace {

// -0 anywhere in a parsed text becomes 0, as the service answers $parse("-0").
Value without_negative_zero(const Value& value) {
  if (value.is_double()) return value.as_double() == 0 ? Value::integer(0) : value;
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& item : value.items()) items.push_back(without_negative_zero(item));
    return Value::array(std::move(items));
  }
  if (value.is_object()) {
    std::vector<Member> members;
    members.reserve(value.size());
    for (const Member& member : value.members()) {
      members.push_back({member.key, without_negative_zero(member.value)});
    }
    return Value::object(std::move(members));
  }
  return value;
}

}  // namespace

Result<Value> partition(const Value& array, double size) {
  const double wanted = std::trunc(size);
  if (!(wanted >= 1) || array.size() == 0) return Value();
  const std::span<const Value> items = array.items();
  const auto step = static_cast<std::size_t>(std::min(wanted, static_cast<double>(items.size())));
  std::vector<Value> chunks;
  for (std::size_t i = 0; i < items.size(); i += step) {
    const std::span<const Value> chunk = items.subspan(i, std::min(step, items.size() - i));
    chunks.push_back(Value::array({chunk.begin(), chunk.end()}));
  }
  return Value::array(std::move(chunks));
}

Result<Value> range(double first, double last, double step) {
  first = std::trunc(first);
  last = std::trunc(last);
  step = std::trunc(step);
  const double count = std::floor((last - first) / step) + 1;
  if (step == 0 || !(count >= 1)) return Value();
  if (count > static_cast<double>(kMaxRangeItems)) {
    // Measured; the service has one text for all that grows too large.
    return Error{ErrorCode::kLimit,
                 "Expression evaluation memory limit exceeded: Check for excessive memory usage",
                 "U1001"};
  }
  if (count == 1) return number_value(first);
  std::vector<Value> items;
  items.reserve(static_cast<std::size_t>(count));
  for (double i = 0; i < count; ++i) items.push_back(number_value(first + i * step));
  return Value::array(std::move(items));
}

Result<Value> hash(std::string_view text, std::string_view algorithm) {
  const std::array<Value, 2> arguments = {Value::string(text), Value::string(algorithm)};
  intrinsics::Outcome digest = intrinsics::hash(arguments);
  if (digest) return *std::move(digest);
  return language_error("D3137",
                        "The hash function knows MD5, SHA-1, SHA-256, SHA-384 and SHA-512, "
                        "of at most 10,000 characters. It was given \"" +
                            std::string(algorithm) + "\"");
}

double seeded_random(std::int64_t seed) { return JavaRandom(seed).next_double(); }

std::string uuid_text(const std::array<std::uint8_t, 16>& random_bytes) {
  std::array<std::uint8_t, 16> bytes = random_bytes;
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back("0123456789abcdef"[bytes[i] >> 4U]);
    out.push_back("0123456789abcdef"[bytes[i] & 15U]);
  }
  return out;
}

Result<Value> parse(std::string_view text) {
  const Result<Value> value = read_json(text);
  if (!value) {
    return language_error("D3120",
                          "The text passed to parse is not JSON: " + value.error().message);
  }
  return without_negative_zero(*value);
}

}  // namespace pawl::asl::jsonata
