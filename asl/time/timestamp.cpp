#include "asl/time/timestamp.h"

#include <optional>

namespace pawl::asl {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  // Exactly `count` digits.
  std::optional<int> number(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool done() const { return rest_.empty(); }
  std::size_t digits() const {
    const std::size_t end = rest_.find_first_not_of("0123456789");
    return end == std::string_view::npos ? rest_.size() : end;
  }

 private:
  std::string_view rest_;
};

std::optional<days> scan_date(Scanner& scan) {
  const auto year = scan.number(4);
  if (!year || !scan.accept('-')) return std::nullopt;
  const auto month = scan.number(2);
  if (!month || !scan.accept('-')) return std::nullopt;
  const auto day = scan.number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch();
}

std::optional<seconds> scan_time(Scanner& scan) {
  const auto hour = scan.number(2);
  if (!hour || !scan.accept(':')) return std::nullopt;
  const auto minute = scan.number(2);
  if (!minute || !scan.accept(':')) return std::nullopt;
  const auto second = scan.number(2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return hours(*hour) + minutes(*minute) + seconds(*second);
}

std::optional<nanoseconds> scan_fraction(Scanner& scan) {
  if (!scan.accept('.')) return nanoseconds(0);
  const std::size_t count = scan.digits();
  if (count == 0 || count > 9) return std::nullopt;
  std::int64_t value = *scan.number(count);
  for (std::size_t i = count; i < 9; ++i) value *= 10;
  return nanoseconds(value);
}

std::optional<seconds> scan_offset(Scanner& scan) {
  if (scan.accept('Z')) return seconds(0);
  const bool east = scan.accept('+');
  if (!east && !scan.accept('-')) return std::nullopt;
  const auto hour = scan.number(2);
  if (!hour || !scan.accept(':')) return std::nullopt;
  const auto minute = scan.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  if (offset > hours(18)) return std::nullopt;
  return east ? offset : -offset;
}

}  // namespace

Result<Instant> parse_instant(std::string_view text) {
  const Error error{ErrorCode::kInvalid,
                    "'" + std::string(text.substr(0, 64)) +
                        "' is no RFC 3339 timestamp such as 2026-11-20T11:30:05Z",
                    ""};
  Scanner scan(text);
  const auto date = scan_date(scan);
  if (!date || !scan.accept('T')) return error;
  const auto time = scan_time(scan);
  if (!time) return error;
  const auto fraction = scan_fraction(scan);
  if (!fraction) return error;
  const auto offset = scan_offset(scan);
  if (!offset || !scan.done()) return error;
  return Instant{std::chrono::sys_seconds(*date + *time - *offset), *fraction};
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  Result<Instant> instant = parse_instant(text);
  if (!instant) return std::move(instant).error();
  if (instant->seconds >= std::chrono::floor<seconds>(Timestamp::max())) return Timestamp::max();
  if (instant->seconds <= std::chrono::ceil<seconds>(Timestamp::min())) return Timestamp::min();
  return Timestamp(instant->seconds) + instant->fraction;
}

std::string format_timestamp_ms(std::chrono::sys_time<std::chrono::milliseconds> time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = "0000-00-00T00:00:00.000Z";
  // From the right: what does not fit in its digits is no date that anybody has.
  const auto put = [&text](std::size_t end, std::size_t digits, std::int64_t number) {
    for (; digits > 0; --digits, number /= 10) text[--end] = static_cast<char>('0' + number % 10);
  };
  const int year = static_cast<int>(date.year());
  constexpr int kYearMax = 9999;
  if (year < 0 || year > kYearMax) {
    text.replace(0, 4, std::to_string(year));
  } else {
    put(4, 4, year);
  }
  const std::size_t after = text.size() - 19;  // the first digit of the month
  put(after + 2, 2, static_cast<unsigned>(date.month()));
  put(after + 5, 2, static_cast<unsigned>(date.day()));
  put(after + 8, 2, clock.hours().count());
  put(after + 11, 2, clock.minutes().count());
  put(after + 14, 2, clock.seconds().count());
  put(after + 18, 3, clock.subseconds().count());
  return text;
}

}  // namespace pawl::asl
