#include "asl/time/timestamp.h"

#include "tests/catch.h"

#include <string>

namespace {

using namespace pawl;       // NOLINT(google-build-using-namespace)
using namespace pawl::asl;  // NOLINT(google-build-using-namespace)

std::int64_t seconds(std::string_view text) {
  const Result<Instant> instant = parse_instant(text);
  REQUIRE(instant.has_value());
  return instant->seconds.time_since_epoch().count();
}

}  // namespace

TEST_CASE("complete timestamps are read to the nanosecond", "[asl][time]") {
  CHECK(seconds("1970-01-01T00:00:00Z") == 0);
  CHECK(seconds("2026-11-20T11:30:05Z") == 1795174205);
  CHECK(seconds("2000-02-29T23:59:59Z") == 951868799);
  CHECK(seconds("1969-12-31T23:59:59Z") == -1);
  CHECK(seconds("1970-01-01T01:00:00+01:00") == 0);
  CHECK(seconds("1969-12-31T18:30:00-05:30") == 0);
  CHECK(parse_instant("2026-01-01T00:00:00.5Z")->fraction.count() == 500'000'000);
  CHECK(parse_instant("2026-01-01T00:00:00.123456789Z")->fraction.count() == 123'456'789);
}

TEST_CASE("anything less is refused", "[asl][time]") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z",
      "2026-01-01t00:00:00Z", "2026-01-01T00:00:00z", "2026-13-01T00:00:00Z",
      "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
      "2026-01-01T25:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
      "05-12-2016T21:29:29Z", "2026-1-01T00:00:00Z", "2026-01-01T00:00Z", "2026-01-01T00:00:00.Z",
      "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+19:00",
      "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00Zx", " 2026-01-01T00:00:00Z",
      "+2026-01-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z");
  CHECK_FALSE(parse_timestamp(text).has_value());
}

TEST_CASE("instants order over the whole range of years", "[asl][time]") {
  CHECK(parse_instant("3000-01-01T00:00:00Z").value() <
        parse_instant("9999-12-31T23:59:59.9Z").value());
  CHECK(parse_instant("0000-01-01T00:00:00Z").value() <
        parse_instant("1677-01-01T00:00:00Z").value());
  CHECK(parse_timestamp("9999-12-31T23:59:59Z").value() == Timestamp::max());
  CHECK(parse_timestamp("0001-01-01T00:00:00Z").value() == Timestamp::min());
  CHECK(parse_timestamp("2026-11-20T11:30:05.000000001Z").value().time_since_epoch().count() ==
        1795174205000000001);
}

TEST_CASE("times are written with milliseconds in UTC", "[asl][time]") {
  using std::chrono::milliseconds;
  using Time = std::chrono::sys_time<milliseconds>;
  CHECK(format_timestamp_ms(Time(milliseconds(1795174205123))) == "2026-11-20T11:30:05.123Z");
  CHECK(format_timestamp_ms(Time(milliseconds(0))) == "1970-01-01T00:00:00.000Z");
  CHECK(format_timestamp_ms(Time(milliseconds(-1))) == "1969-12-31T23:59:59.999Z");
  CHECK(format_timestamp_ms(Time(milliseconds(-62135596800000))) == "0001-01-01T00:00:00.000Z");
  CHECK(format_timestamp_ms(Time(milliseconds(253402300799999))) == "9999-12-31T23:59:59.999Z");
  CHECK(format_timestamp_ms(Time(milliseconds(253402300800000))) == "10000-01-01T00:00:00.000Z");
}
