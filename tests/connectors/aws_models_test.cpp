#include "connectors/aws_models/aws_models.h"

#include "tests/catch.h"

#include <string>

namespace pawl::connectors {

TEST_CASE("every service of the shipped models can be read", "[connectors][aws_models]") {
  const std::string_view text = aws_models_text();
  REQUIRE(text.starts_with("pawl-aws-models 1\n@"));
  REQUIRE(text.ends_with('\n'));
  std::size_t services = 0;
  for (std::size_t at = text.find("\n@"); at != std::string_view::npos;
       at = text.find("\n@", at + 1)) {
    const std::string id(text.substr(at + 2, text.find(' ', at) - at - 2));
    INFO(id);
    const auto service = AwsService::find(id);
    REQUIRE(service.has_value());
    CHECK_FALSE(service->protocol().empty());
    ++services;
  }
  CHECK(services > 300);
}

TEST_CASE("an operation is found by its name in either case", "[connectors][aws_models]") {
  const auto service = AwsService::find("sfn");
  REQUIRE(service);
  CHECK(service->protocol() == "json");
  const AwsOperation* operation = service->operation("startExecution");
  REQUIRE(operation != nullptr);
  CHECK(operation == service->operation("StartExecution"));
  CHECK(service->operation("startexecution") == nullptr);
  CHECK(service->operation("") == nullptr);
  REQUIRE(operation->output);
  const AwsShape& output = service->shape(*operation->output);
  REQUIRE(output.members.size() == 2);
  CHECK(output.members[0].name == "executionArn");
  CHECK(output.members[0].required);
  CHECK(integration_name(output.members[0].name) == "ExecutionArn");
  CHECK(service->shape(output.members[0].shape).max == 256);
  CHECK(service->shape(output.members[1].shape).type == AwsType::kTimestamp);
}

TEST_CASE("an unknown service is not found", "[connectors][aws_models]") {
  CHECK_FALSE(AwsService::find(""));
  CHECK_FALSE(AwsService::find("nosuchservice"));
  CHECK_FALSE(AwsService::find("sfn protocol=json"));
}

TEST_CASE("a service reads shapes that hold themselves, and skips what it does not know",
          "[connectors][aws_models]") {
  const auto service = AwsService::parse(
      "@x protocol=json unknown=1 flag\n.List in=3 out=0\n.Delete\nS !a=1 b=2\ns>1<5\nL<3 0\n"
      "e A|B C\n@y protocol=query\nS z=9\n");
  REQUIRE(service);
  CHECK(service->operation("Delete")->output == std::nullopt);
  REQUIRE(service->operation("List")->output == 0U);
  CHECK(service->shape(0).members[1].name == "b");
  CHECK_FALSE(service->shape(0).members[1].required);
  CHECK(service->shape(1).min == 1.0);
  CHECK(service->shape(2).element == 0);
  CHECK(service->shape(3).values == std::vector<std::string_view>{"A", "B C"});
}

TEST_CASE("a damaged service is refused", "[connectors][aws_models]") {
  for (const char* text : {"", "@x\n.O out=0\n", "@x\nS a=1\n", "@x\nL 7\n", "@x\nS a\n",
                           "@x\ns>q\n", "@x\nq\n", "@x\ns 1\n", "@x\n\n", "@x\n.O out=z\n"}) {
    INFO(text);
    CHECK_FALSE(AwsService::parse(text));
  }
}

}  // namespace pawl::connectors
