#include "engine/embedded.h"

#include "tests/catch.h"

#include <atomic>
#include <filesystem>
#include <unistd.h>

namespace pawl::engine {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

constexpr const char* kTask =
    R"({"StartAt":"T","States":{"T":{"Type":"Task","Resource":"urn:work","End":true}}})";

class Directory {
 public:
  Directory() {
    std::string name = std::filesystem::temp_directory_path() / "pawl-embedded-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string store() const { return path_ + "/store"; }

 private:
  std::string path_;
};

StartRequest request(const std::string& name, const std::string& input) {
  StartRequest start;
  start.machine = "m";
  start.name = name;
  start.input = input;
  return start;
}

TEST_CASE("a program runs a machine and does its Task", "[engine][embedded]") {
  for (const std::uint32_t shards : {1U, 3U}) {
    EmbeddedOptions options;
    options.shards = shards;
    auto engine = EmbeddedEngine::make(options);
    REQUIRE(engine);
    (*engine)->on_task("urn:work", [](const TaskRequest& task) -> Outcome {
      return TaskSucceeded{asl::Payload::of_text(std::string(task.parameters.text())), {}};
    });
    REQUIRE((*engine)->open());
    REQUIRE((*engine)->put_machine("m", kTask));
    REQUIRE((*engine)->put_machine("m", kTask));  // the same again
    for (int i = 0; i < 10; ++i) {
      const auto started = (*engine)->start(request("e" + std::to_string(i), std::to_string(i)));
      REQUIRE(started);
      const auto ended = (*engine)->wait(started->number, 10s);
      REQUIRE(ended);
      CHECK(ended->record.status == ExecutionStatus::kSucceeded);
      CHECK(ended->output == std::to_string(i));
    }
    const Result<StartResult> bad = (*engine)->start(request("bad", "{"));
    CHECK(bad.error().code == ErrorCode::kInvalid);
    const Status invalid = (*engine)->put_machine("n", R"({"States":{}})");
    CHECK(invalid.error().code == ErrorCode::kInvalid);
    CHECK_THAT(invalid.error().message, Contains("StartAt"));
  }
}

TEST_CASE("an embedded engine goes on where the last one was closed", "[engine][embedded]") {
  const Directory directory;
  std::atomic<int> calls{0};
  const auto open = [&](bool let_pass) {
    EmbeddedOptions options;
    options.data = directory.store();
    auto engine = EmbeddedEngine::make(options);
    REQUIRE(engine);
    (*engine)->on_task("urn:work", [&calls, let_pass](const TaskRequest&) -> Outcome {
      ++calls;
      while (!let_pass && runtime::sleep_for(10ms)) {
      }
      return TaskSucceeded{asl::Payload::of_text("1"), {}};
    });
    REQUIRE((*engine)->open());
    return *std::move(engine);
  };
  ExecutionNumber number = 0;
  {
    const auto engine = open(false);
    REQUIRE(engine->put_machine("m", kTask));
    const auto started = engine->start(request("e", "{}"));
    REQUIRE(started);
    number = started->number;
    CHECK(engine->wait(number, 50ms).error().code == ErrorCode::kTimeout);
  }
  const auto engine = open(true);
  const auto ended = engine->wait(number, 10s);
  REQUIRE(ended);
  CHECK(ended->record.status == ExecutionStatus::kSucceeded);
  CHECK(calls == 2);
  CHECK(stored_shards(*engine->engine().options().store).value() == 1);
}

}  // namespace
}  // namespace pawl::engine
