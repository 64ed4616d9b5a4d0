#include "connectors/events/pattern.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl::connectors::events {
namespace {

using asl::Member;
using asl::Value;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// "a*b": a star stands for any text; a backslash takes the next character as it is. Linear in the
// text for each star.
bool wildcard_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::optional<std::pair<std::size_t, std::size_t>> back;  // after the last star, and where it is
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      back = {++p, t};
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const std::size_t at = escaped ? p + 1 : p;
    if (at < pattern.size() && pattern[at] == text[t]) {
      p = at + 1;
      ++t;
    } else if (back) {
      p = back->first;
      t = ++back->second;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

struct Address {
  std::array<std::uint8_t, 4> bytes{};
};

std::optional<Address> address_of(std::string_view text) {
  Address address;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return std::nullopt;
    const std::string_view part = text.substr(0, dot);
    unsigned number = 0;
    const auto [rest, failed] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (part.empty() || failed != std::errc() || rest != part.data() + part.size() ||
        number > 255) {
      return std::nullopt;
    }
    address.bytes[i] = static_cast<std::uint8_t>(number);
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return address;
}

// "10.0.0.0/24"; IPv4 only.
bool cidr_matches(std::string_view range, std::string_view text) {
  const std::size_t slash = range.find('/');
  if (slash == std::string_view::npos) return false;
  unsigned bits = 33;
  const std::string_view digits = range.substr(slash + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const auto network = address_of(range.substr(0, slash));
  const auto address = address_of(text);
  if (!network || !address || bits > 32) return false;
  for (unsigned i = 0; i < 32 && i < bits; ++i) {
    const unsigned shift = 7 - i % 8;
    if (((network->bytes[i / 8] ^ address->bytes[i / 8]) >> shift & 1U) != 0) return false;
  }
  return true;
}

bool numeric_matches(const Value& rule, double number) {
  const auto parts = rule.items();
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    if (!parts[i].is_string() || !parts[i + 1].is_number()) return false;
    const std::string_view op = parts[i].as_string();
    const double bound = parts[i + 1].as_double();
    const bool holds = op == "="    ? number == bound
                       : op == "<"  ? number < bound
                       : op == "<=" ? number <= bound
                       : op == ">"  ? number > bound
                       : op == ">=" ? number >= bound
                                    : false;
    if (!holds) return false;
  }
  return true;
}

bool same_scalar(const Value& a, const Value& b) { return asl::equal(a, b); }

// Prefix, suffix and their kin, also inside of anything-but.
bool text_rule_matches(std::string_view name, const Value& rule, std::string_view text) {
  if ((name == "prefix" || name == "suffix") && rule.is_object()) {
    const Value* folded = rule.find("equals-ignore-case");
    if (folded == nullptr || !folded->is_string()) return false;
    const std::string part = lower(folded->as_string());
    return name == "prefix" ? lower(text).starts_with(part) : lower(text).ends_with(part);
  }
  if (!rule.is_string()) return false;
  const std::string_view part = rule.as_string();
  if (name == "prefix") return text.starts_with(part);
  if (name == "suffix") return text.ends_with(part);
  if (name == "equals-ignore-case") return lower(text) == lower(part);
  if (name == "wildcard") return wildcard_matches(part, text);
  if (name == "cidr") return cidr_matches(part, text);
  return false;
}

bool anything_but(const Value& rule, const Value& value) {
  if (rule.is_array()) {
    return std::none_of(rule.items().begin(), rule.items().end(),
                        [&](const Value& one) { return same_scalar(one, value); });
  }
  if (!rule.is_object()) return !same_scalar(rule, value);
  for (const Member& member : rule.members()) {
    if (!value.is_string()) continue;
    const std::string_view name = member.key.as_string();
    if (member.value.is_array()) {
      for (const Value& one : member.value.items()) {
        if (text_rule_matches(name, one, value.as_string())) return false;
      }
    } else if (text_rule_matches(name, member.value, value.as_string())) {
      return false;
    }
  }
  return true;
}

// One rule against one value that is there and no list.
bool rule_matches(const Value& rule, const Value& value) {
  if (!rule.is_object()) return same_scalar(rule, value);
  for (const Member& member : rule.members()) {
    const std::string_view name = member.key.as_string();
    if (name == "exists") return member.value.is_bool() && member.value.as_bool();
    if (name == "anything-but") return anything_but(member.value, value);
    if (name == "numeric") {
      return member.value.is_array() && value.is_number() &&
             numeric_matches(member.value, value.as_double());
    }
    if (value.is_string()) return text_rule_matches(name, member.value, value.as_string());
    return false;
  }
  return false;
}

bool asks_for_absence(const Value& rule) {
  const Value* exists = rule.find("exists");
  return exists != nullptr && exists->is_bool() && !exists->as_bool();
}

bool any_rule_matches(const Value& rules, const Value* value) {
  for (const Value& rule : rules.items()) {
    if (value == nullptr) {
      if (asks_for_absence(rule)) return true;
      continue;
    }
    if (!value->is_array()) {
      if (rule_matches(rule, *value)) return true;
      continue;
    }
    for (const Value& item : value->items()) {
      if (rule_matches(rule, item)) return true;
    }
  }
  return false;
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): depth of a JSON document
bool matches(const Value& pattern, const Value& event) {
  if (!pattern.is_object()) return false;
  for (const Member& member : pattern.members()) {
    const std::string_view name = member.key.as_string();
    if (name == "$or" && member.value.is_array()) {
      const auto alternatives = member.value.items();
      if (std::none_of(alternatives.begin(), alternatives.end(),
                       // NOLINTNEXTLINE(misc-no-recursion)
                       [&](const Value& one) { return matches(one, event); })) {
        return false;
      }
      continue;
    }
    const Value* value = event.find(name);
    if (member.value.is_array()) {
      if (!any_rule_matches(member.value, value)) return false;
      continue;
    }
    // Of a list of objects one has to fit as a whole.
    if (value != nullptr && value->is_array() && value->size() > 0) {
      const auto items = value->items();
      if (std::none_of(items.begin(), items.end(),
                       // NOLINTNEXTLINE(misc-no-recursion)
                       [&](const Value& one) { return matches(member.value, one); })) {
        return false;
      }
      continue;
    }
    // Below a member that is absent everything is.
    if (!matches(member.value, value == nullptr ? Value::object({}) : *value)) return false;
  }
  return true;
}

namespace {

// What is wrong with the operand of one rule; empty: nothing.
std::string problem_of_rule(std::string_view kind, const Value& operand) {
  if (kind == "exists") {
    return operand.is_bool() ? "" : "exists match pattern must be either true or false.";
  }
  if (kind == "numeric") {
    constexpr std::string_view kOperators[] = {"=", "<", "<=", ">", ">="};
    if (!operand.is_array() || operand.size() == 0 || operand.size() % 2 != 0 ||
        operand.size() > 4) {
      return "Invalid numeric match: pairs of an operator and a number are needed";
    }
    for (std::size_t i = 0; i < operand.size(); i += 2) {
      const Value& op = operand.items()[i];
      if (!op.is_string() || std::find(std::begin(kOperators), std::end(kOperators),
                                       op.as_string()) == std::end(kOperators)) {
        return "Unrecognized numeric range operator";
      }
      if (!operand.items()[i + 1].is_number()) return "Value of numeric must be a number";
    }
    return "";
  }
  if (kind == "anything-but") {
    return operand.is_array() && operand.size() == 0 ? "Empty arrays are not allowed" : "";
  }
  if (operand.is_object() && (kind == "prefix" || kind == "suffix")) {
    const Value* folded = operand.find("equals-ignore-case");
    return folded != nullptr && folded->is_string() ? "" : std::string(kind) + " must be a string";
  }
  if (!operand.is_string()) return std::string(kind) + " match pattern must be a string";
  if (kind == "wildcard" && operand.as_string().find("**") != std::string_view::npos) {
    return "Consecutive wildcard characters are not allowed";
  }
  if (kind == "cidr" && operand.as_string().find('/') == std::string_view::npos) {
    return "Malformed CIDR, one '/' required";
  }
  return "";
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): depth of a JSON document
Status check_pattern(const Value& pattern) {
  const auto invalid = [](std::string what) {
    return Error{ErrorCode::kInvalid, "Event pattern is not valid. Reason: " + std::move(what), ""};
  };
  constexpr std::string_view kRules[] = {"anything-but", "cidr",    "equals-ignore-case",
                                         "exists",       "numeric", "prefix",
                                         "suffix",       "wildcard"};
  if (!pattern.is_object()) return invalid("Filter is not an object");
  if (pattern.size() == 0) return invalid("Empty objects are not allowed");
  for (const Member& member : pattern.members()) {
    const std::string name(member.key.as_string());
    if (member.value.is_object()) {
      if (Status checked = check_pattern(member.value); !checked) return checked;
      continue;
    }
    if (!member.value.is_array()) return invalid("\"" + name + "\" must be an object or an array");
    if (member.value.size() == 0) return invalid("Empty arrays are not allowed");
    for (const Value& rule : member.value.items()) {
      if (name == "$or") {
        if (Status checked = check_pattern(rule); !checked) return checked;
        continue;
      }
      if (rule.is_array())
        return invalid("Match value must be String, number, true, false, or null");
      if (!rule.is_object()) continue;
      if (rule.size() != 1) return invalid("Only one key allowed in match expression");
      const std::string_view kind = rule.members()[0].key.as_string();
      if (std::find(std::begin(kRules), std::end(kRules), kind) == std::end(kRules)) {
        return invalid("Unrecognized match type " + std::string(kind));
      }
      if (std::string problem = problem_of_rule(kind, rule.members()[0].value); !problem.empty()) {
        return invalid(std::move(problem));
      }
    }
  }
  return {};
}

}  // namespace pawl::connectors::events
