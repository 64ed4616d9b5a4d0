#include "connectors/http_date.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <string_view>

namespace pawl::connectors {

std::string http_date(runtime::WallTime now) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  // Many answers a second have the same.
  thread_local struct {
    std::time_t of = -1;
    std::string text;
  } last;
  if (last.of == seconds) return last.text;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  last.of = seconds;
  last.text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday],
                          parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                          parts.tm_min, parts.tm_sec);
  return last.text;
}

}  // namespace pawl::connectors
