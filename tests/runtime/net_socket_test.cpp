#include "runtime/net/beast_stream.h"
#include "runtime/net/socket.h"
#include "tests/catch.h"
#include "tests/runtime/shard_fixture.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace pawl::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Runs `server` on the accepted end and `client` on the other, each on a fiber.
void with_connection(const std::function<void(TcpStream&)>& server,
                     const std::function<void(TcpStream&)>& client) {
  run_on_shard([&](Shard& shard) {
    Result<TcpListener> listener = TcpListener::bind("127.0.0.1", 0);
    REQUIRE(listener);
    WaitPoint served;
    REQUIRE(shard.spawn([&] {
      Result<TcpStream> stream = listener->accept(shard.now() + seconds(5));
      REQUIRE(stream);
      server(*stream);
      stream->close();
      served.wake();
    }));
    Result<TcpStream> stream = connect("127.0.0.1", listener->port(), shard.now() + seconds(5));
    REQUIRE(stream);
    client(*stream);
    served.wait();
  });
}

SteadyTime in(milliseconds span) { return Shard::current()->now() + span; }

TEST_CASE("addresses are read and written in both families", "[runtime][net]") {
  CHECK(SocketAddress::parse("127.0.0.1", 80)->to_string() == "127.0.0.1:80");
  CHECK(SocketAddress::parse("[::1]", 443)->to_string() == "[::1]:443");
  CHECK(SocketAddress::parse("2001:DB8::1", 1)->host() == "2001:db8::1");
  for (const char* bad : {"localhost", "127.1", "0x7f.0.0.1", "2130706433", "", "1.2.3.4.5"}) {
    CHECK_FALSE(SocketAddress::parse(bad, 80));
  }
}

TEST_CASE("bytes written on one end are read on the other until the end of the stream",
          "[runtime][net]") {
  const std::string big(3'000'000, 'x');
  std::string received;
  with_connection(
      [&](TcpStream& stream) {
        std::array<char, 10'000> buffer{};
        for (;;) {
          const auto n = stream.read_some(buffer, in(seconds(5)));
          REQUIRE(n);
          if (*n == 0) break;
          received.append(buffer.data(), *n);
        }
        REQUIRE(stream.write_all("got it", in(seconds(5))));
      },
      [&](TcpStream& stream) {
        REQUIRE(stream.write_all("head ", big, in(seconds(5))));
        stream.shutdown_write();
        std::array<char, 100> buffer{};
        const auto n = stream.read_some(buffer, in(seconds(5)));
        REQUIRE(n);
        CHECK(std::string(buffer.data(), *n) == "got it");
      });
  CHECK(received == "head " + big);
}

TEST_CASE("a read ends at its deadline", "[runtime][net]") {
  with_connection(
      [](TcpStream& stream) {
        sleep_for(milliseconds(40));
        static_cast<void>(stream);
      },
      [](TcpStream& stream) {
        std::array<char, 10> buffer{};
        const SteadyTime deadline = in(milliseconds(20));
        const auto n = stream.read_some(buffer, deadline);
        REQUIRE_FALSE(n);
        CHECK(n.error().code == ErrorCode::kTimeout);
        CHECK(Shard::current()->now() >= deadline);
      });
}

TEST_CASE("a write to a peer that does not read ends at its deadline", "[runtime][net]") {
  WaitPoint done;
  with_connection([&](TcpStream&) { done.wait(); },
                  [&](TcpStream& stream) {
                    const std::string chunk(1'000'000, 'x');
                    Status status;
                    for (int i = 0; i < 100 && status; ++i) {
                      status = stream.write_all(chunk, in(milliseconds(50)));
                    }
                    REQUIRE_FALSE(status);
                    CHECK(status.error().code == ErrorCode::kTimeout);
                    done.wake();
                  });
}

TEST_CASE("a write to a peer that has gone is an error and no signal", "[runtime][net]") {
  WaitPoint connected;
  WaitPoint closed;
  with_connection(
      [&](TcpStream& stream) {
        connected.wait();
        stream.reset();
        closed.wake();
      },
      [&](TcpStream& stream) {
        connected.wake();
        closed.wait();
        Status status;
        for (int i = 0; i < 100 && status; ++i) {
          status = stream.write_all("x", in(seconds(1)));
          yield();
        }
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::kUnavailable);
        CHECK(stream.peer_gone());
      });
}

TEST_CASE("shutdown wakes a fiber that reads", "[runtime][net]") {
  with_connection([](TcpStream&) { sleep_for(milliseconds(50)); },
                  [](TcpStream& stream) {
                    REQUIRE(Shard::current()->spawn([&] { stream.shutdown(); }));
                    std::array<char, 10> buffer{};
                    const auto n = stream.read_some(buffer, in(seconds(5)));
                    REQUIRE(n);
                    CHECK(*n == 0);
                  });
}

TEST_CASE("a parked stream calls back once when bytes come", "[runtime][net]") {
  with_connection(
      [](TcpStream& stream) {
        sleep_for(milliseconds(10));
        REQUIRE(stream.write_all("a", in(seconds(1))));
        sleep_for(milliseconds(10));
        REQUIRE(stream.write_all("b", in(seconds(1))));
        sleep_for(milliseconds(10));
      },
      [](TcpStream& stream) {
        std::array<char, 10> buffer{};
        CHECK(stream.try_read(buffer).error().code == ErrorCode::kTimeout);
        int calls = 0;
        WaitPoint called;
        stream.park([&] {
          ++calls;
          called.wake();
        });
        REQUIRE(called.wait(in(seconds(5))));
        sleep_for(milliseconds(40));
        CHECK(calls == 1);
        CHECK(*stream.read_some(buffer, in(seconds(1))) == 2);
      });
}

TEST_CASE("a stream is dry after a read that did not fill the buffer, until more comes or the end",
          "[runtime][net]") {
  WaitPoint asked;
  with_connection(
      [&](TcpStream& server) {
        std::array<char, 4> exact{};
        std::array<char, 100> roomy{};
        REQUIRE(server.read_some(exact, in(seconds(5))));
        CHECK_FALSE(server.is_read_dry());  // "abcd" came, and perhaps more
        CHECK(server.try_read(roomy).error().code == ErrorCode::kTimeout);
        asked.wake();
        REQUIRE(server.read_some(roomy, in(seconds(5))));
        CHECK(server.is_read_dry());
        bool called = false;
        server.park([&called] { called = true; });
        asked.wake();
        for (int i = 0; i < 1000 && !called; ++i) sleep_for(milliseconds(1));
        CHECK(called);
        CHECK_FALSE(server.is_read_dry());
        CHECK(*server.try_read(roomy) == 2);
        asked.wake();
        for (int i = 0; i < 1000 && !server.peer_gone(); ++i) sleep_for(milliseconds(1));
        CHECK_FALSE(server.is_read_dry());
        CHECK(*server.try_read(roomy) == 0);
      },
      [&](TcpStream& client) {
        for (const char* text : {"abcd", "efg", "hi"}) {
          REQUIRE(client.write_all(text, in(seconds(5))));
          asked.wait();
        }
        client.shutdown_write();
      });
}

TEST_CASE("connecting to a port where nobody listens is refused", "[runtime][net]") {
  run_on_shard([](Shard&) {
    Result<TcpListener> listener = TcpListener::bind("127.0.0.1", 0);
    REQUIRE(listener);
    const std::uint16_t port = listener->port();
    *listener = TcpListener();
    const auto stream = connect("127.0.0.1", port, in(seconds(5)));
    REQUIRE_FALSE(stream);
    CHECK(stream.error().code == ErrorCode::kUnavailable);
  });
}

TEST_CASE("an address that is taken cannot be bound", "[runtime][net]") {
  run_on_shard([](Shard&) {
    const Result<TcpListener> first = TcpListener::bind("127.0.0.1", 0);
    REQUIRE(first);
    const Result<TcpListener> second = TcpListener::bind("127.0.0.1", first->port());
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::kUnavailable);
    CHECK_FALSE(TcpListener::bind("not an address", 0));
  });
}

TEST_CASE("names are resolved while other fibers run", "[runtime][net]") {
  run_on_shard([](Shard& shard) {
    const auto numeric = resolve("127.0.0.1", 80, in(seconds(1)));
    REQUIRE(numeric);
    CHECK(numeric->front().to_string() == "127.0.0.1:80");

    auto turns = std::make_shared<int>(0);  // the fiber outlives this scope
    auto done = std::make_shared<bool>(false);
    REQUIRE(shard.spawn([turns, done] {
      while (!*done) {
        ++*turns;
        yield();
      }
    }));
    const auto named = resolve("localhost", 80, in(seconds(10)));
    *done = true;
    REQUIRE(named);
    CHECK(named->front().port() == 80);
    CHECK(*turns > 0);
  });
}

TEST_CASE("a look-up that takes too long is given up", "[runtime][net]") {
  run_on_shard([](Shard& shard) {
    const auto late = resolve("localhost", 80, shard.now());
    if (!late) CHECK(late.error().code == ErrorCode::kTimeout);
    sleep_for(milliseconds(20));  // the answer finds nobody
  });
}

TEST_CASE("accept gives other fibers a turn when many connections wait", "[runtime][net]") {
  run_on_shard([](Shard& shard) {
    Result<TcpListener> listener = TcpListener::bind("127.0.0.1", 0);
    REQUIRE(listener);
    constexpr int kCount = 3 * TcpListener::kAcceptsPerTurn;
    std::vector<TcpStream> clients;
    for (int i = 0; i < kCount; ++i) {
      clients.push_back(*connect(listener->address(), in(seconds(5))));
    }
    auto finished = std::make_shared<bool>(false);  // the fiber outlives this scope
    auto turns = std::make_shared<int>(0);
    REQUIRE(shard.spawn([turns, finished] {
      while (!*finished) {
        ++*turns;
        yield();
      }
    }));
    std::vector<TcpStream> accepted;
    for (int i = 0; i < kCount; ++i) accepted.push_back(*listener->accept(in(seconds(5))));
    *finished = true;
    CHECK(*turns >= 2);
    CHECK(*turns < 20);
  });
}

TEST_CASE("closing a listener wakes the fiber that accepts", "[runtime][net]") {
  run_on_shard([](Shard& shard) {
    Result<TcpListener> listener = TcpListener::bind("127.0.0.1", 0);
    REQUIRE(listener);
    REQUIRE(shard.spawn([&] { listener->close_soon(); }));
    const auto stream = listener->accept();
    REQUIRE_FALSE(stream);
    CHECK(stream.error().code == ErrorCode::kCancelled);
  });
}

TEST_CASE("pipes are read and written without blocking the thread", "[runtime][net]") {
  run_on_shard([](Shard& shard) {
    std::array<int, 2> fds{};
    REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
    Result<FdStream> reader = FdStream::adopt(fds[0]);
    Result<FdStream> writer = FdStream::adopt(fds[1]);
    REQUIRE(reader);
    REQUIRE(writer);
    const std::string text(1'000'000, 'p');  // more than the pipe holds
    REQUIRE(shard.spawn([&] {
      REQUIRE(writer->write_all(text, in(seconds(5))));
      writer->close();
    }));
    const auto all = reader->read_all(2'000'000, in(seconds(5)));
    REQUIRE(all);
    CHECK(*all == text);
  });
}

TEST_CASE("a pipe without a reader is an error and no signal", "[runtime][net]") {
  run_on_shard([](Shard&) {
    std::array<int, 2> fds{};
    REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
    Result<FdStream> writer = FdStream::adopt(fds[1]);
    close(fds[0]);
    const Status status = writer->write_all("x", in(seconds(1)));
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kUnavailable);
  });
}

TEST_CASE("more than the allowed bytes from a pipe is an error", "[runtime][net]") {
  run_on_shard([](Shard&) {
    std::array<int, 2> fds{};
    REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
    Result<FdStream> reader = FdStream::adopt(fds[0]);
    Result<FdStream> writer = FdStream::adopt(fds[1]);
    REQUIRE(writer->write_all("123456", in(seconds(1))));
    writer->close();
    const auto all = reader->read_all(5, in(seconds(1)));
    REQUIRE_FALSE(all);
    CHECK(all.error().code == ErrorCode::kLimit);
  });
}

TEST_CASE("wait_readable waits for any descriptor that can be polled", "[runtime][net]") {
  run_on_shard([](Shard& shard) {
    std::array<int, 2> fds{};
    REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
    CHECK(wait_readable(fds[0], in(milliseconds(10))).error().code == ErrorCode::kTimeout);
    REQUIRE(shard.spawn([&] { CHECK(write(fds[1], "x", 1) == 1); }));
    CHECK(wait_readable(fds[0], in(seconds(5))));
    CHECK(wait_readable(fds[0], in(seconds(5))));  // still readable
    close(fds[0]);
    close(fds[1]);
    const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK_FALSE(wait_readable(file, in(seconds(1))));
    close(file);
  });
}

TEST_CASE("under a virtual clock a socket's deadline is measured in real time",
          "[runtime][net][clock]") {
  VirtualClock clock(WallTime(milliseconds(0)));
  run_on_shard({.clock = clock}, [](Shard& shard) {
    std::array<int, 2> fds{};
    REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
    Result<FdStream> reader = FdStream::adopt(fds[0]);
    std::thread slow_peer([fd = fds[1]] {
      std::this_thread::sleep_for(milliseconds(50));
      CHECK(write(fd, "x", 1) == 1);
      close(fd);
    });
    // A timer far away must not fire because the peer is slow, nor the read time out.
    const TimeHold hold = shard.hold_time();
    bool fired = false;
    TimerHandle far = shard.at(shard.now() + std::chrono::hours(1), [&] { fired = true; });
    const auto all = reader->read_all(10, in(seconds(10)));
    REQUIRE(all);
    CHECK(*all == "x");
    CHECK_FALSE(fired);
    far.cancel();
    slow_peer.join();
  });
}

TEST_CASE("Beast reads and writes over a stream as over a blocking socket", "[runtime][net]") {
  namespace http = boost::beast::http;
  with_connection(
      [](TcpStream& tcp) {
        BeastStream stream(tcp, in(seconds(5)));
        boost::beast::flat_buffer buffer;
        http::request<http::string_body> request;
        boost::system::error_code ec;
        http::read(stream, buffer, request, ec);
        REQUIRE_FALSE(ec);
        http::response<http::string_body> response(http::status::ok, 11, "echo " + request.body());
        response.prepare_payload();
        http::write(stream, response, ec);
        REQUIRE_FALSE(ec);
      },
      [](TcpStream& tcp) {
        BeastStream stream(tcp, in(seconds(5)));
        http::request<http::string_body> request(http::verb::post, "/", 11, "hello");
        request.prepare_payload();
        boost::system::error_code ec;
        http::write(stream, request, ec);
        REQUIRE_FALSE(ec);
        boost::beast::flat_buffer buffer;
        http::response<http::string_body> response;
        http::read(stream, buffer, response, ec);
        REQUIRE_FALSE(ec);
        CHECK(response.body() == "echo hello");
      });
}

TEST_CASE("addresses that are not everybody's are told from public ones", "[runtime][net]") {
  const auto is_public = [](const char* host) {
    return SocketAddress::parse(host, 1)->is_public();
  };
  for (const char* host : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.254",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.51.100.1",
                           "203.0.113.9",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "fec0::1",
                           "ff02::1",
                           "2001:db8::1",
                           "2001::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::127.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::1",
                           "2002:7f00:1::",
                           "2002:a9fe:a9fe::",
                           "100::1"}) {
    INFO(host);
    CHECK_FALSE(is_public(host));
  }
  for (const char* host :
       {"1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.255.255.255",
        "128.0.0.1", "172.15.255.255", "172.32.0.1", "192.167.1.1", "198.17.255.255", "198.20.0.1",
        "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888",
        "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"}) {
    INFO(host);
    CHECK(is_public(host));
  }
  CHECK_FALSE(SocketAddress().is_public());
}

}  // namespace
}  // namespace pawl::runtime
