#include "connectors/events/input_path.h"
#include "tests/connectors/embedded_world.h"

namespace pawl::connectors::test {

namespace {
std::string events(EmbeddedWorld& world, const std::string& operation, const std::string& input) {
  return world.ask(world.services().events(), operation, input);
}
std::string body(EmbeddedWorld& world) {
  const auto got = *asl::read_json(world.ask(world.services().sqs(), "ReceiveMessage",
                                             R"({"QueueUrl":"http://x/1/q","WaitTimeSeconds":1})"));
  const asl::Value* messages = got.find("Messages");
  return messages == nullptr ? "" : std::string(messages->items()[0].find("Body")->as_string());
}
}  // namespace

TEST_CASE("a Task puts an event, and the queue of a matching rule has it", "[connectors][events]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    world.ask(world.services().sqs(), "CreateQueue", R"({"QueueName":"q"})");
    CHECK(
        events(world, "PutRule",
               R"({"Name":"r","EventPattern":"{\"detail\":{\"a\":[{\"numeric\":[\">\",0]}]}}"})") ==
        R"({"RuleArn":"arn:aws:events:us-east-1:123456789012:rule/r"})");
    events(world, "PutTargets",
           R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:123456789012:q"}]})");
    const auto put = world.task(
        "events:putEvents",
        R"({"Entries":[{"Source":"s","DetailType":"t","Detail":{"a":1},"Resources":["x"]}]})");
    REQUIRE(put.output.has_value());
    // As the service shows it: without metadata of the SDK.
    CHECK(put.output->starts_with(R"({"Entries":[{"EventId":")"));
    CHECK(put.output->ends_with(R"("}],"FailedEntryCount":0})"));
    const auto event = *asl::read_json(body(world));
    CHECK(asl::to_json(*event.find("detail")) == R"({"a":1})");
    CHECK(event.find("time")->as_string() == "2026-01-01T00:00:00Z");
    REQUIRE(event.find("resources")->size() == 3);
    CHECK(event.find("resources")->items()[2].as_string() == put.arn);
    world.task("events:putEvents",
               R"({"Entries":[{"Source":"s","DetailType":"t","Detail":{"a":0}}]})");
    CHECK(body(world).empty());
  });
}

TEST_CASE("a failed entry fails the Task, and the others are delivered", "[connectors][events]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    world.ask(world.services().sqs(), "CreateQueue", R"({"QueueName":"q"})");
    events(world, "PutRule", R"({"Name":"r","EventPattern":"{\"source\":[\"s\"]}"})");
    events(world, "PutTargets",
           R"({"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:123456789012:q"}]})");
    const auto put = world.task("events:putEvents",
                                R"({"Entries":[{"Source":"s","DetailType":"t","Detail":"{}"},)"
                                R"({"Source":"s","DetailType":"t","Detail":"\"text\""}]})");
    CHECK(put.record.failure.error == "EventBridge.FailedEntry");
    CHECK(put.record.failure.cause->ends_with(
        R"({"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}],"FailedEntryCount":1})"));
    CHECK_FALSE(body(world).empty());
  });
}

TEST_CASE("what a target gets of an event", "[connectors][events]") {
  const auto event = *asl::read_json(R"({"detail":{"a b":[1,{"c":"x\"y"}]},"id":"i"})");
  const auto input = [&](const std::string& target) {
    return events::target_input(*asl::read_json(target), event);
  };
  CHECK(input(R"({"Input":"{\"k\":1}"})") == R"({"k":1})");
  CHECK(input(R"({"InputPath":"$.detail['a b'][1].c"})") == R"("x\"y")");
  CHECK(input(R"({"InputTransformer":{"InputPathsMap":{"c":"$.detail['a b'][1].c","n":"$.none"},)"
              R"("InputTemplate":"{\"v\":<c>,\"t\":\"is <c>\"}<n>"}})") ==
        R"({"v":"x\"y","t":"is x\"y"})");
  CHECK(input("{}") == asl::to_json(event));
}

}  // namespace pawl::connectors::test
