#include "asl/json/reader.h"
#include "asl/json/utf8.h"
#include "asl/json/writer.h"
#include "asl/path/java_text.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/xml.h"
#include "connectors/remote/values.h"
#include "connectors/remote/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace pawl::connectors::remote {
namespace {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::XmlElement;
using runtime::HttpResponse;

using Answer = std::variant<Value, aws::Error>;

const std::string& wire_name(const ApiMember& member) {
  return member.location_name.empty() ? member.name : member.location_name;
}

bool is_xml(ApiProtocol protocol) {
  return protocol == ApiProtocol::kQuery || protocol == ApiProtocol::kEc2 ||
         protocol == ApiProtocol::kRestXml;
}

aws::Error unreadable(const HttpResponse& response, std::string_view why) {
  return {"UnreadableAnswer",
          fmt::format("The answer of the service cannot be read: {}", why),
          response.status,
          {}};
}

// --- XML ---

class ElementReader {
 public:
  explicit ElementReader(const ApiModel& model) : model_(model) {}

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the element, which the reader bounds
  Value structure(const ApiShape& shape, const XmlElement& element) const {
    ObjectBuilder out;
    for (const ApiMember& member : shape.members) {
      if (member.location != ApiLocation::kBody) continue;
      Value value = one(member, element);
      if (!value.is_undefined()) out.set(member.name, std::move(value));
    }
    return std::move(out).build();
  }

 private:
  // A member of `parent`; undefined: it has none.
  // NOLINTNEXTLINE(misc-no-recursion)
  Value one(const ApiMember& member, const XmlElement& parent) const {
    const ApiShape& shape = model_.shape(member.shape);
    const bool flat = shape.flattened || member.flattened;
    if (flat && shape.type == ApiType::kList) return flat_list(member, shape, parent);
    if (flat && shape.type == ApiType::kMap) {
      return entries(shape, children_named(parent, wire_name(member)));
    }
    const XmlElement* element = parent.find(local(wire_name(member)));
    return element == nullptr ? Value() : value_of(shape, *element);
  }

  // "xsi:type" is "type": the reader drops prefixes.
  static std::string_view local(std::string_view name) {
    return name.substr(name.rfind(':') == std::string_view::npos ? 0 : name.rfind(':') + 1);
  }

  static std::vector<const XmlElement*> children_named(const XmlElement& parent,
                                                       std::string_view name) {
    std::vector<const XmlElement*> found;
    for (const XmlElement& child : parent.children) {
      if (child.name == name) found.push_back(&child);
    }
    return found;
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Value flat_list(const ApiMember& member, const ApiShape& shape, const XmlElement& parent) const {
    // Named by the member, or by its items where they have a name.
    auto found = children_named(parent, wire_name(member));
    if (found.empty() && !shape.element.location_name.empty()) {
      found = children_named(parent, shape.element.location_name);
    }
    if (found.empty()) return {};
    std::vector<Value> items;
    items.reserve(found.size());
    for (const XmlElement* item : found) {
      Value value = value_of(model_.shape(shape.element.shape), *item);
      if (!value.is_undefined()) items.push_back(std::move(value));
    }
    return Value::array(std::move(items));
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Value entries(const ApiShape& shape, const std::vector<const XmlElement*>& found) const {
    if (found.empty()) return {};
    ObjectBuilder out;
    for (const XmlElement* entry : found) {
      const XmlElement* key =
          entry->find(shape.key.location_name.empty() ? "key" : shape.key.location_name);
      const XmlElement* content =
          entry->find(shape.element.location_name.empty() ? "value" : shape.element.location_name);
      if (key == nullptr || content == nullptr) continue;
      Value value = value_of(model_.shape(shape.element.shape), *content);
      if (!value.is_undefined()) out.set(key->text, std::move(value));
    }
    return std::move(out).build();
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Value value_of(const ApiShape& shape, const XmlElement& element) const {
    switch (shape.type) {
      case ApiType::kStructure:
        return structure(shape, element);
      case ApiType::kList: {
        std::vector<Value> items;
        items.reserve(element.children.size());
        for (const XmlElement& child : element.children) {
          Value value = value_of(model_.shape(shape.element.shape), child);
          if (!value.is_undefined()) items.push_back(std::move(value));
        }
        return Value::array(std::move(items));
      }
      case ApiType::kMap: {
        Value found = entries(shape, children_named(element, "entry"));
        return found.is_undefined() ? Value::object({}) : found;
      }
      default:
        return scalar_of_text(shape, element.text);
    }
  }

  const ApiModel& model_;
};

// --- where the members of an answer are ---

void read_headers(const ApiModel& model, const ApiShape& shape, const HttpResponse& response,
                  ObjectBuilder& out) {
  for (const ApiMember& member : shape.members) {
    const ApiShape& target = model.shape(member.shape);
    if (member.location == ApiLocation::kStatusCode) {
      out.set(member.name, Value::integer(response.status));
    } else if (member.location == ApiLocation::kHeader && response.headers.has(wire_name(member))) {
      const std::string text(response.headers.get(wire_name(member)));
      if (target.type == ApiType::kList) {
        std::vector<Value> items;
        for (std::size_t at = 0; at < text.size();) {
          const std::size_t end = std::min(text.find(',', at), text.size());
          const std::size_t first = std::min(text.find_first_not_of(' ', at), end);
          Value item =
              scalar_of_text(model.shape(target.element.shape), text.substr(first, end - first));
          if (!item.is_undefined()) items.push_back(std::move(item));
          at = end + 1;
        }
        out.set(member.name, Value::array(std::move(items)));
        continue;
      }
      Value value = scalar_of_text(target, text);
      if (!value.is_undefined()) out.set(member.name, std::move(value));
    } else if (member.location == ApiLocation::kHeaders) {
      ObjectBuilder map;
      const std::string& prefix = member.location_name;
      for (std::size_t i = 0; i < response.headers.size(); ++i) {
        const auto field = response.headers[i];
        if (field.name.size() > prefix.size() &&
            runtime::equal_ignoring_case(field.name.substr(0, prefix.size()), prefix)) {
          map.set(field.name.substr(prefix.size()), Value::string(field.value));
        }
      }
      out.set(member.name, std::move(map).build());
    }
  }
}

// Adds what the body of a REST answer has. False: it cannot be read.
bool read_body(const ApiModel& model, const ApiShape& shape, const std::string& body,
               ObjectBuilder& out) {
  const ApiMember* payload = shape.payload.empty() ? nullptr : shape.member(shape.payload);
  if (payload != nullptr) {
    const ApiShape& target = model.shape(payload->shape);
    if (target.event_stream) return true;
    if (target.type == ApiType::kBlob || target.type == ApiType::kString) {
      out.set(payload->name, Value::string(body));
      return true;
    }
  }
  if (body.empty()) return true;
  const ApiShape& outer = payload != nullptr ? model.shape(payload->shape) : shape;
  Value read;
  if (model.protocol == ApiProtocol::kRestXml) {
    const Result<XmlElement> element = aws::read_xml(body);
    if (!element) return false;
    read = ElementReader(model).structure(outer, *element);
  } else {
    const Result<Value> json = asl::read_json(body);
    if (!json) return false;
    read = read_json_members(model, outer, *json);
  }
  if (payload != nullptr) {
    out.set(payload->name, std::move(read));
  } else if (read.is_object()) {
    for (const Member& member : read.members()) out.set(member.key, member.value);
  }
  return true;
}

// --- errors ---

// "ns#Code:http://..." and "Code" alike.
std::string bare_code(std::string_view text) {
  text = text.substr(0, text.find(':'));
  const std::size_t hash = text.rfind('#');
  return std::string(hash == std::string_view::npos ? text : text.substr(hash + 1));
}

void read_json_error(const ApiModel& model, const HttpResponse& response, aws::Error& error) {
  const Result<Value> body = asl::read_json(response.body);
  std::string code = bare_code(response.headers.get("x-amzn-errortype"));
  if (body && body->is_object()) {
    for (const char* name : {"__type", "code", "Code"}) {
      if (code.empty()) code = bare_code(text_of(*body, name));
    }
    for (const char* name : {"message", "Message", "errorMessage"}) {
      if (error.message.empty()) error.message = text_of(*body, name);
    }
    error.details = *body;
  }
  if (model.query_compatible) {
    // The code that clients of the query protocol know: a model may have either.
    const std::string_view query = response.headers.get("x-amzn-query-error");
    const std::string older(query.substr(0, query.find(';')));
    if (!older.empty() && model.error(code) == nullptr) code = older;
  }
  error.code = code;
}

void read_xml_error(const HttpResponse& response, aws::Error& error) {
  const Result<XmlElement> body = aws::read_xml(response.body);
  if (!body) return;
  const XmlElement* found = &*body;                                      // <Error> of S3
  if (const XmlElement* errors = found->find("Errors")) found = errors;  // EC2
  if (const XmlElement* inner = found->find("Error")) found = inner;
  error.code = bare_code(found->text_of("Code"));
  error.message = found->text_of("Message");
}

aws::Error read_error(const ApiModel& model, const ApiOperation& operation,
                      const HttpResponse& response) {
  aws::Error error;
  error.status = response.status;
  if (is_xml(model.protocol)) {
    read_xml_error(response, error);
  } else {
    read_json_error(model, response, error);
  }
  if (error.code.empty()) {
    // An answer to HEAD has no body: the status tells which of the operation's errors it is.
    for (const ApiShapeNumber number : operation.errors) {
      const ApiShape& shape = model.shape(number);
      const bool not_found = response.status == 404 && shape.name.find("NoSuch") == 0;
      if (error.code.empty() && (shape.error_status == response.status || not_found)) {
        error.code = shape.error_code.empty() ? shape.name : shape.error_code;
      }
    }
  }
  if (error.code.empty()) error.code = std::to_string(response.status);
  if (error.message.empty()) error.message = runtime::reason_phrase(response.status);
  return error;
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
Value read_json_members(const ApiModel& model, const ApiShape& shape, const Value& value) {
  if (value.is_null()) return value;
  switch (shape.type) {
    case ApiType::kBlob: {
      const auto bytes = value.is_string() ? aws::from_base64(value.as_string()) : std::nullopt;
      return bytes ? Value::string(*bytes) : value;
    }
    case ApiType::kTimestamp: {
      const auto seconds =
          value.is_string() ? read_date(value.as_string()) : std::optional<double>();
      return seconds ? Value::number(*seconds) : value;
    }
    case ApiType::kList: {
      if (!value.is_array()) return value;
      std::vector<Value> items;
      items.reserve(value.size());
      for (const Value& item : value.items()) {
        items.push_back(read_json_members(model, model.shape(shape.element.shape), item));
      }
      return Value::array(std::move(items));
    }
    case ApiType::kMap: {
      if (!value.is_object()) return value;
      ObjectBuilder out;
      for (const Member& entry : value.members()) {
        out.set(entry.key, read_json_members(model, model.shape(shape.element.shape), entry.value));
      }
      return std::move(out).build();
    }
    case ApiType::kStructure: {
      if (!value.is_object()) return value;
      ObjectBuilder out;
      for (const ApiMember& member : shape.members) {
        if (member.location != ApiLocation::kBody) continue;
        if (const Value* found = value.find(wire_name(member))) {
          out.set(member.name, read_json_members(model, model.shape(member.shape), *found));
        }
      }
      return std::move(out).build();
    }
    default:
      return value;
  }
}

void decode_headers(runtime::HttpHeaders& headers) {
  runtime::HttpHeaders decoded;
  bool changed = false;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto field = headers[i];
    if (asl::is_ascii(field.value)) {
      decoded.add(field.name, field.value);
      continue;
    }
    std::string text;
    for (const char c : field.value) asl::append_utf8(static_cast<unsigned char>(c), text);
    decoded.add(field.name, text);
    changed = true;
  }
  if (changed) headers = std::move(decoded);
}

Answer read_answer(const ApiModel& model, const ApiOperation& operation,
                   const HttpResponse& response) {
  if (response.status / 100 != 2) return read_error(model, operation, response);
  if (!operation.output) return Value::object({});
  const ApiShape& shape = model.shape(*operation.output);
  switch (model.protocol) {
    case ApiProtocol::kJson: {
      if (response.body.empty()) return Value::object({});
      const Result<Value> body = asl::read_json(response.body);
      if (!body) return unreadable(response, body.error().message);
      return read_json_members(model, shape, *body);
    }
    case ApiProtocol::kQuery:
    case ApiProtocol::kEc2: {
      if (response.body.empty()) return Value::object({});
      const Result<XmlElement> body = aws::read_xml(response.body);
      if (!body) return unreadable(response, body.error().message);
      const XmlElement* found = &*body;
      if (!operation.result_wrapper.empty()) {
        if (const XmlElement* inner = found->find(operation.result_wrapper)) found = inner;
      }
      return ElementReader(model).structure(shape, *found);
    }
    case ApiProtocol::kRestJson:
    case ApiProtocol::kRestXml: {
      ObjectBuilder out;
      read_headers(model, shape, response, out);
      if (!read_body(model, shape, response.body, out)) {
        return unreadable(response, "its body is not what the API's model says");
      }
      return std::move(out).build();
    }
  }
  return Value::object({});
}

}  // namespace pawl::connectors::remote
