#include "connectors/events/input_path.h"

#include "asl/json/writer.h"

#include <charconv>
#include <map>
#include <string_view>

namespace pawl::connectors::events {
namespace {

using asl::Value;

// "$", "$.detail.items[0].id", "$.detail['a b']". nullptr: nothing there, or not such a path.
const Value* at_path(const Value& event, std::string_view path) {
  if (!path.starts_with('$')) return nullptr;
  path.remove_prefix(1);
  const Value* value = &event;
  while (value != nullptr && !path.empty()) {
    if (path.starts_with('.')) {
      path.remove_prefix(1);
      const std::size_t end = path.find_first_of(".[");
      value = value->find(path.substr(0, end));
      path = end == std::string_view::npos ? std::string_view() : path.substr(end);
      continue;
    }
    const std::size_t close = path.find(']');
    if (!path.starts_with('[') || close == std::string_view::npos) return nullptr;
    std::string_view inside = path.substr(1, close - 1);
    path.remove_prefix(close + 1);
    if (inside.size() >= 2 && inside.front() == '\'' && inside.back() == '\'') {
      value = value->find(inside.substr(1, inside.size() - 2));
      continue;
    }
    std::size_t index = 0;
    const auto [rest, failed] =
        std::from_chars(inside.data(), inside.data() + inside.size(), index);
    if (failed != std::errc() || rest != inside.data() + inside.size()) return nullptr;
    value = value->is_array() && index < value->size() ? &value->items()[index] : nullptr;
  }
  return value;
}

// Replaces <name>. Inside of quotes a text goes in bare, elsewhere as JSON.
std::string transform(std::string_view text, const std::map<std::string, const Value*>& values) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && (i == 0 || text[i - 1] != '\\')) quoted = !quoted;
    const std::size_t end = c == '<' ? text.find('>', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += c;
      continue;
    }
    const auto found = values.find(std::string(text.substr(i + 1, end - i - 1)));
    if (found == values.end()) {
      out += c;
      continue;
    }
    i = end;
    if (found->second == nullptr) continue;  // nothing there: nothing goes in
    const std::string json = asl::to_json(*found->second);
    const bool bare = quoted && found->second->is_string();
    if (!quoted || bare) {
      out += bare ? json.substr(1, json.size() - 2) : json;
    } else {
      std::string escaped;
      asl::write_json_string(json, escaped);
      out += escaped.substr(1, escaped.size() - 2);
    }
  }
  return out;
}

}  // namespace

std::string target_input(const Value& target, const Value& event, const Reserved& reserved) {
  if (const Value* input = target.find("Input"); input != nullptr && input->is_string()) {
    return std::string(input->as_string());
  }
  if (const Value* path = target.find("InputPath"); path != nullptr && path->is_string()) {
    const Value* part = at_path(event, path->as_string());
    return part == nullptr ? "{}" : asl::to_json(*part);
  }
  const Value* transformer = target.find("InputTransformer");
  const Value* text = transformer == nullptr ? nullptr : transformer->find("InputTemplate");
  if (text == nullptr || !text->is_string()) return asl::to_json(event);
  std::map<std::string, const Value*> values;
  for (const auto& [name, value] : reserved) values[name] = &value;
  if (const Value* paths = transformer->find("InputPathsMap");
      paths != nullptr && paths->is_object()) {
    for (const asl::Member& member : paths->members()) {
      if (member.value.is_string()) {
        values[std::string(member.key.as_string())] = at_path(event, member.value.as_string());
      }
    }
  }
  return transform(text->as_string(), values);
}

}  // namespace pawl::connectors::events
