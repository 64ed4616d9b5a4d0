// Attribute values: JSON objects with one member that names the type, {"S": "text"}, {"N": "1"} ...
// Pure.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::dynamodb {

inline constexpr std::size_t kItemBytesMax = 409'600;  // AWS: 400 KB
inline constexpr int kNestingMax = 32;                 // AWS

// "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"; empty if it is none.
std::string_view type_of(const asl::Value& value);
const asl::Value& content_of(const asl::Value& value);

// Checks a value from outside, and brings its numbers into DynamoDB's form. kInvalid with its
// message.
Result<asl::Value> checked_value(const asl::Value& value, int depth = 0);
// The same for an item or a map of attributes.
Result<asl::Value> checked_item(const asl::Value& item);

bool equal_values(const asl::Value& a, const asl::Value& b);
// Of two numbers, texts or binaries of the same type; nothing otherwise.
std::optional<int> compare_values(const asl::Value& a, const asl::Value& b);
// As the size that counts for limits and capacity.
std::size_t bytes_of_value(const asl::Value& value);
std::size_t bytes_of_item(const asl::Value& item);
// What size() answers; nothing for types that have none.
std::optional<std::int64_t> size_of_value(const asl::Value& value);
// Bytes that sort as values of keys do: S, N, B.
std::string sort_key_of(const asl::Value& value);

}  // namespace pawl::connectors::dynamodb
