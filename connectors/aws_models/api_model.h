// ApiModel: one AWS API as its public model describes it, whole: operations, shapes of inputs,
// outputs and errors, and how they travel. What a call of any service is made from
// (connectors/remote/).
//
// Read from botocore's JSON (service-2.json). Immutable, and all of it plain text and numbers: a
// model may be shared by the threads of all shards.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors {

enum class ApiProtocol : std::uint8_t { kJson, kQuery, kEc2, kRestJson, kRestXml };

enum class ApiType : std::uint8_t {
  kString,
  kInteger,  // long too
  kFloat,    // double too
  kBoolean,
  kBlob,
  kTimestamp,
  kList,
  kMap,
  kStructure,
  kDocument,  // any JSON
};

// Where a member travels in a REST call.
enum class ApiLocation : std::uint8_t {
  kBody,
  kHeader,
  kHeaders,  // a map, of which each entry is a header with a prefix
  kUri,
  kQuery,
  kStatusCode
};

using ApiShapeNumber = std::uint32_t;

struct ApiMember {
  std::string name;  // as the API has it
  ApiShapeNumber shape = 0;
  ApiLocation location = ApiLocation::kBody;
  std::string location_name;  // on the wire; empty: the name
  std::string query_name;     // of the EC2 protocol; empty: location_name with a capital
  std::string timestamp_format;
  std::string name_space;  // of XML
  bool required = false;
  bool flattened = false;
  bool xml_attribute = false;
  bool idempotency_token = false;
};

struct ApiShape {
  std::string name;
  ApiType type = ApiType::kString;
  std::vector<ApiMember> members;  // kStructure
  std::string payload;             // of a structure: the member that is the body
  ApiMember element;               // kList: the item; kMap: the value
  ApiMember key;                   // kMap
  bool flattened = false;
  bool has_bytes_body = false;  // streaming
  bool event_stream = false;
  std::string timestamp_format;
  // An error's.
  std::string error_code;  // on the wire; empty: the shape's name
  int error_status = 0;
  bool exception = false;

  const ApiMember* member(std::string_view name) const;
  // As a Task's parameters name it: by the API's name or the integration's (integration_name()).
  const ApiMember* member_of_task(std::string_view name) const;
};

struct ApiOperation {
  std::string name;  // "PutItem"
  std::string method = "POST";
  std::string uri = "/";  // "/{Bucket}/{Key+}?uploads"
  std::optional<ApiShapeNumber> input;
  std::optional<ApiShapeNumber> output;
  std::vector<ApiShapeNumber> errors;
  std::string input_element;     // rest-xml: the body's outermost element
  std::string input_name_space;  // ... and its xmlns
  std::string result_wrapper;    // query: "PublishResult"
  std::string host_prefix;       // "api."; with {Member} in it for some
  bool needs_checksum = false;   // S3 refuses the body without one
  bool unsigned_payload = false;
  bool without_signature = false;
};

class ApiModel {
 public:
  // kInvalid: not such a model; the message names what is missing. kUnsupported: a protocol that is
  // none of ApiProtocol. kLimit: past kShapesMax.
  static Result<std::shared_ptr<const ApiModel>> parse(std::string_view json);

  static constexpr std::size_t kShapesMax = 100'000;

  ApiProtocol protocol = ApiProtocol::kJson;
  std::string json_version;  // "1.0"
  std::string target_prefix;
  std::string api_version;
  std::string service_id;       // "DynamoDB"
  std::string endpoint_prefix;  // "dynamodb"
  std::string signing_name;
  std::string global_endpoint;  // host; empty: an endpoint per region
  std::string name_space;
  bool query_compatible = false;  // errors have a code of the query protocol in a header

  // "putItem" or "PutItem"; nullptr: it has none of that name.
  const ApiOperation* operation(std::string_view name) const;
  const std::vector<ApiOperation>& operations() const { return operations_; }
  const ApiShape& shape(ApiShapeNumber number) const { return shapes_[number]; }
  // The error with this code on the wire (or shape of that name); nullptr: the model has none.
  const ApiShape* error(std::string_view code) const;

 private:
  friend class ApiModelReader;
  std::vector<ApiOperation> operations_;
  std::vector<ApiShape> shapes_;
};

// How aws-sdk resources and errors name a service, of its serviceId: "databasemigration",
// "DatabaseMigration" of "Database Migration Service". Source: AWS SDK for Java 2, code generation.
std::string sdk_service_id(std::string_view service_id);
std::string sdk_class_name(std::string_view service_id);
// The class of an error of this shape: "NoSuchKeyException" of "NoSuchKey".
std::string sdk_exception_name(std::string_view shape);

// The model of a service that pawl ships ("sqs"), as its text; empty: it ships none.
std::string_view shipped_model_text(std::string_view sdk_id);

}  // namespace pawl::connectors
