// The HTTP server: how requests are read and answered.
#include "runtime/log/log.h"
#include "tests/runtime/http_server_testing.h"

namespace pawl::runtime {
namespace {

TEST_CASE("header fields compare without case and keep their order", "[runtime][http]") {
  HttpHeaders headers{{"Host", "a"}, {"X-Two", "1"}, {"x-two", "2"}};
  CHECK(headers.get("HOST") == "a");
  CHECK(headers.count("X-TWO") == 2);
  CHECK(headers.get("absent").empty());
  CHECK_FALSE(headers.has("absent"));
  headers.set("X-Two", "3");
  CHECK(headers.count("x-two") == 1);
  CHECK(headers[1].value == "3");
  headers.add("Connection", "keep-alive , Close");
  CHECK(headers.has_token("connection", "close"));
  CHECK_FALSE(headers.has_token("connection", "clos"));
}

TEST_CASE("requests of one connection are answered one after the other", "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    RawClient client(server.port());
    for (int i = 0; i < 3; ++i) {
      const auto answer =
          client.send("POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello").answer();
      REQUIRE(answer);
      CHECK(answer->status == 200);
      CHECK(answer->body == "hello");
      CHECK(answer->headers.get("x-method") == "POST");
      CHECK(answer->headers.get("x-target") == "/a?b");
      CHECK(answer->headers.has("Date"));
      CHECK_FALSE(answer->headers.has("Connection"));
    }
    CHECK(server.stats().connections == 1);
    CHECK(server.stats().requests == 3);
  });
}

TEST_CASE("pipelined requests are answered in their order", "[runtime][http]") {
  with_server(
      {},
      [](const HttpRequest& request) {
        if (request.target == "/0") sleep_for(milliseconds(10));
        return HttpResponse{.status = 200, .headers = {}, .body = request.target};
      },
      [](HttpServer& server) {
        RawClient client(server.port());
        std::string bytes;
        for (int i = 0; i < 50; ++i) {
          bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
        }
        client.send(bytes);
        for (int i = 0; i < 50; ++i) CHECK(client.answer()->body == "/" + std::to_string(i));
      });
}

TEST_CASE("a request that comes byte by byte is understood", "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    RawClient client(server.port());
    const std::string bytes =
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
    for (const char c : bytes) {
      client.send({&c, 1});
      yield();
    }
    CHECK(client.answer()->body == "abcde");
    CHECK(client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status() == 200);
  });
}

TEST_CASE("HTTP/1.0 closes after the answer unless asked to keep alive", "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    RawClient plain(server.port());
    const auto answer = plain.send("GET / HTTP/1.0\r\n\r\n").answer();
    REQUIRE(answer);
    CHECK(answer->headers.get("Connection") == "close");
    CHECK(plain.closed());

    RawClient kept(server.port());
    const std::string keep = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    CHECK(kept.send(keep).answer()->headers.get("Connection") == "keep-alive");
    CHECK(kept.send(keep).status() == 200);
  });
}

TEST_CASE("a client that asks to close is closed after the answer", "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    RawClient client(server.port());
    const auto answer =
        client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").answer();
    REQUIRE(answer);
    CHECK(answer->headers.get("Connection") == "close");
    CHECK(client.closed());
  });
}

TEST_CASE("a client that expects 100-continue gets it before it sends the body",
          "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.status() == 100);
    CHECK(client.send("ok").answer()->body == "ok");

    RawClient too_big(server.port());
    too_big.send(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(too_big.status() == 413);
    CHECK(status_of(server, "GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n") == 417);
  });
}

TEST_CASE("HEAD gets the head of the answer only, 204 and 304 have no body", "[runtime][http]") {
  with_server(
      {},
      [](const HttpRequest& request) {
        const int status = request.target == "/" ? 200 : std::stoi(request.target.substr(1));
        return HttpResponse{.status = status, .headers = {}, .body = "body"};
      },
      [](HttpServer& server) {
        RawClient client(server.port());
        const auto head = client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").answer(true);
        REQUIRE(head);
        CHECK(head->headers.get("Content-Length") == "4");
        CHECK(client.send("GET /204 HTTP/1.1\r\nHost: x\r\n\r\n").answer()->body.empty());
        CHECK(client.send("GET /304 HTTP/1.1\r\nHost: x\r\n\r\n").answer()->body.empty());
        CHECK(client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer()->body == "body");
      });
}

TEST_CASE("messages that could be read in two ways are refused", "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    struct Case {
      int status;
      const char* bytes;
    };
    const Case cases[] = {
        {400,
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400,
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01z\r\n\r\n"},
        {400, "GET / HTTP/1.1\nHost: a\n\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
        {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "\x16\x03\x01\x02 TLS hello, or so\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
        {400,
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n"},
        {400,
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "fffffffffffffffff\r\n"},
    };
    for (const Case& c : cases) {
      INFO(c.bytes);
      CHECK(status_of(server, c.bytes) == c.status);
    }
    CHECK(server.stats().requests == 0);
    CHECK(status_of(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
  });
}

TEST_CASE("a refused request closes its connection and nothing after it is read",
          "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    client.finish();
    CHECK(client.status() == 400);
    CHECK(client.closed());
    CHECK(server.stats().requests == 0);
  });
}

TEST_CASE("a handler that throws, or answers what cannot be sent, gives 500", "[runtime][http]") {
  set_log_level("off");
  with_server(
      {},
      [](const HttpRequest& request) -> HttpResponse {
        if (request.target == "/throw") throw std::runtime_error("broken");
        HttpResponse response;
        response.headers.add("X-Evil", "a\r\nSet-Cookie: b");
        return response;
      },
      [](HttpServer& server) {
        CHECK(status_of(server, "GET /throw HTTP/1.1\r\nHost: x\r\n\r\n") == 500);
        RawClient client(server.port());
        const auto answer = client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").answer();
        REQUIRE(answer);
        CHECK(answer->status == 500);
        CHECK_FALSE(answer->headers.has("Set-Cookie"));
      });
  set_log_level("info");
}

TEST_CASE("a handler can see that its client has hung up", "[runtime][http]") {
  bool gone = false;
  WaitPoint noticed;
  with_server(
      {},
      [&](const HttpRequest& request) {
        for (int i = 0; i < 1000 && !request.connection->peer_gone(); ++i)
          sleep_for(milliseconds(1));
        gone = request.connection->peer_gone();
        noticed.wake();
        return HttpResponse{};
      },
      [&](HttpServer& server) {
        {
          RawClient client(server.port());
          client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
          sleep_for(milliseconds(5));
        }
        noticed.wait(in(seconds(5)));
        CHECK(gone);
      });
}

}  // namespace
}  // namespace pawl::runtime
