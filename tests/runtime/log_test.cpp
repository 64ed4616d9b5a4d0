#include "runtime/log/log.h"

#include "tests/catch.h"

#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace pawl::runtime {
namespace {

TEST_CASE("control characters in logged values come out escaped", "[runtime][log]") {
  CHECK(escape_for_log("plain \"text\" with {braces} and \xc3\xa4") ==
        "plain \"text\" with {braces} and \xc3\xa4");
  CHECK(escape_for_log("a\nb\rc\td") == "a\\nb\\rc\\td");
  CHECK(escape_for_log(std::string_view("\x1b[31m\0\x7f", 7)) == "\\x1b[31m\\x00\\x7f");
  CHECK(escape_for_log("\xc2\x9b") == "\\x9b");  // CSI as a C1 control
}

TEST_CASE("log levels are set by name", "[runtime][log]") {
  CHECK(set_log_level("debug"));
  CHECK(log().level() == spdlog::level::debug);
  CHECK_FALSE(set_log_level("loud"));
  CHECK(set_log_level("info"));
}

// What `write` logs, as `format` writes it, without the time.
std::string logged(LogFormat format, const std::function<void()>& write) {
  std::ostringstream text;
  const auto sinks = log().sinks();
  log().sinks() = {std::make_shared<spdlog::sinks::ostream_sink_mt>(text)};
  set_log_format(format);
  write();
  log().sinks() = sinks;
  set_log_format(LogFormat::kText);
  const std::string line = text.str();
  return line.substr(line.find("info") + 4);
}

TEST_CASE("fields follow the message, and no message can forge one", "[runtime][log]") {
  const auto write = [] {
    log_with(spdlog::level::info, "a \"b\"\n", {{"operation", "Start"}, {"name", "x y\x1b\xff"}});
  };
  CHECK(logged(LogFormat::kText, write) == " a \"b\"\\n operation=Start name=\"x y\\x1b\xff\"\n");
  CHECK(logged(LogFormat::kJson, write) ==
        "\",\"message\":\"a \\\"b\\\"\\u000a\",\"operation\":\"Start\",\"name\":\"x "
        "y\\u001b\\ufffd\"}\n");
  CHECK(logged(LogFormat::kJson, [] { log().info("\xc2\x9b \xc3\xa4"); }) ==
        "\",\"message\":\"\\u009b \xc3\xa4\"}\n");
}

}  // namespace
}  // namespace pawl::runtime
