#include "service/api.h"

#include "asl/json/reader.h"
#include "service/constraints.h"
#include "service/operations.h"

#include <fmt/format.h>

#include <mutex>

namespace pawl::service {

const asl::Value* Request::member(std::string_view name) const {
  const asl::Value* member = input_.find(name);
  return member != nullptr && !member->is_null() ? member : nullptr;
}

std::string_view Request::text(std::string_view name) const {
  const asl::Value* value = member(name);
  return value != nullptr ? value->as_string() : std::string_view();
}

std::optional<std::string> Request::optional_text(std::string_view name) const {
  const asl::Value* value = member(name);
  if (value == nullptr) return std::nullopt;
  return std::string(value->as_string());
}

bool Request::flag(std::string_view name, bool absent) const {
  const asl::Value* value = member(name);
  return value != nullptr ? value->as_bool() : absent;
}

std::size_t Request::page_size(std::size_t standard) const {
  const asl::Value* value = member("maxResults");
  const std::int64_t given = value != nullptr ? value->as_int() : 0;
  return given > 0 ? static_cast<std::size_t>(given) : standard;
}

Answer Api::call(std::string_view operation, std::string_view body, std::string_view trace_header,
                 const connectors::StatesCaller& caller) {
  const OperationShape* shape = find_operation_shape(operation);
  if (shape == nullptr) {
    return ApiError{"UnknownOperationException",
                    fmt::format("There is no operation '{}'.", operation)};
  }
  const Operation* known = find_operation(operation);
  if (known == nullptr) {
    return ApiError{"UnknownOperationException",
                    fmt::format("The operation {} is not offered yet.", operation)};
  }
  const auto perform = [&]() -> Answer {
    asl::Value input;
    if (body.empty()) {
      input = asl::Value::object({});
    } else {
      Result<asl::Value> read = asl::read_json(body);
      if (!read || !read->is_object()) {
        return ApiError{
            "SerializationException",
            read ? "The body of a request must be a JSON object." : read.error().message};
      }
      input = *std::move(read);
    }
    if (auto refused = check_input(*shape, input, limits())) return *std::move(refused);
    return known->action(*this, Request(input, caller, trace_header));
  };
  if (!known->changes_registry) return perform();
  // Check and change are one step, whichever shard they are asked on.
  return runtime::call_on(*engine_.options().shards[0], [&]() -> Answer {
    const std::lock_guard lock(registry_);
    return perform();
  });
}

std::variant<std::string, connectors::StatesError> Api::call_states(
    std::string_view operation, const std::string& input, const connectors::StatesCaller& caller) {
  Answer answered = call(operation, input, {}, caller);
  if (auto* output = std::get_if<std::string>(&answered)) return std::move(*output);
  auto& error = std::get<ApiError>(answered);
  return connectors::StatesError{std::move(error.code), std::move(error.message), error.status};
}

}  // namespace pawl::service
