// Aliases: their routing, what executions started through them show, what they protect.
#include "tests/service/world.h"

#include <fmt/format.h>

#include <map>

namespace pawl::service::test {

namespace {

// A machine "m" with two published versions; answers their ARNs.
std::pair<std::string, std::string> two_versions(Client& client) {
  const std::string arn = client.create("m");
  const Reply first = client("PublishStateMachineVersion", {{"stateMachineArn", arn}});
  client("UpdateStateMachine", {{"stateMachineArn", arn}, {"definition", kPass + " "}});
  const Reply second = client("PublishStateMachineVersion", {{"stateMachineArn", arn}});
  return {first.member("stateMachineVersionArn"), second.member("stateMachineVersionArn")};
}

std::string routing(const std::vector<std::pair<std::string, int>>& routes) {
  std::string text;
  for (const auto& [arn, weight] : routes) {
    text += fmt::format(R"({}{{"stateMachineVersionArn":"{}","weight":{}}})",
                        text.empty() ? "" : ",", arn, weight);
  }
  return R"("routingConfiguration":[)" + text + "]";
}

Reply create_alias(Client& client, const std::string& name,
                   const std::vector<std::pair<std::string, int>>& routes) {
  return client("CreateStateMachineAlias", R"({"name":")" + name + R"(",)" + routing(routes) + "}");
}

}  // namespace

TEST_CASE("an execution through an alias shows the alias and one version", "[service][aliases]") {
  World().run([](Client& client) {
    const auto [first, second] = two_versions(client);
    const std::string alias =
        create_alias(client, "PROD", {{first, 100}}).member("stateMachineAliasArn");
    CHECK(alias == "arn:aws:states:us-east-1:123456789012:stateMachine:m:PROD");
    const Reply ended = client.ended(client.start(alias));
    CHECK(ended.member("stateMachineAliasArn") == alias);
    CHECK(ended.member("stateMachineVersionArn") == first);
    CHECK(client("ListExecutions", {{"stateMachineArn", alias}}).count("executions") == 1);
    CHECK(client("ListExecutions", {{"stateMachineArn", first}}).count("executions") == 1);
    CHECK(client("ListExecutions", {{"stateMachineArn", second}}).count("executions") == 0);
    const Reply history =
        client("GetExecutionHistory", {{"executionArn", ended.member("executionArn")}});
    CHECK(history.text.find(R"("stateMachineAliasArn":")" + alias) != std::string::npos);
    CHECK(client("StartExecution", {{"stateMachineArn", alias + "X"}}).error() ==
          "StateMachineDoesNotExist");
  });
}

TEST_CASE("an alias of two versions shares the executions by weight", "[service][aliases]") {
  World().run([](Client& client) {
    const auto [first, second] = two_versions(client);
    const std::string alias =
        create_alias(client, "split", {{first, 80}, {second, 20}}).member("stateMachineAliasArn");
    std::map<std::string, int> seen;
    constexpr int kStarts = 300;
    for (int i = 0; i < kStarts; ++i) {
      ++seen[client.ended(client.start(alias)).member("stateMachineVersionArn")];
    }
    // 60 of 300 on average, with a deviation of 7: outside of these bounds once in a million runs.
    CHECK(seen[second] > 25);
    CHECK(seen[second] < 100);
    CHECK(seen[first] + seen[second] == kStarts);
  });
}

TEST_CASE("an alias is created once, updated, listed and deleted", "[service][aliases]") {
  World world;
  std::string first;
  std::string second;
  std::string alias;
  world.run([&](Client& client) {
    std::tie(first, second) = two_versions(client);
    const Reply made = create_alias(client, "A", {{first, 100}});
    alias = made.member("stateMachineAliasArn");
    CHECK(create_alias(client, "A", {{first, 100}}).text == made.text);
    CHECK(create_alias(client, "A", {{second, 100}}).error() == "ConflictException");
    CHECK(create_alias(client, "B", {{second, 100}}).status == 200);
    CHECK(client("DeleteStateMachineVersion", {{"stateMachineVersionArn", first}}).message() ==
          "Version to be deleted must not be referenced by an alias. Current list of aliases "
          "referencing this version: [A]");
  });
  world.run([&](Client& client) {
    const std::string machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
    const Reply page = client("ListStateMachineAliases",
                              R"({"maxResults":1,"stateMachineArn":")" + machine + "\"}");
    REQUIRE(page.count("stateMachineAliases") == 1);
    const Reply rest = client("ListStateMachineAliases", {{"stateMachineArn", machine},
                                                          {"nextToken", page.member("nextToken")}});
    CHECK(rest.count("stateMachineAliases") == 1);
    CHECK(rest.body.find("nextToken") == nullptr);
    CHECK(client("ListStateMachineAliases",
                 {{"stateMachineArn", second}, {"nextToken", page.member("nextToken")}})
              .error() == "InvalidToken");
    CHECK(client("ListStateMachineAliases", {{"stateMachineArn", second}})
              .count("stateMachineAliases") == 1);

    const std::string named = R"({"stateMachineAliasArn":")" + alias + "\"";
    CHECK(client("UpdateStateMachineAlias", named + "}").error() == "ValidationException");
    CHECK(client("UpdateStateMachineAlias", named + R"(,"description":"new"})").status == 200);
    CHECK(
        client("UpdateStateMachineAlias", named + "," + routing({{first, 50}, {second, 50}}) + "}")
            .status == 200);
    const Reply described = client("DescribeStateMachineAlias", {{"stateMachineAliasArn", alias}});
    CHECK(described.member("description") == "new");
    CHECK(described.count("routingConfiguration") == 2);
    CHECK(client("DeleteStateMachineAlias", {{"stateMachineAliasArn", alias}}).text == "{}");
    CHECK(client("DescribeStateMachineAlias", {{"stateMachineAliasArn", alias}}).error() ==
          "ResourceNotFound");
    CHECK(client("DeleteStateMachineVersion", {{"stateMachineVersionArn", first}}).status == 200);
  });
}

TEST_CASE("a routing configuration must make sense", "[service][aliases]") {
  World().run([](Client& client) {
    const auto [first, second] = two_versions(client);
    const std::string plain = first.substr(0, first.rfind(':'));
    CHECK(create_alias(client, "A", {{first, 50}, {second, 49}}).message() ==
          "Sum of routing configuration weights must equal 100. Received: [50, 49]");
    CHECK(create_alias(client, "A", {{first, 50}, {first, 50}}).message() ==
          "Routing configuration must contain distinct state machine version ARNs. Received: [" +
              first + ", " + first + "]");
    CHECK(create_alias(client, "A", {{plain, 100}}).message() ==
          "Routing configuration must contain state machine version ARNs. Received: [" + plain +
              "]");
    CHECK(create_alias(client, "A", {{first, 100}}).status == 200);
    CHECK(create_alias(client, "A", {{plain + ":9", 100}}).error() == "ResourceNotFound");
    CHECK(create_alias(client, "7", {{first, 100}}).error() == "ValidationException");
  });
}

TEST_CASE("a machine has up to 100 aliases", "[service][aliases]") {
  World().run([](Client& client) {
    const auto [first, second] = two_versions(client);
    for (int i = 0; i < 100; ++i) {
      REQUIRE(create_alias(client, "a" + std::to_string(i), {{first, 100}}).status == 200);
    }
    CHECK(create_alias(client, "more", {{first, 100}}).error() == "ServiceQuotaExceededException");
  });
}

}  // namespace pawl::service::test
