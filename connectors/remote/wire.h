// Calls and answers of an API as they travel, in each of AWS's protocols. Pure.
//
//   protocol       request (request.cpp)                    answer (answer.cpp)
//   json 1.0, 1.1  POST /, X-Amz-Target, JSON               JSON
//   query, ec2     POST /, a form with Action and Version   XML, within <ActionResult> (query)
//   rest-json      method, path, query, headers by member   headers, JSON or a payload
//   rest-xml       the same                                 headers, XML or a payload
//
// Which member goes where is in the model; nothing here knows a service by name.
//
// Source: the protocol tests of botocore and Smithy (AWS protocols); the models.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"
#include "connectors/aws/service.h"
#include "connectors/aws_models/api_model.h"
#include "connectors/http/connection.h"
#include "runtime/http/message.h"

#include <string>
#include <variant>

namespace pawl::connectors::remote {

struct WireRequest {
  std::string method;
  std::string target;       // path and query, percent-encoded
  std::string host_prefix;  // of the host at AWS: "api."; empty: none
  http::Fields headers;     // without Host
  std::string body;
};

// `input` in the API's form (values.h). kInvalid: a path's member is empty, a header cannot be
// sent.
Result<WireRequest> write_request(const ApiModel& model, const ApiOperation& operation,
                                  const asl::Value& input);

// An answer in the API's form, or its error: the code as on the wire. An answer that cannot be read
// is an error too ("UnreadableAnswer"). Members that the model does not have are left out.
std::variant<asl::Value, aws::Error> read_answer(const ApiModel& model,
                                                 const ApiOperation& operation,
                                                 const runtime::HttpResponse& response);

// Makes text of the headers of an answer: bytes beyond ASCII are ISO-8859-1, as the SDK's HTTP
// client reads them. What becomes part of an event has to be Unicode.
void decode_headers(runtime::HttpHeaders& headers);

// JSON between its two forms, for both JSON protocols.
asl::Value write_json_members(const ApiModel& model, const ApiShape& shape,
                              const asl::Value& value);
asl::Value read_json_members(const ApiModel& model, const ApiShape& shape, const asl::Value& value);

}  // namespace pawl::connectors::remote
