#include "runtime/http/server.h"

#include "runtime/fiber/shard_impl.h"
#include "runtime/http/parser.h"
#include "runtime/log/log.h"
#include "runtime/net/socket.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::runtime {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;
// An answer that streams is read and sent in pieces of this size.
constexpr std::size_t kPieceBytes = 256 * 1024;

// After a refusal the client may still be sending. Closing at once would reset the connection and
// could destroy our answer on its way (RFC 9112 section 9.6), so read on for a while.
// Requests and answers up to this size are served even when too many bytes are held: otherwise big
// ones could shut out all others.
constexpr std::size_t kSmallBytes = 16 * 1024;

constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::size_t kLingerBytes = std::size_t{1024} * 1024;

constexpr std::string_view kBusyAnswer =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
    "Connection: close\r\n\r\n";

std::string http_date(WallTime now) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  // The C locale's names: nobody in this program calls setlocale.
  const std::size_t n =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), n};
}

class Connection final : public HttpConnection {
 public:
  Connection(TcpStream plain, const std::shared_ptr<TlsContext>& context)
      : peer(plain.peer()), owned(wrap(std::move(plain), context, tls)), stream(*owned) {}
  bool peer_gone() const override { return stream.peer_gone(); }

  TlsStream* tls = nullptr;  // `owned`, if it is one
  SocketAddress peer;
  std::unique_ptr<Stream> owned;
  Stream& stream;
  std::string pending;    // bytes that came and are not parsed yet
  std::size_t index = 0;  // in Impl::connections
  // While parked, in the order of parking:
  bool parked = false;
  SteadyTime parked_at{};  // real time
  Connection* earlier = nullptr;
  Connection* later = nullptr;

 private:
  static std::unique_ptr<Stream> wrap(TcpStream plain, const std::shared_ptr<TlsContext>& context,
                                      TlsStream*& tls) {
    if (context == nullptr) return std::make_unique<TcpStream>(std::move(plain));
    auto encrypted = std::make_unique<TlsStream>(std::move(plain), context);
    tls = encrypted.get();
    return encrypted;
  }
};

// What one request holds of the bytes that all of them may hold together.
class Buffered {
 public:
  explicit Buffered(std::size_t& total) : total_(total) {}
  ~Buffered() { set(0); }
  Buffered(const Buffered&) = delete;
  Buffered& operator=(const Buffered&) = delete;
  void set(std::size_t bytes) {
    total_ += bytes - size_;
    size_ = bytes;
  }
  std::size_t size() const { return size_; }

 private:
  std::size_t& total_;
  std::size_t size_ = 0;
};

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(Shard& s, HttpServerOptions o, Handler h)
      : shard(s), options(std::move(o)), handler(std::move(h)), scratch(kScratchBytes, '\0') {}

  // ---- life of a connection ----

  void accept_connections(TcpListener& listener) {
    for (;;) {
      Result<TcpStream> stream = listener.accept();
      if (!stream) {
        if (stream.error().code == ErrorCode::kCancelled) break;
        log().error("taking connections on port {} failed: {}", port, stream.error().message);
        sleep_for(std::chrono::milliseconds(50));
        continue;
      }
      if (draining) break;
      if (connections.size() >= options.max_connections) {
        refuse(*stream);
        continue;
      }
      connections.push_back(std::make_unique<Connection>(std::move(*stream), options.tls));
      connections.back()->index = connections.size() - 1;
      park(*connections.back());
    }
    listener = TcpListener();
  }

  // On the dispatcher too: an answer without a fiber, sent if the socket takes it at once.
  void refuse(Stream& stream) {
    ++refused;
    static_cast<void>(stream.try_read(scratch));  // unread bytes would turn the close into a reset
    // Before a handshake there is nobody who could read it.
    if (options.tls == nullptr) stream.try_write(kBusyAnswer);
    stream.shutdown_write();
  }

  void park(Connection& c) {
    c.parked = true;
    c.parked_at = std::chrono::steady_clock::now();
    c.earlier = last_parked;
    (last_parked != nullptr ? last_parked->later : first_parked) = &c;
    last_parked = &c;
    if (!idle_timer.armed()) arm_idle_timer();
    c.stream.park([this, &c] { start(c); });
  }

  void unpark(Connection& c) {
    c.parked = false;
    (c.earlier != nullptr ? c.earlier->later : first_parked) = c.later;
    (c.later != nullptr ? c.later->earlier : last_parked) = c.earlier;
    c.earlier = c.later = nullptr;
    c.stream.park(nullptr);
  }

  // One timer for all: the idle time is the same, so they expire in the order of parking.
  void arm_idle_timer() {
    idle_timer = shard.impl().input_timers().add(first_parked->parked_at + options.idle_timeout,
                                                 [this] { close_expired(); });
  }

  void close_expired() {
    const SteadyTime limit = std::chrono::steady_clock::now() - options.idle_timeout;
    while (first_parked != nullptr && first_parked->parked_at <= limit) destroy(*first_parked);
    if (first_parked != nullptr) arm_idle_timer();
  }

  // On the dispatcher, in a batch of events: a parked connection has bytes, or has ended.
  void start(Connection& c) {
    unpark(c);
    const Status started = shard.spawn([self = shared_from_this(), &c] { self->serve(c); });
    if (started) {
      ++active;
      return;
    }
    // No fiber left. After the batch (FIBERS.md, trap 9), which `c` survives: nobody else knows it.
    shard.post([self = shared_from_this(), &c] {
      self->refuse(c.stream);
      self->destroy(c);
    });
  }

  void destroy(Connection& c) {
    if (c.parked) unpark(c);
    const std::size_t index = c.index;
    std::swap(connections[index], connections.back());
    connections[index]->index = index;
    connections.pop_back();
    if (draining && connections.empty()) drained.wake();
  }

  void serve(Connection& c) {
    const bool idle = serve_requests(c);
    --active;
    if (idle && !draining) {
      park(c);
    } else {
      destroy(c);
    }
  }

  // ---- requests ----

  bool is_full() const { return buffered > options.max_buffered_bytes; }

  // Serves until the connection is idle, true, or over, false.
  bool serve_requests(Connection& c) {
    if (c.tls != nullptr && !c.tls->is_ready()) {
      const Status greeted = c.tls->handshake(shard.clock().after(options.header_timeout));
      if (!greeted) {
        log().debug("{}: {}", c.peer.to_string(), greeted.error().message);
        return false;
      }
    }
    for (;;) {
      {
        HttpParser<HttpRequest> parser({options.max_head_bytes, body_bytes_max()});
        Buffered held(buffered);
        if (!read_request(c, parser, held)) return false;
        HttpRequest& request = parser.message();
        request.peer = c.peer;
        request.connection = &c;
        HttpResponse response = handle(request);
        held.set(response.body.size());
        // Clients that ask for much and read slowly would gather it here.
        if (is_full() && response.body.size() > kSmallBytes) {
          ++refused;
          response = {.status = 503, .headers = {}, .body = {}};
          held.set(0);
        }
        const bool endless = response.source != nullptr && !response.source->size();
        const bool keep = parser.done() && parser.keep_alive() && !draining && !endless;
        if (!answer(c, response, keep, request.version, request.method == "HEAD")) return false;
        if (!parser.done()) linger(c);
        if (!keep) return false;
      }
      shard.yield_if_due();  // a client that pipelines without end is not alone
      if (!c.pending.empty()) continue;
      if (c.stream.is_read_dry()) return true;
      const Result<std::size_t> n = c.stream.try_read(scratch);
      if (!n) return n.error().code == ErrorCode::kTimeout;
      if (*n == 0) return false;
      c.pending.assign(scratch.data(), *n);
    }
  }

  HttpResponse handle(const HttpRequest& request) {
    ++requests;
    try {
      return handler(request);
    } catch (const std::exception& error) {
      log().error("the handler of {} {} failed: {}", request.method, request.target, error.what());
    } catch (...) {
      log().error("the handler of {} {} failed", request.method, request.target);
    }
    return {.status = 500, .headers = {}, .body = {}};
  }

  std::size_t body_bytes_max() const {
    return options.body_sink ? std::max(options.max_body_bytes,
                                        static_cast<std::size_t>(options.max_streamed_bytes))
                             : options.max_body_bytes;
  }

  // Reads one whole request; the rest of a body that its sink refuses stays unread. False: the
  // connection is over, and an answer was given if one is due.
  bool read_request(Connection& c, HttpParser<HttpRequest>& parser, Buffered& held) {
    SteadyTime deadline = shard.clock().after(options.header_timeout);
    bool head_seen = false;
    std::string_view data = c.pending;
    for (;;) {
      std::size_t used_in_all = 0;
      while (!parser.done()) {
        const Result<std::size_t> used = parser.feed(data.substr(used_in_all));
        if (!used) return refuse_request(c, parser.refusal_status());
        used_in_all += *used;
        if (parser.head_done() && !head_seen) {
          head_seen = true;
          deadline = shard.clock().after(options.body_timeout);
          if (const int status = head_refusal(parser.message()); status != 0) {
            return refuse_request(c, status);
          }
          HttpRequest& head = parser.message();
          if (options.body_sink) {
            head.sink = options.body_sink(head);
            if (head.sink == nullptr && !parser.limit_body(options.max_body_bytes)) {
              return refuse_request(c, 413);
            }
          }
          const bool asks =
              parser.message().headers.has("Expect") && parser.message().version >= 11;
          if (asks && !parser.done() && used_in_all == data.size()) {
            if (!c.stream.write_all("HTTP/1.1 100 Continue\r\n\r\n", deadline)) return false;
          }
        } else if (*used == 0 || used_in_all == data.size()) {
          break;
        }
      }
      // `data` is all of `pending`, or all of `scratch` while nothing is pending.
      if (c.pending.empty()) {
        c.pending.assign(data.substr(used_in_all));
      } else {
        c.pending.erase(0, used_in_all);
      }
      if (HttpRequest& request = parser.message(); request.sink != nullptr && head_seen) {
        if (!request.body.empty()) {
          const Status taken = request.sink->write(request.body);
          request.body.clear();
          if (!taken) return true;
          deadline = shard.clock().after(options.body_timeout);
        }
      }
      if (parser.done()) {
        if (c.pending.empty()) c.pending.shrink_to_fit();  // it may be idle for long
        return true;
      }

      held.set(parser.message().body.size() + c.pending.size());
      if (is_full() && held.size() > kSmallBytes) {
        ++refused;
        // Given back before the client is heard out, which may take a while.
        std::string().swap(parser.message().body);
        std::string().swap(c.pending);
        held.set(0);
        return refuse_request(c, 503);
      }
      const Result<std::size_t> n = c.stream.read_some(scratch, deadline);
      if (!n) {
        const bool begun = parser.started() || !c.pending.empty();
        if (n.error().code != ErrorCode::kTimeout || !begun) return false;
        return refuse_request(c, 408);
      }
      if (*n == 0) return false;
      // From here to the next suspension `scratch`, which all connections share, is ours.
      if (c.pending.empty()) {
        data = std::string_view(scratch).substr(0, *n);
      } else {
        c.pending.append(scratch, 0, *n);
        data = c.pending;
      }
    }
  }

  bool refuse_request(Connection& c, int status) {
    if (!answer(c, {.status = status, .headers = {}, .body = {}}, false, 11, false)) return false;
    linger(c);
    return false;
  }

  void linger(Connection& c) {
    c.stream.shutdown_write();
    const SteadyTime deadline = shard.clock().after(kLingerTime);
    for (std::size_t read = 0; read < kLingerBytes;) {
      const Result<std::size_t> n = c.stream.read_some(scratch, deadline);
      if (!n || *n == 0) break;
      read += *n;
    }
  }

  bool answer(Connection& c, const HttpResponse& response, bool keep, int version, bool head_only) {
    bool sendable = response.status >= 200 && response.status <= 999;
    for (std::size_t i = 0; i < response.headers.size(); ++i) {
      const HttpHeaders::Field field = response.headers[i];
      sendable = sendable && is_sendable_field(field.name, field.value);
    }
    if (!sendable) {
      log().error("a handler's answer cannot be sent: bad status or header");
      return answer(c, {.status = 500, .headers = {}, .body = {}}, false, version, head_only) &&
             keep;
    }

    const bool has_body = response.status != 204 && response.status != 304;
    std::string head;
    head.reserve(256);
    head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    head.append(reason_phrase(response.status)).append("\r\n");
    for (std::size_t i = 0; i < response.headers.size(); ++i) {
      const HttpHeaders::Field field = response.headers[i];
      if (equal_ignoring_case(field.name, "Content-Length") ||
          equal_ignoring_case(field.name, "Connection") ||
          equal_ignoring_case(field.name, "Transfer-Encoding")) {
        continue;  // ours to say
      }
      head.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    if (!response.headers.has("Date")) head.append("Date: ").append(date()).append("\r\n");
    if (!response.headers.has("Server") && !options.server_header.empty()) {
      head.append("Server: ").append(options.server_header).append("\r\n");
    }
    const std::optional<std::uint64_t> size =
        response.source != nullptr ? response.source->size() : response.body.size();
    if (has_body && size) {
      head.append("Content-Length: ").append(std::to_string(*size)).append("\r\n");
    }
    if (!keep) {
      head.append("Connection: close\r\n");
    } else if (version < 11) {
      head.append("Connection: keep-alive\r\n");
    }
    head.append("\r\n");
    if (has_body && !head_only && response.source != nullptr) {
      return send_pieces(c, head, *response.source);
    }
    const std::string_view body = has_body && !head_only ? response.body : std::string_view();
    return c.stream.write_all(head, body, shard.clock().after(options.write_timeout)).has_value();
  }

  // Sends the head and a body that comes piece by piece.
  bool send_pieces(Connection& c, const std::string& head, BodySource& source) {
    const std::optional<std::uint64_t> size = source.size();
    if (!c.stream.write_all(head, {}, shard.clock().after(options.write_timeout))) return false;
    for (std::uint64_t sent = 0; !size || sent < *size;) {
      const Result<std::string> piece = read_piece(source);
      if (piece && piece->empty() && !size) return true;
      if (!piece || (size && (piece->empty() || piece->size() > *size - sent))) {
        log().error("an answer was cut: {}", piece ? "its size is wrong" : piece.error().message);
        return false;
      }
      if (!c.stream.write_all(*piece, {}, shard.clock().after(options.write_timeout))) return false;
      sent += piece->size();
    }
    return true;
  }

  static Result<std::string> read_piece(BodySource& source) {
    try {
      return source.read(kPieceBytes);
    } catch (const std::exception& error) {
      return Error{ErrorCode::kInternal, error.what(), ""};
    }
  }

  const std::string& date() {
    const WallTime now = std::chrono::floor<std::chrono::seconds>(shard.clock().wall_now());
    if (now != date_at || date_text.empty()) {
      date_at = now;
      date_text = http_date(now);
    }
    return date_text;
  }

  // ---- the end ----

  void begin_drain() {
    if (draining) return;
    draining = true;
    idle_timer.cancel();
    first_listener.close_soon();
    second_listener.close_soon();
    while (first_parked != nullptr) destroy(*first_parked);
  }

  Shard& shard;
  const HttpServerOptions options;
  const Handler handler;
  TcpListener first_listener;
  TcpListener second_listener;
  std::uint16_t port = 0;
  std::string scratch;  // what reads go into; holds nothing across a suspension

  std::vector<std::unique_ptr<Connection>> connections;
  Connection* first_parked = nullptr;  // parked for longest
  Connection* last_parked = nullptr;
  TimerHandle idle_timer;
  StopHook stop_hook;
  bool draining = false;
  WaitPoint drained;

  std::size_t active = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  std::size_t buffered = 0;  // bytes, see max_buffered_bytes
  WallTime date_at{};
  std::string date_text;
};

HttpServer::HttpServer(Shard& shard, HttpServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(shard, std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() {
  impl_->stop_hook = StopHook();
  impl_->begin_drain();
}

Status HttpServer::start() {
  Result<TcpListener> listener = TcpListener::bind(impl_->options.address, impl_->options.port);
  if (!listener) return std::move(listener).error();
  impl_->first_listener = std::move(*listener);
  impl_->port = impl_->first_listener.port();
  Status started =
      impl_->shard.spawn([impl = impl_] { impl->accept_connections(impl->first_listener); });
  if (!started) {
    impl_->first_listener = TcpListener();
    return started;
  }
  if (!impl_->options.second_address.empty()) {
    Result<TcpListener> second = TcpListener::bind(impl_->options.second_address, impl_->port);
    if (second) {
      impl_->second_listener = std::move(*second);
      impl_->shard.spawn_when_possible(
          [impl = impl_] { impl->accept_connections(impl->second_listener); });
    } else {
      log().debug("{} is not served as well: {}", impl_->options.second_address,
                  second.error().message);
    }
  }
  impl_->stop_hook = impl_->shard.on_stop([impl = impl_.get()] { impl->begin_drain(); });
  return {};
}

Status HttpServer::drain(SteadyTime deadline) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->begin_drain();
  while (!impl->connections.empty()) {
    if (impl->drained.wait_for_input(deadline)) continue;
    for (const auto& connection : impl->connections) connection->stream.shutdown();
    return Error{ErrorCode::kTimeout,
                 std::to_string(impl->connections.size()) + " requests were still under way", ""};
  }
  return {};
}

std::uint16_t HttpServer::port() const { return impl_->port; }

HttpServerStats HttpServer::stats() const {
  return {.connections = impl_->connections.size(),
          .active = impl_->active,
          .requests = impl_->requests,
          .refused = impl_->refused,
          .buffered_bytes = impl_->buffered};
}

}  // namespace pawl::runtime
