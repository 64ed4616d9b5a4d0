#include "tests/catch.h"
#include "tests/cli/child.h"

#include <csignal>
#include <filesystem>
#include <fstream>

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

constexpr const char* kWaits =
    R"({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": true}}})";

// Changes a byte in the middle of the largest file of a store that ends with `suffix`.
void damage(const std::string& data, const std::string& suffix) {
  std::filesystem::path largest;
  for (const auto& file : std::filesystem::directory_iterator(data)) {
    if (!file.path().string().ends_with(suffix)) continue;
    if (largest.empty() || file.file_size() > std::filesystem::file_size(largest)) largest = file;
  }
  REQUIRE_FALSE(largest.empty());
  std::fstream bytes(largest, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2);
  bytes.seekg(middle);
  const char before = static_cast<char>(bytes.get());
  bytes.seekp(middle);
  bytes.put(static_cast<char>(before ^ 0x40));
}

TEST_CASE("check says that a store is sound, and how much it read", "[cli][check]") {
  const TemporaryDirectory directory;
  const std::string data = directory.path("data");
  REQUIRE(pawl({"run", example("hello"), "--data", data, "--name", "one"}).code == 0);
  const Ended checked = pawl({"check", "--data", data});
  CHECK(checked.code == 0);
  CHECK_THAT(checked.out, Contains("is sound") && Contains(" 1 executions"));
  const asl::Value json = pawl({"check", "--data", data, "--json"}).json();
  CHECK(json.find("sound")->as_bool());
  CHECK(json.find("executions")->as_int() == 1);
  CHECK(json.find("events")->as_int() >= 4);
  CHECK(pawl({"show", "one", "--data", data}).code == 0);
}

TEST_CASE("check names the file that is damaged and changes nothing", "[cli][check]") {
  const TemporaryDirectory directory;
  const std::string data = directory.path("data");
  REQUIRE(pawl({"run", example("hello"), "--data", data}).code == 0);
  // Opening makes a table of what was in the log.
  REQUIRE(pawl({"list", "--data", data}).code == 0);
  damage(data, ".ldb");
  for (int i = 0; i < 2; ++i) {
    const Ended checked = pawl({"check", "--data", data});
    CHECK(checked.code == 3);
    CHECK_THAT(checked.out, Contains(".ldb: "));
    CHECK_THAT(checked.err, Contains("is damaged"));
  }
  const Ended json = pawl({"check", "--data", data, "--json"});
  CHECK(json.code == 3);
  CHECK_FALSE(json.json().find("sound")->as_bool());
  CHECK(json.json().find("problems")->size() == 1);
}

TEST_CASE("check does not look at what another pawl has open", "[cli][check]") {
  const TemporaryDirectory directory;
  const std::string data = directory.path("data");
  Child child({"run", directory.write("w.asl.json", kWaits), "--data", data});
  child.wait_for("enter  W");
  const Ended checked = pawl({"check", "--data", data});
  CHECK(checked.code == 3);
  CHECK_THAT(checked.err, Contains("in use by another pawl"));
  child.signal(SIGTERM);
  child.wait();
}

TEST_CASE("check says what is no store", "[cli][check]") {
  const TemporaryDirectory directory;
  CHECK(pawl({"check"}).code == 2);
  CHECK(pawl({"check", "--data", directory.path("nothing")}).code == 2);
  directory.write("notes.txt", "hello");
  const Ended checked = pawl({"check", "--data", directory.path()});
  CHECK(checked.code == 3);
  CHECK_THAT(checked.err, Contains("no store"));
}

}  // namespace
}  // namespace pawl::cli::testing
