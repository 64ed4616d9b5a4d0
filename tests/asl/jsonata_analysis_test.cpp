#include "asl/jsonata/analysis.h"
#include "tests/catch.h"

#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl::jsonata {
namespace {

Analysis analysis_of(std::string_view text) {
  Failure failure;
  const auto expression = Expression::parse(text, Dialect::kAws, failure);
  INFO(text << ": " << failure.message);
  REQUIRE(expression.has_value());
  return analyse(*expression);
}

std::vector<std::string> unsupported(std::string_view text) {
  std::vector<std::string> names;
  for (const Reference& each : analysis_of(text).unsupported) names.push_back(each.name);
  return names;
}

std::vector<std::string> members(std::string_view text) {
  std::vector<std::string> names;
  for (const Reference& each : analysis_of(text).states_members) names.push_back(each.name);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a bare name at the top level is refused with its place", "[asl][jsonata][analysis]") {
  const Analysis analysis = analysis_of("1 + phone.number");
  REQUIRE(analysis.unsupported.size() == 1);
  CHECK(analysis.unsupported[0].name == "phone");
  CHECK(analysis.unsupported[0].position == 9);
  CHECK(unsupported_text(analysis.unsupported[0]) ==
        "Reference to 'phone' at the top level is not supported.");
}

TEST_CASE("the context item alone is refused at the top level", "[asl][jsonata][analysis]") {
  CHECK(unsupported("$") == Names{"$"});
  CHECK(unsupported("$$.a") == Names{"$$"});
  CHECK(unsupported("$sum($.a)") == Names{"$"});
  CHECK(unsupported("[a, {'b': c}, (d), e ? f : g]") == Names{"a", "c", "d", "e", "f", "g"});
}

TEST_CASE("later steps, predicates, sort terms and groupings have a context",
          "[asl][jsonata][analysis]") {
  CHECK(unsupported("$states.input.a.b[c = 1]^(d).{'e': f}{g: $sum(h)}").empty());
  CHECK(unsupported("$states.input.items.(price * $.quantity)").empty());
  CHECK(unsupported("$x[y > 1]").empty());
  CHECK(unsupported("$x ~> |a|{'b': c}, 'd'|").empty());
}

TEST_CASE("a lambda's body has the context of the expression around it",
          "[asl][jsonata][analysis]") {
  CHECK(unsupported("$map($states.input, function($v) { $v.a })").empty());
  CHECK(unsupported("$map($states.input, function($v) { a })") == Names{"a"});
  CHECK(unsupported("$states.input.($map(b, function($v) { a }))").empty());
}

TEST_CASE("free variables are listed once, bound ones and built-in functions are not",
          "[asl][jsonata][analysis]") {
  const Analysis analysis = analysis_of(
      "($a := $b; $f := function($p) { $p + $f($c) }; $sum($b) + $a + $states.input.x@$y.($y + "
      "$z))");
  CHECK(analysis.variables == Names{"b", "c", "z"});
  CHECK(analysis.builtins == Names{"sum"});
}

TEST_CASE("the members of $states that are read", "[asl][jsonata][analysis]") {
  CHECK(members("$states.result.a & $states.input.b & $states.result.c") ==
        Names{"result", "input"});
  CHECK_FALSE(analysis_of("$states.result").states_whole);
  CHECK(analysis_of("$states").states_whole);
  CHECK(analysis_of("$states['input']").states_whole);
  CHECK(analysis_of("$states.*").states_whole);
  CHECK(analysis_of("$states.input").reads_states("input"));
  CHECK_FALSE(analysis_of("$states.input").reads_states("context"));
  CHECK(analysis_of("$states").reads_states("context"));
}

}  // namespace pawl::asl::jsonata
