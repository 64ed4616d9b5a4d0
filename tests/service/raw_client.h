// A client that speaks bytes to a server on this shard.
#pragma once

#include "asl/json/reader.h"
#include "runtime/fiber/shard.h"
#include "runtime/http/parser.h"
#include "runtime/net/socket.h"
#include "tests/catch.h"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::service::test {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) {
    auto stream = runtime::connect("127.0.0.1", port, soon());
    REQUIRE(stream.has_value());
    stream_ = std::move(*stream);
  }

  void send(std::string_view bytes) { static_cast<void>(stream_.write_all(bytes, soon())); }
  void finish() { stream_.shutdown_write(); }

  // The next answer; empty when the server closed without one.
  std::optional<runtime::HttpResponse> answer(bool to_head = false) {
    runtime::HttpParser<runtime::HttpResponse> parser({65'536, std::size_t{64} << 20});
    if (to_head) parser.expect_no_body();
    for (;;) {
      for (;;) {
        const auto used = parser.feed(pending_);
        REQUIRE(used.has_value());
        pending_.erase(0, *used);
        if (*used == 0 || parser.done()) break;
      }
      if (parser.done()) return std::move(parser.message());
      std::array<char, 4096> buffer{};
      const auto n = stream_.read_some(buffer, soon());
      if (!n || *n == 0) return std::nullopt;
      pending_.append(buffer.data(), *n);
    }
  }

  // Whether nothing follows but the end of the connection.
  bool closed() {
    std::array<char, 100> buffer{};
    const auto n = stream_.read_some(buffer, soon());
    return pending_.empty() && (!n ? n.error().code == ErrorCode::kUnavailable : *n == 0);
  }

 private:
  static runtime::SteadyTime soon() {
    return runtime::Shard::current()->now() + std::chrono::seconds(20);
  }

  runtime::TcpStream stream_;
  std::string pending_;
};

}  // namespace pawl::service::test
