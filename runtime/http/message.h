// HTTP messages as plain values, for server and client alike.
#pragma once

#include "base/result.h"
#include "runtime/net/address.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::runtime {

// Header fields in the order they came; names compare without case. All text lies in one string, so
// that a request costs two allocations and not two per field; views end with the next change.
class HttpHeaders {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields) {
    for (const Field& field : fields) add(field.name, field.value);
  }

  void add(std::string_view name, std::string_view value);
  // Replaces all fields of that name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  // The first value of `name`; empty when absent (see has()).
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const { return count(name) > 0; }
  std::size_t count(std::string_view name) const;
  // Whether the comma-separated values of `name` contain `token`, without case.
  bool has_token(std::string_view name, std::string_view token) const;

  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  Field operator[](std::size_t index) const;

 private:
  struct Span {
    std::uint32_t offset;  // of the name in text_; the value follows
    std::uint32_t name_bytes;
    std::uint32_t value_bytes;
  };
  std::string text_;
  std::vector<Span> fields_;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

// What a handler may ask about the connection behind a request.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  // The client has hung up, as far as the kernel told us: a long poll need not hand out work.
  virtual bool peer_gone() const = 0;
};

// Takes the body of a request while it comes, so that a large one need not fit in memory.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // On the connection's fiber; may suspend. After an error nothing more comes: the handler answers,
  // and the connection ends.
  virtual Status write(std::string_view bytes) = 0;
  // SHA-256 of what was written, in hex: what a signature says about a body is held to it.
  virtual std::string sha256() = 0;
};

// Gives the body of an answer piece by piece.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Of all of it: the Content-Length. Empty: it is not known, and the connection ends with the
  // body.
  virtual std::optional<std::uint64_t> size() const = 0;
  // Up to `max` bytes; none: that was all. On the connection's fiber; may suspend. After an error
  // the connection is cut: the client sees that bytes are missing.
  virtual Result<std::string> read(std::size_t max) = 0;
};

struct HttpRequest {
  std::string method;  // as sent: "GET"
  std::string target;  // as sent: "/path?query", or "http://host/path?query" (to a proxy)
  int version = 11;    // 10 or 11
  HttpHeaders headers;
  std::string body;
  std::shared_ptr<BodySink> sink;  // took the body, which is empty then; see HttpServerOptions
  SocketAddress peer;
  const HttpConnection* connection = nullptr;  // while the handler runs; null outside a server

  std::string_view path() const;   // "/path"
  std::string_view query() const;  // without the question mark; empty if there is none
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
  std::shared_ptr<BodySource> source = nullptr;  // instead of `body`: servers only
};

// "Not Found" for 404; "Status" for numbers without a name.
std::string_view reason_phrase(int status);

// Whether a field can be sent as it is: a token as name, no control characters in the value. What
// fails this could smuggle a second header or message.
bool is_sendable_field(std::string_view name, std::string_view value);

}  // namespace pawl::runtime
