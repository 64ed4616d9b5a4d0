// Values of an API between their two forms. Pure.
//
// What a Task gives and gets is Step Functions' form: members begin with a capital, dates are ISO
// 8601, bytes are text. The API's form has its own names of members; of blobs the bytes as a
// string, of timestamps seconds since 1970.
//
// Source: `integrations` section 2; developer guide, "Learning to use AWS service SDK
// integrations".
#pragma once

#include "asl/json/value.h"
#include "base/result.h"
#include "connectors/aws_models/api_model.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::remote {

// A Task's parameters in the API's form: members that are null are left out, any JSON given for a
// text or bytes is written as JSON, and members that ask for an idempotency token and have none get
// `token`. kInvalid: a member that the API does not have, one that is missing, one of a wrong type;
// `where` is its JSON pointer.
Result<asl::Value> to_api_form(const ApiModel& model, ApiShapeNumber shape,
                               const asl::Value& parameters, const std::string& token);

// What an API answered, already in its form, as the Task shows it.
asl::Value to_task_form(const ApiModel& model, ApiShapeNumber shape, const asl::Value& answer);

enum class DateFormat { kSeconds, kIso8601, kHttp };
// `format` as models name it ("unixTimestamp", "iso8601", "rfc822"); `otherwise` if it is empty.
DateFormat date_format(std::string_view format, DateFormat otherwise);
std::string write_date(double seconds, DateFormat format);
// Any of the three, whatever was agreed. Empty: none of them.
std::optional<double> read_date(std::string_view text);

// A scalar in the API's form as text of a query, a header or an element.
std::string scalar_text(const ApiShape& shape, const asl::Value& value, DateFormat dates);
// ... and back. Undefined: `text` is none.
asl::Value scalar_of_text(const ApiShape& shape, const std::string& text);

}  // namespace pawl::connectors::remote
