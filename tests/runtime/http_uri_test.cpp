#include "runtime/http/uri.h"
#include "tests/catch.h"

namespace pawl::runtime {

TEST_CASE("percent-encoding there and back", "[runtime][http]") {
  CHECK(percent_encode("a b/c~", "/") == "a%20b/c~");
  CHECK(percent_encode("a/b") == "a%2Fb");
  CHECK(percent_decode("a%20b%2Fc%7E%zz%4") == "a b/c~%zz%4");
  CHECK(percent_decode("a+b", true) == "a b");
  const QueryParameters parameters = read_parameters("a=1&list-type=2&b&c=x%26y");
  REQUIRE(parameters.size() == 4);
  CHECK(parameters[2].first == "b");
  CHECK(parameters[3].second == "x&y");
}

}  // namespace pawl::runtime
