#include "runtime/http/client.h"
#include "runtime/http/server.h"
#include "runtime/net/socket.h"
#include "tests/catch.h"
#include "tests/runtime/shard_fixture.h"

#include <arpa/inet.h>
#include <array>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace pawl::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SteadyTime in(milliseconds span) { return Shard::current()->now() + span; }

// A server that speaks bytes: each connection is answered by `script`, which gets the stream after
// the head of a request came.
class RawServer {
 public:
  using Script = std::function<void(TcpStream&, int connection)>;

  explicit RawServer(Script script) : script_(std::move(script)) {
    auto listener = TcpListener::bind("127.0.0.1", 0);
    REQUIRE(listener);
    listener_ = std::make_shared<TcpListener>(std::move(*listener));
    REQUIRE(Shard::current()->spawn([this, listener = listener_] {
      while (auto stream = listener->accept()) {
        static_cast<void>(Shard::current()->spawn(
            [this, number = ++connections_, s = std::make_shared<TcpStream>(std::move(*stream))] {
              script_(*s, number);
            }));
      }
    }));
  }
  ~RawServer() { listener_->close_soon(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(listener_->port()) + "/"; }
  int connections() const { return connections_; }

 private:
  Script script_;
  std::shared_ptr<TcpListener> listener_;
  int connections_ = 0;
};

// Reads until the end of a head; false at the end of the stream.
bool read_head(TcpStream& stream) {
  std::string seen;
  while (seen.find("\r\n\r\n") == std::string::npos) {
    std::array<char, 4096> buffer{};
    const auto n = stream.read_some(buffer, in(seconds(5)));
    if (!n || *n == 0) return false;
    seen.append(buffer.data(), *n);
  }
  return true;
}

HttpCall get(std::string url) {
  HttpCall call;
  call.url = std::move(url);
  call.deadline = in(seconds(5));
  return call;
}

TEST_CASE("URLs are taken apart, and bad ones refused", "[runtime][http]") {
  const auto url = Url::parse("HTTP://Example.com:8080/a/b?c=%20d#fragment");
  REQUIRE(url);
  CHECK(url->scheme == "http");
  CHECK(url->host == "Example.com");
  CHECK(url->port == 8080);
  CHECK(url->target == "/a/b?c=%20d");
  CHECK(url->authority() == "Example.com:8080");
  CHECK(Url::parse("http://h")->target == "/");
  CHECK(Url::parse("http://h?q")->target == "/?q");
  CHECK(Url::parse("https://h")->port == 443);
  CHECK(Url::parse("http://[::1]:81/")->host == "::1");
  CHECK(Url::parse("http://[::1]:81/")->authority() == "[::1]:81");
  for (const char* bad :
       {"", "h", "/path", "://h", "http://", "http:///p", "http://u@h/", "http://h:0/",
        "http://h:99999/", "http://h:x/", "http://h:1x/", "http://[::1/", "http://[x]/",
        "http://h/a b", "http://h/\r\nX: y", "http://h\\@evil/", "http://h%2e/"}) {
    INFO(bad);
    CHECK_FALSE(Url::parse(bad));
  }
}

TEST_CASE("a call brings method, headers and body there and the answer back", "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    HttpServer server(shard, {}, [](const HttpRequest& request) {
      HttpResponse response;
      response.status = 201;
      response.headers.add("X-Seen", std::string(request.headers.get("x-sent")) + "|" +
                                         std::string(request.headers.get("Host")));
      response.body = request.method + " " + request.target + " " + request.body;
      return response;
    });
    REQUIRE(server.start());
    HttpClient client(shard);
    const std::string host = "127.0.0.1:" + std::to_string(server.port());
    HttpCall call = get("http://" + host + "/path?q=1");
    call.method = "PUT";
    call.headers.add("X-Sent", "value");
    call.body = "the body";
    const auto answer = client.call(call);
    REQUIRE(answer);
    CHECK(answer->status == 201);
    CHECK(answer->headers.get("x-seen") == "value|" + host);
    CHECK(answer->body == "PUT /path?q=1 the body");

    call.method = "HEAD";
    call.body.clear();
    CHECK(client.call(call)->body.empty());
  });
}

TEST_CASE("connections are kept and used again", "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    HttpServer server(shard, {}, [](const HttpRequest&) { return HttpResponse{}; });
    REQUIRE(server.start());
    HttpClient client(shard);
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    for (int i = 0; i < 10; ++i) CHECK(client.call(get(url))->status == 200);
    CHECK(server.stats().connections == 1);
    CHECK(client.idle_connections() == 1);
    client.close_idle();
    sleep_for(milliseconds(5));
    CHECK(server.stats().connections == 0);
  });
}

TEST_CASE("no more connections per host than allowed are open, further calls wait",
          "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    std::size_t connections_max = 0;
    HttpServer* running = nullptr;
    HttpServer server(shard, {}, [&](const HttpRequest&) {
      connections_max = std::max(connections_max, running->stats().connections);
      sleep_for(milliseconds(1));
      return HttpResponse{};
    });
    running = &server;
    REQUIRE(server.start());
    HttpClientOptions options;
    options.max_connections_per_host = 3;
    HttpClient client(shard, options);
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    int left = 40;
    WaitPoint done;
    for (int i = 0; i < 40; ++i) {
      REQUIRE(shard.spawn([&] {
        CHECK(client.call(get(url)));
        if (--left == 0) done.wake();
      }));
    }
    done.wait();
    CHECK(connections_max == 3);
    CHECK(client.idle_connections() == 3);
  });
}

TEST_CASE("a kept connection that the server closed is replaced without an error",
          "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    HttpServerOptions options;
    options.idle_timeout = milliseconds(20);
    HttpServer server(shard, options, [](const HttpRequest&) { return HttpResponse{}; });
    REQUIRE(server.start());
    HttpClient client(shard);
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    CHECK(client.call(get(url)));
    CHECK(client.idle_connections() == 1);
    // Its end is noticed while it is parked, however busy the machine is.
    for (int i = 0; i < 500 && client.idle_connections() > 0; ++i) sleep_for(milliseconds(10));
    CHECK(client.idle_connections() == 0);
    CHECK(client.call(get(url)));
  });
}

TEST_CASE("a server listens on a second address, where the machine has it", "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    HttpServerOptions options;
    options.second_address = "::1";
    HttpServer server(shard, options, [](const HttpRequest&) { return HttpResponse{}; });
    REQUIRE(server.start());
    HttpClient client(shard);
    const std::string port = std::to_string(server.port());
    CHECK(client.call(get("http://127.0.0.1:" + port + "/")));
    if (TcpListener::bind("::1", 0)) CHECK(client.call(get("http://[::1]:" + port + "/")));
  });
  run_on_shard([](Shard& shard) {
    HttpServerOptions options;
    options.second_address = "192.0.2.1";  // of no machine (RFC 5737)
    HttpServer server(shard, options, [](const HttpRequest&) { return HttpResponse{}; });
    REQUIRE(server.start());
    HttpClient client(shard);
    CHECK(client.call(get("http://127.0.0.1:" + std::to_string(server.port()) + "/")));
  });
}

// Answers the first request of a connection and drops it at the second, before any byte.
void answer_once(TcpStream& stream, int /*connection*/) {
  if (!read_head(stream)) return;
  static_cast<void>(
      stream.write_all("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", in(seconds(5))));
  static_cast<void>(read_head(stream));
}

TEST_CASE("a request that met a closed kept connection is sent once more, unless it may not",
          "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    RawServer server(answer_once);
    HttpClient client(shard);
    CHECK(client.call(get(server.url())));
    CHECK(client.call(get(server.url())));
    CHECK(server.connections() == 2);

    HttpCall only_once = get(server.url());
    only_once.may_resend = false;
    const auto answer = client.call(only_once);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::kUnavailable);
    CHECK(server.connections() == 2);
  });
}

TEST_CASE("a request is never sent again once a byte of the answer came, nor on a new connection",
          "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    RawServer torn([](TcpStream& stream, int) {
      if (read_head(stream)) static_cast<void>(stream.write_all("HTTP/1.1 20", in(seconds(5))));
    });
    HttpClient client(shard);
    CHECK(client.call(get(torn.url())).error().code == ErrorCode::kUnavailable);
    CHECK(torn.connections() == 1);

    RawServer silent([](TcpStream& stream, int) { static_cast<void>(read_head(stream)); });
    CHECK(client.call(get(silent.url())).error().code == ErrorCode::kUnavailable);
    CHECK(silent.connections() == 1);
  });
}

TEST_CASE("answers of every framing are read", "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    std::string bytes;
    RawServer server([&](TcpStream& stream, int) {
      if (read_head(stream)) static_cast<void>(stream.write_all(bytes, in(seconds(5))));
    });
    HttpClient client(shard);
    const auto body_of = [&](std::string answer) {
      bytes = std::move(answer);
      auto response = client.call(get(server.url()));
      return response ? response->body : "error: " + response.error().message;
    };
    CHECK(body_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") == "abc");
    CHECK(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n") ==
          "abc");
    CHECK(body_of("HTTP/1.0 200 OK\r\n\r\nuntil the end") == "until the end");
    CHECK(body_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") == "ok");
    CHECK_THAT(body_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
               Catch::StartsWith("error"));
    CHECK_THAT(body_of("SSH-2.0-OpenSSH\r\n\r\n"), Catch::StartsWith("error"));
    // More than the announced body: the connection must not be used again.
    CHECK(body_of("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc") == "a");
    CHECK(client.idle_connections() == 0);
  });
}

TEST_CASE("a server that refuses a big body early is heard", "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    HttpServerOptions options;
    options.max_body_bytes = 1000;
    HttpServer server(shard, options, [](const HttpRequest&) { return HttpResponse{}; });
    REQUIRE(server.start());
    HttpClient client(shard);
    HttpCall call = get("http://127.0.0.1:" + std::to_string(server.port()) + "/");
    call.method = "POST";
    call.body = std::string(500'000, 'x');
    const auto answer = client.call(call);
    REQUIRE(answer);
    CHECK(answer->status == 413);
  });
}

TEST_CASE("a call ends at its deadline, and answers over the bound are refused",
          "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    HttpServer server(shard, {}, [](const HttpRequest& request) {
      if (request.target == "/slow") sleep_for(milliseconds(200));
      return HttpResponse{.status = 200, .headers = {}, .body = std::string(1000, 'x')};
    });
    REQUIRE(server.start());
    HttpClient client(shard);
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    HttpCall slow = get(url + "/slow");
    slow.deadline = in(milliseconds(20));
    CHECK(client.call(slow).error().code == ErrorCode::kTimeout);
    HttpCall big = get(url + "/big");
    big.max_response_bytes = 999;
    CHECK(client.call(big).error().code == ErrorCode::kLimit);
    big.max_response_bytes = 1000;
    CHECK(client.call(big));
  });
}

TEST_CASE("what cannot be sent safely is refused before it is sent", "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    HttpClient client(shard);
    HttpCall call = get("http://127.0.0.1:1/");
    call.headers.add("X", "a\r\nY: b");
    CHECK(client.call(call).error().code == ErrorCode::kInvalid);
    call = get("http://127.0.0.1:1/");
    call.method = "GET / HTTP/1.1\r\n";
    CHECK(client.call(call).error().code == ErrorCode::kInvalid);
    CHECK(client.call(get("ftp://h/")).error().code == ErrorCode::kUnsupported);
    CHECK(client.call(get("https://h/")).error().code == ErrorCode::kUnsupported);
    // A port that is bound and not listened on refuses for certain.
    const int bound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(bound, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const auto refused =
        client.call(get("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/"));
    ::close(bound);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kUnavailable);
  });
}

TEST_CASE("an address that the policy forbids is not connected to", "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    RawServer server(answer_once);
    HttpClientOptions options;
    options.allow_address = [](const SocketAddress& address) -> Status {
      return Error{ErrorCode::kInvalid, "not to " + address.host(), ""};
    };
    HttpClient client(shard, options);
    const auto answer = client.call(get(server.url()));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message == "not to 127.0.0.1");
    sleep_for(milliseconds(5));
    CHECK(server.connections() == 0);
  });
}

TEST_CASE("a virtual clock stands still during a call", "[runtime][http][clock]") {
  VirtualClock clock(WallTime(milliseconds(0)));
  run_on_shard({.clock = clock}, [](Shard& shard) {
    ShardThread other({.clock = real_clock()});
    std::uint16_t port = 0;
    std::shared_ptr<HttpServer> server;
    call_on(other.shard(), [&] {
      server =
          std::make_shared<HttpServer>(other.shard(), HttpServerOptions{}, [](const HttpRequest&) {
            sleep_for(milliseconds(30));
            return HttpResponse{};
          });
      REQUIRE(server->start());
      port = server->port();
    });
    HttpClient client(shard);
    bool fired = false;
    TimerHandle timer = shard.at(shard.now() + seconds(1), [&] { fired = true; });
    CHECK(client.call(get("http://127.0.0.1:" + std::to_string(port) + "/"))->status == 200);
    CHECK_FALSE(fired);
    timer.cancel();
    call_on(other.shard(), [&] { server.reset(); });
  });
}

TEST_CASE("a call that is cut ends at once, and its connection with it", "[runtime][http]") {
  run_on_shard([](Shard& shard) {
    RawServer server([](TcpStream& stream, int) {
      if (read_head(stream)) read_head(stream);  // never answers
    });
    HttpClient client(shard);
    HttpCut cut;
    HttpCall call = get(server.url());
    call.cut = &cut;
    REQUIRE(shard.spawn([&] {
      sleep_for(milliseconds(20));
      cut.cut();
    }));
    const auto answer = client.call(call);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::kCancelled);
    CHECK(client.idle_connections() == 0);
    // One that was cut before is not begun.
    CHECK(client.call(call).error().code == ErrorCode::kCancelled);
    CHECK(server.connections() == 1);
  });
}

}  // namespace
}  // namespace pawl::runtime
