// Names are looked up on helper threads: getaddrinfo blocks, and would block every fiber of a
// shard.
#include "runtime/fiber/helper_threads.h"
#include "runtime/fiber/shard.h"
#include "runtime/net/address.h"

#include <netdb.h>
#include <utility>

namespace pawl::runtime {
namespace {

constexpr std::size_t kLookupThreads = 4;
constexpr std::size_t kLookupsWaitingMax = 1024;

using Answer = Result<std::vector<SocketAddress>>;

Answer look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int failure = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (failure != 0) {
    const bool unknown = failure == EAI_NONAME || failure == EAI_NODATA;
    return Error{unknown ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                 "cannot resolve '" + host + "': " + gai_strerror(failure), ""};
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    addresses.emplace_back(entry->ai_addr, entry->ai_addrlen);
    addresses.back().set_port(port);
  }
  freeaddrinfo(list);
  if (addresses.empty()) return Error{ErrorCode::kNotFound, "'" + host + "' has no address", ""};
  return addresses;
}

// A look-up may block for half a minute.
HelperThreads& lookup_threads() {
  static auto* threads = new HelperThreads(kLookupThreads, kLookupsWaitingMax);
  return *threads;
}

// Shared with the message that brings the answer: the fiber may have given up by then.
struct Pending {
  WaitPoint answered;
  Answer answer = Error{ErrorCode::kTimeout, "", ""};
  bool done = false;
};

}  // namespace

Result<std::vector<SocketAddress>> resolve(std::string_view host, std::uint16_t port,
                                           SteadyTime deadline) {
  if (Result<SocketAddress> numeric = SocketAddress::parse(host, port))
    return std::vector{*numeric};

  Shard& shard = *Shard::current();
  const TimeHold hold = shard.hold_time();
  auto pending = std::make_shared<Pending>();
  const bool accepted = lookup_threads().submit(
      [name = std::string(host), port, box = shard.mailbox(), pending]() mutable {
        box->post([pending = std::move(pending), answer = look_up(name, port)]() mutable {
          pending->answer = std::move(answer);
          pending->done = true;
          pending->answered.wake();
        });
      });
  if (!accepted) return Error{ErrorCode::kLimit, "too many names are being looked up", ""};
  while (!pending->done) {
    if (!pending->answered.wait_for_input(deadline)) {
      return Error{ErrorCode::kTimeout, "looking up '" + std::string(host) + "' took too long", ""};
    }
  }
  return std::move(pending->answer);
}

}  // namespace pawl::runtime
