#include "connectors/aws/query_protocol.h"
#include "tests/connectors/embedded_world.h"

namespace pawl::connectors::test {

namespace {

std::string sqs(EmbeddedWorld& world, const std::string& operation, const std::string& input) {
  return world.ask(world.services().sqs(), operation, input);
}

const std::string kUrl = "http://127.0.0.1:8083/123456789012/q";
const std::string kQueue = R"("QueueUrl":")" + kUrl + R"(")";
const std::string kFifo = R"("QueueUrl":"http://127.0.0.1:8083/123456789012/q.fifo")";

std::vector<std::string> bodies(const std::string& received) {
  std::vector<std::string> bodies;
  const auto read = *asl::read_json(received);
  if (const asl::Value* messages = read.find("Messages")) {
    for (const asl::Value& message : messages->items()) {
      bodies.emplace_back(message.find("Body")->as_string());
    }
  }
  return bodies;
}

std::string handle(const std::string& received, std::size_t index = 0) {
  return std::string(asl::read_json(received)
                         ->find("Messages")
                         ->items()[index]
                         .find("ReceiptHandle")
                         ->as_string());
}

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE("a Task sends a message, once, with the answer that was recorded", "[connectors][sqs]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    CHECK(sqs(world, "CreateQueue", R"({"QueueName":"q"})") == R"({"QueueUrl":")" + kUrl + R"("})");
    const auto sent = world.task("sqs:sendMessage", "{" + kQueue + R"(,"MessageBody":{"a":1}})");
    REQUIRE(sent.output.has_value());
    const auto output = *asl::read_json(*sent.output);
    CHECK(output.find("MD5OfMessageBody")->as_string() == "bb6cb5c68df4652941caf652a366f2d8");
    const asl::Value* headers = output.find("SdkHttpMetadata")->find("HttpHeaders");
    CHECK(headers->find("Content-Length")->as_string() == "106");
    CHECK(headers->find("Content-Type")->as_string() == "application/x-amz-json-1.0");
    const std::string got = sqs(world, "ReceiveMessage", "{" + kQueue + R"(,"WaitTimeSeconds":1})");
    CHECK(bodies(got) == Bodies{R"({"a":1})"});
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kQueue + "}")).empty());
  });
}

TEST_CASE("a Task without a body fails as recorded", "[connectors][sqs]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    sqs(world, "CreateQueue", R"({"QueueName":"q"})");
    const auto failed = world.task("sqs:sendMessage", "{" + kQueue + R"(,"MessageBody":null})");
    CHECK(failed.record.failure.error == "SQS.AmazonSQSException");
    CHECK(failed.record.failure.cause->starts_with(
        "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: "
        "400; "
        "Error Code: MissingParameter; Request ID: "));
    const auto lost = world.task("aws-sdk:sqs:sendMessage",
                                 R"({"QueueUrl":"http://x/1/none","MessageBody":"b"})");
    CHECK(lost.record.failure.error == "Sqs.QueueDoesNotExistException");
  });
}

TEST_CASE("a message comes into sight again after its visibility timeout", "[connectors][sqs]") {
  EmbeddedWorld world;
  world.run([](EmbeddedWorld& w) {
    sqs(w, "CreateQueue", R"({"QueueName":"q","Attributes":{"VisibilityTimeout":"30"}})");
    sqs(w, "SendMessage", "{" + kQueue + R"(,"MessageBody":"one"})");
    sqs(w, "SendMessage", "{" + kQueue + R"(,"MessageBody":"later","DelaySeconds":60})");
    CHECK(bodies(sqs(w, "ReceiveMessage", "{" + kQueue + "}")) == Bodies{"one"});
  });
  // Another process finds it still in somebody's hands.
  world.run([](EmbeddedWorld& w) {
    CHECK(bodies(sqs(w, "ReceiveMessage", "{" + kQueue + "}")).empty());
    const std::string counts =
        sqs(w, "GetQueueAttributes", "{" + kQueue + R"(,"AttributeNames":["All"]})");
    CHECK(counts.find(R"("ApproximateNumberOfMessagesNotVisible":"1")") != std::string::npos);
    CHECK(counts.find(R"("ApproximateNumberOfMessagesDelayed":"1")") != std::string::npos);
    const std::string again = sqs(
        w, "ReceiveMessage",
        "{" + kQueue + R"(,"WaitTimeSeconds":20,"AttributeNames":["ApproximateReceiveCount"]})");
    CHECK(bodies(again).empty());  // 20 s: not yet
    const std::string third = sqs(
        w, "ReceiveMessage",
        "{" + kQueue + R"(,"WaitTimeSeconds":20,"AttributeNames":["ApproximateReceiveCount"]})");
    CHECK(bodies(third) == Bodies{"one"});
    CHECK(third.find(R"("ApproximateReceiveCount":"2")") != std::string::npos);
    CHECK(sqs(w, "DeleteMessage",
              "{" + kQueue + R"(,"ReceiptHandle":")" + handle(third) + R"("})") == "{}");
    runtime::sleep_for(std::chrono::seconds(60));
    CHECK(bodies(sqs(w, "ReceiveMessage", "{" + kQueue + "}")) == Bodies{"later"});
  });
}

TEST_CASE("a long poll ends when a message comes", "[connectors][sqs]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    sqs(world, "CreateQueue", R"({"QueueName":"q"})");
    const auto began = world.clock.steady_now();
    REQUIRE(world.services()
                .ledger()
                .shard()
                .spawn([&world] {
                  runtime::sleep_for(std::chrono::seconds(3));
                  sqs(world, "SendMessage", "{" + kQueue + R"(,"MessageBody":"x"})");
                })
                .has_value());
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kQueue + R"(,"WaitTimeSeconds":20})")) ==
          Bodies{"x"});
    CHECK(world.clock.steady_now() - began < std::chrono::seconds(5));
  });
}

TEST_CASE("FIFO: order within a group, one group at a time, duplicates dropped",
          "[connectors][sqs]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    CHECK(sqs(world, "CreateQueue", R"({"QueueName":"q.fifo"})")
              .starts_with("InvalidParameterValue"));
    sqs(world, "CreateQueue",
        R"({"QueueName":"q.fifo","Attributes":{"FifoQueue":"true","VisibilityTimeout":"30"}})");
    const auto send = [&](const std::string& body, const std::string& group,
                          const std::string& id) {
      return sqs(world, "SendMessage",
                 "{" + kFifo + R"(,"MessageBody":")" + body + R"(","MessageGroupId":")" + group +
                     R"(","MessageDeduplicationId":")" + id + R"("})");
    };
    const std::string first = send("a1", "a", "1");
    CHECK(send("a1 again", "a", "1") != "");
    CHECK(asl::read_json(send("a1 again", "a", "1"))->find("SequenceNumber")->as_string() ==
          asl::read_json(first)->find("SequenceNumber")->as_string());
    send("a2", "a", "2");
    send("b1", "b", "3");
    const std::string one = sqs(world, "ReceiveMessage", "{" + kFifo + "}");
    CHECK(bodies(one) == Bodies{"a1"});
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kFifo + R"(,"MaxNumberOfMessages":10})")) ==
          Bodies{"b1"});
    sqs(world, "DeleteMessage", "{" + kFifo + R"(,"ReceiptHandle":")" + handle(one) + R"("})");
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kFifo + "}")) == Bodies{"a2"});
    // Five minutes later the id is free again.
    runtime::sleep_for(std::chrono::minutes(6));
    send("a1 new", "c", "1");
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kFifo + R"(,"MaxNumberOfMessages":10})")) ==
          Bodies{"a2", "b1", "a1 new"});
  });
}

TEST_CASE("a message that is received too often becomes a dead letter", "[connectors][sqs]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    sqs(world, "CreateQueue", R"({"QueueName":"dead"})");
    sqs(world, "CreateQueue",
        R"({"QueueName":"q","Attributes":{"VisibilityTimeout":"0","RedrivePolicy":)"
        R"("{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:123456789012:dead\",)"
        R"(\"maxReceiveCount\":2}"}})");
    sqs(world, "SendMessage", "{" + kQueue + R"(,"MessageBody":"bad"})");
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kQueue + "}")) == Bodies{"bad"});
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kQueue + "}")) == Bodies{"bad"});
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kQueue + "}")).empty());
    const std::string dead =
        sqs(world, "ReceiveMessage",
            R"({"QueueUrl":"http://x/1/dead","AttributeNames":["All"],"WaitTimeSeconds":1})");
    CHECK(bodies(dead) == Bodies{"bad"});
    CHECK(dead.find("DeadLetterQueueSourceArn") != std::string::npos);
  });
}

TEST_CASE("batches answer for each entry", "[connectors][sqs]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    sqs(world, "CreateQueue", R"({"QueueName":"q"})");
    const std::string answer = sqs(
        world, "SendMessageBatch",
        "{" + kQueue + R"(,"Entries":[{"Id":"1","MessageBody":"a"},{"Id":"2","MessageBody":""}]})");
    CHECK(answer.find(R"("Successful":[{"Id":"1")") != std::string::npos);
    CHECK(answer.find(R"("Failed":[{"Id":"2","SenderFault":true,"Code":"MissingParameter")") !=
          std::string::npos);
    CHECK(sqs(world, "SendMessageBatch",
              "{" + kQueue +
                  R"(,"Entries":[{"Id":"1","MessageBody":"a"},{"Id":"1","MessageBody":"b"}]})")
              .starts_with("AWS.SimpleQueueService.BatchEntryIdsNotDistinct"));
    sqs(world, "PurgeQueue", "{" + kQueue + "}");
    CHECK(bodies(sqs(world, "ReceiveMessage", "{" + kQueue + "}")).empty());
  });
}

TEST_CASE("the digest of attributes is the published one", "[connectors][sqs]") {
  const auto attributes =
      asl::read_json(R"({"timestamp":{"DataType":"Number","StringValue":"1493147359900"}})");
  CHECK(sqs::md5_of_attributes(*attributes) == "235c5c510d26fb653d073faed50ae77c");
}

}  // namespace pawl::connectors::test
