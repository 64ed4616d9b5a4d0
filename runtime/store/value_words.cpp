#include "runtime/store/value_packer.h"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::runtime {

namespace {

// The words never change, not by a byte (tests/runtime/value_packer_test.cpp knows their checksum):
// what was packed with them is unpacked with them. Better ones would be others, with a mark of
// their own.
//
// They are documents and events as they stand in history records (docs/storage.md), in their order:
// a match goes on as long as they agree. Where they differ there is something of the same form.

constexpr std::string_view kId = "00000000-0000-4000-8000-000000000000";
constexpr std::string_view kDate = "Mon, 01 Jan 2027 00:00:00 GMT";

using Header = std::pair<std::string_view, std::string_view>;

// SdkHttpMetadata and SdkResponseMetadata (connectors/aws/sdk_metadata.h). `headers` in the order
// in which a service sends them; `sorted`, as the second list has them, by their places in the
// first.
std::string metadata(std::span<const Header> headers, std::span<const std::size_t> sorted) {
  std::string text = R"("SdkHttpMetadata":{"AllHttpHeaders":{)";
  const auto add = [&](std::string_view name, std::string_view open, std::string_view value,
                       std::string_view close) {
    if (text.back() != '{') text += ',';
    text.append(1, '"').append(name).append("\":").append(open).append(value).append(close);
  };
  for (const auto& [name, value] : headers) add(name, "[\"", value, "\"]");
  text += R"(},"HttpHeaders":{)";
  for (const std::size_t at : sorted) add(headers[at].first, "\"", headers[at].second, "\"");
  text += R"(},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":")";
  return text.append(kId).append("\"}");
}

std::string usual_metadata(std::string_view type, std::string_view length) {
  const std::array<Header, 5> headers{{{"x-amzn-RequestId", kId},
                                       {"connection", "keep-alive"},
                                       {"Content-Length", length},
                                       {"Date", kDate},
                                       {"Content-Type", type}}};
  constexpr std::array<std::size_t, 5> kSorted{1, 2, 4, 3, 0};
  return metadata(headers, kSorted);
}

std::string dynamodb_metadata() {
  const std::array<Header, 7> headers{{{"Server", "Server"},
                                       {"Connection", "keep-alive"},
                                       {"x-amzn-RequestId", kId},
                                       {"x-amz-crc32", "2745614147"},
                                       {"Content-Length", "2"},
                                       {"Date", kDate},
                                       {"Content-Type", "application/x-amz-json-1.0"}}};
  constexpr std::array<std::size_t, 7> kSorted{1, 4, 6, 5, 0, 3, 2};
  return metadata(headers, kSorted);
}

std::string lambda_metadata() {
  constexpr std::string_view kTrace =
      "Root=1-65000000-000000000000000000000000;Parent=0000000000000000;Sampled=0;"
      "Lineage=1:00000000:0";
  const std::array<Header, 8> headers{{{"X-Amz-Executed-Version", "$LATEST"},
                                       {"x-amzn-Remapped-Content-Length", "0"},
                                       {"Connection", "keep-alive"},
                                       {"x-amzn-RequestId", kId},
                                       {"Content-Length", "10"},
                                       {"Date", kDate},
                                       {"X-Amzn-Trace-Id", kTrace},
                                       {"Content-Type", "application/json"}}};
  constexpr std::array<std::size_t, 8> kSorted{2, 4, 7, 5, 0, 1, 3, 6};
  return metadata(headers, kSorted);
}

std::string documents() {
  std::string text =
      R"("Error":"States.TaskFailed","Cause":"{\"errorMessage\":\"\",\"errorType\":\"Error\",)"
      R"(\"requestId\":\"\",\"stackTrace\":[\"  File \\\"/var/task/index.py\\\", line )"
      R"({"StateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:",)"
      R"("Input":{"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$":"$$.Execution.Id")"
      R"({"ExecutionArn":"arn:aws:states:us-east-1:123456789012:execution:","Input":"{}",)"
      R"("InputDetails":{"Included":true},"Name":"","Output":"{}",)"
      R"("OutputDetails":{"Included":true},"RedriveCount":0,"RedriveStatus":"NOT_REDRIVABLE",)"
      R"("RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven",)"
      R"("StartDate":1700000000000,)"
      R"("StateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:",)"
      R"("Status":"SUCCEEDED","StopDate":1700000000000})"
      R"({"Entries":[{"EventBusName":"default","Source":"","DetailType":"","Detail":{)"
      R"("FailedEntryCount":0,"Entries":[{"EventId":")"
      R"({"TopicArn":"arn:aws:sns:us-east-1:123456789012:","Message":"","MessageAttributes":{)"
      R"("DataType":"String","StringValue":")"
      R"({"TableName":"","Key":{"id":{"S":""}},"UpdateExpression":"SET #",)"
      R"("ExpressionAttributeNames":{"#":""},"ExpressionAttributeValues":{":":{"N":"1"}},)"
      R"("ConditionExpression":"attribute_not_exists(","ReturnValues":"ALL_NEW",)"
      R"("Attributes":{"":{"BOOL":true},"":{"L":[{"M":{"":{"S":")"
      R"({"FunctionName":"arn:aws:lambda:us-east-1:123456789012:function:","Payload":{)"
      R"("ExecutedVersion":"$LATEST","Payload":{"statusCode":200,"body":"",)";
  text.append(lambda_metadata()).append(R"(,"StatusCode":200})");
  text.append(R"({"MessageId":")").append(kId).append("\",");
  text.append(usual_metadata("text/xml", "294")).append("}");
  text.append(R"({"TableName":"","Item":{"id":{"S":")").append(kId).append(R"("}}})");
  text.append(R"({"Item":{"id":{"S":""}},)").append(dynamodb_metadata()).append("}");
  text.append(R"({"ExecutionArn":"arn:aws:states:us-east-1:123456789012:execution:",)")
      .append(usual_metadata("application/x-amz-json-1.0", "148"))
      .append(R"(,"StartDate":1700000000000})");
  text.append(R"({}<{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/",)")
      .append(R"("MessageBody":{"MessageGroupId":")");
  text.append(R"({"MD5OfMessageBody":"00000000000000000000000000000000","MessageId":")")
      .append(kId)
      .append("\",")
      .append(usual_metadata("application/x-amz-json-1.0", "106"))
      .append("}");
  return text;
}

// TaskStateEntered to TaskStateExited of an execution's first record, as docs/storage.md draws
// them.
std::string task_events(std::string_view service, std::string_view action) {
  using namespace std::string_view_literals;
  const auto short_text = [](std::string_view text) {
    return std::string(1, static_cast<char>(text.size())).append(text);
  };
  const std::string resource =
      std::string("\x05") + short_text(service) + "\x04" + short_text(action);
  std::string text(".\x01\x02\x00\x02\x00\x04Task\x01\x80\x80@"sv);
  text.append("*\x02\x01\x00\x04"sv).append(resource);
  text.append("\x06\x09us-east-1\x03\x81\x80@"sv);
  text.append("+\x03\x01\x00\x02"sv).append(resource);
  text.append("2\x04\x01\x00\x03"sv).append(resource).append("\x02\x82\x80@"sv);
  return text.append("/\x05\x01\x00\x02\x00\x04Task\x02\x82\x80@"sv);
}

std::string make_words() {
  using namespace std::string_view_literals;
  std::string text = documents();
  constexpr std::pair<std::string_view, std::string_view> kTasks[] = {
      {"states", "startExecution"}, {"events", "putEvents"}, {"dynamodb", "updateItem"},
      {"dynamodb", "getItem"},      {"sns", "publish"},      {"lambda", "invoke"},
      {"dynamodb", "putItem"},      {"sqs", "sendMessage"}};
  for (const auto& [service, action] : kTasks) text += task_events(service, action);
  text += "\x0B\x06\x01\x00\x01\x02\x82\x80@"sv;  // ExecutionSucceeded
  // ExecutionStarted, behind the last document.
  return text.append("}}\n\x00\x01\x00\x02\x01\x80\x80@\r arn:aws:iam::123456789012:role/"sv);
}

}  // namespace

std::string_view value_words() {
  static const std::string words = make_words();
  return words;
}

}  // namespace pawl::runtime
