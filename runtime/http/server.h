// An HTTP/1.1 server on one shard.
//
// A connection has a fiber only while a request is being read, handled and answered; an idle one is
// a socket, a small struct and a timer (FIBERS.md: parking). Requests of one connection are handled
// one after the other, also when pipelined.
//
// It answers for the application: 400 (syntax, Host, both Content-Length and Transfer-Encoding),
// 408 (head or body too slow), 413 and 431 (too big), 417, 500 (handler threw), 501 (unknown
// transfer coding), 503 (too many connections, fibers or bytes), 505. Such an answer closes the
// connection.
#pragma once

#include "base/result.h"
#include "runtime/fiber/shard.h"
#include "runtime/http/message.h"
#include "runtime/net/tls.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace pawl::runtime {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  // Another address that the same port is served on, if the machine lets it; empty: none. A client
  // that looks up "localhost" may find ::1 first and try nothing else.
  std::string second_address{};
  std::uint16_t port = 0;  // 0: any free port
  std::size_t max_head_bytes = 16 * 1024;
  // A definition of 1 MiB arrives escaped inside a JSON string, with the rest of the request
  // around.
  std::size_t max_body_bytes = std::size_t{2} * 1024 * 1024 + 64 * 1024;
  // Asked when a head has come: who takes its body as it comes. Null, or an empty function: the
  // body is collected, up to max_body_bytes. While a sink takes it, `body_timeout` is for each
  // read.
  std::function<std::shared_ptr<BodySink>(const HttpRequest& head)> body_sink;
  std::uint64_t max_streamed_bytes = std::uint64_t{6} << 30U;
  std::chrono::milliseconds header_timeout{10'000};  // from the first byte of a request
  std::chrono::milliseconds body_timeout{30'000};    // from the end of the head
  std::chrono::milliseconds write_timeout{30'000};   // for one answer, or a piece of a streamed one
  std::chrono::milliseconds idle_timeout{75'000};    // between requests
  std::size_t max_connections = 10'000;
  // Bodies of all connections together: those that are coming, and answers that are not taken. Past
  // it a request is answered 503; one that is small still gets through.
  std::size_t max_buffered_bytes = std::size_t{256} * 1024 * 1024;
  std::string server_header = "pawl";
  std::shared_ptr<TlsContext> tls{};  // null: plain HTTP
};

struct HttpServerStats {
  std::size_t connections = 0;  // open
  std::size_t active = 0;       // of these, with a fiber
  std::uint64_t requests = 0;   // handed to the handler
  std::uint64_t refused = 0;    // connections answered 503
  std::size_t buffered_bytes = 0;
};

class HttpServer {
 public:
  // Runs on a fiber of the shard and may suspend for as long as it likes. The request lives until
  // it returns. Date, Server, Content-Length and Connection are added to what it answers.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Call start() before it serves. On the shard, as everything here.
  HttpServer(Shard& shard, HttpServerOptions options, Handler handler);
  // Closes the port and idle connections. Running handlers go on and keep `handler` alive, but what
  // it refers to must live until they end: drain() first.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and begins to serve. kUnavailable when the address is taken.
  Status start();

  // No more connections and no more requests; idle connections end at once, answers under way say
  // "Connection: close". Suspends until all have ended; at `deadline` the sockets of the rest are
  // shut down and kTimeout is returned. Happens by itself, without the wait, when the shard stops.
  Status drain(SteadyTime deadline);

  std::uint16_t port() const;
  HttpServerStats stats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pawl::runtime
