// What the tests of the HTTP server share: a client that speaks bytes, a server for each test.
#pragma once

#include "runtime/fiber/shard.h"
#include "runtime/http/parser.h"
#include "runtime/http/server.h"
#include "runtime/net/socket.h"
#include "tests/catch.h"
#include "tests/runtime/shard_fixture.h"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::runtime {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline SteadyTime in(milliseconds span) { return Shard::current()->now() + span; }

inline HttpResponse echo(const HttpRequest& request) {
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
inline void with_server(HttpServerOptions options, HttpServer::Handler handler,
                        const std::function<void(HttpServer&)>& test,
                        ShardOptions shard_options = {.clock = real_clock()}) {
  run_on_shard(std::move(shard_options), [&](Shard& shard) {
    HttpServer server(shard, std::move(options), std::move(handler));
    REQUIRE(server.start());
    test(server);
  });
}

inline int status_of(const HttpServer& server, std::string_view bytes) {
  RawClient client(server.port());
  return client.send(bytes).status();
}

}  // namespace pawl::runtime
