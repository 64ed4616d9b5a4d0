#include "runtime/http/client.h"

#include "runtime/fiber/shard_impl.h"
#include "runtime/http/parser.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <utility>

namespace pawl::runtime {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

Error bad_url(std::string_view text, std::string_view why) {
  return Error{ErrorCode::kInvalid, "bad URL '" + std::string(text) + "': " + std::string(why), ""};
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (!is_visible_ascii(text)) return bad_url(text, "characters that must be percent-encoded");
  const std::size_t colon = text.find("://");
  if (colon == 0 || colon == std::string_view::npos) return bad_url(text, "no scheme");
  Url url;
  for (const char c : text.substr(0, colon)) {
    const bool upper = c >= 'A' && c <= 'Z';
    url.scheme += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, end);
  rest = rest.substr(end);
  rest = rest.substr(0, rest.find('#'));
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);

  if (authority.find('@') != std::string_view::npos) return bad_url(text, "user information");
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad_url(text, "'[' without ']'");
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!SocketAddress::parse(url.host, 0)) return bad_url(text, "not an IPv6 address");
  } else {
    const std::size_t mark = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, mark);
    port = authority.substr(mark);
    constexpr std::string_view kHostCharacters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    if (url.host.find_first_not_of(kHostCharacters) != std::string::npos) {
      return bad_url(text, "characters that a host name cannot have");
    }
  }
  if (url.host.empty()) return bad_url(text, "no host");
  url.port = default_port(url.scheme);
  if (!port.empty() && port != ":") {
    const auto* const last = port.data() + port.size();
    const auto [parsed_to, error] = std::from_chars(port.data() + 1, last, url.port);
    if (port.front() != ':' || error != std::errc() || parsed_to != last || url.port == 0) {
      return bad_url(text, "bad port");
    }
  }
  return url;
}

std::string Url::authority() const {
  std::string text = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

// Connections that are in use belong to their call; idle ones wait here, parked, newest last.
struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
  struct Idle {
    std::uint64_t id;
    std::unique_ptr<Stream> stream;
    SteadyTime since;  // real time
  };
  struct Host {
    std::deque<Idle> idle;
    std::size_t open = 0;            // idle and in use
    std::deque<WaitPoint*> waiters;  // for a connection of their own
  };
  struct Lease {
    std::unique_ptr<Stream> stream;
    bool reused = false;
  };

  Impl(Shard& s, HttpClientOptions o)
      : shard(s), options(std::move(o)), scratch(kScratchBytes, '\0') {}

  // ---- the pool ----

  static std::string key_of(const Url& url) {
    return url.scheme + "://" + url.host + ":" + std::to_string(url.port);
  }

  Result<Lease> acquire(const Url& url, SteadyTime deadline, bool fresh) {
    const std::string key = key_of(url);
    for (;;) {
      Host& host = hosts[key];
      while (!fresh && !host.idle.empty()) {
        Idle idle = std::move(host.idle.back());
        host.idle.pop_back();
        --idle_count;
        idle.stream->park(nullptr);
        // Bytes or an end that came while it was idle make it useless.
        const Result<std::size_t> n = idle.stream->try_read(scratch);
        if (!n && n.error().code == ErrorCode::kTimeout) return Lease{std::move(idle.stream), true};
        --host.open;
      }
      if (fresh && !host.idle.empty() && host.open >= options.max_connections_per_host) {
        drop_oldest(host);
      }
      if (host.open < options.max_connections_per_host) {
        ++host.open;
        Result<std::unique_ptr<Stream>> stream = open(url, deadline);
        if (stream) return Lease{std::move(*stream), false};
        closed(key);
        return std::move(stream).error();
      }
      WaitPoint turn;
      host.waiters.push_back(&turn);
      const bool woken = turn.wait_for_input(deadline);
      if (!woken) {
        std::erase(hosts[key].waiters, &turn);
        return Error{ErrorCode::kTimeout, "no free connection to " + url.authority(), ""};
      }
    }
  }

  Result<std::unique_ptr<Stream>> open(const Url& url, SteadyTime deadline) {
    deadline = std::min(deadline, shard.clock().after(options.connect_timeout));
    Result<std::vector<SocketAddress>> addresses = resolve(url.host, url.port, deadline);
    if (!addresses) return std::move(addresses).error();
    Error last;
    for (const SocketAddress& address : *addresses) {
      if (options.allow_address) {
        if (Status allowed = options.allow_address(address); !allowed) {
          last = std::move(allowed).error();
          continue;
        }
      }
      Result<TcpStream> stream = connect(address, deadline);
      if (stream) {
        if (url.scheme == "https") return options.wrap_tls(std::move(*stream), url, deadline);
        return std::unique_ptr<Stream>(std::make_unique<TcpStream>(std::move(*stream)));
      }
      last = std::move(stream).error();
      if (last.code == ErrorCode::kTimeout) break;
    }
    return last;
  }

  void give_back(const std::string& key, std::unique_ptr<Stream> stream) {
    Host& host = hosts[key];
    if (host.idle.size() >= options.max_idle_per_host || idle_count >= options.max_idle ||
        shard.stopping()) {
      stream.reset();
      closed(key);
      return;
    }
    const std::uint64_t id = next_id++;
    stream->park([weak = weak_from_this(), key, id] {
      // In the middle of a batch of events: destroy it by message.
      Shard::current()->post([weak, key, id] {
        if (const auto self = weak.lock()) self->drop(key, id);
      });
    });
    host.idle.push_back({id, std::move(stream), std::chrono::steady_clock::now()});
    ++idle_count;
    if (!idle_timer.armed()) arm_idle_timer();
    wake_waiter(host);
  }

  // One connection less to `key`.
  void closed(const std::string& key) {
    const auto found = hosts.find(key);
    Host& host = found->second;
    --host.open;
    wake_waiter(host);
    if (host.open == 0 && host.waiters.empty()) hosts.erase(found);
  }

  static void wake_waiter(Host& host) {
    if (host.waiters.empty()) return;
    host.waiters.front()->wake();
    host.waiters.pop_front();
  }

  void drop(const std::string& key, std::uint64_t id) {
    const auto found = hosts.find(key);
    if (found == hosts.end()) return;
    auto& idle = found->second.idle;
    const auto it =
        std::find_if(idle.begin(), idle.end(), [id](const Idle& i) { return i.id == id; });
    if (it == idle.end()) return;  // in use again; its owner will notice
    idle.erase(it);
    --idle_count;
    closed(key);
  }

  void drop_oldest(Host& host) {
    host.idle.pop_front();
    --idle_count;
    --host.open;
  }

  void arm_idle_timer() {
    // One look per idle time, so that a connection goes after one to two of them.
    idle_timer = shard.impl().input_timers().add(
        std::chrono::steady_clock::now() + options.idle_timeout, [this] {
          close_idle(std::chrono::steady_clock::now() - options.idle_timeout);
          if (idle_count > 0) arm_idle_timer();
        });
  }

  void close_idle(SteadyTime since) {
    std::vector<std::pair<std::string, std::uint64_t>> expired;
    for (const auto& [key, host] : hosts) {
      for (const Idle& idle : host.idle) {
        if (idle.since <= since) expired.emplace_back(key, idle.id);
      }
    }
    for (const auto& [key, id] : expired) drop(key, id);
  }

  // ---- one exchange ----

  struct Outcome {
    Result<HttpResponse> response;
    bool keep = false;            // the connection can serve again
    bool answer_started = false;  // some byte of the answer came
  };

  Outcome exchange(Stream& stream, const HttpCall& call, std::string_view head) {
    const Status sent = stream.write_all(head, call.body, call.deadline);
    if (!sent && sent.error().code == ErrorCode::kTimeout) return {sent.error()};
    // A server may refuse a body with an answer and close: look for the answer also when the rest
    // could not be sent.
    const HttpLimits limits{options.max_head_bytes, call.max_response_bytes};
    auto parser = std::make_unique<HttpParser<HttpResponse>>(limits);
    if (call.method == "HEAD") parser->expect_no_body();
    std::string pending;
    bool started = false;
    for (;;) {
      while (!pending.empty() && !parser->done()) {
        const Result<std::size_t> used = parser->feed(pending);
        if (!used) {
          const bool limit = used.error().code == ErrorCode::kLimit;
          return {Error{limit ? ErrorCode::kLimit : ErrorCode::kUnavailable,
                        "answer of " + call.url + ": " + used.error().message, ""},
                  false, true};
        }
        pending.erase(0, *used);
        if (parser->done() && parser->message().status / 100 == 1) {
          parser = std::make_unique<HttpParser<HttpResponse>>(limits);  // 100, 103: not the answer
          if (call.method == "HEAD") parser->expect_no_body();
        } else if (*used == 0) {
          break;
        }
      }
      if (parser->done()) break;
      const Result<std::size_t> n = stream.read_some(scratch, call.deadline);
      if (!n) return {sent ? n.error() : sent.error(), false, started};
      if (*n == 0) {
        if (Status ended = parser->end_of_stream(); !ended) return {ended.error(), false, started};
        break;
      }
      started = true;
      pending.append(scratch, 0, *n);
    }
    const bool keep = sent.has_value() && parser->keep_alive() && pending.empty();
    return {std::move(parser->message()), keep, true};
  }

  Result<HttpResponse> call(const HttpCall& call, const Url& url) {
    const std::string head = head_of(call, url);
    const std::string key = key_of(url);
    const auto was_cut = [&call] { return call.cut != nullptr && call.cut->is_cut(); };
    const Error cut_error{ErrorCode::kCancelled, "the call was given up", ""};
    for (bool fresh = false;; fresh = true) {
      if (was_cut()) return cut_error;
      Result<Lease> lease = acquire(url, call.deadline, fresh);
      if (!lease) return std::move(lease).error();
      if (was_cut()) {
        give_back(key, std::move(lease->stream));
        return cut_error;
      }
      if (call.cut != nullptr) call.cut->stream_ = lease->stream.get();
      Outcome outcome = exchange(*lease->stream, call, head);
      if (call.cut != nullptr) call.cut->stream_ = nullptr;
      if (was_cut()) {
        lease->stream.reset();
        closed(key);
        return cut_error;
      }
      if (outcome.keep) {
        give_back(key, std::move(lease->stream));
      } else {
        lease->stream.reset();
        closed(key);
      }
      const bool stale = lease->reused && !outcome.response && !outcome.answer_started &&
                         outcome.response.error().code == ErrorCode::kUnavailable;
      if (!stale || !call.may_resend) return std::move(outcome.response);
    }
  }

  static std::string head_of(const HttpCall& call, const Url& url) {
    std::string head;
    head.reserve(256);
    head.append(call.method).append(" ").append(url.target).append(" HTTP/1.1\r\n");
    if (!call.headers.has("Host")) head.append("Host: ").append(url.authority()).append("\r\n");
    for (std::size_t i = 0; i < call.headers.size(); ++i) {
      const HttpHeaders::Field field = call.headers[i];
      if (equal_ignoring_case(field.name, "Content-Length")) continue;
      head.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    const bool usually_has_body =
        call.method == "POST" || call.method == "PUT" || call.method == "PATCH";
    if (!call.body.empty() || usually_has_body) {
      head.append("Content-Length: ").append(std::to_string(call.body.size())).append("\r\n");
    }
    return head.append("\r\n");
  }

  Shard& shard;
  const HttpClientOptions options;
  std::string scratch;  // what reads go into; holds nothing across a suspension
  std::map<std::string, Host> hosts;
  std::size_t idle_count = 0;
  std::uint64_t next_id = 0;
  TimerHandle idle_timer;
  StopHook stop_hook;
};

void HttpCut::cut() {
  cut_ = true;
  if (stream_ != nullptr) stream_->shutdown();
}

HttpClientOptions::Wrap tls_with(std::shared_ptr<TlsContext> context) {
  return [context = std::move(context)](TcpStream plain, const Url& url,
                                        SteadyTime deadline) -> Result<std::unique_ptr<Stream>> {
    auto stream = std::make_unique<TlsStream>(std::move(plain), context, url.host);
    if (Status done = stream->handshake(deadline); !done) {
      Error error = std::move(done).error();
      error.message = url.authority() + ": " + error.message;
      return error;
    }
    return std::unique_ptr<Stream>(std::move(stream));
  };
}

HttpClient::HttpClient(Shard& shard, HttpClientOptions options)
    : impl_(std::make_shared<Impl>(shard, std::move(options))) {
  impl_->stop_hook = shard.on_stop([impl = impl_.get()] {
    impl->idle_timer.cancel();
    impl->close_idle(kNever);
  });
}

HttpClient::~HttpClient() {
  impl_->stop_hook = StopHook();
  impl_->idle_timer.cancel();
  impl_->close_idle(kNever);
}

Result<HttpResponse> HttpClient::call(const HttpCall& call) {
  Result<Url> url = Url::parse(call.url);
  if (!url) return std::move(url).error();
  const bool tls = url->scheme == "https";
  if ((!tls && url->scheme != "http") || (tls && !impl_->options.wrap_tls)) {
    return Error{ErrorCode::kUnsupported, "cannot call '" + url->scheme + "' URLs", ""};
  }
  if (!is_sendable_field(call.method, "")) {
    return Error{ErrorCode::kInvalid, "'" + call.method + "' is not a method", ""};
  }
  for (std::size_t i = 0; i < call.headers.size(); ++i) {
    const HttpHeaders::Field field = call.headers[i];
    if (!is_sendable_field(field.name, field.value) ||
        equal_ignoring_case(field.name, "Transfer-Encoding")) {
      return Error{ErrorCode::kInvalid, "header '" + std::string(field.name) + "' cannot be sent",
                   ""};
    }
  }
  const TimeHold hold = call.holds_time ? impl_->shard.hold_time() : TimeHold();
  const std::shared_ptr<Impl> impl = impl_;
  return impl->call(call, *url);
}

std::size_t HttpClient::idle_connections() const { return impl_->idle_count; }

void HttpClient::close_idle() { impl_->close_idle(kNever); }

}  // namespace pawl::runtime
