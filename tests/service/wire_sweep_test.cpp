// What comes over the wire and is no request of the protocol: methods, targets, types, bodies,
// framing, and clients that are slow on purpose.
#include "tests/service/raw_client.h"
#include "tests/service/world.h"

#include <fmt/format.h>

#include <memory>
#include <vector>

namespace pawl::service::test {

namespace {

constexpr std::string_view kJson10 = "Content-Type: application/x-amz-json-1.0\r\n";
constexpr std::string_view kList = "X-Amz-Target: AWSStepFunctions.ListStateMachines\r\n";

std::string post(std::string_view fields, std::string_view body,
                 std::string_view line = "POST / HTTP/1.1") {
  return fmt::format("{}\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n{}", line, fields,
                     body.size(), body);
}

std::string list_request(std::string_view body = "{}") {
  return post(fmt::format("{}{}", kJson10, kList), body);
}

std::string error_of(const runtime::HttpResponse& response) {
  const auto body = asl::read_json(response.body);
  const asl::Value* type = body && body->is_object() ? body->find("__type") : nullptr;
  if (type == nullptr) return {};
  const std::string text(type->as_string());
  return text.substr(text.find('#') + 1);
}

struct Case {
  std::string name;
  std::string bytes;
  int status = 0;
  std::string error = {};  // empty: the server's own refusal, without a body
};

// Sends each on a connection of its own; an error of the protocol leaves the connection usable.
void check_all(const std::vector<Case>& cases) {
  World().run([&](Client& client, Service& service) {
    for (const Case& one : cases) {
      INFO(one.name);
      RawClient raw(service.port());
      raw.send(one.bytes);
      const auto answer = raw.answer();
      REQUIRE(answer.has_value());
      INFO(answer->body);
      CHECK(answer->status == one.status);
      CHECK(error_of(*answer) == one.error);
      if (one.error.empty()) continue;
      CHECK(answer->headers.get("x-amzn-ErrorType") == one.error);
      CHECK(answer->headers.get("x-amzn-RequestId").size() == 36);
      CHECK(answer->headers.get("Content-Type") == kJson10.substr(14, kJson10.size() - 16));
    }
    CHECK(client("ListStateMachines", "{}").status == 200);
  });
}

}  // namespace

TEST_CASE("other methods, paths and targets are unknown operations", "[service][wire][sweep]") {
  std::vector<Case> cases;
  const std::string fields = fmt::format("{}{}", kJson10, kList);
  for (const char* method :
       {"GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post", "NONSENSE"}) {
    cases.push_back({method, post(fields, "{}", fmt::format("{} / HTTP/1.1", method)), 404,
                     "UnknownOperationException"});
  }
  for (const char* path : {"/other", "//", "/_pawl/nonsense", "*"}) {
    cases.push_back({path, post(fields, "{}", fmt::format("POST {} HTTP/1.1", path)), 404,
                     "UnknownOperationException"});
  }
  for (const char* target :
       {"", "X-Amz-Target:\r\n", "X-Amz-Target: ListStateMachines\r\n",
        "X-Amz-Target: AWSStepFunctions\r\n", "X-Amz-Target: AWSStepFunctions.\r\n",
        "X-Amz-Target: AWSStepFunctions.Nonsense\r\n",
        "X-Amz-Target: awsstepfunctions.ListStateMachines\r\n",
        "X-Amz-Target: AWSStepFunctions.listStateMachines\r\n",
        "X-Amz-Target: AWSStepFunctions.ListStateMachines.More\r\n",
        "X-Amz-Target: AWSStepFunctions.ListStateMachines,AWSStepFunctions.ListActivities\r\n",
        "X-Amz-Target: Nonsense_20120810.ListTables\r\n",
        "X-Amz-Target: \xC3\xA9.ListStateMachines\r\n"}) {
    cases.push_back({target, post(fmt::format("{}{}", kJson10, target), "{}"), 400,
                     "UnknownOperationException"});
  }
  check_all(cases);
}

TEST_CASE("bodies that are no JSON object are told so", "[service][wire][sweep]") {
  std::vector<Case> cases;
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += R"({"a":)";
  const std::string bodies[] = {"{",
                                "}",
                                "[]",
                                "null",
                                "1",
                                "\"x\"",
                                "{} {}",
                                "{\"a\":1,}",
                                "{'a':1}",
                                std::string("{\"a\":\"") + '\0' + "\"}",
                                "{\"a\":\"\xFF\"}",
                                "{\"a\":1e99999}",
                                "{\"a\":01}",
                                std::string("\xFF\xFE{") + '\0' + "}" + '\0',
                                "<a/>",
                                "Action=ListStateMachines",
                                "{\"a\":\"\\ud800\"",
                                deep,
                                " "};
  for (const std::string& body : bodies) {
    cases.push_back({body.substr(0, 40), list_request(body), 400, "SerializationException"});
  }
  check_all(cases);
}

TEST_CASE("content types that a browser sends to strangers are refused", "[service][wire][sweep]") {
  std::vector<Case> cases;
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                           "application/xml", "application/x-amz-json-1.0x", "application/jsonp"}) {
    cases.push_back({type, post(fmt::format("Content-Type: {}\r\n{}", type, kList), "{}"), 415,
                     "SerializationException"});
  }
  check_all(cases);
  World().run([&](Client& /*client*/, Service& service) {
    for (const char* field :
         {"", "Content-Type: application/x-amz-json-1.0; charset=utf-8\r\n",
          "content-type: APPLICATION/X-AMZ-JSON-1.0\r\n",
          "Content-Type: application/x-amz-json-1.1\r\n", "Content-Type: application/json\r\n"}) {
      RawClient raw(service.port());
      raw.send(post(fmt::format("{}{}", field, kList), "{}"));
      INFO(field);
      CHECK(raw.answer()->status == 200);
    }
  });
}

TEST_CASE("framing that could be read in two ways, or not at all, is refused",
          "[service][wire][sweep]") {
  const std::string head =
      fmt::format("POST / HTTP/1.1\r\nHost: localhost\r\n{}{}", kJson10, kList);
  const std::string many(20'000, 'x');
  check_all({
      {"no Host",
       fmt::format("POST / HTTP/1.1\r\n{}{}Content-Length: 2\r\n\r\n{{}}", kJson10, kList), 400},
      {"two Hosts", head + "Host: other\r\nContent-Length: 2\r\n\r\n{}", 400},
      {"length of nothing", head + "Content-Length: \r\n\r\n{}", 400},
      {"negative length", head + "Content-Length: -2\r\n\r\n{}", 400},
      {"length in hex", head + "Content-Length: 0x2\r\n\r\n{}", 400},
      {"two lengths", head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", 400},
      {"length beyond 64 bits", head + "Content-Length: 99999999999999999999\r\n\r\n{}", 400},
      {"too large", head + "Content-Length: 3000000000\r\n\r\n{", 413},
      {"length and chunks",
       head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400},
      {"gzip", head + "Transfer-Encoding: gzip\r\n\r\nxx", 501},
      {"chunks of gzip", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"chunk of no size", head + "Transfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n", 400},
      {"chunk beyond 64 bits",
       head + "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n{}\r\n0\r\n\r\n", 400},
      {"space before the colon", head + "Content-Length : 2\r\n\r\n{}", 400},
      {"large field", head + "X-A: " + many + "\r\nContent-Length: 2\r\n\r\n{}", 431},
      {"large target", "POST /" + many + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/1.2", "POST / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
      {"no HTTP", "nonsense\r\n\r\n", 400},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400},
      {"an expectation", head + "Expect: miracles\r\nContent-Length: 2\r\n\r\n{}", 417},
  });
}

TEST_CASE("chunked, pipelined, absolute and old requests are served", "[service][wire][sweep]") {
  World().run([&](Client& /*client*/, Service& service) {
    const std::string fields = fmt::format("{}{}", kJson10, kList);
    const std::string chunked = fmt::format(
        "POST / HTTP/1.1\r\nHost: localhost\r\n{}Transfer-Encoding: chunked\r\n\r\n"
        "1\r\n{{\r\n10;a=b\r\n\"maxResults\": 5 \r\n1\r\n}}\r\n0\r\nX-Trailer: x\r\n\r\n",
        fields);
    {
      RawClient raw(service.port());
      for (int i = 0; i < 3; ++i) raw.send(chunked);
      for (int i = 0; i < 3; ++i) CHECK(raw.answer()->status == 200);
    }
    {
      // Answers come in the order of the requests, each with an id of its own.
      RawClient raw(service.port());
      std::string many;
      for (int i = 0; i < 100; ++i) {
        many += i % 2 == 0 ? list_request() : list_request(R"({"maxResults":1001})");
      }
      raw.send(many);
      std::string before;
      for (int i = 0; i < 100; ++i) {
        const auto answer = raw.answer();
        REQUIRE(answer.has_value());
        CHECK(answer->status == (i % 2 == 0 ? 200 : 400));
        CHECK(answer->headers.get("x-amzn-RequestId") != before);
        before = answer->headers.get("x-amzn-RequestId");
      }
    }
    {
      RawClient raw(service.port());
      raw.send(post(fields, "{}", "POST / HTTP/1.0"));
      const auto answer = raw.answer();
      CHECK(answer->status == 200);
      CHECK(answer->headers.get("Connection") == "close");
      CHECK(raw.closed());
    }
    {
      RawClient raw(service.port());
      for (int i = 0; i < 2; ++i) {
        raw.send(post(fields + "Connection: keep-alive\r\n", "{}", "POST / HTTP/1.0"));
        CHECK(raw.answer()->headers.get("Connection") == "keep-alive");
      }
    }
    {
      // As a proxy gets it (RFC 9112 section 3.2.2), and to the host that SDKs make up.
      RawClient raw(service.port());
      raw.send(post(fields, "{}", "POST http://sync-localhost:8083/ HTTP/1.1"));
      CHECK(raw.answer()->status == 200);
      raw.send(post(fields, "{}", "POST http://localhost HTTP/1.1"));
      CHECK(raw.answer()->status == 200);
      raw.send(post(fields, "{}", "POST /?a=b HTTP/1.1"));
      CHECK(raw.answer()->status == 200);
      raw.send(post("X-Folded: b\r\n c\r\n" + fields, "{}"));  // RFC 9112 section 5.2: a space
      CHECK(raw.answer()->status == 200);
      raw.send(post("Connection: close\r\n" + fields, "{}"));
      CHECK(raw.answer()->status == 200);
      CHECK(raw.closed());
    }
    {
      RawClient raw(service.port());
      raw.send(post(fmt::format("Expect: 100-continue\r\n{}", fields), ""));
      CHECK(raw.answer()->status == 200);  // no body: nothing to wait for
    }
    {
      RawClient raw(service.port());
      raw.send(post(fields, "", "HEAD / HTTP/1.1"));
      CHECK(raw.answer(true)->status == 404);
    }
  });
}

TEST_CASE("after an error of the protocol the connection goes on, after one of framing it ends",
          "[service][wire][sweep]") {
  World().run([&](Client& /*client*/, Service& service) {
    RawClient raw(service.port());
    for (const char* body : {"{", "[]", R"({"maxResults":-1})", "{}"}) raw.send(list_request(body));
    for (const int status : {400, 400, 400, 200}) CHECK(raw.answer()->status == status);
    raw.send("nonsense\r\n\r\n" + list_request());
    const auto refused = raw.answer();
    CHECK(refused->status == 400);
    CHECK(refused->headers.get("Connection") == "close");
    CHECK(raw.closed());
  });
}

TEST_CASE("clients that send a byte now and then hold up nobody", "[service][wire][sweep]") {
  World().run([&](Client& client, Service& service) {
    std::vector<std::unique_ptr<RawClient>> slow;
    for (int i = 0; i < 300; ++i) {
      slow.push_back(std::make_unique<RawClient>(service.port()));
      slow.back()->send(i % 2 == 0 ? "POST / HTTP/1.1\r\nHost: l" : list_request().substr(0, 150));
    }
    const runtime::SteadyTime begun = runtime::Shard::current()->now();
    for (int i = 0; i < 20; ++i) {
      for (auto& one : slow) one->send("x");
      REQUIRE(client("ListStateMachines", "{}").status == 200);
    }
    CHECK(runtime::Shard::current()->now() - begun < std::chrono::seconds(5));
  });
}

}  // namespace pawl::service::test
