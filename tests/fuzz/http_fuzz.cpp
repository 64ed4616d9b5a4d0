// HTTP messages from outside, whole and in two parts: the bounds hold, and how the bytes are cut
// changes nothing.
#include "base/assert.h"
#include "runtime/http/parser.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace {

using namespace pawl::runtime;  // NOLINT(google-build-using-namespace)

struct Seen {
  bool failed = false;
  bool done = false;
  std::string body;
};

// Feeds `bytes` up to `cut` first, then all that was not used up.
template <typename Message>
Seen parse(std::string_view bytes, std::size_t cut) {
  constexpr HttpLimits kLimits{4096, 8192};
  HttpParser<Message> parser(kLimits);
  Seen seen;
  std::size_t used = 0;
  for (const std::size_t end : {cut, bytes.size()}) {
    while (!parser.done()) {
      const pawl::Result<std::size_t> more = parser.feed(bytes.substr(used, end - used));
      if (!more) {
        PAWL_ASSERT(!more.error().message.empty());
        seen.failed = true;
        return seen;
      }
      PAWL_ASSERT(*more <= end - used);
      used += *more;
      if (*more == 0) break;
    }
  }
  seen.done = parser.done();
  if (seen.done) {
    PAWL_ASSERT(parser.head_done());
    seen.body = parser.message().body;
    PAWL_ASSERT(seen.body.size() <= kLimits.body_bytes);
    if constexpr (std::is_same_v<Message, HttpRequest>) {
      const Message& request = parser.message();
      PAWL_ASSERT(request.path().size() + request.query().size() <= request.target.size() + 1);
      PAWL_ASSERT(!request.path().empty());
      PAWL_ASSERT(request.path().find('?') == std::string_view::npos);
    }
  }
  return seen;
}

template <typename Message>
void check(std::string_view bytes, std::size_t cut) {
  const Seen whole = parse<Message>(bytes, bytes.size());
  const Seen parts = parse<Message>(bytes, cut);
  PAWL_ASSERT(whole.done == parts.done);
  PAWL_ASSERT(whole.body == parts.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.empty() ? 0 : data[0] % (bytes.size() + 1);
  check<HttpRequest>(bytes, cut);
  check<HttpResponse>(bytes, cut);
  return 0;
}
