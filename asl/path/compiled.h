// The compiled form of a path: a list of steps; filters and function calls hang off their steps.
// Immutable once made. Internal to asl/path.
#pragma once

#include "asl/json/value.h"
#include "asl/path/decimal.h"
#include "asl/path/path.h"

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pawl::asl::jsonpath {

struct Expression;
struct FunctionCall;

// .name ['name']
struct NameStep {
  std::string name;
  char quote = '\'';
};
// ['a','b']: as the last step one object of these members, elsewhere each member in turn.
struct NamesStep {
  std::vector<std::string> names;
  char quote = '\'';
};
struct IndexStep {  // [1] [-1] [(@.length-1)]
  std::int32_t index = 0;
  bool of_length = false;  // written in the last form: no part of a Reference Path
};
struct IndexesStep {  // [0,2]
  std::vector<std::int32_t> indexes;
};
struct SliceStep {  // [1:] [:2] [1:2]
  std::optional<std::int32_t> from;
  std::optional<std::int32_t> to;
};
struct WildcardStep {};  // * [*]
struct ScanStep {};      // ..
struct FilterStep {      // [?(...)]
  std::shared_ptr<const Expression> condition;
};
struct FunctionStep {  // .length()
  std::shared_ptr<const FunctionCall> call;
};

// The order is that of StepKind.
using StepData = std::variant<NameStep, IndexStep, NamesStep, IndexesStep, SliceStep, WildcardStep,
                              ScanStep, FilterStep, FunctionStep>;
enum class StepKind : std::uint8_t {
  kName,
  kIndex,
  kNames,
  kIndexes,
  kSlice,
  kWildcard,
  kScan,
  kFilter,
  kFunction,
};

struct Step {
  StepData data;
  // Every step before this one selects at most one node: a failure here is an error, not an
  // empty result.
  bool definite_before = true;

  StepKind kind() const { return static_cast<StepKind>(data.index()); }
};

struct CompiledPath {
  char root = '$';  // '@' inside filters
  std::vector<Step> steps;
  bool definite = true;
  bool plain = true;  // names and single indexes only

  bool ends_in_function() const {
    return !steps.empty() && steps.back().kind() == StepKind::kFunction;
  }
};

// Sets the derived members (`definite`, `plain`, `definite_before`) from the steps.
void complete(CompiledPath& path);
// Jayway's canonical text of the steps from `first` up to, not including, `last`: ['a'][0].
// Nothing in it is escaped, and names keep the quotes they were written with.
std::string describe_steps(const CompiledPath& path, std::size_t first, std::size_t last);
// The place before step `i`, as error texts name it: $['a'][0]. Functions have no place.
std::string describe_place(const CompiledPath& path, std::size_t i);
std::string describe(const CompiledPath& path);

enum class Function : std::uint8_t {
  kUnknown,  // fails when evaluated, not before
  kAvg,
  kStddev,
  kSum,
  kMin,
  kMax,
  kConcat,
  kLength,
  kAppend,
  kKeys,
  kFirst,
  kLast,
  kIndex,
};

struct Parameter {
  std::shared_ptr<const CompiledPath> path;      // or, if null, `json`
  std::shared_ptr<const CompiledPath> children;  // length() only: `path` followed by [*]
  std::optional<Value> json;                     // empty: the text is no JSON
};

struct FunctionCall {
  Function function = Function::kUnknown;
  std::string name;
  std::vector<Parameter> parameters;
  std::string fragment;  // ".sum()", ".concat(...)"
};

enum class Operator : std::uint8_t {
  kExists,
  kEqual,
  kNotEqual,
  kSameEqual,     // ===
  kSameNotEqual,  // !==
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kRegex,
  kIn,
  kNotIn,
  kContains,
  kAll,
  kSize,
  kEmpty,
  kSubsetOf,
  kAnyOf,
  kNoneOf,
  kType,
  kMatches,
};

enum class OperandKind : std::uint8_t {
  kUndefined,
  kNull,
  kBool,
  kNumber,
  kString,
  kJson,  // an array or object
  kPattern,
  kPath,
};

// One side of a comparison as it stands in the filter.
struct Operand {
  OperandKind kind = OperandKind::kUndefined;
  Value value;                               // literals; of a kJson that does not parse, undefined
  std::string text;                          // kJson: the literal's text
  std::optional<Decimal> decimal;            // kNumber
  std::shared_ptr<const re2::RE2> pattern;   // kPattern
  std::shared_ptr<const CompiledPath> path;  // kPath
  bool should_exist = true;                  // kPath: no `!` before it
};

struct Expression {
  enum class Kind : std::uint8_t { kRelation, kAnd, kOr, kNot } kind = Kind::kRelation;
  std::vector<Expression> terms;  // kAnd, kOr, kNot
  Operator op = Operator::kExists;
  bool lone = false;  // kRelation: a path alone, which asks whether it exists
  Operand left;
  Operand right;
};

}  // namespace pawl::asl::jsonpath

namespace pawl::asl {
struct Path::Node {
  std::string text;
  jsonpath::CompiledPath compiled;
};
}  // namespace pawl::asl
