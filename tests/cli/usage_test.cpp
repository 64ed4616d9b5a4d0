#include "tests/catch.h"
#include "tests/cli/child.h"

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("every command has help with an example", "[cli][usage]") {
  const std::string command =
      GENERATE("run", "resume", "serve", "list", "show", "history", "validate", "eval");
  const Ended ended = pawl({"help", command});
  CHECK(ended.code == 0);
  CHECK_THAT(ended.out, Contains("Usage: pawl " + command));
  CHECK_THAT(ended.out, Contains("Examples:\n  pawl " + command));
  CHECK(pawl({command, "--help"}).out == ended.out);
}

TEST_CASE("--version names program and version", "[cli][usage]") {
  const Ended ended = pawl({"--version"});
  CHECK(ended.code == 0);
  CHECK_THAT(ended.out, Contains("pawl 0."));
}

TEST_CASE("an unknown command or option is answered with what was meant", "[cli][usage]") {
  CHECK_THAT(pawl({"rnu", "x"}).err, Contains("Did you mean run?"));
  CHECK_THAT(pawl({"run", "--fsat-forward", "x"}).err, Contains("Did you mean --fast-forward?"));
  CHECK_THAT(pawl({"help", "lst"}).err, Contains("Did you mean list?"));
  CHECK(pawl({"rnu"}).code == 2);
  CHECK(pawl({"run", "--fsat-forward", "x"}).code == 2);
  CHECK(pawl({"run", "a", "b"}).code == 2);
  CHECK(pawl({"run", "x", "--type", "other"}).code == 2);
  CHECK(pawl({}).code == 2);
}

TEST_CASE("a command may be the name of something else", "[cli][usage]") {
  CHECK_THAT(pawl({"run", "serve"}).err, Contains("serve: No such file"));
}

}  // namespace
}  // namespace pawl::cli::testing
