#include "tests/connectors/embedded_world.h"

namespace pawl::connectors::test {

namespace {
std::string secrets(EmbeddedWorld& world, const std::string& operation, const std::string& input) {
  return world.ask(world.services().secrets(), operation, input);
}
}  // namespace

TEST_CASE("a secret has a current and a previous version", "[connectors][secretsmanager]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    CHECK(secrets(world, "ListSecrets", "{}") == R"({"SecretList":[]})");
    const std::string created =
        secrets(world, "CreateSecret", R"({"Name":"s","SecretString":"one"})");
    const std::string arn(asl::read_json(created)->find("ARN")->as_string());
    secrets(world, "PutSecretValue", R"({"SecretId":")" + arn + R"(","SecretString":"two"})");
    const auto value = [&](const std::string& input) {
      const auto got = *asl::read_json(secrets(world, "GetSecretValue", input));
      return std::string(got.find("SecretString")->as_string());
    };
    CHECK(value(R"({"SecretId":"s"})") == "two");
    CHECK(value(R"({"SecretId":"s","VersionStage":"AWSPREVIOUS"})") == "one");
    CHECK(secrets(world, "CreateSecret", R"({"Name":"s"})").starts_with("ResourceExistsException"));
    secrets(world, "DeleteSecret", R"({"SecretId":"s"})");
    CHECK(secrets(world, "GetSecretValue", R"({"SecretId":"s"})")
              .starts_with("InvalidRequestException"));
    secrets(world, "RestoreSecret", R"({"SecretId":"s"})");
    CHECK(value(R"({"SecretId":"s"})") == "two");
  });
}

TEST_CASE("an invalid name fails the Task as recorded", "[connectors][secretsmanager]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    const auto failed = world.task("aws-sdk:secretsmanager:createSecret",
                                   R"({"Name":"Invalid Name","SecretString":"x"})");
    CHECK(failed.record.failure.error == "SecretsManager.SecretsManagerException");
    CHECK(failed.record.failure.cause->starts_with(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
        "following: -/_+=.@! (Service: SecretsManager, Status Code: 400, Request ID: "));
  });
}

}  // namespace pawl::connectors::test
