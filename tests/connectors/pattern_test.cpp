#include "connectors/events/pattern.h"

#include "asl/json/reader.h"
#include "tests/catch.h"

namespace pawl::connectors::events {

namespace {
bool match(const std::string& pattern, const std::string& event) {
  return matches(*asl::read_json(pattern), *asl::read_json(event));
}
}  // namespace

TEST_CASE("patterns: members are and, rules are or", "[connectors][pattern]") {
  CHECK(match(R"({"a":["x","y"]})", R"({"a":"y","b":1})"));
  CHECK_FALSE(match(R"({"a":["x"],"b":[2]})", R"({"a":"x","b":1})"));
  CHECK(match(R"({"a":["x"]})", R"({"a":["w","x"]})"));
  CHECK(match(R"({"d":{"n":[1]}})", R"({"d":{"n":1.0}})"));
  CHECK(match(R"({"a":[null]})", R"({"a":null})"));
  CHECK(match(R"({"$or":[{"a":[1]},{"b":[1]}]})", R"({"b":1})"));
}

TEST_CASE("patterns: the rules", "[connectors][pattern]") {
  CHECK(match(R"({"a":[{"prefix":"ab"}]})", R"({"a":"abc"})"));
  CHECK(match(R"({"a":[{"suffix":".png"}]})", R"({"a":"x.png"})"));
  CHECK(match(R"({"a":[{"equals-ignore-case":"ABC"}]})", R"({"a":"abc"})"));
  CHECK(match(R"({"a":[{"prefix":{"equals-ignore-case":"AB"}}]})", R"({"a":"abc"})"));
  CHECK(match(R"({"a":[{"wildcard":"a*c*"}]})", R"({"a":"abxcd"})"));
  CHECK_FALSE(match(R"({"a":[{"wildcard":"a*d"}]})", R"({"a":"abc"})"));
  CHECK(match(R"({"a":[{"anything-but":["x","y"]}]})", R"({"a":"z"})"));
  CHECK_FALSE(match(R"({"a":[{"anything-but":{"prefix":"x"}}]})", R"({"a":"xy"})"));
  CHECK(match(R"({"a":[{"numeric":[">",0,"<=",5]}]})", R"({"a":5})"));
  CHECK_FALSE(match(R"({"a":[{"numeric":["=",1]}]})", R"({"a":"1"})"));
  CHECK(match(R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.0.255"})"));
  CHECK_FALSE(match(R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.1.1"})"));
  CHECK(match(R"({"a":[{"exists":true}]})", R"({"a":1})"));
  CHECK(match(R"({"a":{"b":[{"exists":false}]}})", R"({"c":1})"));
  CHECK_FALSE(match(R"({"a":[{"exists":false}]})", R"({"a":1})"));
}

TEST_CASE("patterns that are none are refused", "[connectors][pattern]") {
  for (const std::string pattern :
       {R"([])", R"({"a":"x"})", R"({"a":[]})", R"({"a":[{"like":"x"}]})", R"({"a":[["x"]]})",
        R"({"a":[{"prefix":"x","suffix":"y"}]})"}) {
    INFO(pattern);
    CHECK_FALSE(check_pattern(*asl::read_json(pattern)).has_value());
  }
  CHECK(check_pattern(*asl::read_json(R"({"a":["x",{"exists":true}],"b":{"c":[1]}})")).has_value());
}

}  // namespace pawl::connectors::events
