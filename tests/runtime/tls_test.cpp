#include "runtime/net/tls.h"

#include "runtime/http/client.h"
#include "runtime/http/server.h"
#include "tests/catch.h"
#include "tests/runtime/certificate.h"
#include "tests/runtime/shard_fixture.h"

namespace pawl::runtime {
namespace {

using Catch::Matchers::Contains;
using namespace std::chrono_literals;

std::shared_ptr<TlsContext> server_context(const TestCertificate& files) {
  auto context = TlsContext::server(files.certificate(), files.key());
  REQUIRE(context.has_value());
  return *context;
}

// Runs `body` against a server that answers with the body it got, over TLS.
void with_server(const TestCertificate& files,
                 const std::function<void(Shard&, std::uint16_t)>& body,
                 HttpServerOptions options = {}) {
  run_on_shard([&](Shard& shard) {
    options.tls = server_context(files);
    HttpServer server(shard, options, [](const HttpRequest& request) {
      return HttpResponse{.status = 200, .headers = {}, .body = request.body};
    });
    REQUIRE(server.start());
    body(shard, server.port());
    static_cast<void>(server.drain(shard.clock().after(5s)));
  });
}

HttpClientOptions trusting(const std::string& authorities) {
  auto context = TlsContext::client(authorities);
  REQUIRE(context.has_value());
  HttpClientOptions options;
  options.wrap_tls = tls_with(*context);
  return options;
}

HttpCall call_to(const std::string& host, std::uint16_t port, std::string body = "") {
  HttpCall call;
  call.method = "POST";
  call.url = "https://" + host + ":" + std::to_string(port) + "/";
  call.body = std::move(body);
  call.deadline = real_clock().after(20s);
  return call;
}

}  // namespace

TEST_CASE("requests over TLS are answered, big ones too, on one connection", "[runtime][tls]") {
  const TestCertificate files;
  with_server(files, [&](Shard& shard, std::uint16_t port) {
    HttpClient client(shard, trusting(files.certificate()));
    for (const std::size_t size : {0UL, 1UL, 16'000UL, 17'000UL, 1'000'000UL}) {
      const auto answer = client.call(call_to("127.0.0.1", port, std::string(size, 'x')));
      REQUIRE(answer.has_value());
      CHECK(answer->body.size() == size);
    }
    CHECK(client.idle_connections() == 1);
    const auto named = client.call(call_to("localhost", port, "by name"));
    INFO((named ? "" : named.error().message));
    REQUIRE(named.has_value());
    CHECK(named->body == "by name");
  });
}

TEST_CASE("a server that cannot prove who it is gets no request", "[runtime][tls]") {
  const TestCertificate files;
  const TestCertificate other("DNS:elsewhere.example");
  const TestCertificate expired("IP:127.0.0.1", true);
  const auto error_of = [](const TestCertificate& server, const std::string& trusted) {
    std::string message;
    with_server(server, [&](Shard& shard, std::uint16_t port) {
      HttpClient client(shard, trusting(trusted));
      const auto answer = client.call(call_to("127.0.0.1", port));
      REQUIRE_FALSE(answer.has_value());
      CHECK(answer.error().code == ErrorCode::kUnavailable);
      message = answer.error().message;
    });
    return message;
  };
  CHECK_THAT(error_of(files, ""), Contains("self-signed certificate"));
  CHECK_THAT(error_of(files, other.certificate()), Contains("the certificate is refused"));
  CHECK_THAT(error_of(other, other.certificate()), Contains("IP address mismatch"));
  CHECK_THAT(error_of(expired, expired.certificate()), Contains("certificate has expired"));
}

TEST_CASE("who speaks no TLS is shown out, and silence has a limit", "[runtime][tls]") {
  const TestCertificate files;
  HttpServerOptions options;
  options.header_timeout = 100ms;
  with_server(
      files,
      [](Shard& shard, std::uint16_t port) {
        const SteadyTime deadline = shard.clock().after(10s);
        std::array<char, 256> buffer{};
        auto plain = connect("127.0.0.1", port, deadline);
        REQUIRE(plain);
        REQUIRE(plain->write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", deadline));
        std::string answer;
        for (;;) {  // an alert, or a reset
          const auto n = plain->read_some(buffer, deadline);
          if (!n || *n == 0) break;
          answer.append(buffer.data(), *n);
        }
        CHECK(answer.find("HTTP") == std::string::npos);

        auto slow = connect("127.0.0.1", port, deadline);
        REQUIRE(slow);
        REQUIRE(slow->write_all("\x16\x03\x01", deadline));  // a ClientHello begins
        const auto n = slow->read_some(buffer, deadline);
        CHECK((!n || *n == 0));
        CHECK(shard.clock().steady_now() < deadline);
      },
      options);
}

TEST_CASE("files that are no certificate or no key are named", "[runtime][tls]") {
  const TestCertificate files;
  const TestCertificate other;
  const auto message = [](const std::string& certificate, const std::string& key) {
    const auto context = TlsContext::server(certificate, key);
    return context ? std::string() : context.error().message;
  };
  CHECK(message(files.certificate(), files.key()).empty());
  CHECK_THAT(message("/nonexistent", files.key()),
             Contains("the certificate /nonexistent: No such"));
  CHECK_THAT(message(files.garbage(), files.key()), Contains("no start line"));
  CHECK_THAT(message(files.certificate(), "/nonexistent"),
             Contains("the key /nonexistent: No such"));
  CHECK_THAT(message(files.certificate(), other.key()), Contains("does not belong to"));
  CHECK_THAT(message(files.certificate(), files.locked_key()), Contains("protected by a password"));
  CHECK_FALSE(TlsContext::client("/nonexistent").has_value());
}

}  // namespace pawl::runtime
