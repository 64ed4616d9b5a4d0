#include "asl/template/template.h"

#include "asl/parse/resource.h"
#include "asl/validate/context.h"
#include "asl/validate/jsonata_strings.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace pawl::asl {
namespace {

// Visits every object member and array item below `root` with a list instead of the stack, in
// document order: `visit` gets the key (empty for items), the value and the object it stands in.
template <typename Visit>
void walk(const Value& root, const Visit& visit) {
  std::vector<const Value*> open = {&root};
  while (!open.empty()) {
    const Value& value = *open.back();
    open.pop_back();
    const std::size_t first = open.size();
    if (value.is_object()) {
      for (const Member& member : value.members()) {
        visit(member.key.as_string(), member.value, value);
        open.push_back(&member.value);
      }
    } else if (value.is_array()) {
      for (const Value& item : value.items()) {
        visit(std::string_view(), item, value);
        open.push_back(&item);
      }
    }
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(first), open.end());
  }
}

bool looks_dynamic(std::string_view text) {
  return text == "$" || text.starts_with("$.") || text.starts_with("$[") ||
         text.starts_with("$$.") ||
         (text.starts_with("States.") && text.find('(') != std::string_view::npos &&
          text.ends_with(')'));
}

void check_dynamic_member(const Context& context, std::string_view key, const Value& value,
                          const Value& object, const Place& place) {
  const std::string_view name = key.substr(0, key.size() - 2);
  if (object.find(name) != nullptr) {
    context.report.schema_error("The field '" + std::string(name) + "' and its dynamic form '" +
                                    std::string(key) + "' cannot both be set",
                                place);
  }
  if (is_placeholder(context, value)) return;
  // A path or a call begins at once: a blank before it is taken for neither.
  const bool begins = value.is_string() && !value.as_string().starts_with(' ');
  if (begins && StringExpression::parse(value.as_string())) return;
  context.report.schema_error("The value for the field '" + std::string(key) +
                                  "' must be a valid JSONPath or a valid intrinsic function call",
                              place);
}

void check_json_path_template(const Context& context, const Value& root, const Place& place) {
  walk(root, [&](std::string_view key, const Value& value, const Value& object) {
    if (key.ends_with(".$")) {
      check_dynamic_member(context, key, value, object, place);
    } else if (!key.empty() && value.is_string() && looks_dynamic(value.as_string())) {
      context.report.warning(code::kNoDollar,
                             "No .$ on the field '" + std::string(key) +
                                 "' that appears to be a JSONPath or Intrinsic Function.",
                             place);
    }
  });
}

void check_jsonata_template(const Context& context, const Value& root, const Place& place) {
  const auto check = [&](const Value& value) {
    if (value.is_string() && has_jsonata_marker(value.as_string())) {
      check_jsonata_string(context, value.as_string(), place);
    }
  };
  check(root);
  walk(root, [&](std::string_view, const Value& value, const Value&) { check(value); });
}

}  // namespace

void check_template(const Context& context, const Value& value, const Place& place) {
  if (context.jsonata()) {
    check_jsonata_template(context, value, place);
  } else {
    check_json_path_template(context, value, place);
  }
}

}  // namespace pawl::asl
