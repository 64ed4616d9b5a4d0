// The HTTP server: bodies that stream.
#include "tests/runtime/http_server_testing.h"

#include <memory>

namespace pawl::runtime {
namespace {

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
