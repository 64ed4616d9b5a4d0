// The HTTP server: how it ends, and what goes on meanwhile.
#include "tests/runtime/http_server_testing.h"

#include <array>
#include <memory>
#include <sys/resource.h>

namespace pawl::runtime {
namespace {

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

}  // namespace
}  // namespace pawl::runtime
