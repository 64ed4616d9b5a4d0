#include "connectors/aws/query_protocol.h"

#include "connectors/aws/json_protocol.h"
#include "connectors/aws/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <vector>

namespace pawl::connectors::aws {
namespace {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using runtime::HttpRequest;
using runtime::HttpResponse;

constexpr std::size_t kItemsMax = 1000;
constexpr std::size_t kPartsMax = 8;

// Names with dots as a tree.
struct Node {
  std::string text;
  std::map<std::string, Node> children;
};

// Children 1, 2, 3 ... in the order of their numbers.
std::vector<const Node*> numbered(const Node& node) {
  std::map<std::size_t, const Node*> found;
  for (const auto& [name, child] : node.children) {
    std::size_t number = 0;
    const auto [rest, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (failed == std::errc() && rest == name.data() + name.size()) found.emplace(number, &child);
  }
  std::vector<const Node*> items;
  for (const auto& [number, child] : found) {
    if (items.size() < kItemsMax) items.push_back(child);
  }
  return items;
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class FormReader {
 public:
  FormReader(const QueryDialect& dialect, std::string_view operation)
      : dialect_(dialect), entries_(std::string(operation) + "RequestEntry") {}

  // NOLINTNEXTLINE(misc-no-recursion): as deep as a name has parts
  Value object(const Node& node) const {
    ObjectBuilder out;
    for (const auto& [name, child] : node.children) {
      // QueueUrl is a member, QueueUrl.1 an item of QueueUrls.
      if (const Flattened* flat = child.children.empty() ? nullptr : flattened(name)) {
        out.set(flat->member, flat->key.empty() ? list(child) : map(child, *flat));
      } else if (name == entries_) {
        out.set("Entries", list(child));
      } else {
        out.set(name, value(name, child));
      }
    }
    return std::move(out).build();
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion)
  Value value(std::string_view name, const Node& node) const {
    if (node.children.empty()) return scalar(name, node.text);
    if (const auto member = node.children.find("member"); member != node.children.end()) {
      return list(member->second);
    }
    if (const auto entry = node.children.find("entry"); entry != node.children.end()) {
      const bool lower = [&] {
        const auto items = numbered(entry->second);
        return !items.empty() && items.front()->children.contains("key");
      }();
      return map(entry->second,
                 lower ? Flattened{"", "", "key", "value"} : Flattened{"", "", "Name", "Value"});
    }
    return object(node);
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Value list(const Node& node) const {
    std::vector<Value> items;
    for (const Node* item : numbered(node)) items.push_back(value("", *item));
    return Value::array(std::move(items));
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Value map(const Node& node, const Flattened& names) const {
    ObjectBuilder out;
    for (const Node* item : numbered(node)) {
      const auto key = item->children.find(std::string(names.key));
      const auto content = item->children.find(std::string(names.value));
      if (key == item->children.end() || content == item->children.end()) continue;
      out.set(key->second.text, value("", content->second));
    }
    return std::move(out).build();
  }

  Value scalar(std::string_view name, const std::string& text) const {
    if (contains(dialect_.numbers, name)) {
      std::int64_t number = 0;
      const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (failed == std::errc() && rest == text.data() + text.size()) return Value::integer(number);
    }
    if (contains(dialect_.booleans, name)) return Value::boolean(text == "true");
    return Value::string(text);
  }

  const Flattened* flattened(std::string_view element) const {
    for (const Flattened& flat : dialect_.flattened) {
      if (flat.element == element) return &flat;
    }
    return nullptr;
  }

  const QueryDialect& dialect_;
  std::string entries_;
};

class AnswerWriter {
 public:
  AnswerWriter(const QueryDialect& dialect, std::string_view operation, XmlWriter& xml)
      : dialect_(dialect), operation_(operation), xml_(xml) {}

  // NOLINTNEXTLINE(misc-no-recursion): answers nest a few deep
  void members(const Value& object) {
    for (const Member& member : object.members()) {
      one(member.key.as_string(), member.value);
    }
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion)
  void one(std::string_view name, const Value& value) {
    if (value.is_array()) return list(name, value);
    if (!value.is_object()) {
      xml_.text(name, text_of(value));
      return;
    }
    for (const Flattened& flat : dialect_.flattened) {
      if (flat.member != name || flat.key.empty()) continue;
      for (const Member& entry : value.members()) {
        xml_.open(flat.element);
        xml_.text(flat.key, entry.key.as_string());
        one(flat.value, entry.value);
        xml_.close();
      }
      return;
    }
    xml_.open(name);
    if (dialect_.flattened.empty() && (name == "Attributes" || name == "attributes")) {
      for (const Member& entry : value.members()) {
        xml_.open("entry");
        xml_.text("key", entry.key.as_string());
        one("value", entry.value);
        xml_.close();
      }
    } else {
      members(value);
    }
    xml_.close();
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  void list(std::string_view name, const Value& value) {
    if (dialect_.flattened.empty()) {
      xml_.open(name);
      for (const Value& item : value.items()) one("member", item);
      xml_.close();
      return;
    }
    std::string element(name);
    if (name == "Successful") element = std::string(operation_) + "ResultEntry";
    if (name == "Failed") element = "BatchResultErrorEntry";
    for (const Flattened& flat : dialect_.flattened) {
      if (flat.member == name) element = flat.element;
    }
    for (const Value& item : value.items()) one(element, item);
  }

  static std::string text_of(const Value& value) {
    if (value.is_string()) return std::string(value.as_string());
    if (value.is_bool()) return value.as_bool() ? "true" : "false";
    if (value.is_int()) return std::to_string(value.as_int());
    return value.is_double() ? fmt::format("{}", value.as_double()) : "";
  }

  const QueryDialect& dialect_;
  std::string_view operation_;
  XmlWriter& xml_;
};

}  // namespace

Value read_form(const runtime::QueryParameters& form, const QueryDialect& dialect,
                std::string_view operation) {
  Node root;
  for (const auto& [name, text] : form) {
    if (name == "Action" || name == "Version" || name.starts_with("X-Amz-")) continue;
    if (static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')) >= kPartsMax) continue;
    Node* node = &root;
    std::string_view left = name;
    for (;;) {
      const std::size_t dot = left.find('.');
      node = &node->children[std::string(left.substr(0, dot))];
      if (dot == std::string_view::npos) break;
      left.remove_prefix(dot + 1);
    }
    node->text = text;
  }
  return FormReader(dialect, operation).object(root);
}

std::string write_answer(std::string_view operation, const Value& answer,
                         const QueryDialect& dialect, const std::string& request_id) {
  XmlWriter xml(dialect.declaration, dialect.pretty);
  xml.open(std::string(operation) + "Response", dialect.name_space);
  if (!contains(dialect.without_result, operation)) {
    xml.open(std::string(operation) + "Result");
    AnswerWriter(dialect, operation, xml).members(answer);
    xml.close();
  }
  xml.open("ResponseMetadata").text("RequestId", request_id).close();
  return xml.close().take();
}

Answer QueryEndpoint::perform(const HttpRequest& request, Call& call) {
  runtime::QueryParameters form = runtime::read_parameters(request.query());
  const runtime::QueryParameters body = runtime::read_parameters(request.body);
  form.insert(form.end(), body.begin(), body.end());
  for (const auto& [name, value] : form) {
    if (name == "Action") call.operation = value;
  }
  if (!has_credentials(request) && !contains(dialect_.unsigned_operations, call.operation)) {
    return Error{"MissingAuthenticationToken", "Request is missing Authentication Token", 403, {}};
  }
  if (call.operation.empty()) {
    return Error{"MissingAction", "The request must contain an Action.", 400, {}};
  }
  Value input = read_form(form, dialect_, call.operation);
  // Old clients name a queue by the path of the request alone.
  if (input.find("QueueUrl") == nullptr && request.path().size() > 1) {
    ObjectBuilder members(input);
    members.set("QueueUrl", Value::string("http://" + call.host + std::string(request.path())));
    input = std::move(members).build();
  }
  call.input = std::move(input);
  return service_.call(call);
}

bool QueryEndpoint::needs_no_signature(const HttpRequest& request) const {
  if (request.method != "GET" || request.path() != "/" || !request.body.empty()) return false;
  std::set<std::string_view> seen;
  bool named = false;
  const runtime::QueryParameters parameters = runtime::read_parameters(request.query());
  for (const auto& [name, value] : parameters) {
    // Said twice is open to two readings.
    if (!contains(dialect_.unsigned_parameters, name) || !seen.insert(name).second) return false;
    if (name == "Action") named = contains(dialect_.unsigned_operations, value);
  }
  return named;
}

HttpResponse QueryEndpoint::handle(const HttpRequest& request) {
  Call call;
  call.request_id = new_id_();
  call.host = request.headers.get("Host");
  call.caller_gone = gone_of(request);
  const Answer answer = perform(request, call);
  if (const auto* error = std::get_if<Error>(&answer)) return refuse(request, *error);
  HttpResponse response;
  response.headers.add("Content-Type", "text/xml");
  response.headers.add("x-amzn-RequestId", call.request_id);
  response.body = write_answer(call.operation, std::get<Value>(answer), dialect_, call.request_id);
  return response;
}

HttpResponse QueryEndpoint::refuse(const HttpRequest& /*request*/, const Error& error) {
  const std::string request_id = new_id_();
  HttpResponse response;
  response.status = error.status;
  response.headers.add("Content-Type", "text/xml");
  response.headers.add("x-amzn-RequestId", request_id);
  XmlWriter xml(dialect_.declaration, dialect_.pretty);
  xml.open("ErrorResponse", dialect_.name_space);
  xml.open("Error")
      .text("Type", error.status < 500 ? "Sender" : "Receiver")
      .text("Code", error.code)
      .text("Message", error.message)
      .close();
  response.body = xml.text("RequestId", request_id).close().take();
  return response;
}

}  // namespace pawl::connectors::aws
