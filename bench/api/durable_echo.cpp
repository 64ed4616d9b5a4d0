// The limit of W4: Boost.Beast, on one thread by callbacks, that answers a POST once a record of
// 200 bytes is durable by group commit, the same journal and store as pawl's, and does nothing
// else.
//
//   durable_echo DIRECTORY --port N
#include "runtime/journal/journal.h"
#include "runtime/store/encoding.h"
#include "runtime/store/leveldb_store.h"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace runtime = pawl::runtime;
using asio::ip::tcp;

class Session;

// Who waits for which commit.
struct Commits {
  runtime::Journal& journal;
  runtime::Lease lease;
  std::uint64_t records = 0;
  std::deque<std::pair<runtime::CommitNumber, std::shared_ptr<Session>>> waiting;

  runtime::CommitNumber append() {
    std::string key = "k";
    runtime::append_u64(key, records++);
    runtime::Batch batch;
    batch.put(key, std::string(180, 'v'));
    const auto number = journal.append(batch, lease, journal.incarnation());
    if (!number) std::abort();
    return *number;
  }
  void answer_durable();
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Commits& commits) : stream_(std::move(socket)), commits_(commits) {}

  void read() {
    request_ = {};
    http::async_read(stream_, buffer_, request_,
                     [self = shared_from_this()](beast::error_code error, std::size_t /*bytes*/) {
                       if (error) return;
                       self->commits_.waiting.emplace_back(self->commits_.append(), self);
                     });
  }

  void answer() {
    response_ = {};
    response_.version(request_.version());
    response_.keep_alive(request_.keep_alive());
    response_.set(http::field::content_type, "application/x-amz-json-1.0");
    response_.body() = std::move(request_.body());
    response_.prepare_payload();
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code error, std::size_t /*bytes*/) {
                        if (!error && self->response_.keep_alive()) self->read();
                      });
  }

 private:
  beast::tcp_stream stream_;
  Commits& commits_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

void Commits::answer_durable() {
  const runtime::CommitNumber durable = journal.durable();
  while (!waiting.empty() && waiting.front().first <= durable) {
    waiting.front().second->answer();
    waiting.pop_front();
  }
}

void accept(tcp::acceptor& acceptor, Commits& commits) {
  acceptor.async_accept([&](beast::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket), commits)->read();
    }
    accept(acceptor, commits);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  auto store = runtime::open_leveldb({.path = argv[1]});
  if (!store) return 1;
  const auto lease = (*store)->lease(0);
  if (!lease) return 1;
  asio::io_context context(1);
  runtime::Journal journal(**store);
  Commits commits{.journal = journal, .lease = *lease, .waiting = {}};
  journal.on_progress([&] { asio::post(context, [&] { commits.answer_durable(); }); });
  const auto port = static_cast<unsigned short>(std::atoi(argv[3]));
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
  accept(acceptor, commits);
  context.run();
}
