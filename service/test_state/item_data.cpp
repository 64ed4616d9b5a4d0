#include "service/test_state/item_data.h"

#include "asl/json/reader.h"

#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace pawl::service {

namespace {

using asl::Value;

Error invalid(std::string text) { return {ErrorCode::kInvalid, std::move(text), ""}; }

std::string_view text_of(const Value* object, std::string_view name) {
  const Value* value = object != nullptr ? object->find(name) : nullptr;
  return value != nullptr && value->is_string() ? value->as_string() : std::string_view();
}

// One step of a JSON pointer, "~1" and "~0" read.
std::string unescaped(std::string_view step) {
  std::string text;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool escape =
        step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1');
    text += escape ? (step[++i] == '0' ? '~' : '/') : step[i];
  }
  return text;
}

const Value* follow(const Value& document, std::string_view pointer) {
  const Value* at = &document;
  while (!pointer.empty() && at != nullptr) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::string step = unescaped(pointer.substr(0, pointer.find('/')));
    pointer = pointer.find('/') == std::string_view::npos ? std::string_view()
                                                          : pointer.substr(pointer.find('/'));
    if (at->is_object()) {
      at = at->find(step);
    } else if (at->is_array()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
      const bool number = error == std::errc{} && end == step.data() + step.size();
      at = number && index < at->size() ? &at->items()[index] : nullptr;
    } else {
      return nullptr;
    }
  }
  return at;
}

Result<Value> read_lines(std::string_view data) {
  std::vector<Value> items;
  while (!data.empty()) {
    const std::size_t end = data.find('\n');
    const std::string_view line = data.substr(0, end);
    data = end == std::string_view::npos ? std::string_view() : data.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<Value> item = asl::read_json(line);
    if (!item) return invalid(item.error().message);
    items.push_back(*std::move(item));
  }
  return Value::array(std::move(items));
}

Result<Value> read_document(const Value* config, std::string_view data) {
  Result<Value> document = asl::read_json(data);
  if (!document) return invalid(document.error().message);
  const Value* items = follow(*document, text_of(config, "ItemsPointer"));
  if (items == nullptr || (!items->is_array() && !items->is_object())) {
    return invalid("Attempting to map over non-iterable node.");
  }
  return *items;
}

}  // namespace

Result<asl::Payload> read_item_data(const Value& reader, std::string_view data) {
  const Value* config = reader.find("ReaderConfig");
  const std::string_view type = text_of(config, "InputType");
  if (type != "" && type != "JSON" && type != "JSONL") {
    return invalid("Data of the InputType " + std::string(type) + " cannot be tested.");
  }
  Result<Value> items = type == "JSONL" ? read_lines(data) : read_document(config, data);
  if (!items) return std::move(items).error();
  return asl::Payload::of(*std::move(items));
}

}  // namespace pawl::service
