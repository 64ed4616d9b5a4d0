#include "service/constraints.h"

#include "asl/json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pawl::service {

namespace {

// As the service's framework (Java) counts: UTF-16 units.
std::int64_t java_length(std::string_view text) {
  std::int64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0U ? 2 : 1;
  }
  return units;
}

// As Java prints it: structures with their shape's name, lists in brackets.
std::string shown(const Shape& shape, const asl::Value& value) {
  switch (shape.type) {
    case ShapeType::kString:
      return shape.sensitive ? "*** Sensitive Data Redacted ***" : std::string(value.as_string());
    case ShapeType::kList: {
      std::string text = "[";
      for (const asl::Value& item : value.items()) {
        if (text.size() > 1) text += ", ";
        text += shown(*shape.element, item);
      }
      return text + "]";
    }
    case ShapeType::kStructure: {
      std::string text = std::string(shape.name) + "(";
      bool first = true;
      for (const MemberShape& member : shape.members) {
        const asl::Value* field = value.find(member.name);
        if (field == nullptr || field->is_null()) continue;
        text +=
            fmt::format("{}{}={}", first ? "" : ", ", member.name, shown(*member.shape, *field));
        first = false;
      }
      return text + ")";
    }
    default:
      return asl::to_json(value);
  }
}

// Not less than the model's: a limit that is lowered is the action's to refuse.
std::int64_t maximum(const Shape& shape, const engine::Limits& limits) {
  const auto raised = [&shape](std::size_t limit) {
    return std::max(shape.max, static_cast<std::int64_t>(limit));
  };
  switch (shape.quota) {
    case Quota::kNone:
      break;
    case Quota::kPayload:
      return raised(limits.payload_bytes);
    case Quota::kName:
      return raised(limits.name_characters);
    case Quota::kArn:
      return raised(limits.arn_characters);
    case Quota::kStateName:
      return raised(limits.state_name_characters);
    case Quota::kDefinition:
      return raised(limits.definition_characters);
    case Quota::kError:
      return raised(limits.error_characters);
    case Quota::kCause:
      return raised(limits.cause_characters);
  }
  return shape.max;
}

// Where a value stands in the input. Put into words only for one that is refused.
struct Place {
  const Place* outer = nullptr;  // of the structure or list around it
  std::string_view name;         // of the member; empty for an element
  std::size_t number = 0;        // of the element, from 1

  std::string text() const {
    const std::string around = outer != nullptr ? outer->text() : std::string();
    if (name.empty()) return fmt::format("{}.{}.member", around, number);
    return around.empty() ? std::string(name) : fmt::format("{}.{}", around, name);
  }
};

class Check {
 public:
  explicit Check(const engine::Limits& limits) : limits_(limits) {}

  void member(const Shape& shape, const asl::Value& value, const Place& path) {
    if (wrong_type_) return;
    switch (shape.type) {
      case ShapeType::kString:
        if (!value.is_string()) return wrong_type(value, "String");
        return text(shape, value, path);
      case ShapeType::kInteger:
        if (!value.is_int()) return wrong_type(value, "Integer");
        return number(shape, value, path);
      case ShapeType::kFloat:
        if (!value.is_number()) return wrong_type(value, "Float");
        return number(shape, value, path);
      case ShapeType::kBoolean:
        if (!value.is_bool()) return wrong_type(value, "Boolean");
        return;
      case ShapeType::kList:
        if (!value.is_array()) return wrong_type(value, "List");
        return list(shape, value, path);
      case ShapeType::kStructure:
        if (!value.is_object()) return wrong_type(value, shape.name);
        return structure(shape.members, value, &path);
    }
  }

  void structure(std::span<const MemberShape> members, const asl::Value& value,
                 const Place* around) {
    for (const MemberShape& one : members) {
      const Place place{around, one.name};
      const asl::Value* field = value.find(one.name);
      if (field != nullptr && !field->is_null()) {
        member(*one.shape, *field, place);
      } else if (one.required) {
        violations_.push_back(
            fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null",
                        place.text()));
      }
    }
  }

  std::optional<ApiError> result() const {
    if (wrong_type_) return wrong_type_;
    if (violations_.empty()) return std::nullopt;
    return validation_error(fmt::format("{} validation error{} detected: {}", violations_.size(),
                                        violations_.size() == 1 ? "" : "s",
                                        fmt::join(violations_, "; ")));
  }

 private:
  void wrong_type(const asl::Value& value, std::string_view expected) {
    std::string kind(asl::kind_name(value.kind()));
    std::transform(kind.begin(), kind.end(), kind.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    wrong_type_ = ApiError{"SerializationException",
                           fmt::format("{}_VALUE can not be converted to {}", kind, expected)};
  }

  void violated(const Shape& shape, const asl::Value& value, const Place& path,
                const std::string& constraint) {
    const std::string subject =
        shape.sensitive ? std::string() : fmt::format(" '{}'", shown(shape, value));
    violations_.push_back(
        fmt::format("Value{} at '{}' failed to satisfy constraint: Member must {}", subject,
                    path.text(), constraint));
  }

  void text(const Shape& shape, const asl::Value& value, const Place& path) {
    const std::string_view string = value.as_string();
    const std::int64_t max = maximum(shape, limits_);
    // A unit has one to three bytes: most texts need no count.
    const auto bytes = static_cast<std::int64_t>(string.size());
    const bool fits = (max < 0 || bytes <= max) && bytes >= 3 * shape.min;
    const std::int64_t length = fits ? bytes : java_length(string);
    if (max >= 0 && length > max) {
      violated(shape, value, path, fmt::format("have length less than or equal to {}", max));
    }
    if (length < shape.min) {
      violated(shape, value, path,
               fmt::format("have length greater than or equal to {}", shape.min));
    }
    if (shape.matches != nullptr && !shape.matches(string)) {
      violated(shape, value, path,
               fmt::format("satisfy regular expression pattern: {}", shape.pattern));
    }
    if (!shape.values.empty() &&
        std::find(shape.values.begin(), shape.values.end(), string) == shape.values.end()) {
      violated(shape, value, path,
               fmt::format("satisfy enum value set: [{}]", fmt::join(shape.values, ", ")));
    }
  }

  void number(const Shape& shape, const asl::Value& value, const Place& path) {
    const double given = value.as_double();
    if (shape.max >= 0 && given > static_cast<double>(shape.max)) {
      violated(shape, value, path, fmt::format("have value less than or equal to {}", shape.max));
    }
    if (given < static_cast<double>(shape.min)) {
      violated(shape, value, path,
               fmt::format("have value greater than or equal to {}", shape.min));
    }
  }

  void list(const Shape& shape, const asl::Value& value, const Place& path) {
    const auto length = static_cast<std::int64_t>(value.size());
    if (shape.max >= 0 && length > shape.max) {
      violated(shape, value, path, fmt::format("have length less than or equal to {}", shape.max));
    }
    if (length < shape.min) {
      violated(shape, value, path,
               fmt::format("have length greater than or equal to {}", shape.min));
    }
    std::size_t index = 0;
    for (const asl::Value& item : value.items()) {
      member(*shape.element, item, Place{&path, {}, ++index});
    }
  }

  const engine::Limits& limits_;
  std::vector<std::string> violations_;
  std::optional<ApiError> wrong_type_;
};

}  // namespace

const OperationShape* find_operation_shape(std::string_view name) {
  const auto all = operation_shapes();
  const auto found = std::lower_bound(
      all.begin(), all.end(), name,
      [](const OperationShape& one, std::string_view wanted) { return one.name < wanted; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

std::optional<ApiError> check_input(const OperationShape& operation, const asl::Value& input,
                                    const engine::Limits& limits) {
  Check check(limits);
  check.structure(operation.members, input, nullptr);
  return check.result();
}

}  // namespace pawl::service
