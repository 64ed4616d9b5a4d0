#include "connectors/remote/values.h"

#include "asl/json/utf8.h"
#include "asl/json/writer.h"
#include "asl/time/timestamp.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/mapping.h"
#include "connectors/aws_models/aws_models.h"
#include "connectors/http_date.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ctime>
#include <vector>

namespace pawl::connectors::remote {
namespace {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;

std::string_view article_of(ApiType type) {
  switch (type) {
    case ApiType::kInteger:
      return "an INTEGER";
    case ApiType::kFloat:
      return "a NUMBER";
    case ApiType::kBoolean:
      return "a BOOLEAN";
    case ApiType::kTimestamp:
      return "a TIMESTAMP";
    case ApiType::kList:
      return "a LIST";
    case ApiType::kMap:
      return "a MAP";
    case ApiType::kStructure:
      return "a STRUCTURE";
    default:
      return "a STRING";
  }
}

class ToApi {
 public:
  ToApi(const ApiModel& model, const std::string& token) : model_(model), token_(token) {}

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
  Result<Value> convert(const ApiShape& shape, const Value& value, const std::string& where) const {
    switch (shape.type) {
      case ApiType::kString:
      case ApiType::kBlob:
        return Value::string(asl::to_text(value));
      case ApiType::kInteger:
        if (value.is_int()) return value;
        if (value.is_double() && std::floor(value.as_double()) == value.as_double() &&
            std::abs(value.as_double()) < 9e15) {
          return Value::integer(static_cast<std::int64_t>(value.as_double()));
        }
        return wrong_type(shape, where);
      case ApiType::kFloat:
        return value.is_number() ? Result<Value>(value) : wrong_type(shape, where);
      case ApiType::kBoolean:
        return value.is_bool() ? Result<Value>(value) : wrong_type(shape, where);
      case ApiType::kTimestamp: {
        if (value.is_number()) return Value::number(value.as_double());
        const auto seconds =
            value.is_string() ? read_date(value.as_string()) : std::optional<double>();
        return seconds ? Result<Value>(Value::number(*seconds)) : wrong_type(shape, where);
      }
      case ApiType::kList:
        return list(shape, value, where);
      case ApiType::kMap:
        return map(shape, value, where);
      case ApiType::kStructure:
        return structure(shape, value, where);
      case ApiType::kDocument:
        return value;
    }
    return value;
  }

 private:
  static Error wrong_type(const ApiShape& shape, const std::string& where) {
    return {ErrorCode::kInvalid,
            fmt::format("The value for the field '{}' must be {}",
                        where.substr(where.rfind('/') + 1), article_of(shape.type)),
            where};
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Result<Value> list(const ApiShape& shape, const Value& value, const std::string& where) const {
    if (!value.is_array()) return wrong_type(shape, where);
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& item : value.items()) {
      Result<Value> converted = convert(model_.shape(shape.element.shape), item,
                                        fmt::format("{}/{}", where, items.size()));
      if (!converted) return converted;
      items.push_back(*std::move(converted));
    }
    return Value::array(std::move(items));
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Result<Value> map(const ApiShape& shape, const Value& value, const std::string& where) const {
    if (!value.is_object()) return wrong_type(shape, where);
    ObjectBuilder out;
    for (const Member& member : value.members()) {
      if (member.value.is_null()) continue;
      Result<Value> converted = convert(model_.shape(shape.element.shape), member.value,
                                        where + "/" + std::string(member.key.as_string()));
      if (!converted) return converted;
      out.set(member.key, *std::move(converted));
    }
    return std::move(out).build();
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Result<Value> structure(const ApiShape& shape, const Value& value,
                          const std::string& where) const {
    if (!value.is_object()) return wrong_type(shape, where);
    ObjectBuilder out;
    std::vector<bool> given(shape.members.size());
    for (const Member& member : value.members()) {
      const std::string_view name = member.key.as_string();
      const ApiMember* found = shape.member_of_task(name);
      if (found == nullptr) {
        return Error{ErrorCode::kInvalid,
                     fmt::format("The field \"{}\" is not supported by Step Functions", name),
                     fmt::format("{}/{}", where, name)};
      }
      if (member.value.is_null()) continue;  // as if it were absent
      Result<Value> converted =
          convert(model_.shape(found->shape), member.value, fmt::format("{}/{}", where, name));
      if (!converted) return converted;
      given[static_cast<std::size_t>(found - shape.members.data())] = true;
      out.set(found->name, *std::move(converted));
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      const ApiMember& member = shape.members[i];
      if (given[i]) continue;
      if (member.idempotency_token) {
        out.set(member.name, Value::string(token_));
      } else if (member.required) {
        return Error{ErrorCode::kInvalid,
                     fmt::format("The field '{}' is required but was missing",
                                 integration_name(member.name)),
                     where};
      }
    }
    return std::move(out).build();
  }

  const ApiModel& model_;
  const std::string& token_;
};

// Bytes as a Task shows them: text if they are, else base64.
Value shown_bytes(std::string_view bytes) {
  return Value::string(asl::is_utf8(bytes) ? std::string(bytes) : aws::to_base64(bytes));
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
Value shown(const ApiModel& model, const ApiShape& shape, const Value& value) {
  switch (shape.type) {
    case ApiType::kString:  // headers and payloads may be anything
    case ApiType::kBlob:
      return value.is_string() ? shown_bytes(value.as_string()) : value;
    case ApiType::kTimestamp:
      return value.is_number() ? Value::string(aws::iso_date(value.as_double())) : value;
    case ApiType::kList: {
      if (!value.is_array()) return value;
      std::vector<Value> items;
      items.reserve(value.size());
      for (const Value& item : value.items()) {
        items.push_back(shown(model, model.shape(shape.element.shape), item));
      }
      return Value::array(std::move(items));
    }
    case ApiType::kMap: {
      if (!value.is_object()) return value;
      ObjectBuilder out;
      for (const Member& member : value.members()) {
        if (!member.value.is_null()) {
          out.set(member.key, shown(model, model.shape(shape.element.shape), member.value));
        }
      }
      return std::move(out).build();
    }
    case ApiType::kStructure: {
      if (!value.is_object()) return value;
      ObjectBuilder out;
      for (const ApiMember& member : shape.members) {
        const Value* found = value.find(member.name);
        if (found == nullptr || found->is_null()) continue;
        out.set(integration_name(member.name), shown(model, model.shape(member.shape), *found));
      }
      return std::move(out).build();
    }
    default:
      return value;
  }
}

// "Tue, 21 Nov 2023 00:06:17 GMT".
std::optional<double> read_http_date(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &parts);
  if (end == nullptr) return std::nullopt;
  const std::string_view zone(end);
  if (zone != " GMT" && zone != " UTC" && zone != " +0000") return std::nullopt;
  return static_cast<double>(timegm(&parts));
}

}  // namespace

Result<Value> to_api_form(const ApiModel& model, ApiShapeNumber shape, const Value& parameters,
                          const std::string& token) {
  return ToApi(model, token).convert(model.shape(shape), parameters, "");
}

Value to_task_form(const ApiModel& model, ApiShapeNumber shape, const Value& answer) {
  return shown(model, model.shape(shape), answer);
}

DateFormat date_format(std::string_view format, DateFormat otherwise) {
  if (format == "unixTimestamp") return DateFormat::kSeconds;
  if (format == "iso8601") return DateFormat::kIso8601;
  if (format == "rfc822") return DateFormat::kHttp;
  return otherwise;
}

std::string write_date(double seconds, DateFormat format) {
  switch (format) {
    case DateFormat::kSeconds: {
      const double rounded = std::round(seconds * 1000) / 1000;
      if (std::floor(rounded) == rounded) return fmt::format("{}", std::llround(rounded));
      return fmt::format("{:.3f}", rounded);
    }
    case DateFormat::kIso8601: {
      std::string text = aws::iso_date(seconds);
      if (text.ends_with(".000Z")) text.replace(text.size() - 5, 5, "Z");
      return text;
    }
    case DateFormat::kHttp:
      return http_date(runtime::WallTime(std::chrono::milliseconds(std::llround(seconds) * 1000)));
  }
  return {};
}

std::optional<double> read_date(std::string_view text) {
  // The years that dates of people have; also keeps conversions within their types.
  constexpr double kFarthest = 253'402'300'799;
  double number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed == std::errc() && rest == text.data() + text.size()) {
    return std::abs(number) <= kFarthest ? std::optional(number) : std::nullopt;
  }
  if (const Result<asl::Instant> instant = asl::parse_instant(text)) {
    return static_cast<double>(instant->seconds.time_since_epoch().count()) +
           static_cast<double>(instant->fraction.count()) / 1e9;
  }
  return read_http_date(std::string(text));
}

std::string scalar_text(const ApiShape& shape, const Value& value, DateFormat dates) {
  if (shape.type == ApiType::kTimestamp && value.is_number()) {
    return write_date(value.as_double(), date_format(shape.timestamp_format, dates));
  }
  if (shape.type == ApiType::kBlob && value.is_string()) return aws::to_base64(value.as_string());
  if (value.is_double()) return fmt::format("{}", value.as_double());
  return asl::to_text(value);
}

Value scalar_of_text(const ApiShape& shape, const std::string& text) {
  switch (shape.type) {
    case ApiType::kInteger: {
      std::int64_t number = 0;
      const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (failed != std::errc() || rest != text.data() + text.size()) return {};
      return Value::integer(number);
    }
    case ApiType::kFloat: {
      double number = 0;
      const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (failed != std::errc() || rest != text.data() + text.size() || !std::isfinite(number)) {
        return {};
      }
      return Value::number(number);
    }
    case ApiType::kBoolean:
      if (text != "true" && text != "false") return {};
      return Value::boolean(text == "true");
    case ApiType::kTimestamp: {
      const auto seconds = read_date(text);
      return seconds ? Value::number(*seconds) : Value();
    }
    case ApiType::kBlob: {
      const auto bytes = aws::from_base64(text);
      return bytes ? Value::string(*bytes) : Value();
    }
    default:
      return Value::string(text);
  }
}

}  // namespace pawl::connectors::remote
