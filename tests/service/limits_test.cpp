// AWS's limits unless they are raised; and with raised ones, what reads and keeps them still holds.
#include "tests/service/world.h"

#include <fmt/format.h>

namespace pawl::service::test {

namespace {

World relaxed_world() {
  World world;
  world.limits = engine::relaxed_limits();
  return world;
}

// A JSON string of that many bytes.
std::string text_of(std::size_t bytes) { return '"' + std::string(bytes - 2, 'x') + '"'; }

Reply start_with(Client& client, const std::string& machine, const std::string& input) {
  return client("StartExecution", {{"stateMachineArn", machine}, {"input", input}});
}

std::string state_named(const std::string& name) {
  return fmt::format(R"({{"StartAt":"{0}","States":{{"{0}":{{"Type":"Succeed"}}}}}})", name);
}

constexpr const char* kBatches = R"({{"StartAt":"M","States":{{"M":{{"Type":"Map","End":true,
  "ItemBatcher":{{"MaxInputBytesPerBatch":{}}},"ItemProcessor":{{
    "ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},
    "StartAt":"A","States":{{"A":{{"Type":"Succeed"}}}}}}}}}}}})";

Reply create(Client& client, const std::string& name, const std::string& definition) {
  return client("CreateStateMachine",
                {{"name", name}, {"definition", definition}, {"roleArn", kRole}});
}

}  // namespace

TEST_CASE("inputs are as large as the limits say", "[service][limits]") {
  World().run([](Client& client) {
    const std::string machine = client.create("m");
    CHECK(start_with(client, machine, text_of(262'144)).status == 200);
    const Reply refused = start_with(client, machine, text_of(262'145));
    CHECK(refused.error() == "ValidationException");
    CHECK(refused.message() ==
          "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must "
          "have length less than or equal to 262144");
  });
  relaxed_world().run([](Client& client) {
    constexpr std::size_t kMax = std::size_t{16} << 20;
    const std::string machine = client.create("m");
    const Reply started = start_with(client, machine, text_of(kMax));
    INFO(started.text.substr(0, 500));
    REQUIRE(started.status == 200);
    const Reply ended = client.ended(started.member("executionArn"));
    CHECK(ended.member("status") == "SUCCEEDED");
    CHECK(ended.member("output").size() == kMax);
    CHECK(start_with(client, machine, text_of(kMax + 1)).error() == "ValidationException");
  });
}

TEST_CASE("a payload that needs escapes comes through at its largest", "[service][limits]") {
  const auto largest = [](World world, std::size_t bytes) {
    world.run([bytes](Client& client) {
      const std::string machine = client.create("m");
      // Every character is escaped on its way: \" in the payload, \\\" in the request.
      std::string input = "\"";
      while (input.size() + 3 <= bytes) input += "\\\"";
      input += '"';
      const Reply started = start_with(client, machine, input);
      REQUIRE(started.status == 200);
      CHECK(client.ended(started.member("executionArn")).member("output") == input);
    });
  };
  largest(World(), 262'144);
  largest(relaxed_world(), std::size_t{15} << 20);
}

TEST_CASE("a history of large payloads is read in pages that stay small", "[service][limits]") {
  relaxed_world().run([](Client& client) {
    constexpr std::size_t kInput = std::size_t{3} << 20;
    const std::string machine = client.create("m", R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Parameters":{"a.$":"$"},"Next":"B"},
      "B":{"Type":"Pass","Parameters":{"b.$":"$"},"Next":"C"},
      "C":{"Type":"Pass","Parameters":{"c.$":"$"},"End":true}}})");
    const Reply started = start_with(client, machine, text_of(kInput));
    REQUIRE(started.status == 200);
    const std::string arn = started.member("executionArn");
    CHECK(client.ended(arn).member("status") == "SUCCEEDED");
    for (const bool reverse : {false, true}) {
      std::vector<std::int64_t> ids;
      std::string token;
      std::size_t pages = 0;
      do {
        std::string body = R"({"executionArn":")" + arn + '"';
        if (reverse) body += R"(,"reverseOrder":true)";
        if (!token.empty()) body += R"(,"nextToken":")" + token + '"';
        const Reply page = client("GetExecutionHistory", body + "}");
        REQUIRE(page.status == 200);
        CHECK(page.text.size() < 2 * kInput + kInput / 2);
        for (const asl::Value& event : page.body.find("events")->items()) {
          ids.push_back(event.find("id")->as_int());
        }
        token = page.member("nextToken");
      } while (!token.empty() && ++pages < 20);
      if (reverse) std::reverse(ids.begin(), ids.end());
      CHECK(ids == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8});
      CHECK(pages >= 3);
    }
  });
}

TEST_CASE("names are as long as the limits say, and their ARNs are taken", "[service][limits]") {
  const auto names = [](World world, std::size_t max) {
    world.run([max](Client& client) {
      const std::string name(max, 'n');
      const std::string machine = client.create(name, state_named(std::string(max, 's')));
      const std::string execution = client.start(machine, std::string(max, 'e'));
      CHECK(client.ended(execution).member("name") == std::string(max, 'e'));
      CHECK(client("ListExecutions", {{"stateMachineArn", machine}}).count("executions") == 1);
      const Reply activity = client("CreateActivity", {{"name", std::string(max, 'a')}});
      CHECK(activity.status == 200);
      CHECK(client("DescribeActivity", {{"activityArn", activity.member("activityArn")}}).status ==
            200);

      const std::string limit = std::to_string(max);
      const Reply long_name = create(client, std::string(max + 1, 'n'), kPass);
      CHECK(long_name.error() == "ValidationException");
      CHECK(long_name.message().ends_with("have length less than or equal to " + limit));
      const Reply long_state = create(client, "m", state_named(std::string(max + 1, 's')));
      CHECK(long_state.error() == "InvalidDefinition");
      CHECK(long_state.message().find("more than " + limit + " characters") != std::string::npos);
    });
  };
  names(World(), 80);
  names(relaxed_world(), 255);
}

TEST_CASE("definitions are as large as the limits say", "[service][limits]") {
  const auto sizes = [](World world, std::size_t max) {
    world.run([max](Client& client) {
      const auto padded = [](std::size_t size) {
        const std::string before = R"({"Comment":")";
        const std::string after = R"(",)" + kPass.substr(1);
        return before + std::string(size - before.size() - after.size(), 'c') + after;
      };
      CHECK(create(client, "m", padded(max)).status == 200);
      CHECK(create(client, "n", padded(max + 1)).error() == "ValidationException");
    });
  };
  sizes(World(), 1'048'576);
  sizes(relaxed_world(), std::size_t{4} << 20);
}

TEST_CASE("a batch of a Map may have what a payload may", "[service][limits]") {
  const auto batches = [](World world, std::size_t max) {
    world.run([max](Client& client) {
      CHECK(create(client, "m", fmt::format(kBatches, max)).status == 200);
      const Reply refused = create(client, "n", fmt::format(kBatches, max + 1));
      CHECK(refused.error() == "InvalidDefinition");
      CHECK(refused.message().find("Maximum value is " + std::to_string(max)) != std::string::npos);
    });
  };
  batches(World(), 262'144);
  batches(relaxed_world(), std::size_t{16} << 20);
}

TEST_CASE("error and cause of a stop are as long as the limits say", "[service][limits]") {
  const auto texts = [](World world, std::size_t error, std::size_t cause) {
    world.run([&](Client& client) {
      const std::string execution = client.start(client.create("m", kWait));
      const auto stop = [&](std::size_t error_size, std::size_t cause_size) {
        return client("StopExecution", {{"executionArn", execution},
                                        {"error", std::string(error_size, 'e')},
                                        {"cause", std::string(cause_size, 'c')}});
      };
      CHECK(stop(error + 1, 1).error() == "ValidationException");
      CHECK(stop(1, cause + 1).error() == "ValidationException");
      CHECK(stop(error, cause).status == 200);
      CHECK(client.ended(execution).member("cause").size() == cause);
    });
  };
  texts(World(), 256, 32'768);
  texts(relaxed_world(), 1'024, 262'144);
}

TEST_CASE("tags, versions and aliases are counted by the limits", "[service][limits]") {
  const auto tags_of = [](std::size_t count) {
    std::string list = "[";
    for (std::size_t i = 0; i < count; ++i) {
      list += fmt::format(R"({}{{"key":"k{}","value":"v"}})", i == 0 ? "" : ",", i);
    }
    return list + "]";
  };
  const auto tagged = [&](World world, std::size_t max) {
    world.run([&](Client& client) {
      const std::string machine = client.create("m");
      const std::string activity = client("CreateActivity", {{"name", "a"}}).member("activityArn");
      for (const std::string& arn : {machine, activity}) {
        const auto tag = [&](std::size_t count) {
          return client("TagResource",
                        R"({"resourceArn":")" + arn + R"(","tags":)" + tags_of(count) + "}");
        };
        CHECK(tag(max).status == 200);
        CHECK(tag(max + 1).error() == "TooManyTags");
        CHECK(client("ListTagsForResource", {{"resourceArn", arn}}).count("tags") == max);
      }
    });
  };
  tagged(World(), 50);
  tagged(relaxed_world(), 1'000);

  World world;
  world.limits.versions = 2;
  world.limits.aliases = 1;
  world.run([](Client& client) {
    const std::string machine = client.create("m");
    const auto publish = [&](const std::string& description) {
      const Reply updated =
          client("UpdateStateMachine",
                 {{"stateMachineArn", machine}, {"definition", state_named(description)}});
      REQUIRE(updated.status == 200);
      return client("PublishStateMachineVersion", {{"stateMachineArn", machine}});
    };
    const std::string version = publish("a").member("stateMachineVersionArn");
    CHECK(publish("b").status == 200);
    CHECK(publish("c").error() == "ServiceQuotaExceededException");
    const auto alias = [&](const std::string& name) {
      return client("CreateStateMachineAlias",
                    R"({"name":")" + name +
                        R"(","routingConfiguration":[{"stateMachineVersionArn":")" + version +
                        R"(","weight":100}]})");
    };
    CHECK(alias("one").status == 200);
    CHECK(alias("two").error() == "ServiceQuotaExceededException");
  });
}

}  // namespace pawl::service::test
