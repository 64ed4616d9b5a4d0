#include "connectors/aws/sdk_metadata.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/service.h"
#include "connectors/remote/wire.h"
#include "tests/catch.h"
#include "tests/connectors/embedded_world.h"

#include <string>

namespace pawl::connectors::aws {
namespace {

constexpr runtime::WallTime kNow{std::chrono::milliseconds(1588207173000)};  // 2020-04-30T00:39:33Z
const std::string kId = "dc8e5c92-28b4-41fd-a7bf-90970b93f51a";

asl::Value value_of(const std::string& text) { return *asl::read_json(text); }

}  // namespace

TEST_CASE("an answer shows its metadata among its members, by name", "[connectors][aws]") {
  const asl::Payload shown = with_metadata(
      value_of(R"({"Z":1,"A":{"b":"\"é\""},"SdkResponseMetadata":"old","Sdkk":[],"SdkI":2})"), kId,
      {201, {{"B", "1"}, {"a", "x\n"}}});
  CHECK(shown.text() ==
        R"({"A":{"b":"\"é\""},"SdkHttpMetadata":{"AllHttpHeaders":{"B":["1"],"a":["x\n"]},)"
        R"("HttpHeaders":{"a":"x\n","B":"1"},"HttpStatusCode":201},"SdkI":2,)"
        R"("SdkResponseMetadata":{"RequestId":")" +
            kId + R"("},"Sdkk":[],"Z":1})");
  CHECK(asl::to_json(shown.value()) == shown.text());
}

TEST_CASE("a header that came twice is one, with both values or the last", "[connectors][aws]") {
  const asl::Payload shown =
      with_metadata(value_of("{}"), kId, {200, {{"x", "1"}, {"X", "2"}, {"a", "3"}, {"x", "4"}}});
  CHECK(asl::to_json(*shown.value().find("SdkHttpMetadata")) ==
        R"({"AllHttpHeaders":{"x":["1","4"],"X":["2"],"a":["3"]},)"
        R"("HttpHeaders":{"a":"3","x":"4","X":"2"},"HttpStatusCode":200})");
}

TEST_CASE("the text of an answer with metadata reads back", "[connectors][aws]") {
  runtime::HttpHeaders headers{{"x-a", "caf\xE9 \"\\"}};
  remote::decode_headers(headers);
  const asl::Payload shown =
      with_metadata(value_of(R"({"a":"\u0001\""})"), kId,
                    {200, {{headers[0].name, std::string(headers[0].value)}}});
  CHECK(text_of(*shown.value().find("SdkHttpMetadata")->find("HttpHeaders"), "x-a") ==
        "caf\xC3\xA9 \"\\");
}

TEST_CASE("what nests too deep for a document is left to the engine", "[connectors][aws]") {
  const auto nested = [](int levels) {
    asl::Value value = asl::Value::integer(1);
    for (int i = 0; i < levels; ++i)
      value = std::move(asl::ObjectBuilder().set("a", value)).build();
    return value;
  };
  const asl::Payload deepest = with_metadata(nested(asl::kMaxDepth), kId, {});
  CHECK_FALSE(deepest.nests_deeper_than(asl::kMaxDepth));
  CHECK(deepest.value().depth() == asl::kMaxDepth);
  CHECK(with_metadata(nested(asl::kMaxDepth + 1), kId, {}).nests_deeper_than(asl::kMaxDepth));
  CHECK_FALSE(with_metadata(nested(1), kId, {200, {{"a", "b"}}}).nests_deeper_than(4));
  CHECK(with_metadata(nested(1), kId, {200, {{"a", "b"}}}).nests_deeper_than(3));
  CHECK(with_metadata(nested(1), kId, {200, {{"a", "b"}}}).value().depth() == 4);
}

// The text with gaps must be what the general way writes, for every service that is embedded.
TEST_CASE("an own service's metadata is what it would be of the same headers",
          "[connectors][aws]") {
  test::EmbeddedWorld().run([](test::EmbeddedWorld& world) {
    std::size_t compared = 0;
    Service* const services[] = {&world.services().sqs(), &world.services().sns(),
                                 &world.services().dynamodb(), &world.services().events()};
    for (Service* service : services) {
      const Profile& profile = service->profile();
      if (profile.headers.empty()) continue;
      const std::string body = R"({"Item":{"id":{"S":"1"}}})";
      HttpSeen seen;
      for (const std::string_view header : profile.headers) {
        const std::string text = header == "x-amzn-RequestId" ? kId
                                 : header == "Content-Length" ? "25"
                                 : header == "Date"           ? "Thu, 30 Apr 2020 00:39:33 GMT"
                                 : header == "Server"         ? "Server"
                                 : header == "x-amz-crc32"    ? "2061421159"
                                 : header == "Content-Type"   ? std::string(profile.content_type)
                                                              : "keep-alive";
        seen.headers.emplace_back(header, text);
      }
      const OwnMetadata own(profile.headers, profile.content_type);
      for (const char* shown : {"{}", R"({"Z":1,"A":[true]})"}) {
        CHECK(own.with_metadata(value_of(shown), kId, body, kNow).text() ==
              with_metadata(value_of(shown), kId, seen).text());
        ++compared;
      }
    }
    CHECK(compared == 6);
  });
}

}  // namespace pawl::connectors::aws
