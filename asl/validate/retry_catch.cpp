#include "asl/parse/fields.h"
#include "asl/validate/context.h"
#include "asl/validate/states.h"

#include <cstddef>
#include <optional>
#include <string>

namespace pawl::asl {
namespace {

constexpr double kCountMax = 99999999;     // IntervalSeconds, MaxAttempts
constexpr double kDelayMax = 31622399;     // MaxDelaySeconds: below a leap year and a day
constexpr double kBackoffRateMax = 1e300;  // no bound is documented
constexpr std::string_view kJitterStrategies[] = {"FULL", "NONE"};

const FieldRule kRetrierFields[] = {
    {.name = "Comment", .form = Form::kString},
    {.name = "ErrorEquals", .form = Form::kCustom},  // see check_error_equals
    {.name = "IntervalSeconds", .form = Form::kInteger, .min = 1, .max = kCountMax},
    {.name = "MaxAttempts", .form = Form::kInteger, .min = 0, .max = kCountMax},
    {.name = "BackoffRate", .form = Form::kNumber, .min = 1, .max = kBackoffRateMax},
    {.name = "MaxDelaySeconds", .form = Form::kInteger, .min = 1, .max = kDelayMax},
    {.name = "JitterStrategy", .form = Form::kEnum, .values = kJitterStrategies},
};

const FieldRule kCatcherFields[] = {
    {.name = "Comment", .form = Form::kString},
    {.name = "ErrorEquals", .form = Form::kCustom},
    {.name = "Next", .form = Form::kString},
    {.name = "ResultPath", .form = Form::kResultPath, .languages = kJsonPathOnly},
    {.name = "Output",
     .form = Form::kTemplate,
     .languages = kJsonataOnly,
     .moment = Moment::kCatch},
    {.name = "Assign", .form = Form::kObject, .check = check_assign, .moment = Moment::kCatch},
};

// A non-empty array of error names; States.ALL stands alone and only in the last entry.
void check_error_equals(const Context& context, const Value& value, const Place& place,
                        bool is_last) {
  if (is_placeholder(context, value)) return;
  if (!value.is_array()) return report_type(context, place, "ARRAY");
  if (value.size() == 0) return context.report.schema_error("Value cannot be empty", place);
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Value& name = value.items()[i];
    if (!name.is_string()) {
      report_type(context, place[i], "STRING");
    } else if (name.as_string() == "States.ALL" && value.size() > 1) {
      context.report.schema_error("States.ALL must appear alone", place);
    } else if (name.as_string() == "States.ALL" && !is_last) {
      context.report.schema_error("States.ALL must appear in the last entry", place);
    }
  }
}

void check_max_delay(const Context& context, const Value& retrier, const Place& place) {
  const Value* max_delay = retrier.find("MaxDelaySeconds");
  if (max_delay == nullptr) return;
  const Value* interval = retrier.find("IntervalSeconds");
  const std::optional<std::int64_t> seconds = whole_number(*max_delay);
  const std::optional<std::int64_t> interval_seconds =
      interval != nullptr ? whole_number(*interval) : std::optional<std::int64_t>(1);
  if (seconds && interval_seconds && *seconds >= 1 && *seconds <= *interval_seconds) {
    context.report.schema_error("MaxDelaySeconds must be greater than IntervalSeconds",
                                place / "MaxDelaySeconds");
  }
}

// Retry and Catch alike: an array of objects, each with ErrorEquals.
template <typename CheckEntry>
void check_handlers(const Context& context, const Value& handlers, const Place& place,
                    const CheckEntry& check_entry) {
  if (is_placeholder(context, handlers)) return;
  if (!handlers.is_array()) return report_type(context, place, "ARRAY");
  for (std::size_t i = 0; i < handlers.size() && !context.report.full(); ++i) {
    const Value& handler = handlers.items()[i];
    const Place handler_place = place[i];
    if (!check_entry(handler, handler_place)) continue;
    if (const Value* errors = handler.find("ErrorEquals")) {
      check_error_equals(context, *errors, handler_place / "ErrorEquals", i + 1 == handlers.size());
    }
  }
}

}  // namespace

void check_retry(const Context& context, const Value& retry, const Place& place) {
  check_handlers(context, retry, place, [&](const Value& retrier, const Place& retrier_place) {
    if (!check_fields(context, retrier, retrier_place, kRetrierFields)) return false;
    check_required(context, retrier, retrier_place, {"ErrorEquals"});
    check_max_delay(context, retrier, retrier_place);
    return true;
  });
}

void check_catch(const Context& context, const Value& catchers, const Place& place) {
  check_handlers(context, catchers, place, [&](const Value& catcher, const Place& catcher_place) {
    if (!check_fields(context, catcher, catcher_place, kCatcherFields)) return false;
    check_required(context, catcher, catcher_place, {"ErrorEquals", "Next"});
    return true;
  });
}

}  // namespace pawl::asl
