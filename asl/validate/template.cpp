#include "asl/template/template.h"

#include "asl/parse/resource.h"
#include "asl/validate/context.h"
#include "asl/validate/expressions.h"

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

// Each string with a marker, in document order. A value knows its parent, so that its place is only
// written when something is wrong there: keys may be long and many.
struct Nested {
  const Value* value;
  std::size_t parent;
  std::string_view key;  // of a member; empty: an item
  std::size_t index;     // of an item
};
constexpr std::size_t kTop = static_cast<std::size_t>(-1);

std::string place_below(const std::vector<Nested>& nodes, std::size_t at, const Place& place) {
  std::vector<std::size_t> path;
  for (; at != kTop; at = nodes[at].parent) path.push_back(at);
  path.pop_back();  // the template itself
  std::string out = place.prefix();
  for (auto i = path.rbegin(); i != path.rend(); ++i) {
    const Nested& node = nodes[*i];
    const bool is_item = nodes[node.parent].value->is_array();
    if (is_item) {
      ((out += '[') += std::to_string(node.index)) += ']';
    } else {
      (out += '/') += node.key;
    }
  }
  return out;
}

void check_jsonata_template(const Context& context, const Value& root, const Place& place) {
  std::vector<Nested> nodes = {{&root, kTop, {}, 0}};
  std::vector<std::size_t> open = {0};
  while (!open.empty() && !context.report.full()) {
    const std::size_t at = open.back();
    open.pop_back();
    const Value& value = *nodes[at].value;
    const std::size_t first = open.size();
    if (value.is_string() && has_jsonata_marker(value.as_string())) {
      for (ExpressionProblem& problem : jsonata_problems(context, value.as_string())) {
        context.report.error(problem.code, std::move(problem.message),
                             Place(place_below(nodes, at, place)));
      }
    } else if (value.is_object()) {
      for (const Member& member : value.members()) {
        open.push_back(nodes.size());
        nodes.push_back({&member.value, at, member.key.as_string(), 0});
      }
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        open.push_back(nodes.size());
        nodes.push_back({&value.items()[i], at, {}, i});
      }
    }
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(first), open.end());
  }
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
