#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/aws/xml.h"
#include "connectors/remote/values.h"
#include "connectors/remote/wire.h"
#include "runtime/http/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace pawl::connectors::remote {
namespace {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;

const std::string& wire_name(const ApiMember& member) {
  return member.location_name.empty() ? member.name : member.location_name;
}

DateFormat dates_of(const ApiMember& member, DateFormat otherwise) {
  return date_format(member.timestamp_format, otherwise);
}

// --- query and ec2: a form ---

class FormWriter {
 public:
  FormWriter(const ApiModel& model, bool ec2) : model_(model), ec2_(ec2) {}

  void pair(std::string_view name, std::string_view text) {
    if (!out_.empty()) out_ += '&';
    out_ += runtime::percent_encode(name) + "=" + runtime::percent_encode(text);
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
  void structure(const std::string& prefix, const ApiShape& shape, const Value& value) {
    for (const ApiMember& member : shape.members) {
      const Value* found = value.find(member.name);
      if (found != nullptr) one(prefix + name_of(member), member, *found);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  std::string name_of(const ApiMember& member) const {
    if (!ec2_) return wire_name(member);
    if (!member.query_name.empty()) return member.query_name;
    std::string name = wire_name(member);
    if (name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return name;
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  void one(const std::string& name, const ApiMember& member, const Value& value) {
    const ApiShape& shape = model_.shape(member.shape);
    switch (shape.type) {
      case ApiType::kStructure:
        return structure(name + ".", shape, value);
      case ApiType::kList:
        return list(name, member, shape, value);
      case ApiType::kMap:
        return map(name, member, shape, value);
      default:
        return pair(name, scalar_text(shape, value, dates_of(member, DateFormat::kIso8601)));
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  void list(const std::string& name, const ApiMember& member, const ApiShape& shape,
            const Value& value) {
    if (value.size() == 0) {
      if (!ec2_) pair(name, "");
      return;
    }
    std::string prefix = name;
    if (!ec2_ && !shape.flattened && !member.flattened) {
      prefix +=
          "." + (shape.element.location_name.empty() ? "member" : shape.element.location_name);
    } else if (!ec2_ && !shape.element.location_name.empty()) {
      // A flattened list is named by its items: "Attribute.1", not "Attributes.1".
      prefix = name.substr(0, name.rfind('.') + 1) + shape.element.location_name;
    }
    std::size_t number = 0;
    for (const Value& item : value.items()) {
      one(fmt::format("{}.{}", prefix, ++number), shape.element, item);
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  void map(const std::string& name, const ApiMember& member, const ApiShape& shape,
           const Value& value) {
    const bool flat = shape.flattened || member.flattened;
    const std::string key = shape.key.location_name.empty() ? "key" : shape.key.location_name;
    const std::string content =
        shape.element.location_name.empty() ? "value" : shape.element.location_name;
    std::size_t number = 0;
    for (const Member& entry : value.members()) {
      const std::string prefix = fmt::format("{}{}.{}.", name, flat ? "" : ".entry", ++number);
      pair(prefix + key, entry.key.as_string());
      one(prefix + content, shape.element, entry.value);
    }
  }

  const ApiModel& model_;
  bool ec2_;
  std::string out_;
};

// --- rest-xml: an element ---

class ElementWriter {
 public:
  explicit ElementWriter(const ApiModel& model) : model_(model) {}

  // NOLINTNEXTLINE(misc-no-recursion)
  void structure(const std::string& name, const std::string& name_space, const ApiShape& shape,
                 const Value& value) {
    out_ += "<" + name;
    if (!name_space.empty()) attribute("xmlns", name_space);
    for (const ApiMember& member : shape.members) {
      const Value* found = value.find(member.name);
      if (found == nullptr || !member.xml_attribute) continue;
      // "xsi:type" of S3's grantees, whose prefix the element declares.
      if (!member.name_space.empty()) attribute("xmlns:xsi", member.name_space);
      attribute(wire_name(member),
                scalar_text(model_.shape(member.shape), *found, DateFormat::kIso8601));
    }
    out_ += ">";
    for (const ApiMember& member : shape.members) {
      const Value* found = value.find(member.name);
      if (found == nullptr || member.xml_attribute || member.location != ApiLocation::kBody) {
        continue;
      }
      one(wire_name(member), member, *found);
    }
    out_ += "</" + name + ">";
  }

  std::string take() { return std::move(out_); }

 private:
  void attribute(std::string_view name, std::string_view text) {
    out_.append(" ").append(name).append("=\"");
    aws::write_xml_text(text, out_);
    out_ += '"';
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  void one(const std::string& name, const ApiMember& member, const Value& value) {
    const ApiShape& shape = model_.shape(member.shape);
    switch (shape.type) {
      case ApiType::kStructure:
        return structure(name, member.name_space, shape, value);
      case ApiType::kList: {
        const bool flat = shape.flattened || member.flattened;
        const std::string& own = shape.element.location_name;
        if (!flat) out_ += "<" + name + ">";
        for (const Value& item : value.items()) {
          one(flat ? name : own.empty() ? "member" : own, shape.element, item);
        }
        if (!flat) out_ += "</" + name + ">";
        return;
      }
      case ApiType::kMap: {
        const bool flat = shape.flattened || member.flattened;
        if (!flat) out_ += "<" + name + ">";
        for (const Member& entry : value.members()) {
          out_ += flat ? "<" + name + ">" : "<entry>";
          text(shape.key.location_name.empty() ? "key" : shape.key.location_name,
               entry.key.as_string());
          one(shape.element.location_name.empty() ? "value" : shape.element.location_name,
              shape.element, entry.value);
          out_ += flat ? "</" + name + ">" : "</entry>";
        }
        if (!flat) out_ += "</" + name + ">";
        return;
      }
      default:
        text(name, scalar_text(shape, value, dates_of(member, DateFormat::kIso8601)));
    }
  }

  void text(const std::string& name, std::string_view content) {
    out_ += "<" + name + ">";
    aws::write_xml_text(content, out_);
    out_ += "</" + name + ">";
  }

  const ApiModel& model_;
  std::string out_;
};

// --- REST: which member goes where ---

class RestWriter {
 public:
  RestWriter(const ApiModel& model, const ApiOperation& operation, const Value& input)
      : model_(model), operation_(operation), input_(input) {}

  Result<WireRequest> write() {
    WireRequest& out = request_;
    out.method = operation_.method;
    out.target = operation_.uri;
    if (operation_.input) {
      const ApiShape& shape = model_.shape(*operation_.input);
      for (const ApiMember& member : shape.members) {
        const Value* value = input_.find(member.name);
        if (value != nullptr) place(member, *value);
      }
      body(shape);
    }
    if (out.target.find('{') != std::string::npos) {
      const std::size_t open = out.target.find('{');
      refuse(fmt::format(
          "The field '{}' is required but was missing",
          out.target.substr(open + 1, out.target.find_first_of("+}", open) - open - 1)));
    }
    std::string separator = out.target.find('?') == std::string::npos ? "?" : "&";
    if (!query_.empty()) out.target += separator + query_;
    if (problem_) return *std::move(problem_);
    return std::move(request_);
  }

 private:
  void refuse(std::string message) {
    if (!problem_) problem_ = Error{ErrorCode::kInvalid, std::move(message), ""};
  }

  void place(const ApiMember& member, const Value& value) {
    const ApiShape& shape = model_.shape(member.shape);
    switch (member.location) {
      case ApiLocation::kUri:
        return path(member, scalar_text(shape, value, dates_of(member, DateFormat::kIso8601)));
      case ApiLocation::kQuery:
        return query(member, shape, value);
      case ApiLocation::kHeader:
        return header(wire_name(member), header_text(member, shape, value));
      case ApiLocation::kHeaders:
        if (!value.is_object()) return;
        for (const Member& entry : value.members()) {
          header(member.location_name + std::string(entry.key.as_string()),
                 asl::to_text(entry.value));
        }
        return;
      case ApiLocation::kStatusCode:
      case ApiLocation::kBody:
        return;
    }
  }

  // "{Key+}" keeps its slashes.
  void path(const ApiMember& member, const std::string& text) {
    const std::string& name = wire_name(member);
    if (text.empty()) {
      return refuse(fmt::format("The value for the field '{}' must not be empty", member.name));
    }
    for (const auto& [label, kept] : {std::pair{"{" + name + "}", ""}, {"{" + name + "+}", "/"}}) {
      const std::size_t at = request_.target.find(label);
      if (at == std::string::npos) continue;
      request_.target.replace(at, label.size(), runtime::percent_encode(text, kept));
      return;
    }
  }

  void query(const ApiMember& member, const ApiShape& shape, const Value& value) {
    const auto add = [this](std::string_view name, std::string_view text) {
      if (!query_.empty()) query_ += '&';
      query_ += runtime::percent_encode(name) + "=" + runtime::percent_encode(text);
    };
    const DateFormat dates = dates_of(member, DateFormat::kIso8601);
    if (shape.type == ApiType::kList) {
      for (const Value& item : value.items()) {
        add(wire_name(member), scalar_text(model_.shape(shape.element.shape), item, dates));
      }
    } else if (shape.type == ApiType::kMap) {
      for (const Member& entry : value.members()) {
        if (!entry.value.is_array()) {
          add(entry.key.as_string(), asl::to_text(entry.value));
          continue;
        }
        for (const Value& item : entry.value.items()) {
          add(entry.key.as_string(), asl::to_text(item));
        }
      }
    } else {
      add(wire_name(member), scalar_text(shape, value, dates));
    }
  }

  std::string header_text(const ApiMember& member, const ApiShape& shape, const Value& value) {
    const DateFormat dates = dates_of(member, DateFormat::kHttp);
    if (shape.type != ApiType::kList) return scalar_text(shape, value, dates);
    std::string out;
    for (const Value& item : value.items()) {
      if (!out.empty()) out += ",";
      out += scalar_text(model_.shape(shape.element.shape), item, dates);
    }
    return out;
  }

  void header(const std::string& name, const std::string& text) {
    if (!runtime::is_sendable_field(name, text)) {
      return refuse(fmt::format("The value for the header '{}' is not valid", name));
    }
    request_.headers.emplace_back(name, text);
  }

  bool has_header(std::string_view name) const {
    return std::any_of(request_.headers.begin(), request_.headers.end(), [name](const auto& one) {
      return runtime::equal_ignoring_case(one.first, name);
    });
  }

  void body(const ApiShape& shape) {
    std::string type;
    if (!shape.payload.empty()) {
      type = payload(shape);
    } else if (model_.protocol == ApiProtocol::kRestJson) {
      type = members_as_json(shape);
    } else {
      type = members_as_xml(shape);
    }
    if (!type.empty() && !has_header("Content-Type")) header("Content-Type", type);
    if (operation_.needs_checksum && !has_header("Content-MD5")) {
      header("Content-MD5", aws::to_base64(aws::md5_of(request_.body)));
    }
  }

  std::string payload(const ApiShape& shape) {
    const ApiMember* member = shape.member(shape.payload);
    const Value* value = member == nullptr ? nullptr : input_.find(member->name);
    if (value == nullptr) return {};
    const ApiShape& payload = model_.shape(member->shape);
    if (payload.type == ApiType::kBlob || payload.type == ApiType::kString) {
      request_.body = asl::to_text(*value);
      return payload.type == ApiType::kBlob ? "application/octet-stream" : "text/plain";
    }
    if (model_.protocol == ApiProtocol::kRestJson) {
      request_.body = asl::to_json(write_json_members(model_, payload, *value));
      return "application/json";
    }
    ElementWriter writer(model_);
    writer.structure(wire_name(*member), member->name_space, payload, *value);
    request_.body = writer.take();
    return "application/xml";
  }

  bool has_body_members(const ApiShape& shape) const {
    return std::any_of(shape.members.begin(), shape.members.end(), [](const ApiMember& member) {
      return member.location == ApiLocation::kBody;
    });
  }

  std::string members_as_json(const ApiShape& shape) {
    if (!has_body_members(shape)) return {};
    const Value written = write_json_members(model_, shape, input_);
    request_.body = asl::to_json(written);
    return "application/json";
  }

  std::string members_as_xml(const ApiShape& shape) {
    if (!has_body_members(shape)) return {};
    ElementWriter writer(model_);
    writer.structure(operation_.input_element.empty() ? shape.name : operation_.input_element,
                     operation_.input_name_space, shape, input_);
    request_.body = writer.take();
    return "application/xml";
  }

  const ApiModel& model_;
  const ApiOperation& operation_;
  const Value& input_;
  WireRequest request_;
  std::string query_;
  std::optional<Error> problem_;
};

// "{AccountId}.data." with the member in it.
Result<std::string> host_prefix(const ApiOperation& operation, const Value& input) {
  std::string prefix = operation.host_prefix;
  for (std::size_t open = prefix.find('{'); open != std::string::npos; open = prefix.find('{')) {
    const std::size_t close = prefix.find('}', open);
    if (close == std::string::npos) break;
    const std::string name = prefix.substr(open + 1, close - open - 1);
    const std::string text(text_of(input, name));
    const bool label = !text.empty() && text.size() <= 63 &&
                       text.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789-") == std::string::npos;
    if (!label) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("The value for the field '{}' cannot be part of a host name", name),
                   ""};
    }
    prefix.replace(open, close - open + 1, text);
  }
  return prefix;
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
Value write_json_members(const ApiModel& model, const ApiShape& shape, const Value& value) {
  switch (shape.type) {
    case ApiType::kBlob:
      return Value::string(aws::to_base64(asl::to_text(value)));
    case ApiType::kTimestamp: {
      const DateFormat format = date_format(shape.timestamp_format, DateFormat::kSeconds);
      if (!value.is_number()) return value;
      if (format != DateFormat::kSeconds)
        return Value::string(write_date(value.as_double(), format));
      const double seconds = value.as_double();
      const auto whole = static_cast<std::int64_t>(seconds);
      return static_cast<double>(whole) == seconds ? Value::integer(whole) : value;
    }
    case ApiType::kList: {
      std::vector<Value> items;
      items.reserve(value.size());
      for (const Value& item : value.items()) {
        items.push_back(write_json_members(model, model.shape(shape.element.shape), item));
      }
      return Value::array(std::move(items));
    }
    case ApiType::kMap: {
      ObjectBuilder out;
      for (const Member& entry : value.members()) {
        out.set(entry.key,
                write_json_members(model, model.shape(shape.element.shape), entry.value));
      }
      return std::move(out).build();
    }
    case ApiType::kStructure: {
      ObjectBuilder out;
      for (const ApiMember& member : shape.members) {
        const Value* found = value.find(member.name);
        if (found == nullptr || member.location != ApiLocation::kBody) continue;
        const ApiShape& target = model.shape(member.shape);
        if (target.type == ApiType::kTimestamp && !member.timestamp_format.empty() &&
            found->is_number()) {
          const DateFormat format = date_format(member.timestamp_format, DateFormat::kSeconds);
          if (format != DateFormat::kSeconds) {
            out.set(wire_name(member), Value::string(write_date(found->as_double(), format)));
            continue;
          }
        }
        out.set(wire_name(member), write_json_members(model, target, *found));
      }
      return std::move(out).build();
    }
    default:
      return value;
  }
}

Result<WireRequest> write_request(const ApiModel& model, const ApiOperation& operation,
                                  const Value& input) {
  WireRequest out;
  switch (model.protocol) {
    case ApiProtocol::kJson:
      out.method = "POST";
      out.target = "/";
      out.headers = {{"Content-Type", "application/x-amz-json-" + model.json_version},
                     {"X-Amz-Target", model.target_prefix + "." + operation.name}};
      out.body = operation.input
                     ? asl::to_json(write_json_members(model, model.shape(*operation.input), input))
                     : "{}";
      break;
    case ApiProtocol::kQuery:
    case ApiProtocol::kEc2: {
      FormWriter form(model, model.protocol == ApiProtocol::kEc2);
      form.pair("Action", operation.name);
      form.pair("Version", model.api_version);
      if (operation.input) form.structure("", model.shape(*operation.input), input);
      out.method = "POST";
      out.target = "/";
      out.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
      out.body = form.take();
      break;
    }
    case ApiProtocol::kRestJson:
    case ApiProtocol::kRestXml: {
      Result<WireRequest> written = RestWriter(model, operation, input).write();
      if (!written) return written;
      out = *std::move(written);
      break;
    }
  }
  Result<std::string> prefix = host_prefix(operation, input);
  if (!prefix) return std::move(prefix).error();
  out.host_prefix = *std::move(prefix);
  return out;
}

}  // namespace pawl::connectors::remote
