#include "tests/catch.h"
#include "tests/cli/child.h"

#include <csignal>

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("serve says where it listens and what it does not keep", "[cli][serve]") {
  Child child({"serve", "--port", "0"});
  const std::string said = child.wait_for("nothing is kept");
  CHECK_THAT(said, Contains("--endpoint-url http://127.0.0.1:"));
  child.signal(GENERATE(SIGTERM, SIGINT));
  CHECK(child.wait().code == 0);
}

TEST_CASE("serve with several shards starts and stops, and its store is resumed with them",
          "[cli][serve]") {
  const TemporaryDirectory directory;
  const std::string data = directory.path("data");
  Child child({"serve", "--port", "0", "--shards", "3", "--data", data});
  child.wait_for("listens on");
  child.signal(SIGTERM);
  CHECK(child.wait().code == 0);
  CHECK(pawl({"list", "--data", data}).code == 0);
  CHECK(pawl({"resume", "--data", data}).code == 0);
}

TEST_CASE("a port that is taken is an error, not a wait", "[cli][serve]") {
  Child first({"serve", "--port", "0"});
  std::string said = first.wait_for("http://127.0.0.1:");
  const std::string marker = "http://127.0.0.1:";
  const std::size_t at = said.find(marker) + marker.size();
  const std::string port = said.substr(at, said.find('\n', at) - at);
  const Ended second = pawl({"serve", "--port", port});
  CHECK(second.code == 3);
  CHECK_THAT(second.err, Contains("error"));
}

}  // namespace
}  // namespace pawl::cli::testing
