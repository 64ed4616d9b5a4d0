// DynamoDB's expressions: conditions (also filters and key conditions), updates, projections.
// Parsed once, then evaluated on items. Pure.
//
//   Expressions expressions(names, values);              // ExpressionAttributeNames, ...Values
//   auto condition = expressions.condition("#a > :x AND attribute_exists(b)",
//   "ConditionExpression"); if (matches(**condition, item)) ...
//
// Source: developer guide, "Expressions in DynamoDB"; error texts as the service writes them.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pawl::connectors::dynamodb {

inline constexpr std::size_t kExpressionBytesMax = 4096;  // AWS
inline constexpr int kConditionDepthMax = 50;             // ours: evaluation recurses
inline constexpr std::size_t kOperatorsMax = 300;         // AWS

// a.b[3].c: names and indexes.
struct PathPart {
  std::string name;
  std::optional<std::size_t> index;  // instead of a name
};
using Path = std::vector<PathPart>;

struct Operand;
// if_not_exists(path, operand), list_append(a, b), size(path)
struct Call {
  std::string function;
  std::vector<Operand> arguments;
};
struct Operand {
  std::variant<Path, asl::Value, Call> what;
};

struct Condition {
  enum class Kind { kAnd, kOr, kNot, kCompare, kBetween, kIn, kFunction };
  Kind kind = Kind::kAnd;
  std::string name;                   // of the comparator or the function
  std::vector<Condition> conditions;  // kAnd, kOr, kNot
  std::vector<Operand> operands;      // the others, in the order they are written
};

struct UpdateAction {
  enum class Kind { kSet, kRemove, kAdd, kDelete };
  Kind kind = Kind::kSet;
  Path path;
  std::optional<Operand> left;  // kSet; kAdd and kDelete: the value
  char op = 0;                  // '+' or '-' between left and right
  std::optional<Operand> right;
};

class Expressions {
 public:
  // Either may be null. They must outlive this.
  Expressions(const asl::Value* names, const asl::Value* values) : names_(names), values_(values) {}

  // kInvalid with the service's message; `what` names the parameter in it.
  Result<Condition> condition(std::string_view text, std::string_view what);
  Result<std::vector<UpdateAction>> update(std::string_view text);
  Result<std::vector<Path>> projection(std::string_view text);

  // After all were parsed: a name or value that none of them uses is an error.
  Status all_used() const;

 private:
  friend class ExpressionParser;
  const asl::Value* names_;
  const asl::Value* values_;
  std::set<std::string> used_names_;
  std::set<std::string> used_values_;
};

bool matches(const Condition& condition, const asl::Value& item);
// The attribute value at `path`; undefined: nothing there.
asl::Value at_path(const asl::Value& item, const Path& path);
// The item after the actions; kInvalid with the service's message. `changed`: the top-level
// attributes that the actions name.
Result<asl::Value> apply_update(const std::vector<UpdateAction>& actions, const asl::Value& item,
                                std::set<std::string>& changed);
// The item with nothing but what the paths select.
asl::Value project(const asl::Value& item, const std::vector<Path>& paths);

}  // namespace pawl::connectors::dynamodb
