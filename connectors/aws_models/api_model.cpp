#include "connectors/aws_models/api_model.h"

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "connectors/aws_models/aws_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace pawl::connectors {

using asl::Member;
using asl::Value;

namespace {

bool is_true(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

Error invalid(std::string message) {
  return {ErrorCode::kInvalid, "not a model of an AWS API: " + std::move(message), ""};
}

std::optional<ApiProtocol> protocol_named(std::string_view name) {
  if (name == "json") return ApiProtocol::kJson;
  if (name == "query") return ApiProtocol::kQuery;
  if (name == "ec2") return ApiProtocol::kEc2;
  if (name == "rest-json") return ApiProtocol::kRestJson;
  if (name == "rest-xml") return ApiProtocol::kRestXml;
  return std::nullopt;
}

std::optional<ApiType> type_named(std::string_view name) {
  constexpr std::pair<std::string_view, ApiType> kNames[] = {
      {"string", ApiType::kString},
      {"character", ApiType::kString},
      {"integer", ApiType::kInteger},
      {"long", ApiType::kInteger},
      {"short", ApiType::kInteger},
      {"byte", ApiType::kInteger},
      {"bigInteger", ApiType::kInteger},
      {"float", ApiType::kFloat},
      {"double", ApiType::kFloat},
      {"bigDecimal", ApiType::kFloat},
      {"boolean", ApiType::kBoolean},
      {"blob", ApiType::kBlob},
      {"timestamp", ApiType::kTimestamp},
      {"list", ApiType::kList},
      {"map", ApiType::kMap},
      {"structure", ApiType::kStructure},
  };
  for (const auto& [known, type] : kNames) {
    if (known == name) return type;
  }
  return std::nullopt;
}

ApiLocation location_named(std::string_view name) {
  if (name == "header") return ApiLocation::kHeader;
  if (name == "headers") return ApiLocation::kHeaders;
  if (name == "uri") return ApiLocation::kUri;
  if (name == "querystring") return ApiLocation::kQuery;
  if (name == "statusCode") return ApiLocation::kStatusCode;
  return ApiLocation::kBody;
}

std::string name_space_of(const Value& object) {
  const Value* space = object.find("xmlNamespace");
  if (space == nullptr) return {};
  if (space->is_string()) return std::string(space->as_string());
  return std::string(text_of(*space, "uri"));
}

}  // namespace

class ApiModelReader {
 public:
  Result<std::shared_ptr<const ApiModel>> read(std::string_view json) {
    Result<Value> document = asl::read_json(json);
    if (!document) return invalid(document.error().message);
    const Value* metadata = document->find("metadata");
    const Value* shapes = document->find("shapes");
    const Value* operations = document->find("operations");
    if (metadata == nullptr || !metadata->is_object()) return invalid("it has no 'metadata'");
    if (shapes == nullptr || !shapes->is_object()) return invalid("it has no 'shapes'");
    if (operations == nullptr || !operations->is_object()) return invalid("it has no 'operations'");
    if (Status done = read_metadata(*metadata); !done) return std::move(done).error();
    if (shapes->size() > ApiModel::kShapesMax) {
      return Error{ErrorCode::kLimit, "the model has too many shapes", ""};
    }
    // Numbers first: a shape may come before those that it refers to.
    for (const Member& member : shapes->members()) {
      numbers_.emplace(member.key.as_string(), static_cast<ApiShapeNumber>(numbers_.size()));
    }
    for (const Member& member : shapes->members()) {
      read_shape(std::string(member.key.as_string()), member.value);
    }
    for (const Member& member : operations->members()) {
      read_operation(std::string(member.key.as_string()), member.value);
    }
    if (!problem_.empty()) return invalid(problem_);
    return std::shared_ptr<const ApiModel>(std::move(model_));
  }

 private:
  void refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  Status read_metadata(const Value& metadata) {
    ApiModel& model = *model_;
    std::vector<std::string_view> offered;
    if (const Value* list = metadata.find("protocols"); list != nullptr && list->is_array()) {
      for (const Value& one : list->items()) {
        if (one.is_string()) offered.push_back(one.as_string());
      }
    }
    offered.push_back(text_of(metadata, "protocol"));
    std::optional<ApiProtocol> protocol;
    for (const std::string_view name : offered) {
      if (!protocol) protocol = protocol_named(name);
    }
    if (!protocol) {
      return Error{ErrorCode::kUnsupported,
                   fmt::format("the API speaks the protocol '{}', which is not offered",
                               text_of(metadata, "protocol")),
                   ""};
    }
    model.protocol = *protocol;
    model.json_version = text_of(metadata, "jsonVersion");
    if (model.json_version.empty()) model.json_version = "1.0";
    model.target_prefix = text_of(metadata, "targetPrefix");
    model.api_version = text_of(metadata, "apiVersion");
    model.service_id = text_of(metadata, "serviceId");
    model.endpoint_prefix = text_of(metadata, "endpointPrefix");
    model.signing_name = text_of(metadata, "signingName");
    model.global_endpoint = text_of(metadata, "globalEndpoint");
    model.name_space = name_space_of(metadata);
    model.query_compatible = metadata.find("awsQueryCompatible") != nullptr;
    if (model.endpoint_prefix.empty()) return invalid("'metadata' has no 'endpointPrefix'");
    if (model.service_id.empty()) model.service_id = model.endpoint_prefix;
    if (model.signing_name.empty()) model.signing_name = model.endpoint_prefix;
    return {};
  }

  ApiShapeNumber number_of(std::string_view name) {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    refuse(fmt::format("there is no shape '{}'", name));
    return 0;
  }

  ApiMember read_member(std::string name, const Value& reference) {
    ApiMember member;
    member.name = std::move(name);
    member.shape = number_of(text_of(reference, "shape"));
    member.location = location_named(text_of(reference, "location"));
    member.location_name = text_of(reference, "locationName");
    member.query_name = text_of(reference, "queryName");
    member.timestamp_format = text_of(reference, "timestampFormat");
    member.name_space = name_space_of(reference);
    member.flattened = is_true(reference, "flattened");
    member.xml_attribute = is_true(reference, "xmlAttribute");
    member.idempotency_token = is_true(reference, "idempotencyToken");
    return member;
  }

  void read_shape(std::string name, const Value& value) {
    ApiShape shape;
    shape.name = std::move(name);
    const std::optional<ApiType> type = type_named(text_of(value, "type"));
    if (!type) {
      return refuse(fmt::format("the shape '{}' has the unknown type '{}'", shape.name,
                                text_of(value, "type")));
    }
    shape.type = *type;
    shape.payload = text_of(value, "payload");
    shape.timestamp_format = text_of(value, "timestampFormat");
    shape.flattened = is_true(value, "flattened");
    shape.has_bytes_body = is_true(value, "streaming");
    shape.event_stream = is_true(value, "eventstream");
    shape.exception = is_true(value, "exception") || is_true(value, "fault");
    if (const Value* error = value.find("error")) {
      shape.exception = true;
      shape.error_code = text_of(*error, "code");
      const Value* status = error->find("httpStatusCode");
      if (status != nullptr && status->is_int()) {
        shape.error_status =
            static_cast<int>(std::clamp(status->as_int(), std::int64_t{0}, std::int64_t{999}));
      }
    }
    const auto part = [&](std::string_view member) -> ApiMember {
      const Value* reference = value.find(member);
      if (reference == nullptr) {
        refuse(fmt::format("the shape '{}' has no '{}'", shape.name, member));
        return {};
      }
      return read_member("", *reference);
    };
    if (shape.type == ApiType::kList) shape.element = part("member");
    if (shape.type == ApiType::kMap) {
      shape.key = part("key");
      shape.element = part("value");
    }
    if (shape.type == ApiType::kStructure) read_members(value, shape);
    model_->shapes_.push_back(std::move(shape));
  }

  void read_members(const Value& value, ApiShape& shape) {
    if (is_true(value, "document")) shape.type = ApiType::kDocument;
    const Value* members = value.find("members");
    if (members == nullptr || !members->is_object()) return;
    for (const Member& one : members->members()) {
      shape.members.push_back(read_member(std::string(one.key.as_string()), one.value));
    }
    const Value* required = value.find("required");
    if (required == nullptr || !required->is_array()) return;
    for (const Value& name : required->items()) {
      for (ApiMember& member : shape.members) {
        if (name.is_string() && name.as_string() == member.name) member.required = true;
      }
    }
  }

  void read_operation(std::string name, const Value& value) {
    ApiOperation operation;
    operation.name = std::move(name);
    if (const Value* http = value.find("http")) {
      if (!text_of(*http, "method").empty()) operation.method = text_of(*http, "method");
      if (!text_of(*http, "requestUri").empty()) operation.uri = text_of(*http, "requestUri");
    }
    if (const Value* input = value.find("input")) {
      operation.input = number_of(text_of(*input, "shape"));
      operation.input_element = text_of(*input, "locationName");
      operation.input_name_space = name_space_of(*input);
    }
    if (const Value* output = value.find("output")) {
      operation.output = number_of(text_of(*output, "shape"));
      operation.result_wrapper = text_of(*output, "resultWrapper");
    }
    if (const Value* errors = value.find("errors"); errors != nullptr && errors->is_array()) {
      for (const Value& one : errors->items()) {
        operation.errors.push_back(number_of(text_of(one, "shape")));
      }
    }
    if (const Value* endpoint = value.find("endpoint")) {
      operation.host_prefix = text_of(*endpoint, "hostPrefix");
    }
    const Value* checksum = value.find("httpChecksum");
    operation.needs_checksum =
        is_true(value, "httpChecksumRequired") ||
        (checksum != nullptr && is_true(*checksum, "requestChecksumRequired"));
    const std::string_view authorization = text_of(value, "authtype");
    operation.unsigned_payload = authorization == "v4-unsigned-body";
    operation.without_signature = authorization == "none";
    model_->operations_.push_back(std::move(operation));
  }

  std::shared_ptr<ApiModel> model_ = std::make_shared<ApiModel>();
  std::map<std::string, ApiShapeNumber, std::less<>> numbers_;
  std::string problem_;
};

Result<std::shared_ptr<const ApiModel>> ApiModel::parse(std::string_view json) {
  return ApiModelReader().read(json);
}

const ApiMember* ApiShape::member(std::string_view wanted) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [wanted](const ApiMember& one) { return one.name == wanted; });
  return found == members.end() ? nullptr : &*found;
}

const ApiMember* ApiShape::member_of_task(std::string_view wanted) const {
  if (const ApiMember* same = member(wanted)) return same;
  const auto found = std::find_if(members.begin(), members.end(), [wanted](const ApiMember& one) {
    return integration_name(one.name) == wanted;
  });
  return found == members.end() ? nullptr : &*found;
}

const ApiOperation* ApiModel::operation(std::string_view name) const {
  const auto same = [name](const ApiOperation& one) {
    return one.name.size() == name.size() && !name.empty() &&
           std::toupper(static_cast<unsigned char>(one.name[0])) ==
               std::toupper(static_cast<unsigned char>(name[0])) &&
           std::string_view(one.name).substr(1) == name.substr(1);
  };
  const auto found = std::find_if(operations_.begin(), operations_.end(), same);
  return found == operations_.end() ? nullptr : &*found;
}

const ApiShape* ApiModel::error(std::string_view code) const {
  if (code.empty()) return nullptr;
  const auto find = [this](auto same) {
    const auto found = std::find_if(shapes_.begin(), shapes_.end(), [&](const ApiShape& shape) {
      return shape.exception && same(shape);
    });
    return found == shapes_.end() ? nullptr : &*found;
  };
  if (const ApiShape* named = find([&](const ApiShape& shape) { return shape.name == code; })) {
    return named;
  }
  return find([&](const ApiShape& shape) { return shape.error_code == code; });
}

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_upper(c) || is_lower(c) || is_digit(c); }

// "DynamoDB" is Dynamo, DB; "CloudWatch Logs" Cloud, Watch, Logs; "ApiGatewayV2" Api, Gateway, V2.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_alnum(c)) {
      words.emplace_back();
      continue;
    }
    const char before = i > 0 ? text[i - 1] : '\0';
    const char after = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool after_lower = is_upper(c) && is_lower(before) && is_alnum(after);
    const bool ends_acronym = is_upper(c) && is_upper(before) && is_lower(after) &&
                              !(after == 'v' && i + 2 < text.size() && is_digit(text[i + 2]));
    const bool after_digit = is_digit(before) && !is_digit(c);
    const bool is_version = c == 'v' && is_upper(before) && is_digit(after);  // "SESv2"
    if (after_lower || ends_acronym || after_digit || is_version) words.emplace_back();
    words.back() += c;
  }
  std::erase_if(words, [](const std::string& word) { return word.empty(); });
  return words;
}

std::string capitalised(std::string_view text) {
  std::string out;
  for (const std::string& word : words_of(text)) {
    for (std::size_t i = 0; i < word.size(); ++i) {
      const auto c = static_cast<unsigned char>(word[i]);
      out += static_cast<char>(i == 0 ? std::toupper(c) : std::tolower(c));
    }
  }
  return out;
}

// The service's own name: "Database Migration" of "AWS Database Migration Service".
std::string_view proper_name(std::string_view service_id) {
  for (const std::string_view prefix : {"Amazon", "AWS"}) {
    if (service_id.starts_with(prefix)) service_id.remove_prefix(prefix.size());
  }
  constexpr std::string_view kSuffix = "Service";
  if (service_id.ends_with(kSuffix) && service_id.size() > kSuffix.size()) {
    service_id.remove_suffix(kSuffix.size());
  }
  while (service_id.starts_with(' ')) service_id.remove_prefix(1);
  while (service_id.ends_with(' ')) service_id.remove_suffix(1);
  return service_id;
}

}  // namespace

std::string sdk_service_id(std::string_view service_id) {
  std::string out;
  for (const char c : proper_name(service_id)) {
    if (is_alnum(c)) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string sdk_class_name(std::string_view service_id) {
  return capitalised(proper_name(service_id));
}

std::string sdk_exception_name(std::string_view shape) {
  constexpr std::string_view kException = "Exception";
  constexpr std::string_view kFault = "Fault";
  if (shape.ends_with(kFault)) shape.remove_suffix(kFault.size());
  std::string name = capitalised(shape);
  if (!name.ends_with(kException)) name += kException;
  return name;
}

}  // namespace pawl::connectors
