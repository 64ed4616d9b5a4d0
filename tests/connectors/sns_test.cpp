#include "connectors/aws/query_protocol.h"
#include "connectors/sns/dialect.h"
#include "tests/connectors/embedded_world.h"

namespace pawl::connectors::test {

namespace {
const std::string kTopic = "arn:aws:sns:us-east-1:123456789012:t";

std::string sns(EmbeddedWorld& world, const std::string& operation, const std::string& input) {
  return world.ask(world.services().sns(), operation, input);
}
std::string receive(EmbeddedWorld& world) {
  const auto got = *asl::read_json(world.ask(
      world.services().sqs(), "ReceiveMessage",
      R"({"QueueUrl":"http://x/1/q","WaitTimeSeconds":1,"MessageAttributeNames":["All"]})"));
  const asl::Value* messages = got.find("Messages");
  return messages == nullptr ? "" : asl::to_json(messages->items()[0]);
}
void subscribe(EmbeddedWorld& world, const std::string& attributes) {
  sns(world, "CreateTopic", R"({"Name":"t"})");
  world.ask(world.services().sqs(), "CreateQueue", R"({"QueueName":"q"})");
  sns(world, "Subscribe",
      R"({"TopicArn":")" + kTopic +
          R"(","Protocol":"sqs","Endpoint":"arn:aws:sqs:us-east-1:123456789012:q","Attributes":)" +
          attributes + "}");
}
}  // namespace

TEST_CASE("a Task publishes to a topic, and its queue has the message", "[connectors][sns]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    subscribe(world, "{}");
    const auto published =
        world.task("sns:publish", R"({"TopicArn":")" + kTopic + R"(","Message":{"a":1}})");
    REQUIRE(published.output.has_value());
    const auto output = *asl::read_json(*published.output);
    const asl::Value* headers = output.find("SdkHttpMetadata")->find("HttpHeaders");
    CHECK(headers->find("Content-Length")->as_string() == "294");
    CHECK(headers->find("Content-Type")->as_string() == "text/xml");
    const auto body = *asl::read_json(asl::read_json(receive(world))->find("Body")->as_string());
    CHECK(body.find("Message")->as_string() == R"({"a":1})");
    CHECK(body.find("MessageId")->as_string() == output.find("MessageId")->as_string());
  });
}

TEST_CASE("a missing topic fails the Task as recorded", "[connectors][sns]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    const auto failed =
        world.task("sns:publish", R"({"TopicArn":")" + kTopic + R"(","Message":"x"})");
    CHECK(failed.record.failure.error == "SNS.NotFoundException");
    CHECK(failed.record.failure.cause->starts_with(
        "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request "
        "ID: "));
  });
}

TEST_CASE("filter policies and raw delivery", "[connectors][sns]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    subscribe(
        world,
        R"({"RawMessageDelivery":"true","FilterPolicy":"{\"n\":[{\"numeric\":[\">\",1]}]}"})");
    const auto publish = [&](const std::string& number) {
      sns(world, "Publish",
          R"({"TopicArn":")" + kTopic +
              R"(","Message":"m","MessageAttributes":{"n":{"DataType":"Number","StringValue":")" +
              number + R"("}}})");
    };
    publish("1");
    CHECK(receive(world).empty());
    publish("2");
    const auto message = *asl::read_json(receive(world));
    CHECK(message.find("Body")->as_string() == "m");
    CHECK(message.find("MessageAttributes")->find("n")->find("StringValue")->as_string() == "2");
  });
}

TEST_CASE("FIFO topics ask for a group and drop duplicates", "[connectors][sns]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    sns(world, "CreateTopic", R"({"Name":"t.fifo","Attributes":{"FifoTopic":"true"}})");
    const std::string topic = R"("TopicArn":")" + kTopic + R"(.fifo","Message":"m")";
    CHECK(world.task("sns:publish", "{" + topic + "}").record.failure.error ==
          "SNS.InvalidParameterException");
    const std::string full = "{" + topic + R"(,"MessageGroupId":"g","MessageDeduplicationId":"d"})";
    const std::string first = sns(world, "Publish", full);
    CHECK(sns(world, "Publish", full) == first);
  });
}

TEST_CASE("only the link of a confirmation needs no signature", "[connectors][sns]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    aws::QueryEndpoint endpoint(world.services().sns(), sns::kDialect, [] { return "id"; });
    const auto needs_none = [&](const std::string& target, const std::string& method = "GET",
                                const std::string& body = "") {
      runtime::HttpRequest request;
      request.method = method;
      request.target = target;
      request.body = body;
      return endpoint.needs_no_signature(request);
    };
    const std::string link =
        "/?Action=ConfirmSubscription&Version=2010-03-31&TopicArn=" + kTopic + "&Token=t";
    CHECK(needs_none(link));
    CHECK_FALSE(needs_none(link, "POST"));
    CHECK_FALSE(needs_none(link, "GET", "Action=DeleteTopic"));
    CHECK_FALSE(needs_none(link + "&Action=DeleteTopic"));
    CHECK_FALSE(needs_none(link + "&Action=ConfirmSubscription"));
    CHECK_FALSE(needs_none(link + "&AuthenticateOnUnsubscribe=true"));
    CHECK_FALSE(needs_none("/x" + link.substr(1)));
    CHECK_FALSE(needs_none("/?Action=Unsubscribe&Version=2010-03-31&Token=t"));
    CHECK_FALSE(needs_none("/?Version=2010-03-31&Token=t"));
    CHECK_FALSE(needs_none("/"));
  });
}

}  // namespace pawl::connectors::test
