#include "runtime/fiber/shard.h"
#include "runtime/http/parser.h"
#include "runtime/http/server.h"
#include "runtime/log/log.h"
#include "runtime/net/socket.h"
#include "tests/catch.h"
#include "tests/runtime/shard_fixture.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>  // NOLINT: POSIX, for clock_gettime
#include <vector>

namespace pawl::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SteadyTime in(milliseconds span) { return Shard::current()->now() + span; }

HttpResponse echo(const HttpRequest& request) {
  HttpResponse response;
  response.headers.add("X-Method", request.method);
  response.headers.add("X-Target", request.target);
  response.body = request.body;
  return response;
}

// A client that speaks bytes.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) {
    auto stream = connect("127.0.0.1", port, in(seconds(5)));
    REQUIRE(stream);
    stream_ = std::move(*stream);
  }

  RawClient& send(std::string_view bytes) {
    static_cast<void>(stream_.write_all(bytes, in(seconds(5))));
    return *this;
  }
  void finish() { stream_.shutdown_write(); }

  // The next answer; empty when the server closed without one.
  std::optional<HttpResponse> answer(bool to_head = false) {
    HttpParser<HttpResponse> parser({65536, 1 << 24});
    if (to_head) parser.expect_no_body();
    for (;;) {
      for (;;) {
        const auto used = parser.feed(pending_);
        REQUIRE(used);
        pending_.erase(0, *used);
        if (*used == 0 || parser.done()) break;
      }
      if (parser.done()) return std::move(parser.message());
      std::array<char, 4096> buffer{};
      const auto n = stream_.read_some(buffer, in(seconds(10)));
      if (!n || *n == 0) return {};
      pending_.append(buffer.data(), *n);
    }
  }
  int status() {
    const auto response = answer();
    return response ? response->status : 0;
  }
  // Whether nothing follows but the end of the stream.
  bool closed() {
    std::array<char, 100> buffer{};
    const auto n = stream_.read_some(buffer, in(seconds(10)));
    return pending_.empty() && (!n ? n.error().code == ErrorCode::kUnavailable : *n == 0);
  }
  TcpStream& stream() { return stream_; }

 private:
  TcpStream stream_;
  std::string pending_;
};

// Runs `test` against a server of its own.
void with_server(HttpServerOptions options, HttpServer::Handler handler,
                 const std::function<void(HttpServer&)>& test,
                 ShardOptions shard_options = {.clock = real_clock()}) {
  run_on_shard(std::move(shard_options), [&](Shard& shard) {
    HttpServer server(shard, std::move(options), std::move(handler));
    REQUIRE(server.start());
    test(server);
  });
}

int status_of(const HttpServer& server, std::string_view bytes) {
  RawClient client(server.port());
  return client.send(bytes).status();
}

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

TEST_CASE("heads and bodies over their bounds are refused, those at the bound are not",
          "[runtime][http]") {
  HttpServerOptions options;
  options.max_head_bytes = 1000;
  options.max_body_bytes = 10'000;
  with_server(options, echo, [](HttpServer& server) {
    const std::string start = "POST / HTTP/1.1\r\nHost: x\r\n";
    CHECK(status_of(server, start + "X: " + std::string(900, 'a') + "\r\n\r\n") == 200);
    CHECK(status_of(server, start + "X: " + std::string(1000, 'a') + "\r\n\r\n") == 431);
    CHECK(status_of(server, start + "X: " + std::string(100'000, 'a')) == 431);
    CHECK(status_of(server, "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") ==
          431);

    const auto with_body = [&](std::size_t bytes) {
      return start + "Content-Length: " + std::to_string(bytes) + "\r\n\r\n" +
             std::string(bytes, 'b');
    };
    CHECK(status_of(server, with_body(10'000)) == 200);
    CHECK(status_of(server, with_body(10'001)) == 413);
    std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 11; ++i) chunked += "3e8\r\n" + std::string(1000, 'c') + "\r\n";
    CHECK(status_of(server, chunked) == 413);
    // Chunk headers and trailers without an end.
    CHECK(status_of(server, start + "Transfer-Encoding: chunked\r\n\r\n1;" +
                                std::string(5000, 'e')) == 400);
    CHECK(status_of(server, start + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " +
                                std::string(5000, 'e')) == 400);
  });
}

TEST_CASE("a head that comes in many small fields cannot grow past its bound", "[runtime][http]") {
  HttpServerOptions options;
  options.max_head_bytes = 1000;
  with_server(options, echo, [](HttpServer& server) {
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 300; ++i) {
      client.send("A: b\r\n");
      yield();
    }
    client.send("\r\n");
    CHECK(client.status() == 431);
  });
}

TEST_CASE("a request of two megabytes is taken", "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    const std::string body(2 * 1024 * 1024, 'm');
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n");
    CHECK(client.send(body).answer()->body == body);
  });
}

TEST_CASE("slow heads and bodies are answered 408, idle connections are closed",
          "[runtime][http]") {
  HttpServerOptions options;
  options.header_timeout = milliseconds(50);
  options.body_timeout = milliseconds(50);
  options.idle_timeout = milliseconds(80);
  with_server(options, echo, [](HttpServer& server) {
    RawClient head(server.port());
    RawClient body(server.port());
    RawClient idle(server.port());
    RawClient kept(server.port());
    head.send("GET / HTTP/1.1\r\nHos");
    body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    CHECK(kept.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status() == 200);
    CHECK(head.status() == 408);
    CHECK(body.status() == 408);
    CHECK(idle.closed());
    CHECK(kept.closed());
    head.finish();
    body.finish();
    sleep_for(milliseconds(20));
    CHECK(server.stats().connections == 0);
  });
}

TEST_CASE("a slow client does not hold up others", "[runtime][http]") {
  with_server(
      {},
      [](const HttpRequest& request) {
        if (request.target == "/slow") sleep_for(milliseconds(200));
        return HttpResponse{};
      },
      [](HttpServer& server) {
        RawClient slow(server.port());
        slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        RawClient quick(server.port());
        const SteadyTime begin = Shard::current()->now();
        for (int i = 0; i < 10; ++i) {
          CHECK(quick.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status() == 200);
        }
        CHECK(Shard::current()->now() - begin < milliseconds(150));
        CHECK(server.stats().active == 1);
        CHECK(slow.status() == 200);
      });
}

TEST_CASE("an idle connection keeps no fiber", "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 100; ++i) {
      clients.push_back(std::make_unique<RawClient>(server.port()));
      CHECK(clients.back()->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status() == 200);
    }
    sleep_for(milliseconds(5));
    CHECK(server.stats().connections == 100);
    CHECK(server.stats().active == 0);
    CHECK(Shard::current()->stats().fibers_alive == 2);  // this one, and the one that accepts
  });
}

TEST_CASE("past the bound on connections a client is answered 503", "[runtime][http]") {
  HttpServerOptions options;
  options.max_connections = 2;
  with_server(options, echo, [](HttpServer& server) {
    auto first = std::make_unique<RawClient>(server.port());
    RawClient second(server.port());
    sleep_for(milliseconds(5));
    RawClient third(server.port());
    const auto answer = third.answer();
    REQUIRE(answer);
    CHECK(answer->status == 503);
    CHECK(third.closed());
    CHECK(server.stats().refused == 1);
    first.reset();
    sleep_for(milliseconds(5));
    CHECK(status_of(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") == 200);
  });
}

TEST_CASE("past the bound on fibers a client is answered 503", "[runtime][http]") {
  WaitPoint gate;
  with_server(
      {},
      [&](const HttpRequest& request) {
        if (request.target == "/wait") gate.wait();
        return HttpResponse{};
      },
      [&](HttpServer& server) {
        RawClient waits(server.port());
        RawClient refused(server.port());
        waits.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
        sleep_for(milliseconds(5));
        CHECK(refused.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status() == 503);
        gate.wake();
        CHECK(waits.status() == 200);
        CHECK(status_of(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") == 200);
      },
      {.clock = real_clock(), .max_fibers = 3});
}

TEST_CASE("bodies of all connections together have a bound, and small ones still get through",
          "[runtime][http]") {
  HttpServerOptions options;
  options.max_buffered_bytes = 100'000;
  with_server(options, echo, [](HttpServer& server) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n";
    RawClient first(server.port());
    first.send(head + std::string(80'000, 'x'));
    while (server.stats().buffered_bytes < 80'000) sleep_for(milliseconds(1));
    RawClient second(server.port());
    second.send(head + std::string(80'000, 'x'));
    CHECK(second.status() == 503);
    CHECK(status_of(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc") == 200);
    first.send(std::string(10'000, 'x'));
    CHECK(first.answer()->body.size() == 90'000);
    CHECK(server.stats().buffered_bytes == 0);
  });
}

TEST_CASE("answers that nobody takes have a bound together", "[runtime][http]") {
  HttpServerOptions options;
  options.max_buffered_bytes = 20'000'000;
  const auto big = [](const HttpRequest&) {
    HttpResponse response;  // more than the kernel's buffers take
    response.body.resize(15'000'000, 'x');
    return response;
  };
  with_server(options, big, [](HttpServer& server) {
    RawClient first(server.port());  // does not read
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    while (server.stats().buffered_bytes == 0) sleep_for(milliseconds(1));
    RawClient second(server.port());
    CHECK(second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status() == 503);
    CHECK(first.answer()->body.size() == 15'000'000);
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

TEST_CASE("draining ends idle connections at once and lets requests finish", "[runtime][http]") {
  with_server(
      {},
      [](const HttpRequest&) {
        sleep_for(milliseconds(50));
        return HttpResponse{};
      },
      [](HttpServer& server) {
        RawClient idle(server.port());
        RawClient busy(server.port());
        busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        sleep_for(milliseconds(5));
        CHECK(server.drain(in(seconds(5))));
        CHECK(idle.closed());
        const auto answer = busy.answer();
        REQUIRE(answer);
        CHECK(answer->headers.get("Connection") == "close");
        CHECK(busy.closed());
        CHECK(server.stats().connections == 0);
        CHECK_FALSE(connect("127.0.0.1", server.port(), in(seconds(1))));
      });
}

TEST_CASE("draining that takes too long says so and cuts connections", "[runtime][http]") {
  WaitPoint gate;
  with_server(
      {},
      [&](const HttpRequest&) {
        gate.wait();
        return HttpResponse{};
      },
      [&](HttpServer& server) {
        RawClient client(server.port());
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        sleep_for(milliseconds(5));
        const Status drained = server.drain(in(milliseconds(20)));
        REQUIRE_FALSE(drained);
        CHECK(drained.error().code == ErrorCode::kTimeout);
        CHECK(client.closed());
        gate.wake();
      });
}

TEST_CASE("requests are served while a fiber yields without rest", "[runtime][http]") {
  with_server({}, echo, [](HttpServer& server) {
    auto done = std::make_shared<bool>(false);  // the fiber outlives this scope
    REQUIRE(Shard::current()->spawn([done] {
      while (!*done) yield();
    }));
    RawClient client(server.port());
    for (int i = 0; i < 200; ++i) {
      CHECK(client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status() == 200);
    }
    *done = true;
  });
}

TEST_CASE("a shard that stops under load ends with every fiber and connection gone",
          "[runtime][http]") {
  const rlimit before = [] {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
  }();
  REQUIRE(before.rlim_cur > 300);
  for (int round = 0; round < 3; ++round) {
    HttpServerStats last;
    ShardThread client_side({.clock = real_clock(), .name = "clients"});
    run_on_shard([&](Shard& shard) {
      auto server =
          std::make_shared<HttpServer>(shard, HttpServerOptions{}, [](const HttpRequest& r) {
            if (r.target == "/slow") sleep_for(seconds(60));  // cut short by stop()
            return HttpResponse{.status = 200, .headers = {}, .body = r.target};
          });
      REQUIRE(server->start());
      const std::uint16_t port = server->port();
      client_side.shard().post([&, port] {
        for (int i = 0; i < 50; ++i) {
          client_side.shard().spawn_when_possible([port, i] {
            for (;;) {
              auto stream = connect("127.0.0.1", port, in(seconds(5)));
              if (!stream) return;
              const std::string bytes = std::string("GET ") + (i % 10 == 0 ? "/slow" : "/quick") +
                                        " HTTP/1.1\r\nHost: x\r\n\r\n";
              for (int k = 0; k < 20; ++k) {
                if (!stream->write_all(bytes, in(seconds(5)))) break;
                std::array<char, 1000> buffer{};
                const auto n = stream->read_some(buffer, in(seconds(5)));
                if (!n || *n == 0) break;
              }
            }
          });
        }
      });
      sleep_for(milliseconds(100));
      CHECK(server->stats().requests > 100);
      REQUIRE(shard.spawn([server, &last] {  // outlives the stop
        sleep_for(seconds(60));
        static_cast<void>(server->drain(in(seconds(10))));
        last = server->stats();
      }));
      yield();
    });
    CHECK(last.connections == 0);
    CHECK(last.active == 0);
  }
}

TEST_CASE("an idle server uses no CPU", "[runtime][http][idle]") {
  with_server({}, echo, [](HttpServer& server) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
    sleep_for(milliseconds(20));
    timespec begin{};
    timespec end{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    sleep_for(milliseconds(400));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    const auto used_us =
        (end.tv_sec - begin.tv_sec) * 1'000'000 + (end.tv_nsec - begin.tv_nsec) / 1000;
    CHECK(used_us < 2000);
  });
}

// Counts what comes, and refuses past a bound.
class CountingSink final : public BodySink {
 public:
  Status write(std::string_view bytes) override {
    if (count + bytes.size() > max) return Error{ErrorCode::kLimit, "enough", ""};
    count += bytes.size();
    ++writes;
    return {};
  }
  std::string sha256() override { return {}; }
  std::size_t count = 0;
  std::size_t writes = 0;
  std::size_t max = std::size_t{1} << 30;
};

class Letters final : public BodySource {
 public:
  explicit Letters(std::uint64_t size) : size_(size), left_(size) {}
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<std::string> read(std::size_t max) override {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, max));
    left_ -= n;
    return std::string(n, 'x');
  }

 private:
  std::uint64_t size_;
  std::uint64_t left_;
};

TEST_CASE("a sink takes a body that is larger than the bound", "[runtime][http]") {
  HttpServerOptions options;
  options.max_body_bytes = 1000;
  options.body_sink = [](const HttpRequest& head) -> std::shared_ptr<BodySink> {
    return head.method == "PUT" ? std::make_shared<CountingSink>() : nullptr;
  };
  const auto handler = [](const HttpRequest& request) {
    HttpResponse response;
    const auto* sink = dynamic_cast<const CountingSink*>(request.sink.get());
    response.body = std::to_string(sink == nullptr ? request.body.size() : sink->count);
    return response;
  };
  with_server(options, handler, [](HttpServer& server) {
    RawClient client(server.port());
    const std::string body(300'000, 'b');
    client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + body);
    CHECK(client.answer()->body == "300000");
    client.send("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("1000\r\n" + std::string(0x1000, 'c') + "\r\n0\r\n\r\n");
    CHECK(client.answer()->body == "4096");
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(client.answer()->body == "5");
    // Without a sink the bound holds, said or chunked.
    CHECK(status_of(server, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n") == 413);
    RawClient chunks(server.port());
    chunks.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    chunks.send("1000\r\n" + std::string(0x1000, 'c') + "\r\n0\r\n\r\n");
    CHECK(chunks.status() == 413);
  });
}

TEST_CASE("a sink that refuses ends the connection after the answer", "[runtime][http]") {
  HttpServerOptions options;
  options.body_sink = [](const HttpRequest&) -> std::shared_ptr<BodySink> {
    auto sink = std::make_shared<CountingSink>();
    sink->max = 10;
    return sink;
  };
  const auto handler = [](const HttpRequest&) {
    HttpResponse response;
    response.status = 400;
    return response;
  };
  with_server(options, handler, [](HttpServer& server) {
    RawClient client(server.port());
    client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(100'000, 'b'));
    CHECK(client.status() == 400);
    client.finish();
    CHECK(client.closed());
  });
}

TEST_CASE("an answer streams, and HEAD gets its size alone", "[runtime][http]") {
  const auto handler = [](const HttpRequest&) {
    HttpResponse response;
    response.source = std::make_shared<Letters>(1'000'000);
    return response;
  };
  with_server({}, handler, [](HttpServer& server) {
    RawClient client(server.port());
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.answer()->body.size() == 1'000'000);
    client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto head = client.answer(true);
    CHECK(head->headers.get("Content-Length") == "1000000");
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.answer()->body.size() == 1'000'000);
  });
}

}  // namespace
}  // namespace pawl::runtime
