// Internal to runtime/http: bytes in, messages out, without a socket. Boost.Beast does the parsing;
// the bounds it lacks are added here.
#pragma once

#include "base/result.h"
#include "runtime/http/message.h"

#include <cstddef>
#include <memory>
#include <string_view>

namespace pawl::runtime {

struct HttpLimits {
  std::size_t head_bytes;  // start line and fields together; also one chunk header, or the trailer
  std::size_t body_bytes;
};

// One message, a request or a response. feed() it until done(), then take message().
template <typename Message>
class HttpParser {
 public:
  explicit HttpParser(const HttpLimits& limits);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  // Parses a part of `data` and returns how many bytes it used up; the caller gives the rest again,
  // followed by what came since. Stops after the head, so that the caller can look at it, and at
  // the end of the message. Zero bytes used: more are needed. kInvalid or kLimit: see
  // refusal_status().
  Result<std::size_t> feed(std::string_view data);

  // The peer closed. Ok when that is how this message ends (a response without length).
  Status end_of_stream();

  // Before feed(): the message has no body whatever its head says (the answer to HEAD).
  void expect_no_body();

  // After the head: the body may have no more than this, instead of limits.body_bytes. False: it
  // says already that it has.
  bool limit_body(std::size_t bytes);

  bool started() const;  // some bytes were used
  bool head_done() const;
  bool done() const;
  bool keep_alive() const;     // after the head
  int refusal_status() const;  // after feed() failed: what a server answers

  Message& message();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

extern template class HttpParser<HttpRequest>;
extern template class HttpParser<HttpResponse>;

// What a server must refuse although it parses: 0, or the status to answer.
int head_refusal(const HttpRequest& request);

}  // namespace pawl::runtime
