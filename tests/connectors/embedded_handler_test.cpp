// Tasks of embedded services: what is the same for all of them.
#include "tests/connectors/embedded_world.h"

namespace pawl::connectors::test {

TEST_CASE("a parameter that the API does not have is refused, wherever it stands",
          "[connectors][embedded]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    const auto ends = [&](const std::string& resource, const std::string& parameters) {
      const auto ended = world.task(resource, parameters);
      return ended.record.status == engine::ExecutionStatus::kSucceeded
                 ? "ok"
                 : ended.record.failure.cause.value_or("");
    };
    world.ask(world.services().sqs(), "CreateQueue", R"({"QueueName":"q"})");
    const std::string url = R"("QueueUrl":"http://localhost/123456789012/q")";
    const auto refused = [](const std::string& field) {
      return "The field \"" + field + "\" is not supported by Step Functions]";
    };
    CHECK(ends("sqs:sendMessage", "{" + url + R"(,"MessageBody":{"any":{"JSON":1}}})") == "ok");
    CHECK_THAT(ends("sqs:sendMessage", "{" + url + R"(,"MessageBody":"x","Delay":1})"),
               Catch::EndsWith(refused("Delay")));
    CHECK_THAT(ends("sqs:sendMessage.waitForTaskToken", "{" + url + R"(,"Body":"x"})"),
               Catch::EndsWith(refused("Body")));
    CHECK_THAT(
        ends("aws-sdk:sqs:sendMessage", "{" + url + R"(,"MessageBody":"x","MessageAttributes":
                        {"any":{"DataType":"String","Text":"y"}}})"),
        Catch::EndsWith(refused("Text")));
    CHECK_THAT(ends("aws-sdk:sqs:deleteMessageBatch",
                    "{" + url + R"(,"Entries":[{"Id":"1","Handle":"h"}]})"),
               Catch::EndsWith(refused("Handle")));
    // The integration's names begin with a capital, whatever the API has.
    CHECK(ends("aws-sdk:sqs:createQueue", R"({"QueueName":"r","Tags":{"any":"1"}})") == "ok");
    CHECK(ends("aws-sdk:sqs:createQueue", R"({"QueueName":"s","tags":{"any":"1"}})") == "ok");
  });
}

}  // namespace pawl::connectors::test
