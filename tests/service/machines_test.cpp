// State machines: creation and its idempotency, updates, versions, deletion, lists, tags.
#include "tests/service/world.h"

namespace pawl::service::test {

namespace {

std::string quoted(const std::string& text) {
  std::string out;
  asl::write_json_string(text, out);
  return out;
}

// The body of CreateStateMachine with `more` members.
std::string creation(const std::string& name, const std::string& definition,
                     const std::string& more = "", const std::string& role = kRole) {
  return R"({"name":")" + name + R"(","roleArn":")" + role + R"(","definition":)" +
         quoted(definition) + (more.empty() ? "" : "," + more) + "}";
}

}  // namespace

TEST_CASE("creating the same machine again answers the same", "[service][machines]") {
  World().run([](Client& client) {
    const Reply first = client("CreateStateMachine", creation("m", kPass));
    REQUIRE(first.status == 200);
    CHECK(first.member("stateMachineArn") ==
          "arn:aws:states:us-east-1:123456789012:stateMachine:m");
    CHECK(client("CreateStateMachine", creation("m", kPass)).text == first.text);
    // Another role or other tags are no difference, and change nothing.
    const Reply again =
        client("CreateStateMachine", creation("m", kPass, R"("tags":[{"key":"k","value":"v"}])",
                                              "arn:aws:iam::123456789012:role/other"));
    CHECK(again.text == first.text);
    const Reply described =
        client("DescribeStateMachine", {{"stateMachineArn", first.member("stateMachineArn")}});
    CHECK(described.member("roleArn") == kRole);
  });
}

TEST_CASE("a machine that differs is refused with its ARN", "[service][machines]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    const std::string others[] = {
        creation("m", kWait),
        creation("m", kPass + " "),  // compared as text
        creation("m", kPass, R"("type":"EXPRESS")"),
        creation("m", kPass, R"("tracingConfiguration":{"enabled":true})"),
        creation("m", kPass, R"("publish":true)"),
    };
    for (const std::string& other : others) {
      const Reply reply = client("CreateStateMachine", other);
      CHECK(reply.error() == "StateMachineAlreadyExists");
      CHECK(reply.message() == "State Machine Already Exists: '" + arn + "'");
    }
  });
}

TEST_CASE("what CreateStateMachine refuses", "[service][machines]") {
  struct Case {
    std::string input;
    std::string_view error;
    std::string_view text;
  };
  const std::string jsonata =
      R"({"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Succeed"}}})";
  const Case cases[] = {
      {creation("a b", kPass), "InvalidName", "Invalid Name: 'a b'"},
      {creation("m", kPass, "", "role"), "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: role'"},
      {creation("m", "{}"), "InvalidDefinition",
       "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: "
       "[States, StartAt] at /'"},
      {creation("m", kPass, R"("versionDescription":"x")"), "ValidationException",
       "Version description can only be set when publish is true"},
      {creation("m", kPass, R"("loggingConfiguration":{"level":"ALL"})"),
       "InvalidLoggingConfiguration",
       "Invalid Logging Configuration: Must specify exactly one Log Destination."},
      {creation("m", kPass, R"("loggingConfiguration":{"level":"ALL","destinations":[{}]})"),
       "InvalidLoggingConfiguration", "Invalid Logging Configuration: Log Destination not found."},
  };
  World().run([&](Client& client) {
    for (const Case& one : cases) {
      const Reply reply = client("CreateStateMachine", one.input);
      CHECK(reply.error() == one.error);
      CHECK(reply.message() == one.text);
    }
    CHECK(client("CreateStateMachine",
                 creation("m", kPass,
                          R"("encryptionConfiguration":{"type":"AWS_OWNED_KEY",)"
                          R"("kmsKeyId":"k"})"))
              .error() == "InvalidEncryptionConfiguration");
    CHECK(client("ListStateMachines", "{}").count("stateMachines") == 0);
    // Runs only once JSONata does: until then it must not be accepted.
    const Reply unsupported = client("CreateStateMachine", creation("j", jsonata));
    if (unsupported.status != 200) CHECK(unsupported.error() == "InvalidDefinition");
  });
}

TEST_CASE("DescribeStateMachine shows every default", "[service][machines]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    const Reply reply = client("DescribeStateMachine", {{"stateMachineArn", arn}});
    CHECK(reply.member("status") == "ACTIVE");
    CHECK(reply.member("type") == "STANDARD");
    CHECK(reply.member("definition") == kPass);
    CHECK(reply.member("loggingConfiguration") ==
          R"({"level":"OFF","includeExecutionData":false})");
    CHECK(reply.member("tracingConfiguration") == R"({"enabled":false})");
    CHECK(reply.member("encryptionConfiguration") == R"({"type":"AWS_OWNED_KEY"})");
    CHECK(reply.body.find("revisionId") == nullptr);
    const Reply brief = client("DescribeStateMachine",
                               {{"stateMachineArn", arn}, {"includedData", "METADATA_ONLY"}});
    CHECK(brief.member("definition") == "{}");
  });
}

TEST_CASE("an update makes a revision, a repeated one does not", "[service][machines]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    const Reply none = client("UpdateStateMachine", {{"stateMachineArn", arn}});
    CHECK(none.error() == "MissingRequiredParameter");
    const auto update = [&] {
      return client("UpdateStateMachine", {{"stateMachineArn", arn}, {"definition", kWait}});
    };
    const Reply first = update();
    REQUIRE(first.status == 200);
    CHECK(first.member("revisionId").size() == 36);
    CHECK(update().member("revisionId") == first.member("revisionId"));
    const Reply traced =
        client("UpdateStateMachine",
               R"({"stateMachineArn":")" + arn + R"(","tracingConfiguration":{"enabled":true}})");
    CHECK(traced.member("revisionId") != first.member("revisionId"));
    const Reply described = client("DescribeStateMachine", {{"stateMachineArn", arn}});
    CHECK(described.member("revisionId") == traced.member("revisionId"));
    CHECK(described.member("definition") == kWait);
  });
}

TEST_CASE("updates at the same time all count", "[service][machines]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    constexpr int kWriters = 20;
    int done = 0;
    runtime::Shard& shard = *runtime::Shard::current();
    for (int i = 0; i < kWriters; ++i) {
      REQUIRE(shard.spawn([&, i] {
        const std::string key = "k" + std::to_string(i);
        CHECK(client("TagResource", R"({"resourceArn":")" + arn + R"(","tags":[{"key":")" + key +
                                        R"(","value":"v"}]})")
                  .status == 200);
        ++done;
      }));
    }
    while (done < kWriters) runtime::sleep_for(std::chrono::milliseconds(1));
    CHECK(client("ListTagsForResource", {{"resourceArn", arn}}).count("tags") == kWriters);
  });
}

TEST_CASE("an execution keeps the definition it was started with", "[service][machines]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m", kWait);
    const std::string execution = client.start(arn, "e");
    client("UpdateStateMachine", {{"stateMachineArn", arn}, {"definition", kPass}});
    const Reply for_execution =
        client("DescribeStateMachineForExecution", {{"executionArn", execution}});
    CHECK(for_execution.member("definition") == kWait);
    CHECK(for_execution.body.find("revisionId") == nullptr);
    CHECK(client.ended(client.start(arn)).member("status") == "SUCCEEDED");
    client("StopExecution", {{"executionArn", execution}});
  });
}

TEST_CASE("versions are published, started, listed and deleted", "[service][machines]") {
  World().run([](Client& client) {
    const Reply made = client("CreateStateMachine", creation("m", kPass, R"("publish":true)"));
    const std::string arn = made.member("stateMachineArn");
    const std::string first = made.member("stateMachineVersionArn");
    REQUIRE(first == arn + ":1");
    const std::string other = R"({"StartAt":"B","States":{"B":{"Type":"Succeed"}}})";
    const Reply second =
        client("UpdateStateMachine", R"({"stateMachineArn":")" + arn +
                                         R"(","publish":true,"definition":)" + quoted(other) + "}");
    REQUIRE(second.member("stateMachineVersionArn") == arn + ":2");
    // Published already: the same version.
    CHECK(client("PublishStateMachineVersion", {{"stateMachineArn", arn}})
              .member("stateMachineVersionArn") == arn + ":2");
    CHECK(
        client("PublishStateMachineVersion", {{"stateMachineArn", arn}, {"revisionId", "INITIAL"}})
            .error() == "ConflictException");

    CHECK(client("DescribeStateMachine", {{"stateMachineArn", first}}).member("definition") ==
          kPass);
    const std::string execution = client.start(first);
    CHECK(client.ended(execution).member("stateMachineVersionArn") == first);
    client.ended(client.start(arn));
    CHECK(client("ListExecutions", {{"stateMachineArn", first}}).count("executions") == 1);
    CHECK(client("ListExecutions", {{"stateMachineArn", arn}}).count("executions") == 2);

    CHECK(client("ListStateMachineVersions", {{"stateMachineArn", arn}})
              .count("stateMachineVersions") == 2);
    CHECK(client("DeleteStateMachineVersion", {{"stateMachineVersionArn", arn + ":2"}}).status ==
          200);
    CHECK(client("StartExecution", {{"stateMachineArn", arn + ":2"}}).error() ==
          "StateMachineDoesNotExist");
    // Numbers are never used again.
    CHECK(client("PublishStateMachineVersion", {{"stateMachineArn", arn}})
              .member("stateMachineVersionArn") == arn + ":3");
  });
}

TEST_CASE("a deleted machine is gone, its executions can be looked at", "[service][machines]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    const std::string execution = client.start(arn);
    client.ended(execution);
    CHECK(client("DeleteStateMachine", {{"stateMachineArn", arn}}).text == "{}");
    CHECK(client("DeleteStateMachine", {{"stateMachineArn", arn}}).status == 200);
    const std::string gone = "State Machine Does Not Exist: '" + arn + "'";
    CHECK(client("DescribeStateMachine", {{"stateMachineArn", arn}}).message() == gone);
    CHECK(client("StartExecution", {{"stateMachineArn", arn}}).message() == gone);
    CHECK(client("ListExecutions", {{"stateMachineArn", arn}}).message() == gone);
    CHECK(client("DescribeExecution", {{"executionArn", execution}}).status == 200);
    CHECK(client("GetExecutionHistory", {{"executionArn", execution}}).count("events") == 4);
  });
}

TEST_CASE("a machine is DELETING until its executions end at their next transition",
          "[service][machines]") {
  const std::string wait = R"({"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"Next":"B"},)"
                           R"("B":{"Type":"Pass","End":true}}})";
  World world;
  std::string arn;
  std::string execution;
  world.run([&](Client& client) {
    arn = client.create("m", wait);
    client("PublishStateMachineVersion", {{"stateMachineArn", arn}});
    execution = client.start(arn, "e");
    CHECK(client("DeleteStateMachine", {{"stateMachineArn", arn}}).text == "{}");
    CHECK(client("DescribeStateMachine", {{"stateMachineArn", arn}}).member("status") ==
          "DELETING");
    CHECK(client("DescribeStateMachine", {{"stateMachineArn", arn + ":1"}}).error() ==
          "StateMachineDoesNotExist");
    for (const std::string_view operation :
         {"StartExecution", "PublishStateMachineVersion", "ListStateMachineAliases"}) {
      CHECK(client(operation, {{"stateMachineArn", arn}}).error() == "StateMachineDeleting");
    }
    CHECK(client("CreateStateMachine", {{"name", "m"}, {"definition", kPass}, {"roleArn", kRole}})
              .error() == "StateMachineDeleting");
  });
  // ... by another process, if need be.
  world.run([&](Client& client) {
    CHECK(client.ended(execution).member("status") == "ABORTED");
    for (int left = 400; left > 0; --left) {
      if (client("DescribeStateMachine", {{"stateMachineArn", arn}}).status == 400) break;
      runtime::sleep_for(std::chrono::milliseconds(5));
    }
    CHECK(client("DescribeStateMachine", {{"stateMachineArn", arn}}).error() ==
          "StateMachineDoesNotExist");
    // Another machine of that name begins with no executions, and with all their names.
    CHECK(client.create("m") == arn);
    CHECK(client("ListExecutions", {{"stateMachineArn", arn}}).count("executions") == 0);
    CHECK(client.start(arn, "e") == execution);
    CHECK(client.ended(execution).member("status") == "SUCCEEDED");
    CHECK(client("ListExecutions", {{"stateMachineArn", arn}}).count("executions") == 1);
  });
}

TEST_CASE("machines are listed in pages whose tokens survive a restart", "[service][machines]") {
  World world;
  std::string token;
  world.run([&](Client& client) {
    for (int i = 0; i < 5; ++i) client.create("m" + std::to_string(i));
    const Reply page = client("ListStateMachines", R"({"maxResults":2})");
    REQUIRE(page.count("stateMachines") == 2);
    token = page.member("nextToken");
    REQUIRE_FALSE(token.empty());
  });
  world.run([&](Client& client) {
    const Reply page =
        client("ListStateMachines", R"({"maxResults":3,"nextToken":")" + token + R"("})");
    CHECK(page.count("stateMachines") == 3);
    CHECK(page.body.find("nextToken") == nullptr);
    // Altered, or another list's.
    std::string altered = token;
    altered[8] = altered[8] == 'A' ? 'B' : 'A';
    CHECK(client("ListStateMachines", {{"nextToken", altered}}).message() ==
          "Invalid Token: 'Invalid token'");
    CHECK(client("ListActivities", {{"nextToken", token}}).error() == "InvalidToken");
  });
}

TEST_CASE("tags are kept with machines and activities", "[service][machines]") {
  World().run([](Client& client) {
    const std::string machine = client.create("m");
    const std::string activity = client("CreateActivity", {{"name", "a"}}).member("activityArn");
    for (const std::string& arn : {machine, activity}) {
      const std::string resource = R"({"resourceArn":")" + arn + R"(",)";
      CHECK(client("TagResource", resource + R"("tags":[{"key":"k","value":"v"},{"key":"l"}]})")
                .text == "{}");
      CHECK(client("TagResource", resource + R"("tags":[{"key":"k","value":"w"}]})").status == 200);
      CHECK(client("ListTagsForResource", {{"resourceArn", arn}}).text ==
            R"({"tags":[{"key":"k","value":"w"},{"key":"l","value":""}]})");
      CHECK(client("UntagResource", resource + R"("tagKeys":["l","none"]})").status == 200);
      CHECK(client("ListTagsForResource", {{"resourceArn", arn}}).count("tags") == 1);
      CHECK(client("TagResource", resource + R"("tags":[{"key":"aws:x"}]})").error() ==
            "ValidationException");
      std::string many = "[";
      for (int i = 0; i < 50; ++i) {
        many += (i > 0 ? "," : "") + (R"({"key":"n)" + std::to_string(i)) + R"("})";
      }
      CHECK(client("TagResource", resource + R"("tags":)" + many + "]}").error() == "TooManyTags");
      CHECK(client("ListTagsForResource", {{"resourceArn", arn}}).count("tags") == 1);
    }
    CHECK(client("ListTagsForResource", {{"resourceArn", machine + "x"}}).error() ==
          "ResourceNotFound");
  });
}

TEST_CASE("activities are registered once and survive a restart", "[service][machines]") {
  World world;
  std::string arn;
  world.run([&](Client& client) {
    const Reply made = client("CreateActivity", {{"name", "a"}});
    arn = made.member("activityArn");
    CHECK(arn == "arn:aws:states:us-east-1:123456789012:activity:a");
    CHECK(client("CreateActivity", {{"name", "a"}}).text == made.text);
    CHECK(client("CreateActivity", {{"name", "a/b"}}).message() == "Invalid Name: 'a/b'");
    client("CreateActivity", {{"name", "b"}});
    const Reply page = client("ListActivities", R"({"maxResults":1})");
    CHECK(page.count("activities") == 1);
    CHECK(client("ListActivities", {{"nextToken", page.member("nextToken")}}).count("activities") ==
          1);
  });
  world.run([&](Client& client) {
    const Reply described = client("DescribeActivity", {{"activityArn", arn}});
    CHECK(described.member("name") == "a");
    CHECK(described.member("encryptionConfiguration") == R"({"type":"AWS_OWNED_KEY"})");
    CHECK(client("DeleteActivity", {{"activityArn", arn}}).text == "{}");
    CHECK(client("DeleteActivity", {{"activityArn", arn}}).status == 200);
    CHECK(client("DescribeActivity", {{"activityArn", arn}}).message() ==
          "Activity Does Not Exist: '" + arn + "'");
  });
}

TEST_CASE("a definition is validated without being registered", "[service][machines]") {
  World().run([](Client& client) {
    CHECK(client("ValidateStateMachineDefinition", {{"definition", kPass}}).text ==
          R"({"result":"OK","diagnostics":[],"truncated":false})");
    const Reply broken = client("ValidateStateMachineDefinition", {{"definition", "{}"}});
    CHECK(broken.member("result") == "FAIL");
    CHECK(broken.count("diagnostics") == 1);
  });
}

TEST_CASE("warnings are asked for, and diagnostics are cut at maxResults", "[service][machines]") {
  World().run([](Client& client) {
    // Two errors and one warning.
    const auto validate = [&](const std::string& members) {
      return client("ValidateStateMachineDefinition",
                    R"({"definition":"{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",)"
                    R"(\"End\":true,\"B\":1,\"C\":2,\"Parameters\":{\"x\":\"$.a\"}}}}")" +
                        members + "}");
    };
    CHECK(validate("").count("diagnostics") == 2);
    CHECK(validate(R"(,"severity":"WARNING")").count("diagnostics") == 3);
    CHECK(validate(R"(,"maxResults":0)").count("diagnostics") == 2);
    const Reply cut = validate(R"(,"maxResults":1,"severity":"WARNING")");
    CHECK(cut.count("diagnostics") == 1);
    CHECK(cut.text.find(R"("truncated":true)") != std::string::npos);
    CHECK(validate(R"(,"maxResults":2)").text.find(R"("truncated":false)") != std::string::npos);
  });
}

}  // namespace pawl::service::test
