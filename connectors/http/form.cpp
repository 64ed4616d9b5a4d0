#include "connectors/http/form.h"

#include "asl/json/writer.h"
#include "runtime/http/uri.h"

#include <utility>

namespace pawl::connectors::http {
namespace {

using asl::Value;

bool is_scalar(const Value& value) { return !value.is_array() && !value.is_object(); }

std::string text_in_form(const Value& value) {
  return value.is_null() ? std::string() : asl::to_text(value);
}

class FormWriter {
 public:
  explicit FormWriter(ArrayFormat format) : format_(format) {}

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
  void add(const std::string& name, const Value& value) {
    if (value.is_object()) {
      for (const asl::Member& member : value.members()) {
        add(name + "[" + std::string(member.key.as_string()) + "]", member.value);
      }
    } else if (value.is_array()) {
      add_items(name, value);
    } else {
      pair(name, text_in_form(value));
    }
  }

  std::string take() { return std::move(out_); }

 private:
  // NOLINTNEXTLINE(misc-no-recursion)
  void add_items(const std::string& name, const Value& array) {
    if (format_ == ArrayFormat::kNone) return pair(name, asl::to_json(array));
    if (format_ == ArrayFormat::kCommas) {
      std::string joined;
      for (const Value& item : array.items()) {
        if (!joined.empty()) joined += ',';
        joined += is_scalar(item) ? text_in_form(item) : asl::to_json(item);
      }
      return pair(name, joined);
    }
    std::size_t index = 0;
    for (const Value& item : array.items()) {
      std::string item_name = name;
      if (format_ == ArrayFormat::kBrackets) item_name += "[]";
      if (format_ == ArrayFormat::kIndices) item_name += "[" + std::to_string(index) + "]";
      add(item_name, item);
      ++index;
    }
  }

  void pair(std::string_view name, std::string_view text) {
    if (!out_.empty()) out_ += '&';
    out_ += runtime::percent_encode(name);
    out_ += '=';
    // The commas of COMMAS are the format's own.
    out_ += runtime::percent_encode(text, format_ == ArrayFormat::kCommas ? "," : "");
  }

  ArrayFormat format_;
  std::string out_;
};

}  // namespace

std::optional<ArrayFormat> array_format_of(std::string_view name) {
  constexpr std::pair<std::string_view, ArrayFormat> kNames[] = {
      {"INDICES", ArrayFormat::kIndices}, {"REPEAT", ArrayFormat::kRepeat},
      {"COMMAS", ArrayFormat::kCommas},   {"BRACKETS", ArrayFormat::kBrackets},
      {"NONE", ArrayFormat::kNone},
  };
  for (const auto& [known, format] : kNames) {
    if (known == name) return format;
  }
  return std::nullopt;
}

std::string write_form(const Value& object, ArrayFormat format) {
  FormWriter writer(format);
  for (const asl::Member& member : object.members()) {
    writer.add(std::string(member.key.as_string()), member.value);
  }
  return writer.take();
}

}  // namespace pawl::connectors::http
