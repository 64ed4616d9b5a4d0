#include "connectors/dynamodb/expression.h"
#include "connectors/dynamodb/number.h"
#include "connectors/dynamodb/service.h"
#include "tests/connectors/embedded_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace pawl::connectors::test {

namespace {

using dynamodb::Expressions;
using dynamodb::Number;

std::string ask(EmbeddedWorld& world, const std::string& operation, const std::string& input) {
  return world.ask(world.services().dynamodb(), operation, input);
}

void create_table(EmbeddedWorld& world) {
  ask(world, "CreateTable",
      R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",)"
      R"("AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},)"
      R"({"AttributeName":"s","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"}],)"
      R"("KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],)"
      R"("GlobalSecondaryIndexes":[{"IndexName":"by_g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],)"
      R"("Projection":{"ProjectionType":"KEYS_ONLY"}}]})");
}

std::string put(EmbeddedWorld& world, const std::string& item, const std::string& more = "") {
  return ask(world, "PutItem", R"({"TableName":"tab","Item":)" + item + more + "}");
}

bool holds(const std::string& condition, const std::string& item,
           const std::string& values = "{}") {
  const auto names = *asl::read_json(R"({"#n":"name"})");
  const auto given = *asl::read_json(values);
  Expressions expressions(&names, &given);
  const auto read = expressions.condition(condition, "ConditionExpression");
  INFO((read ? "" : read.error().message));
  REQUIRE(read.has_value());
  return dynamodb::matches(*read, *asl::read_json(item));
}

std::string updated(const std::string& update, const std::string& item,
                    const std::string& values = "{}") {
  const auto given = *asl::read_json(values);
  Expressions expressions(nullptr, &given);
  const auto read = expressions.update(update);
  if (!read) return read.error().message;
  std::set<std::string> changed;
  const auto result = dynamodb::apply_update(*read, *asl::read_json(item), changed);
  return result ? asl::to_json(*result) : result.error().message;
}

// A table "ttl" whose items expire by `until`, with a stream of what they were.
void create_expiring_table(EmbeddedWorld& world) {
  ask(world, "CreateTable",
      R"({"TableName":"ttl","BillingMode":"PAY_PER_REQUEST",)"
      R"("AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},)"
      R"({"AttributeName":"g","AttributeType":"S"}],)"
      R"("KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],)"
      R"("GlobalSecondaryIndexes":[{"IndexName":"by_g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],)"
      R"("Projection":{"ProjectionType":"ALL"}}],)"
      R"("StreamSpecification":{"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"}})");
}
void expire(EmbeddedWorld& world, bool enabled) {
  ask(world, "UpdateTimeToLive",
      std::string(
          R"({"TableName":"ttl","TimeToLiveSpecification":{"AttributeName":"until","Enabled":)") +
          (enabled ? "true}}" : "false}}"));
}
void put_expiring(EmbeddedWorld& world, const std::string& name, const std::string& until) {
  ask(world, "PutItem",
      R"({"TableName":"ttl","Item":{"p":{"S":")" + name + R"("},"g":{"S":"x"},"until":)" + until +
          "}}");
}
std::string in_seconds(EmbeddedWorld& world, std::chrono::seconds span) {
  const auto at = std::chrono::floor<std::chrono::seconds>(world.clock.wall_now()) + span;
  return R"({"N":")" + std::to_string(at.time_since_epoch().count()) + R"("})";
}
// How many items and rows of the index are there, hidden or not.
std::string kept(EmbeddedWorld& world) {
  expire(world, false);
  const auto count = [&](const std::string& more) {
    const auto found =
        *asl::read_json(ask(world, "Scan", R"({"TableName":"ttl","Select":"COUNT")" + more + "}"));
    return std::to_string(found.find("Count")->as_int());
  };
  std::string counts = count("") + " " + count(R"(,"IndexName":"by_g")");
  expire(world, true);
  return counts;
}

}  // namespace

TEST_CASE("numbers are decimal and exact", "[connectors][dynamodb]") {
  const auto number = [](const std::string& text) { return *Number::parse(text); };
  CHECK(number("0010.500").text() == "10.5");
  CHECK(number("-0").text() == "0");
  CHECK(number("1E-5").text() == "0.00001");
  CHECK(number("12e3").text() == "12000");
  CHECK(Number::add(number("0.1"), number("0.2"))->text() == "0.3");
  CHECK(Number::add(number("5"), number("-7.5"))->text() == "-2.5");
  CHECK(Number::add(number("99999999999999999999999999999999999999"), number("-1"))->text() ==
        "99999999999999999999999999999999999998");
  CHECK_FALSE(Number::parse("1x").has_value());
  CHECK_FALSE(Number::parse("123456789012345678901234567890123456789").has_value());
  CHECK_FALSE(Number::parse("1E126").has_value());
  std::vector<std::string> sorted = {"-1000", "-12",  "-1.5", "-1",  "-0.02", "0",
                                     "0.001", "0.01", "1",    "1.5", "12",    "1000"};
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
    INFO(sorted[i]);
    CHECK(number(sorted[i]).sort_key() < number(sorted[i + 1]).sort_key());
    CHECK(Number::compare(number(sorted[i]), number(sorted[i + 1])) < 0);
  }
}

TEST_CASE("conditions", "[connectors][dynamodb]") {
  const std::string item =
      R"({"a":{"N":"5"},"name":{"S":"abc"},"l":{"L":[{"S":"x"},{"M":{"k":{"BOOL":true}}}]},"ss":{"SS":["u","v"]}})";
  CHECK(holds("a > :x", item, R"({":x":{"N":"4.5"}})"));
  CHECK_FALSE(holds("a > :x", item, R"({":x":{"S":"4"}})"));
  CHECK(holds("a BETWEEN :x AND :y AND begins_with(#n, :p)", item,
              R"({":x":{"N":"5"},":y":{"N":"6"},":p":{"S":"ab"}})"));
  CHECK(holds("NOT (attribute_exists(zz) OR a = :x)", item, R"({":x":{"N":"1"}})"));
  CHECK(holds("l[1].k = :t and attribute_type(l, :l)", item,
              R"({":t":{"BOOL":true},":l":{"S":"L"}})"));
  CHECK(holds("contains(ss, :u) AND size(#n) = :three AND a IN (:x, :y)", item,
              R"({":u":{"S":"u"},":three":{"N":"3"},":x":{"N":"1"},":y":{"N":"5.0"}})") == false);
  CHECK(holds("contains(ss, :u) AND size(#n) = :three", item,
              R"({":u":{"S":"u"},":three":{"N":"3"}})"));
  CHECK_FALSE(holds("absent = :x", item, R"({":x":{"N":"1"}})"));
}

TEST_CASE("conditions that are none are refused as the service does", "[connectors][dynamodb]") {
  const auto error = [](const std::string& text) {
    const auto values = *asl::read_json(R"({":x":{"N":"1"}})");
    Expressions expressions(nullptr, &values);
    const auto read = expressions.condition(text, "ConditionExpression");
    return read ? std::string() : read.error().message;
  };
  CHECK(error("a = :y") ==
        "Invalid ConditionExpression: An expression attribute value used in expression is not "
        "defined; attribute value: :y");
  CHECK(
      error("#a = :x") ==
      "Invalid ConditionExpression: An expression attribute name used in the document path is not "
      "defined; attribute name: #a");
  CHECK(error("a = ").starts_with("Invalid ConditionExpression: Syntax error; token: \"<EOF>\""));
  CHECK(error("foo(a)") == "Invalid ConditionExpression: Invalid function name; function: foo");
  CHECK(error("") == "Invalid ConditionExpression: The expression can not be empty;");
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "(";
  CHECK_FALSE(error(deep).empty());
}

TEST_CASE("updates", "[connectors][dynamodb]") {
  const std::string item = R"({"n":{"N":"1"},"l":{"L":[{"S":"a"},{"S":"b"}]},"ss":{"SS":["u"]}})";
  CHECK(updated("SET n = n + :x, m = if_not_exists(n, :x)", item, R"({":x":{"N":"0.5"}})") ==
        R"({"n":{"N":"1.5"},"l":{"L":[{"S":"a"},{"S":"b"}]},"ss":{"SS":["u"]},"m":{"N":"1"}})");
  CHECK(updated("SET l = list_append(l, :l) REMOVE n", item, R"({":l":{"L":[{"S":"c"}]}})") ==
        R"({"l":{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]},"ss":{"SS":["u"]}})");
  CHECK(updated("REMOVE l[0], l[1], zz.y", item) ==
        R"({"n":{"N":"1"},"l":{"L":[]},"ss":{"SS":["u"]}})");
  CHECK(
      updated("ADD ss :s, c :x DELETE zz :s", item, R"({":s":{"SS":["v","u"]},":x":{"N":"2"}})") ==
      R"({"n":{"N":"1"},"l":{"L":[{"S":"a"},{"S":"b"}]},"ss":{"SS":["u","v"]},"c":{"N":"2"}})");
  CHECK(updated("DELETE ss :s", item, R"({":s":{"SS":["u"]}})") ==
        R"({"n":{"N":"1"},"l":{"L":[{"S":"a"},{"S":"b"}]}})");
  CHECK(updated("SET q.r = :x", item, R"({":x":{"N":"2"}})") ==
        "The document path provided in the update expression is invalid for update");
  CHECK(updated("SET q = zz", item) ==
        "The provided expression refers to an attribute that does not exist in the item");
}

TEST_CASE("a Task puts, updates and gets an item as recorded", "[connectors][dynamodb]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    create_table(world);
    const std::string key = R"("TableName":"tab","Key":{"p":{"S":"k"},"s":{"N":"1"}})";
    const auto stored = world.task(
        "dynamodb:putItem",
        R"({"TableName":"tab","Item":{"p":{"S":"k"},"s":{"N":"1"},"data":{"S":"Hello"}}})");
    REQUIRE(stored.output.has_value());
    const auto metadata = *asl::read_json(*stored.output);
    CHECK(metadata.find("SdkHttpMetadata")
              ->find("HttpHeaders")
              ->find("Content-Length")
              ->as_string() == "2");
    CHECK(metadata.find("SdkHttpMetadata")->find("HttpHeaders")->find("x-amz-crc32")->as_string() ==
          "2745614147");
    CHECK(world
              .task("aws-sdk:dynamodb:updateItem",
                    "{" + key +
                        R"(,"UpdateExpression":"set S=:r","ReturnValues":"UPDATED_NEW",)"
                        R"("ExpressionAttributeValues":{":r":{"S":"New"}}})")
              .output == R"({"Attributes":{"S":{"S":"New"}}})");
    CHECK(world.task("aws-sdk:dynamodb:getItem", "{" + key + "}").output ==
          R"({"Item":{"p":{"S":"k"},"s":{"N":"1"},"data":{"S":"Hello"},"S":{"S":"New"}}})");
    const auto failed =
        world.task("dynamodb:putItem", R"({"TableName":"none","Item":{"id":{"S":"1"}}})");
    CHECK(failed.record.failure.error == "DynamoDB.ResourceNotFoundException");
    CHECK(failed.record.failure.cause->starts_with(
        "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: "
        "ResourceNotFoundException; Request ID: "));
    CHECK(world.task("aws-sdk:dynamodb:putItem", R"({"TableName":"none","Item":{"id":{"S":"1"}}})")
              .record.failure.error == "DynamoDb.ResourceNotFoundException");
  });
}

TEST_CASE("conditional writes, queries in both orders, pages and indexes",
          "[connectors][dynamodb]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    create_table(world);
    for (const char* number : {"10", "9", "-1", "2"}) {
      put(world, R"({"p":{"S":"a"},"s":{"N":")" + std::string(number) + R"("},"g":{"S":"x"}})");
    }
    put(world, R"({"p":{"S":"ab"},"s":{"N":"1"}})");
    const std::string item = R"({"p":{"S":"a"},"s":{"N":"2"}})";
    CHECK(put(world, item, R"x(,"ConditionExpression":"attribute_not_exists(p)")x")
              .starts_with("ConditionalCheckFailedException"));
    const auto sorts = [&](const std::string& more, const std::string& operation = "Query") {
      const auto page =
          *asl::read_json(ask(world, operation, R"({"TableName":"tab",)" + more + "}"));
      std::string numbers;
      for (const asl::Value& one : page.find("Items")->items()) {
        numbers.append(one.find("s")->find("N")->as_string()).append(" ");
      }
      if (page.find("LastEvaluatedKey") != nullptr) numbers += "...";
      return numbers;
    };
    const std::string p =
        R"("ExpressionAttributeValues":{":p":{"S":"a"}},"KeyConditionExpression":"p = :p")";
    CHECK(sorts(p) == "-1 2 9 10 ");
    CHECK(sorts(p + R"(,"ScanIndexForward":false,"Limit":3)") == "10 9 2 ...");
    CHECK(sorts(p + R"(,"ExclusiveStartKey":{"p":{"S":"a"},"s":{"N":"2"}})") == "9 10 ");
    CHECK(sorts(R"("ExpressionAttributeValues":{":p":{"S":"a"},":x":{"N":"0"},":y":{"N":"9"}},)"
                R"("KeyConditionExpression":"p = :p AND s BETWEEN :x AND :y")") == "2 9 ");
    CHECK(
        sorts(
            R"("KeyConditions":{"p":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]},)"
            R"("s":{"ComparisonOperator":"GT","AttributeValueList":[{"N":"2"}]}})") == "9 10 ");
    CHECK(sorts(R"("IndexName":"by_g","ExpressionAttributeValues":{":g":{"S":"x"}},)"
                R"("KeyConditionExpression":"g = :g")") == "-1 2 9 10 ");
    put(world, item);  // leaves the index
    CHECK(sorts(R"("IndexName":"by_g")", "Scan").find("2 ") == std::string::npos);
    CHECK(sorts(R"("FilterExpression":"s > :x","ExpressionAttributeValues":{":x":{"N":"8"}})",
                "Scan") == "9 10 ");
  });
}

// A table without indexes and stream does not look at what a plain put replaces.
TEST_CASE("an item is replaced as a whole, and what was there is told to whom asks",
          "[connectors][dynamodb]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    REQUIRE(ask(world, "CreateTable",
                R"({"TableName":"plain","BillingMode":"PAY_PER_REQUEST",
                    "AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}],
                    "KeySchema":[{"AttributeName":"p","KeyType":"HASH"}]})")
                .find("TableStatus") != std::string::npos);
    const auto put_plain = [&](const std::string& rest, const std::string& more = "") {
      return ask(world, "PutItem",
                 R"({"TableName":"plain","Item":{"p":{"S":"a"})" + rest + "}" + more + "}");
    };
    const std::string long_text = R"(,"t":{"S":")" + std::string(3000, 'x') + R"("})";
    CHECK(put_plain(long_text) == "{}");
    CHECK(put_plain(R"(,"n":{"N":"1"})", R"(,"ReturnConsumedCapacity":"TOTAL")") ==
          R"({"ConsumedCapacity":{"CapacityUnits":3.0,"TableName":"plain"}})");
    CHECK(put_plain(R"(,"n":{"N":"2"})", R"(,"ReturnConsumedCapacity":"NONE")") == "{}");
    CHECK(put_plain("", R"(,"ReturnValues":"ALL_OLD")") ==
          R"({"Attributes":{"p":{"S":"a"},"n":{"N":"2"}}})");
    CHECK(ask(world, "GetItem", R"({"TableName":"plain","Key":{"p":{"S":"a"}}})") ==
          R"({"Item":{"p":{"S":"a"}}})");
    CHECK(put_plain("", R"x(,"ConditionExpression":"attribute_exists(n)")x")
              .starts_with("ConditionalCheckFailedException"));
    CHECK(ask(world, "Scan", R"({"TableName":"plain","Select":"COUNT"})").find(R"("Count":1)") !=
          std::string::npos);
  });
}

TEST_CASE("a transaction writes all or nothing", "[connectors][dynamodb]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    create_table(world);
    put(world, R"({"p":{"S":"a"},"s":{"N":"1"}})");
    const std::string one = R"({"Put":{"TableName":"tab","Item":{"p":{"S":"b"},"s":{"N":"1"}}}})";
    const std::string check =
        R"x({"ConditionCheck":{"TableName":"tab","Key":{"p":{"S":"a"},"s":{"N":"1"}},"ConditionExpression":"attribute_not_exists(p)"}})x";
    CHECK(ask(world, "TransactWriteItems", R"({"TransactItems":[)" + one + "," + check + "]}") ==
          "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons "
          "for "
          "specific reasons [None, ConditionalCheckFailed]");
    const std::string get = R"({"TableName":"tab","Key":{"p":{"S":"b"},"s":{"N":"1"}}})";
    CHECK(ask(world, "GetItem", get) == "{}");
    CHECK(ask(world, "TransactWriteItems", R"({"TransactItems":[)" + one + "]}") == "{}");
    CHECK(ask(world, "GetItem", get).find("Item") != std::string::npos);
  });
}

TEST_CASE("items that are none are refused as the service does", "[connectors][dynamodb]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    create_table(world);
    CHECK(
        put(world, R"({"p":{"S":"a"}})") ==
        "ValidationException: One or more parameter values were invalid: Missing the key s in the "
        "item");
    CHECK(put(world, R"({"p":{"S":"a"},"s":{"S":"1"}})") ==
          "ValidationException: One or more parameter values were invalid: Type mismatch for key s "
          "expected: N actual: S");
    CHECK(ask(world, "GetItem", R"({"TableName":"tab","Key":{"p":{"S":"a"}}})") ==
          "ValidationException: The provided key element does not match the schema");
    CHECK(put(world, R"({"p":{"S":"a"},"s":{"N":"x"}})") ==
          "ValidationException: The parameter cannot be converted to a numeric value: x");
  });
}

TEST_CASE("an expired item is erased in the background, and its stream says by whom",
          "[connectors][dynamodb]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    create_expiring_table(world);
    expire(world, true);
    put_expiring(world, "soon", in_seconds(world, std::chrono::minutes(5)));
    put_expiring(world, "later", in_seconds(world, std::chrono::hours(5)));
    put_expiring(world, "text", R"({"S":"1"})");
    put_expiring(world, "long ago", R"({"N":"1"})");  // nobody meant that as a date
    CHECK(kept(world) == "4 4");
    runtime::sleep_for(dynamodb::kSweepPause + std::chrono::minutes(1));
    CHECK(kept(world) == "3 3");
    runtime::sleep_for(5 * dynamodb::kSweepPause);
    CHECK(kept(world) == "2 2");

    const auto table = *asl::read_json(ask(world, "DescribeTable", R"({"TableName":"ttl"})"));
    const std::string stream(text_of(*table.find("Table"), "LatestStreamArn"));
    const auto shards =
        *asl::read_json(ask(world, "DescribeStream", R"({"StreamArn":")" + stream + R"("})"));
    const asl::Value& shard = shards.find("StreamDescription")->find("Shards")->items()[0];
    const auto iterator = *asl::read_json(
        ask(world, "GetShardIterator",
            R"({"StreamArn":")" + stream + R"(","ShardIteratorType":"TRIM_HORIZON","ShardId":")" +
                std::string(text_of(shard, "ShardId")) + R"("})"));
    const auto read = *asl::read_json(
        ask(world, "GetRecords",
            R"({"ShardIterator":")" + std::string(text_of(iterator, "ShardIterator")) + R"("})"));
    REQUIRE(read.find("Records")->size() == 6);
    CHECK(read.find("Records")->items()[0].find("userIdentity") == nullptr);
    const asl::Value& removed = read.find("Records")->items()[4];
    CHECK(text_of(removed, "eventName") == "REMOVE");
    CHECK(asl::to_json(*removed.find("userIdentity")) ==
          R"({"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"})");
    CHECK(text_of(*removed.find("dynamodb")->find("OldImage")->find("p"), "S") == "soon");
  });
}

TEST_CASE("expired items are erased a bounded number at a time, also by the next process",
          "[connectors][dynamodb]") {
  EmbeddedWorld world;
  const std::size_t items = 2 * dynamodb::kSweptRowsMax + 1;
  world.run([&](EmbeddedWorld&) {
    create_expiring_table(world);
    expire(world, true);
    const std::string soon = in_seconds(world, std::chrono::minutes(5));
    for (std::size_t i = 0; i < items; ++i) put_expiring(world, std::to_string(i), soon);
    CHECK(kept(world) == fmt::format("{} {}", items, items));
  });
  world.run([&](EmbeddedWorld&) {
    runtime::sleep_for(dynamodb::kSweepPause + std::chrono::minutes(1));
    CHECK(kept(world) == "0 0");
  });
}

TEST_CASE("a table whose items do not expire keeps nobody busy", "[connectors][dynamodb]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    create_expiring_table(world);
    put_expiring(world, "kept", in_seconds(world, std::chrono::minutes(5)));
    expire(world, true);
    expire(world, false);
    runtime::sleep_for(3 * dynamodb::kSweepPause);
    CHECK(ask(world, "Scan", R"({"TableName":"ttl","Select":"COUNT"})").find(R"("Count":1)") !=
          std::string::npos);
  });
}

}  // namespace pawl::connectors::test
