#include "runtime/metrics/metrics.h"

#include "tests/catch.h"

namespace pawl::runtime {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("metrics are written as Prometheus text", "[runtime][metrics]") {
  MetricsText text;
  text.gauge("pawl_fibers", "Fibers alive.", 1.5);
  text.family("pawl_requests_total", "counter", "Requests.");
  text.sample({{"operation", "Start"}, {"code", "a\"b\\c\nd"}}, std::uint64_t{2});
  CHECK(text.take() ==
        "# HELP pawl_fibers Fibers alive.\n# TYPE pawl_fibers gauge\npawl_fibers 1.5\n"
        "# HELP pawl_requests_total Requests.\n# TYPE pawl_requests_total counter\n"
        "pawl_requests_total{operation=\"Start\",code=\"a\\\"b\\\\c\\nd\"} 2\n");
}

TEST_CASE("a histogram counts up to each bound, the bound included", "[runtime][metrics]") {
  Histogram sizes = Histogram::of_sizes();
  for (const double value : {0.0, 1.0, 2.0, 3.0, 1e9}) sizes.add(value);
  Histogram more = Histogram::of_sizes();
  more.add(4);
  sizes.add_all(more);
  MetricsText text;
  text.family("s", "histogram", "Sizes.");
  text.histogram({{"a", "b"}}, sizes);
  const std::string written = text.take();
  CHECK_THAT(written, Contains("s_bucket{a=\"b\",le=\"1\"} 2\ns_bucket{a=\"b\",le=\"2\"} 3\n"
                               "s_bucket{a=\"b\",le=\"4\"} 5\n"));
  CHECK_THAT(written, Contains("le=\"131072\"} 5\ns_bucket{a=\"b\",le=\"+Inf\"} 6\n"));
  CHECK_THAT(written, Contains("s_sum{a=\"b\"} 1000000010\ns_count{a=\"b\"} 6\n"));
}

TEST_CASE("the process knows its memory and descriptors", "[runtime][metrics]") {
  const ProcessStatistics process = process_statistics();
  CHECK(process.resident_bytes > 1'000'000);
  CHECK(process.open_descriptors >= 3);
  CHECK(process.descriptors_max >= process.open_descriptors);
}

}  // namespace
}  // namespace pawl::runtime
