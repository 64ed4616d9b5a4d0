#include "asl/path/comparison.h"

#include "asl/path/escape.h"
#include "asl/path/java_text.h"
#include "asl/path/lenient_json.h"
#include "asl/path/parser.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <vector>

namespace pawl::asl::jsonpath {

OperandKind kind_of(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return OperandKind::kUndefined;
    case Kind::kNull:
      return OperandKind::kNull;
    case Kind::kBool:
      return OperandKind::kBool;
    case Kind::kInt:
    case Kind::kDouble:
      return OperandKind::kNumber;
    case Kind::kString:
      return OperandKind::kString;
    default:
      return OperandKind::kJson;
  }
}

namespace {

std::string_view json_text(const Term& term) {
  return term.literal != nullptr ? std::string_view(term.literal->text) : term.text;
}

// --- numbers ---

Decimal decimal_of(const Term& term) {
  return term.literal != nullptr ? *term.literal->decimal : Decimal::of(term.value);
}

int compare_numbers(const Term& a, const Term& b) {
  const auto order = [](auto x, auto y) { return x < y ? -1 : (x > y ? 1 : 0); };
  if (a.value.is_int() && b.value.is_int()) return order(a.value.as_int(), b.value.as_int());
  if (a.value.is_double() && b.value.is_double()) {
    return order(a.value.as_double(), b.value.as_double());
  }
  return decimal_of(a).compare(decimal_of(b));
}

std::string number_text(const Term& term) {
  if (term.literal == nullptr && term.value.is_int()) return std::to_string(term.value.as_int());
  return decimal_of(term).to_string();
}

// --- equality ---

// Equality of parsed documents: 1 and 1.0 differ there, for they are of different classes.
bool same_document(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kArray:
      return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                        same_document);
    case Kind::kObject:
      return a.size() == b.size() &&
             std::all_of(a.members().begin(), a.members().end(), [&](const Member& member) {
               const Value* other = b.find(member.key.as_string());
               return other != nullptr && same_document(member.value, *other);
             });
    default:
      return equal(a, b);
  }
}

// a.equals(b) of two terms: text and numbers meet, everything else must be of one kind. What is
// still text only equals the same text.
bool equals(const Term& a, const Term& b) {
  switch (a.kind) {
    case OperandKind::kNull:
      return b.kind == OperandKind::kNull;
    case OperandKind::kBool:
      return b.kind == OperandKind::kBool && a.value.as_bool() == b.value.as_bool();
    case OperandKind::kString:
      if (b.kind == OperandKind::kNumber) return a.value.as_string() == number_text(b);
      return b.kind == OperandKind::kString && a.value.as_string() == b.value.as_string();
    case OperandKind::kNumber:
      if (b.kind == OperandKind::kString) {
        const std::optional<Decimal> number = Decimal::parse(b.value.as_string());
        return number && decimal_of(a).compare(*number) == 0;
      }
      return b.kind == OperandKind::kNumber && compare_numbers(a, b) == 0;
    case OperandKind::kJson:
      if (b.kind != OperandKind::kJson || a.is_text_json() != b.is_text_json()) return false;
      return a.is_text_json() ? json_text(a) == json_text(b) : same_document(a.value, b.value);
    default:
      return false;  // undefined, patterns and paths equal nothing
  }
}

// --- one comparison ---

class Comparison {
 public:
  explicit Comparison(EvaluationState& state) : state_(state) {}

  // False: a failure, noted in the state.
  bool apply(Operator op, const Term& left, const Term& right, bool& result);

 private:
  using List = std::vector<Term>;

  bool invalid(const char* text) {
    return state_.fail(Failure::kInvalid, [&] { return std::string(text); });
  }
  bool other(const char* text) {
    return state_.fail(Failure::kOther, [&] { return std::string(text); });
  }

  // The parsed form of a JSON term.
  bool document(const Term& term, Value& value) {
    value = term.value;
    return !value.is_undefined() || other("IllegalArgumentException");
  }

  bool equality(const Term& left, const Term& right, bool& result);
  bool ordering(Operator op, const Term& left, const Term& right) const;
  bool list_of(const Term& term, std::optional<List>& list);
  bool to_list(const Value& array, List& list);
  bool size(const Term& left, const Term& right, bool& result);
  bool empty(const Term& left, const Term& right, bool& result);
  bool contains(const Term& left, const Term& right, bool& result);
  bool sets(Operator op, const Term& left, const Term& right, bool& result);
  bool regex(const Term& left, const Term& right, bool& result);

  EvaluationState& state_;
};

bool in_list(const std::vector<Term>& list, const Term& term) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Term& item) { return equals(term, item); });
}

bool Comparison::apply(Operator op, const Term& left, const Term& right, bool& result) {
  switch (op) {
    case Operator::kEqual:
      return equality(left, right, result);
    case Operator::kNotEqual:
      if (!equality(left, right, result)) return false;
      result = !result;
      return true;
    case Operator::kSameEqual:
    case Operator::kSameNotEqual:
      result = false;
      if (left.kind == right.kind && !equality(left, right, result)) return false;
      if (op == Operator::kSameNotEqual) result = !result;
      return true;
    case Operator::kLess:
    case Operator::kLessEqual:
    case Operator::kGreater:
    case Operator::kGreaterEqual:
      result = ordering(op, left, right);
      return true;
    case Operator::kRegex:
      return regex(left, right, result);
    case Operator::kIn:
    case Operator::kNotIn: {
      std::optional<List> list;
      if (!list_of(right, list)) return false;
      result = list && in_list(*list, left);
      if (op == Operator::kNotIn) result = !result;
      return true;
    }
    case Operator::kContains:
      return contains(left, right, result);
    case Operator::kSize:
      return size(left, right, result);
    case Operator::kEmpty:
      return empty(left, right, result);
    case Operator::kSubsetOf:
    case Operator::kAnyOf:
    case Operator::kNoneOf:
      return sets(op, left, right, result);
    case Operator::kExists:
      // Written out in a filter; the implied form is handled by filter_accepts.
      if (left.kind != OperandKind::kBool && right.kind != OperandKind::kBool) {
        return other("JsonPathException: Failed to evaluate exists expression");
      }
      if (left.kind != OperandKind::kBool || right.kind != OperandKind::kBool) {
        return invalid("Expected boolean node");
      }
      result = left.value.as_bool() == right.value.as_bool();
      return true;
    // These want what cannot be written in a path: a list of terms, a class, a predicate.
    case Operator::kAll:
      return invalid("Expected value list node");
    case Operator::kType:
      return invalid("Expected class node");
    case Operator::kMatches:
      return invalid("Expected predicate node");
  }
  return invalid("");
}

bool Comparison::equality(const Term& left, const Term& right, bool& result) {
  if (left.kind != OperandKind::kJson || right.kind != OperandKind::kJson) {
    result = equals(left, right);
    return true;
  }
  // The right side is parsed, the left one is not: a literal there equals no document.
  Value document_value;
  if (!document(right, document_value)) return false;
  result = !left.is_text_json() && same_document(left.value, document_value);
  return true;
}

bool Comparison::ordering(Operator op, const Term& left, const Term& right) const {
  int order = 0;
  if (left.kind == OperandKind::kNumber && right.kind == OperandKind::kNumber) {
    order = compare_numbers(left, right);
  } else if (left.kind == OperandKind::kString && right.kind == OperandKind::kString) {
    order = compare_utf16(left.value.as_string(), right.value.as_string());
  } else {
    return false;
  }
  switch (op) {
    case Operator::kLess:
      return order < 0;
    case Operator::kLessEqual:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

// The elements of a JSON array as terms; none for JSON of another kind.
bool Comparison::list_of(const Term& term, std::optional<List>& list) {
  if (term.kind != OperandKind::kJson) return invalid("Expected value list node");
  Value value;
  if (!document(term, value)) return false;
  if (!value.is_array()) return true;
  return to_list(value, list.emplace());
}

// Strings are looked at once more: one that reads as a path or as JSON is taken for that, quotes
// around others are dropped and escapes undone.
bool Comparison::to_list(const Value& array, List& list) {
  list.reserve(array.size());
  for (const Value& item : array.items()) {
    if (!state_.visit()) return false;
    Term& term = list.emplace_back();
    term.kind = kind_of(item);
    term.value = item;
    if (term.kind == OperandKind::kJson) {
      return other("JsonPathException: Could not determine value type");
    }
    if (!item.is_string()) continue;
    std::string_view text = item.as_string();
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) continue;
    const std::string_view inner = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
    const char open = inner.front();
    const char close = inner.back();
    if ((open == '$' || open == '@') && parse_path(inner)) {
      term.kind = OperandKind::kPath;
    } else if (inner.size() > 1 &&
               ((open == '[' && close == ']') || (open == '{' && close == '}')) &&
               read_lenient_json(inner)) {
      term.kind = OperandKind::kJson;
      term.text = std::string(text);
      term.value = *read_lenient_json(inner);
    } else if (text.size() > 1) {
      const bool quoted =
          text.front() == text.back() && (text.front() == '\'' || text.front() == '"');
      if (quoted) text = text.substr(1, text.size() - 2);
      if (!quoted && text.find('\\') == std::string_view::npos) continue;
      const std::optional<std::string> plain = unescape(text);
      if (!plain) return other("JsonPathException: Unable to parse unicode value");
      term.value = Value::string(*plain);
    }
  }
  return true;
}

bool Comparison::size(const Term& left, const Term& right, bool& result) {
  result = false;
  if (right.kind != OperandKind::kNumber) return true;
  constexpr double kFar = 2147483647.0;
  const double wanted = std::strtod(number_text(right).c_str(), nullptr);
  const auto expected = static_cast<std::int64_t>(std::fmin(std::fmax(wanted, -kFar), kFar));
  if (left.kind == OperandKind::kString) {
    result = static_cast<std::int64_t>(utf16_length(left.value.as_string())) == expected;
  } else if (left.kind == OperandKind::kJson) {
    Value value;
    if (!document(left, value)) return false;
    const std::int64_t length = value.is_array() ? static_cast<std::int64_t>(value.size()) : -1;
    result = length == expected;
  }
  return true;
}

bool Comparison::empty(const Term& left, const Term& right, bool& result) {
  result = false;
  if (left.kind != OperandKind::kString && left.kind != OperandKind::kJson) return true;
  bool is_empty = false;
  if (left.kind == OperandKind::kString) {
    is_empty = left.value.as_string().empty();
  } else {
    Value value;
    if (!document(left, value)) return false;
    // Objects are asked as if they were collections, which they are not.
    if (value.is_object()) return other("ClassCastException");
    is_empty = value.size() == 0;
  }
  if (right.kind != OperandKind::kBool) return invalid("Expected boolean node");
  result = is_empty == right.value.as_bool();
  return true;
}

bool Comparison::contains(const Term& left, const Term& right, bool& result) {
  result = false;
  if (left.kind == OperandKind::kString && right.kind == OperandKind::kString) {
    result = left.value.as_string().find(right.value.as_string()) != std::string_view::npos;
  } else if (left.kind == OperandKind::kJson) {
    std::optional<List> list;
    if (!list_of(left, list)) return false;
    result = list && in_list(*list, right);
  }
  return true;
}

bool Comparison::sets(Operator op, const Term& left, const Term& right, bool& result) {
  result = false;
  std::optional<List> wanted;
  if (!list_of(right, wanted)) return false;
  if (!wanted) return true;
  std::optional<List> given;
  if (!list_of(left, given)) return false;
  if (!given) return true;
  const auto known = [&](const Term& term) { return in_list(*wanted, term); };
  switch (op) {
    case Operator::kSubsetOf:
      result = std::all_of(given->begin(), given->end(), known);
      break;
    case Operator::kAnyOf:
      result = std::any_of(given->begin(), given->end(), known);
      break;
    default:
      result = std::none_of(given->begin(), given->end(), known);
      break;
  }
  return true;
}

// What a pattern is matched with: text, numbers and booleans as written, nothing of the rest.
std::string regex_input(const Term& term) {
  switch (term.kind) {
    case OperandKind::kString:
      return std::string(term.value.as_string());
    case OperandKind::kNumber:
      return number_text(term);
    case OperandKind::kBool:
      return term.value.as_bool() ? "true" : "false";
    default:
      return "";
  }
}

bool Comparison::regex(const Term& left, const Term& right, bool& result) {
  result = false;
  const bool pattern_left = left.kind == OperandKind::kPattern;
  if (pattern_left == (right.kind == OperandKind::kPattern)) return true;
  const re2::RE2& pattern = *(pattern_left ? left : right).literal->pattern;
  const Term& tested = pattern_left ? right : left;
  if (tested.kind == OperandKind::kJson) {
    std::optional<List> list;
    if (!list_of(tested, list)) return false;
    if (list) {
      result = std::any_of(list->begin(), list->end(), [&](const Term& item) {
        return re2::RE2::FullMatch(regex_input(item), pattern);
      });
      return true;
    }
  }
  result = re2::RE2::FullMatch(regex_input(tested), pattern);
  return true;
}

}  // namespace

bool compare_terms(Operator op, const Term& left, const Term& right, EvaluationState& state,
                   bool& result) {
  return Comparison(state).apply(op, left, right, result);
}

}  // namespace pawl::asl::jsonpath
