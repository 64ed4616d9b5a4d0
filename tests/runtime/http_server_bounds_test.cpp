// The HTTP server: what one client, and all together, may take of it.
#include "tests/runtime/http_server_testing.h"

#include <memory>
#include <time.h>  // NOLINT: POSIX, for clock_gettime
#include <vector>

namespace pawl::runtime {
namespace {

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

}  // namespace
}  // namespace pawl::runtime
