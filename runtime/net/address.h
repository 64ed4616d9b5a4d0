// An IP address and port as a value, and how names become addresses.
#pragma once

#include "base/result.h"
#include "runtime/clock/clock.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

namespace pawl::runtime {

class SocketAddress {
 public:
  SocketAddress() = default;  // unspecified; family() is AF_UNSPEC
  SocketAddress(const sockaddr* address, socklen_t bytes);

  // `host` in digits: "127.0.0.1", "::1" or "[::1]". kInvalid for anything else, names included.
  static Result<SocketAddress> parse(std::string_view host, std::uint16_t port);

  int family() const { return storage_.ss_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  // Only this machine can reach it: 127.0.0.0/8, ::1, and the former written as IPv6.
  bool is_loopback() const;
  // Anybody on the internet might have it. False for what names this machine, this network, or
  // nobody: loopback, private, link-local, shared (100.64/10), unspecified, multicast, reserved and
  // documentation ranges; an IPv4 address inside an IPv6 one (mapped, 6to4, NAT64) decides for it.
  //
  // Source: IANA's registries of special-purpose addresses (RFC 6890).
  bool is_public() const;
  // The address without port, as text: "127.0.0.1" or "::1".
  std::string host() const;
  // "127.0.0.1:80" or "[::1]:80".
  std::string to_string() const;

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t bytes() const { return bytes_; }

 private:
  sockaddr_storage storage_{};
  socklen_t bytes_ = 0;
};

// The addresses of `host`, digits or name, in the order to try them; at least one. Suspends: names
// are looked up by getaddrinfo on a helper thread. kTimeout at `deadline` (the look-up goes on and
// is forgotten), kNotFound for an unknown name, kLimit when too many look-ups are under way.
Result<std::vector<SocketAddress>> resolve(std::string_view host, std::uint16_t port,
                                           SteadyTime deadline);

}  // namespace pawl::runtime
