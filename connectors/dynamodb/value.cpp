#include "connectors/dynamodb/value.h"

#include "connectors/aws/base64.h"
#include "connectors/dynamodb/number.h"

#include <algorithm>
#include <set>
#include <vector>

namespace pawl::connectors::dynamodb {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;

namespace {

constexpr std::string_view kTypes[] = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message), ""}; }

Value typed(std::string_view type, Value content) {
  return std::move(ObjectBuilder().set(type, std::move(content))).build();
}

// A number as text, in DynamoDB's form.
Result<Value> number_text(const Value& content) {
  if (!content.is_string()) return invalid("Supplied AttributeValue is not a number");
  const Result<Number> number = Number::parse(content.as_string());
  if (!number) return number.error();
  return Value::string(number->text());
}

Result<Value> checked_set(std::string_view type, const Value& content) {
  if (!content.is_array() || content.size() == 0) {
    return invalid("One or more parameter values were invalid: An number set  may not be empty");
  }
  std::vector<Value> items;
  std::set<std::string> seen;
  for (const Value& item : content.items()) {
    if (!item.is_string()) return invalid("Supplied AttributeValue has a set of a wrong type");
    Value kept = item;
    if (type == "NS") {
      Result<Value> number = number_text(item);
      if (!number) return number;
      kept = *std::move(number);
    }
    if (!seen.emplace(kept.as_string()).second) {
      return invalid(
          "One or more parameter values were invalid: Input collection contains "
          "duplicates.");
    }
    items.push_back(std::move(kept));
  }
  return typed(type, Value::array(std::move(items)));
}

}  // namespace

std::string_view type_of(const Value& value) {
  if (!value.is_object() || value.size() != 1) return {};
  const std::string_view name = value.members()[0].key.as_string();
  for (const std::string_view type : kTypes) {
    if (type == name) return type;
  }
  return {};
}

const Value& content_of(const Value& value) { return value.members()[0].value; }

// NOLINTNEXTLINE(misc-no-recursion): depth is counted
Result<Value> checked_value(const Value& value, int depth) {
  if (depth > kNestingMax) {
    return invalid(
        "Nesting Levels have exceeded supported limits: Attributes Nesting Level exceeds "
        "maximum supported limit: 32");
  }
  const std::string_view type = type_of(value);
  if (type.empty()) {
    return invalid(value.is_object() && value.size() > 1
                       ? "Supplied AttributeValue has more than one datatypes set, must contain "
                         "exactly one of the supported datatypes"
                       : "Supplied AttributeValue is empty, must contain exactly one of the "
                         "supported datatypes");
  }
  const Value& content = content_of(value);
  if (type == "N") {
    Result<Value> number = number_text(content);
    if (!number) return number;
    return typed("N", *std::move(number));
  }
  if (type == "S") {
    if (!content.is_string()) return invalid("Supplied AttributeValue S is not a text");
    return value;
  }
  if (type == "B") {
    if (!content.is_string() || !aws::from_base64(content.as_string())) {
      return invalid("Supplied AttributeValue B is not base64");
    }
    return value;
  }
  if (type == "BOOL") {
    if (!content.is_bool()) return invalid("Supplied AttributeValue BOOL is not a boolean");
    return value;
  }
  if (type == "NULL") {
    if (!content.is_bool() || !content.as_bool()) {
      return invalid(
          "One or more parameter values were invalid: Null attribute value types must "
          "have the value of true");
    }
    return value;
  }
  if (type == "SS" || type == "NS" || type == "BS") return checked_set(type, content);
  if (type == "L") {
    if (!content.is_array()) return invalid("Supplied AttributeValue L is not a list");
    std::vector<Value> items;
    for (const Value& item : content.items()) {
      Result<Value> checked = checked_value(item, depth + 1);
      if (!checked) return checked;
      items.push_back(*std::move(checked));
    }
    return typed("L", Value::array(std::move(items)));
  }
  if (!content.is_object()) return invalid("Supplied AttributeValue M is not a map");
  ObjectBuilder map;
  for (const Member& member : content.members()) {
    Result<Value> checked = checked_value(member.value, depth + 1);
    if (!checked) return checked;
    map.set(member.key, *std::move(checked));
  }
  return typed("M", std::move(map).build());
}

Result<Value> checked_item(const Value& item) {
  if (!item.is_object()) return invalid("The item must be a map of attributes");
  ObjectBuilder out;
  for (const Member& member : item.members()) {
    if (member.key.as_string().empty()) {
      return invalid("One or more parameter values were invalid: Attribute name must not be empty");
    }
    Result<Value> checked = checked_value(member.value);
    if (!checked) return checked;
    out.set(member.key, *std::move(checked));
  }
  return std::move(out).build();
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as a value may nest
bool equal_values(const Value& a, const Value& b) {
  const std::string_view type = type_of(a);
  if (type != type_of(b)) return false;
  const Value& x = content_of(a);
  const Value& y = content_of(b);
  if (type == "SS" || type == "NS" || type == "BS") {
    if (x.size() != y.size()) return false;
    std::set<std::string_view> members;
    for (const Value& item : x.items()) members.insert(item.as_string());
    return std::all_of(y.items().begin(), y.items().end(),
                       [&](const Value& item) { return members.contains(item.as_string()); });
  }
  if (type == "L") {
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!equal_values(x.items()[i], y.items()[i])) return false;
    }
    return true;
  }
  if (type == "M") {
    if (x.size() != y.size()) return false;
    return std::all_of(x.members().begin(), x.members().end(),
                       // NOLINTNEXTLINE(misc-no-recursion)
                       [&](const Member& member) {
                         const Value* other = y.find(member.key.as_string());
                         return other != nullptr && equal_values(member.value, *other);
                       });
  }
  return asl::equal(x, y);  // numbers have one form
}

std::optional<int> compare_values(const Value& a, const Value& b) {
  const std::string_view type = type_of(a);
  if (type != type_of(b)) return std::nullopt;
  if (type == "N") {
    const Result<Number> x = Number::parse(content_of(a).as_string());
    const Result<Number> y = Number::parse(content_of(b).as_string());
    if (!x || !y) return std::nullopt;
    return Number::compare(*x, *y);
  }
  if (type == "S") {
    const int order = content_of(a).as_string().compare(content_of(b).as_string());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  if (type == "B") {
    const auto x = aws::from_base64(content_of(a).as_string());
    const auto y = aws::from_base64(content_of(b).as_string());
    if (!x || !y) return std::nullopt;
    const int order = x->compare(*y);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return std::nullopt;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as a value may nest
std::size_t bytes_of_value(const Value& value) {
  const std::string_view type = type_of(value);
  if (type.empty()) return 0;
  const Value& content = content_of(value);
  if (type == "BOOL" || type == "NULL") return 1;
  if (type == "N") return content.as_string().size() / 2 + 2;
  if (type == "B") return content.as_string().size() * 3 / 4;
  if (type == "S") return content.as_string().size();
  std::size_t bytes = 3;
  if (content.is_array()) {
    for (const Value& item : content.items()) {
      bytes += 1 + (item.is_string() ? item.as_string().size() : bytes_of_value(item));
    }
  } else {
    for (const Member& member : content.members()) {
      bytes += 1 + member.key.as_string().size() + bytes_of_value(member.value);
    }
  }
  return bytes;
}

std::size_t bytes_of_item(const Value& item) {
  std::size_t bytes = 0;
  for (const Member& member : item.members()) {
    bytes += member.key.as_string().size() + bytes_of_value(member.value);
  }
  return bytes;
}

std::optional<std::int64_t> size_of_value(const Value& value) {
  const std::string_view type = type_of(value);
  if (type.empty() || type == "N" || type == "BOOL" || type == "NULL") return std::nullopt;
  const Value& content = content_of(value);
  if (type == "S") return static_cast<std::int64_t>(content.as_string().size());
  if (type == "B") {
    const auto bytes = aws::from_base64(content.as_string());
    return bytes ? std::optional<std::int64_t>(static_cast<std::int64_t>(bytes->size()))
                 : std::nullopt;
  }
  return static_cast<std::int64_t>(content.size());
}

std::string sort_key_of(const Value& value) {
  const std::string_view type = type_of(value);
  const std::string_view text = content_of(value).as_string();
  if (type == "N") {
    const Result<Number> number = Number::parse(text);
    return number ? number->sort_key() : std::string();
  }
  if (type == "B") return aws::from_base64(text).value_or("");
  return std::string(text);
}

}  // namespace pawl::connectors::dynamodb
