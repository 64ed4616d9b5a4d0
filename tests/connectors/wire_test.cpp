// Calls and answers in each of AWS's protocols: the cases are data (tests/connectors/wire/).
#include "connectors/remote/wire.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws_models/api_model.h"
#include "connectors/remote/values.h"
#include "tests/catch.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace pawl::connectors::test {
namespace {

using asl::Value;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void check_request(const Value& expected, const remote::WireRequest& request) {
  CHECK(request.method == text_of(expected, "method"));
  CHECK(request.target == text_of(expected, "target"));
  CHECK(request.host_prefix == text_of(expected, "host_prefix"));
  if (expected.find("body") != nullptr) CHECK(request.body == text_of(expected, "body"));
  const Value* headers = expected.find("headers");
  if (headers == nullptr) return;
  for (const asl::Member& header : headers->members()) {
    std::string found = "(absent)";
    for (const auto& [name, text] : request.headers) {
      if (name == header.key.as_string()) found = text;
    }
    INFO(header.key.as_string());
    if (header.value.as_string() == "*") {
      CHECK(found != "(absent)");
    } else {
      CHECK(found == header.value.as_string());
    }
  }
}

runtime::HttpResponse response_of(const Value& given) {
  runtime::HttpResponse response;
  response.status = static_cast<int>(given.find("status")->as_int());
  if (const Value* headers = given.find("headers")) {
    for (const asl::Member& one : headers->members()) {
      response.headers.add(one.key.as_string(), one.value.as_string());
    }
  }
  response.body = text_of(given, "body");
  return response;
}

void check_answer(const ApiModel& model, const ApiOperation& operation, const Value& one) {
  const Value* given = one.find("response");
  if (given == nullptr) return;
  auto answer = remote::read_answer(model, operation, response_of(*given));
  if (const Value* expected = one.find("error")) {
    const auto* error = std::get_if<aws::Error>(&answer);
    REQUIRE(error != nullptr);
    CHECK(error->code == text_of(*expected, "code"));
    if (expected->find("message") != nullptr)
      CHECK(error->message == text_of(*expected, "message"));
    const ApiShape* shape = model.error(error->code);
    CHECK((shape == nullptr ? "" : sdk_exception_name(shape->name)) ==
          text_of(*expected, "exception"));
    return;
  }
  REQUIRE(std::holds_alternative<Value>(answer));
  const Value shown = operation.output
                          ? remote::to_task_form(model, *operation.output, std::get<Value>(answer))
                          : std::get<Value>(answer);
  CHECK(asl::to_json(shown) == asl::to_json(*one.find("output")));
}

void check_case(const ApiModel& model, const Value& one) {
  INFO(text_of(one, "name"));
  const ApiOperation* operation = model.operation(text_of(one, "operation"));
  REQUIRE(operation != nullptr);
  Value input = Value::object({});
  std::string refused;
  if (operation->input) {
    auto converted =
        remote::to_api_form(model, *operation->input, *one.find("parameters"), "TOKEN");
    if (converted) {
      input = *converted;
    } else {
      refused = converted.error().message;
    }
  }
  if (refused.empty()) {
    const auto request = remote::write_request(model, *operation, input);
    if (!request) refused = request.error().message;
    if (request && one.find("request") != nullptr) check_request(*one.find("request"), *request);
  }
  CHECK(refused == text_of(one, "refused"));
  check_answer(model, *operation, one);
}

}  // namespace

TEST_CASE("calls and answers travel as each protocol says", "[connectors][remote]") {
  std::size_t cases = 0;
  for (const char* protocol : {"json", "query", "ec2", "rest-json", "rest-xml"}) {
    const auto file = asl::read_json(
        read(std::string(PAWL_SOURCE_DIR) + "/tests/connectors/wire/" + protocol + ".json"));
    REQUIRE(file.has_value());
    const auto model = ApiModel::parse(asl::to_json(*file->find("model")));
    INFO(protocol);
    REQUIRE(model.has_value());
    for (const Value& one : file->find("cases")->items()) {
      check_case(**model, one);
      ++cases;
    }
  }
  CHECK(cases > 30);
}

TEST_CASE("the shipped models are whole", "[connectors][remote]") {
  for (const char* service :
       {"dynamodb", "eventbridge", "lambda", "s3", "secretsmanager", "sfn", "sns", "sqs"}) {
    INFO(service);
    const auto model = ApiModel::parse(shipped_model_text(service));
    REQUIRE(model.has_value());
    CHECK(sdk_service_id((*model)->service_id) == service);
    CHECK((*model)->operations().size() > 15);
  }
  CHECK(shipped_model_text("glue").empty());
  CHECK(shipped_model_text("").empty());
}

TEST_CASE("a model that is none is refused by what is wrong with it", "[connectors][remote]") {
  const auto problem = [](const std::string& json) {
    const auto model = ApiModel::parse(json);
    return model ? std::string("accepted") : model.error().message;
  };
  CHECK(problem("").starts_with("not a model of an AWS API: "));
  CHECK(problem("{}") == "not a model of an AWS API: it has no 'metadata'");
  CHECK(problem(R"({"metadata":{}})") == "not a model of an AWS API: it has no 'shapes'");
  const std::string head = R"({"metadata":{"protocol":"json","endpointPrefix":"e"},"operations":{)";
  CHECK(problem(head + R"("O":{"input":{"shape":"S"}}},"shapes":{}})") ==
        "not a model of an AWS API: there is no shape 'S'");
  CHECK(problem(head + R"(},"shapes":{"S":{"type":"odd"}}})") ==
        "not a model of an AWS API: the shape 'S' has the unknown type 'odd'");
  CHECK(problem(head + R"(},"shapes":{"S":{"type":"list"}}})") ==
        "not a model of an AWS API: the shape 'S' has no 'member'");
  CHECK(problem(head + R"(},"shapes":{}})") == "accepted");
  CHECK(problem(R"({"metadata":{"protocol":"smoke","endpointPrefix":"e"},"operations":{},)"
                R"("shapes":{}})") == "the API speaks the protocol 'smoke', which is not offered");
}

TEST_CASE("a model has at most 100,000 shapes", "[connectors][remote]") {
  const auto model = [](std::size_t shapes) {
    std::string json =
        R"({"metadata":{"protocol":"json","endpointPrefix":"e"},"operations":{},"shapes":{)";
    for (std::size_t i = 0; i < shapes; ++i) {
      json += (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":{"type":"string"})";
    }
    return ApiModel::parse(json + "}}");
  };
  CHECK(model(ApiModel::kShapesMax).has_value());
  const auto refused = model(ApiModel::kShapesMax + 1);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kLimit);
}

TEST_CASE("services and errors are named as the SDK for Java does", "[connectors][remote]") {
  const std::pair<const char*, std::pair<const char*, const char*>> services[] = {
      {"DynamoDB", {"dynamodb", "DynamoDb"}},
      {"SQS", {"sqs", "Sqs"}},
      {"SFN", {"sfn", "Sfn"}},
      {"S3", {"s3", "S3"}},
      {"EC2", {"ec2", "Ec2"}},
      {"ACM PCA", {"acmpca", "AcmPca"}},
      {"CloudWatch Logs", {"cloudwatchlogs", "CloudWatchLogs"}},
      {"ApiGatewayV2", {"apigatewayv2", "ApiGatewayV2"}},
      {"API Gateway", {"apigateway", "ApiGateway"}},
      {"SESv2", {"sesv2", "SesV2"}},
      {"IoT", {"iot", "Iot"}},
      {"EventBridge", {"eventbridge", "EventBridge"}},
      {"Secrets Manager", {"secretsmanager", "SecretsManager"}},
      {"Database Migration Service", {"databasemigration", "DatabaseMigration"}},
      {"Directory Service", {"directory", "Directory"}},
      {"Elastic Load Balancing v2", {"elasticloadbalancingv2", "ElasticLoadBalancingV2"}},
      {"Cost Explorer", {"costexplorer", "CostExplorer"}},
      {"AppSync", {"appsync", "AppSync"}},
      {"ElastiCache", {"elasticache", "ElastiCache"}},
      {"Route 53", {"route53", "Route53"}},
  };
  for (const auto& [id, names] : services) {
    CHECK(sdk_service_id(id) == names.first);
    CHECK(sdk_class_name(id) == names.second);
  }
  CHECK(sdk_exception_name("NoSuchBucket") == "NoSuchBucketException");
  CHECK(sdk_exception_name("ResourceNotFoundException") == "ResourceNotFoundException");
  CHECK(sdk_exception_name("KMSAccessDeniedException") == "KmsAccessDeniedException");
  CHECK(sdk_exception_name("EC2ThrottledException") == "Ec2ThrottledException");
  CHECK(sdk_exception_name("DBInstanceNotFoundFault") == "DbInstanceNotFoundException");
  CHECK(sdk_exception_name("StateMachineDoesNotExist") == "StateMachineDoesNotExistException");
}

TEST_CASE("dates are read in all their forms", "[connectors][remote]") {
  CHECK(remote::read_date("1700525177") == 1700525177.0);
  CHECK(remote::read_date("1.7005251775E9") == 1700525177.5);
  CHECK(remote::read_date("2023-11-21T00:06:17Z") == 1700525177.0);
  CHECK(remote::read_date("2023-11-21T01:06:17.500+01:00") == 1700525177.5);
  CHECK(remote::read_date("Tue, 21 Nov 2023 00:06:17 GMT") == 1700525177.0);
  for (const char* bad :
       {"", "x", "1e300", "nan", "Tue, 21 Nov 2023 00:06:17", "2023-13-01T00:00:00Z"}) {
    INFO(bad);
    CHECK_FALSE(remote::read_date(bad));
  }
}

}  // namespace pawl::connectors::test
