// An HTTP/1.1 client on one shard, with connections kept alive per host and port.
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
#include <string_view>

namespace pawl::runtime {

struct Url {
  std::string scheme;  // lower case
  std::string host;    // without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, at least "/"; no fragment

  // Absolute URLs without user information. kInvalid otherwise.
  static Result<Url> parse(std::string_view text);
  // As in a Host header: the port only when it is not the scheme's own.
  std::string authority() const;
};

// Ends a call from outside: cut() may be called by any fiber or callback of the client's shard,
// never suspends, and makes the call return kCancelled soon. Must outlive the call.
class HttpCut {
 public:
  void cut();
  bool is_cut() const { return cut_; }

 private:
  friend class HttpClient;
  Stream* stream_ = nullptr;  // that the call speaks over
  bool cut_ = false;
};

struct HttpCall {
  std::string method = "GET";
  std::string url;  // http://host[:port]/path?query, already percent-encoded
  HttpHeaders headers;
  std::string body;
  SteadyTime deadline = kNever;                                   // for the whole call
  std::size_t max_response_bytes = std::size_t{8} * 1024 * 1024;  // of the body
  // When a kept connection turns out to be closed before any byte of the answer, the request is
  // sent once more on a new one. False: never sent twice, the call fails with kUnavailable instead.
  bool may_resend = true;
  // Keep a virtual clock still while the call is under way.
  bool holds_time = true;
  HttpCut* cut = nullptr;  // may be null
};

struct HttpClientOptions {
  std::size_t max_connections_per_host = 256;  // further calls wait for one
  std::size_t max_idle_per_host = 32;
  std::size_t max_idle = 256;
  std::chrono::milliseconds idle_timeout{30'000};
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t max_head_bytes = 64 * 1024;
  // Asked for every address after the look-up and before the connect; an error refuses it. Here a
  // policy against calls into the inner network belongs.
  std::function<Status(const SocketAddress&)> allow_address;
  // Turns a fresh TCP connection into the stream to speak over. Set for "https": the seam for TLS.
  using Wrap = std::function<Result<std::unique_ptr<Stream>>(TcpStream, const Url&, SteadyTime)>;
  Wrap wrap_tls;
};

// What wrap_tls is set to: TLS that checks who the server is.
HttpClientOptions::Wrap tls_with(std::shared_ptr<TlsContext> context);

class HttpClient {
 public:
  explicit HttpClient(Shard& shard, HttpClientOptions options = {});
  // Closes kept connections. No call may be under way.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // On a fiber of the shard; suspends. Any status is an answer: errors are kInvalid (url, headers),
  // kNotFound (host), kUnavailable (refused, closed, answer not HTTP), kTimeout, kLimit (answer too
  // big), kUnsupported (scheme). Redirects are not followed. Host, Content-Length and Connection
  // are added unless given.
  Result<HttpResponse> call(const HttpCall& call);

  std::size_t idle_connections() const;
  // Closes the kept connections now.
  void close_idle();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pawl::runtime
