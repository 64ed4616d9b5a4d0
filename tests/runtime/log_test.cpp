#include "runtime/log/log.h"

#include "runtime/metrics/metrics.h"
#include "tests/catch.h"

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

TEST_CASE("metrics are rendered as Prometheus text", "[runtime][metrics]") {
  Metrics metrics;
  metrics.counter("pawl_requests_total{action=\"Stop\"}", "Requests").add(2);
  metrics.counter("pawl_requests_total{action=\"Start\"}", "Requests").add();
  metrics.gauge("pawl_fibers", "Fibers alive", [] { return 1.5; });
  CHECK(metrics.render() ==
        "# HELP pawl_fibers Fibers alive\n# TYPE pawl_fibers gauge\npawl_fibers 1.5\n"
        "# HELP pawl_requests_total Requests\n# TYPE pawl_requests_total counter\n"
        "pawl_requests_total{action=\"Start\"} 1\npawl_requests_total{action=\"Stop\"} 2\n");
  metrics.gauge("pawl_fibers", "", nullptr);
  CHECK(metrics.render().find("fibers") == std::string::npos);
}

}  // namespace
}  // namespace pawl::runtime
