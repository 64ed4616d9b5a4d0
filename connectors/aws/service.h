// AwsService: an AWS service as its API's model describes it, in this very program.
//
// One interface for both ways in: API clients come through a protocol (aws/json_protocol.h,
// aws/query_protocol.h, s3/rest.h), Tasks through aws/handler.h. Members of input and answer are
// named as in the service's model; timestamps are seconds since 1970.
#pragma once

#include "asl/json/value.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace pawl::connectors::aws {

// An error answer. `code` as on the wire; `message` for people.
struct Error {
  std::string code;
  std::string message;
  int status = 400;
  asl::Value details;  // more members of the error's shape; undefined: none
};

struct Call {
  std::string operation;  // "SendMessage"
  asl::Value input;       // an object
  std::string request_id;
  std::string host;  // of the endpoint the client used: "127.0.0.1:8083"; empty for Tasks
  // A Task: the effect is handed over instead of being committed (embedded/ledger.h).
  engine::JoinedWrites* joined = nullptr;
  // Nobody waits any more: a long poll ends. May be empty.
  std::function<bool()> caller_gone;
  // Of the Task that calls, for what its integration adds; empty for clients.
  std::string execution_arn;
  std::string state_machine_arn;
};

using Answer = std::variant<asl::Value, Error>;

// What Step Functions makes of a service: names in errors, metadata of answers. Data.
struct Profile {
  std::string_view endpoint;  // of the service in credentials and host names: "sqs"
  std::string_view resource;  // of the optimized integration: "sqs"; empty: there is none
  std::string_view sdk;       // of aws-sdk:NAME: "sqs"

  // Errors of the optimized integration, an SDK of the first generation.
  std::string_view prefix;          // "SQS"
  std::string_view base_exception;  // of errors that the model does not know: "AmazonSQSException"
  std::string_view service;         // in causes: "AmazonSQS"
  // Errors of aws-sdk, the second generation.
  std::string_view sdk_prefix;          // "Sqs"
  std::string_view sdk_base_exception;  // "SqsException"
  std::string_view sdk_service;         // in causes: "Sqs"
  bool extended_request_id = false;     // S3

  // Code on the wire and class in the SDKs, of the errors that the model knows.
  std::span<const std::pair<std::string_view, std::string_view>> exceptions;
  // Members of the input that are text: a definition may give any JSON in their place.
  std::span<const std::string_view> text_members;
  // Members of answers that are timestamps.
  std::span<const std::string_view> date_members;

  // The headers that the SDK saw, in the order in which the service shows them; empty: answers of
  // the optimized integration carry no metadata.
  std::span<const std::string_view> headers;
  std::string_view content_type;  // "application/x-amz-json-1.0"
};

class Service {
 public:
  virtual ~Service() = default;
  virtual const Profile& profile() const = 0;
  // On a fiber of the ledger's shard; suspends.
  virtual Answer call(const Call& call) = 0;
  // Whether a Task's call of `operation` is a single decision of the ledger that never waits for
  // anything else: what writes a row or two (engine::TaskHandler::decides).
  virtual bool decides(std::string_view /*operation*/) const { return false; }
  // The body in which `answer` travels: its size is part of a Task's answer.
  virtual std::string body_of(const Call& call, const asl::Value& answer) const = 0;
  // An answer that fails the Task although the call succeeded.
  virtual std::optional<engine::Failure> task_failure(const Call& /*call*/,
                                                      const asl::Value& /*answer*/) const {
    return std::nullopt;
  }
  // Where the service is elsewhere (remote/handler.h): the parameters of a Task of its optimized
  // integration, with what Step Functions adds to them.
  virtual asl::Value remote_parameters(const engine::TaskRequest& request) const {
    return request.parameters.value();
  }
};

// Whether `failure` of the store may be told to the client as "try again".
Error store_error(const pawl::Error& failure);

}  // namespace pawl::connectors::aws
