// Path: a compiled JSONPath expression in the dialect of Jayway JsonPath (Java), which is what
// AWS evaluates. Sources: the States Language ("Paths", "Reference Paths"); measured outcomes of
// com.jayway.jsonpath 2.10.0.
//
// Bounds, each kLimit (docs/limits.md): kMaxPathBytes, kMaxPathSteps, kMaxPathNesting,
// kMaxFilterNesting (parser.h); kMaxPathVisits, kMaxEvaluationDepth (evaluation.h).
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::asl {

class Path {
 public:
  Path() = default;  // no path: only to be assigned to

  // Compiles `text`, which begins with `$`. kInvalid with a reason and an offset otherwise. Takes
  // unquoted words in filters, as the service seems to do: `[?(@.Name == Receipt)]`.
  static Result<Path> parse(std::string_view text);

  // Compiles a Reference Path of the States Language: names and single indexes only. Here, unlike
  // in Jayway's own grammar, a backslash takes the meaning of the character behind it away:
  // `$.a\.b` is one name. kInvalid otherwise.
  static Result<Path> parse_reference(std::string_view text);

  // As Jayway itself reads it: `a.b` is `$.a.b`, `@` may stand for `$`, blanks around are dropped.
  // For tools; a state machine's paths go through parse().
  static Result<Path> parse_lenient(std::string_view text);

  // The path as it was written, and in Jayway's canonical form: $['a'][0].
  const std::string& text() const;
  std::string canonical() const;

  // A definite path selects at most one node; an indefinite one (wildcard, slice, filter, ..,
  // several indexes) yields an array, empty if nothing matches.
  bool definite() const;
  // True for a Reference Path: only names and single indexes (what ResultPath may be).
  bool is_reference() const;
  bool is_root() const;  // "$"

  // Evaluates against `root`. kNotFound: a definite path (or the definite prefix of an indefinite
  // one) finds nothing; the message is Jayway's ("No results for path: $['p']", "Missing property
  // in path $['a']"). kInvalid: a filter on a scalar, a function that does not exist. kEvaluation:
  // any other failure, such as the sum of nothing. kLimit: see above. Pure; a path of names and
  // indexes that finds its node does not allocate.
  Result<Value> evaluate(const Value& root) const;

  // True if the last step is an index outside of an array that is there: what a payload template
  // takes for null.
  bool past_end(const Value& root) const;

  // The copy of `document` in which this Reference Path leads to `value`, as ResultPath does:
  // missing objects on the way are made, an existing value is replaced, an array element only
  // where the index exists. Shares everything off the path. kEvaluation, with the service's text,
  // if it cannot be applied (a scalar on the way, an index past the end); kLimit if the result
  // would nest too deep. Only for Reference Paths.
  Result<Value> put(const Value& document, Value value) const;

  struct Node;  // the compiled form, in compiled.h

 private:
  static Result<Path> of(Result<std::shared_ptr<const Node>> node);
  explicit Path(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  std::shared_ptr<const Node> root_;
};

}  // namespace pawl::asl
