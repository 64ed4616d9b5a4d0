#include "runtime/http/parser.h"

#include "base/assert.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace pawl::runtime {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;

// A client can announce any length; memory is taken as bytes come.
constexpr std::uint64_t kReserveMax = 256 * 1024;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// Beast calls a wrong line ending after the version a bad version too.
bool names_our_version(std::string_view data) {
  const std::string_view line = data.substr(0, data.find('\n'));
  return line.find("HTTP/1.1") != std::string_view::npos ||
         line.find("HTTP/1.0") != std::string_view::npos;
}

// Puts what Beast finds straight into our message.
template <typename Message>
class Collector final : public http::basic_parser<std::is_same_v<Message, HttpRequest>> {
 public:
  Message message;
  bool in_head = true;

 private:
  void on_request_impl(http::verb /*method*/, beast::string_view method, beast::string_view target,
                       int version, error_code& /*ec*/) override {
    if constexpr (std::is_same_v<Message, HttpRequest>) {
      message.method = view(method);
      message.target = view(target);
      message.version = version;
    }
  }
  void on_response_impl(int status, beast::string_view /*reason*/, int /*version*/,
                        error_code& /*ec*/) override {
    if constexpr (std::is_same_v<Message, HttpResponse>) message.status = status;
  }
  void on_field_impl(http::field /*name*/, beast::string_view name, beast::string_view value,
                     error_code& /*ec*/) override {
    // Fields of the trailer must not pass for fields of the head; we have no use for them.
    if (in_head) message.headers.add(view(name), view(value));
  }
  void on_header_impl(error_code& /*ec*/) override { in_head = false; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length,
                         error_code& /*ec*/) override {
    if (length) message.body.reserve(static_cast<std::size_t>(std::min(*length, kReserveMax)));
  }
  std::size_t on_body_impl(beast::string_view body, error_code& /*ec*/) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t /*size*/, beast::string_view /*extensions*/,
                            error_code& /*ec*/) override {}
  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, beast::string_view body,
                                 error_code& /*ec*/) override {
    message.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code& /*ec*/) override {}
};

}  // namespace

template <typename Message>
struct HttpParser<Message>::Impl {
  Collector<Message> collector;
  HttpLimits limits;
  std::size_t head_bytes = 0;
  bool started = false;
  int refusal_status = 400;
};

template <typename Message>
HttpParser<Message>::HttpParser(const HttpLimits& limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  impl_->collector.header_limit(static_cast<std::uint32_t>(limits.head_bytes));
  impl_->collector.body_limit(limits.body_bytes);
}

template <typename Message>
HttpParser<Message>::~HttpParser() = default;

template <typename Message>
Result<std::size_t> HttpParser<Message>::feed(std::string_view data) {
  Impl& impl = *impl_;
  const auto refuse = [&impl](int status, ErrorCode code, std::string message) {
    impl.refusal_status = status;
    return Error{code, std::move(message), ""};
  };
  std::size_t used = 0;
  while (!done() && used < data.size()) {
    const bool was_in_head = impl.collector.in_head;
    error_code ec;
    const std::size_t n =
        impl.collector.put(boost::asio::buffer(data.data() + used, data.size() - used), ec);
    used += n;
    if (n > 0) impl.started = true;
    if (was_in_head) {
      // Beast's own limit is for one call, and a slow sender needs many.
      impl.head_bytes += n;
      if (impl.head_bytes > impl.limits.head_bytes || ec == http::error::header_limit) {
        return refuse(431, ErrorCode::kLimit, "the head of the message is too big");
      }
    }
    if (ec == http::error::need_more) {
      // Chunk headers and trailers have no limit in Beast.
      if (data.size() - used > impl.limits.head_bytes) {
        return refuse(was_in_head ? 431 : 400, ErrorCode::kLimit,
                      "a line of the message is too big");
      }
      break;
    }
    if (ec == http::error::body_limit) {
      return refuse(413, ErrorCode::kLimit, "the body of the message is too big");
    }
    if (ec == http::error::bad_version && !names_our_version(data)) {
      return refuse(505, ErrorCode::kInvalid, "not HTTP/1.0 or HTTP/1.1");
    }
    if (ec) return refuse(400, ErrorCode::kInvalid, "not HTTP: " + ec.message());
    if (was_in_head && !impl.collector.in_head) break;
  }
  return used;
}

template <typename Message>
Status HttpParser<Message>::end_of_stream() {
  if (done()) return {};
  error_code ec;
  if (impl_->started) {
    impl_->collector.put_eof(ec);
    if (!ec && done()) return {};
  }
  return Error{ErrorCode::kUnavailable, "the connection closed in the middle of a message", ""};
}

template <typename Message>
void HttpParser<Message>::expect_no_body() {
  if constexpr (std::is_same_v<Message, HttpResponse>) impl_->collector.skip(true);
}

template <typename Message>
bool HttpParser<Message>::limit_body(std::size_t bytes) {
  impl_->limits.body_bytes = bytes;
  const boost::optional<std::uint64_t> length = impl_->collector.content_length();
  if (length && *length > bytes) return false;
  // Beast looks at a chunk's size when it begins.
  impl_->collector.body_limit(bytes);
  return true;
}

template <typename Message>
bool HttpParser<Message>::started() const {
  return impl_->started;
}

template <typename Message>
bool HttpParser<Message>::head_done() const {
  return impl_->collector.is_header_done();
}

template <typename Message>
bool HttpParser<Message>::done() const {
  return impl_->collector.is_done();
}

template <typename Message>
bool HttpParser<Message>::keep_alive() const {
  return impl_->collector.keep_alive();
}

template <typename Message>
int HttpParser<Message>::refusal_status() const {
  return impl_->refusal_status;
}

template <typename Message>
Message& HttpParser<Message>::message() {
  return impl_->collector.message;
}

template class HttpParser<HttpRequest>;
template class HttpParser<HttpResponse>;

int head_refusal(const HttpRequest& request) {
  const HttpHeaders& headers = request.headers;
  // RFC 9112 section 3.2: exactly one Host.
  const std::size_t hosts = headers.count("Host");
  if (hosts > 1 || (hosts == 0 && request.version >= 11)) return 400;
  // RFC 9112 section 6.1: a coding that is not understood would leave the end of the message
  // unknown, and what follows would pass for a request of its own.
  if (headers.has("Transfer-Encoding")) {
    if (request.version < 11 || headers.has("Content-Length")) return 400;
    if (headers.count("Transfer-Encoding") > 1) return 400;
    if (!equal_ignoring_case(headers.get("Transfer-Encoding"), "chunked")) return 501;
  }
  if (headers.has("Expect") && !equal_ignoring_case(headers.get("Expect"), "100-continue"))
    return 417;
  return 0;
}

}  // namespace pawl::runtime
