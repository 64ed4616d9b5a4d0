#include "runtime/net/address.h"

#include "base/assert.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <initializer_list>
#include <netdb.h>
#include <netinet/in.h>

namespace pawl::runtime {

SocketAddress::SocketAddress(const sockaddr* address, socklen_t bytes) : bytes_(bytes) {
  PAWL_ASSERT(bytes <= sizeof(storage_));
  std::memcpy(&storage_, address, bytes);
}

Result<SocketAddress> SocketAddress::parse(std::string_view host, std::uint16_t port) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const std::string text(host);
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  }
  return Error{ErrorCode::kInvalid, "'" + text + "' is not an IP address", ""};
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_port);
  return 0;
}

void SocketAddress::set_port(std::uint16_t port) {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
}

bool SocketAddress::is_loopback() const {
  if (family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage_);
    return (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
  }
  if (family() != AF_INET6) return false;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

namespace {

struct Range4 {
  std::uint32_t network;
  int bits;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24U | b << 16U | c << 8U | d;
}

constexpr Range4 kNotPublic4[] = {
    {v4(0, 0, 0, 0), 8},        // this network
    {v4(10, 0, 0, 0), 8},       // private
    {v4(100, 64, 0, 0), 10},    // shared by a provider's customers
    {v4(127, 0, 0, 0), 8},      // loopback
    {v4(169, 254, 0, 0), 16},   // link-local: metadata of cloud machines among them
    {v4(172, 16, 0, 0), 12},    // private
    {v4(192, 0, 0, 0), 24},     // protocol assignments
    {v4(192, 0, 2, 0), 24},     // documentation
    {v4(192, 88, 99, 0), 24},   // 6to4 relays, no longer used
    {v4(192, 168, 0, 0), 16},   // private
    {v4(198, 18, 0, 0), 15},    // benchmarks
    {v4(198, 51, 100, 0), 24},  // documentation
    {v4(203, 0, 113, 0), 24},   // documentation
    {v4(224, 0, 0, 0), 3},      // multicast, reserved, broadcast
};

bool is_public4(std::uint32_t address) {
  for (const Range4& range : kNotPublic4) {
    if (((address ^ range.network) >> static_cast<unsigned>(32 - range.bits)) == 0) return false;
  }
  return true;
}

std::uint32_t v4_at(const in6_addr& address, std::size_t offset) {
  return v4(address.s6_addr[offset], address.s6_addr[offset + 1], address.s6_addr[offset + 2],
            address.s6_addr[offset + 3]);
}

bool starts_with(const in6_addr& address, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.s6_addr);
}

bool is_public6(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) return is_public4(v4_at(address, 12));
  if (starts_with(address, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return is_public4(v4_at(address, 12));  // NAT64
  }
  if (starts_with(address, {0x20, 0x02})) return is_public4(v4_at(address, 2));  // 6to4
  if ((address.s6_addr[0] & 0xE0U) != 0x20) return false;            // only 2000::/3 is handed out
  if (starts_with(address, {0x20, 0x01, 0x0d, 0xb8})) return false;  // documentation
  // 2001::/23, protocol assignments: Teredo, benchmarks, ORCHID.
  return !(starts_with(address, {0x20, 0x01}) && (address.s6_addr[2] & 0xFEU) == 0);
}

}  // namespace

bool SocketAddress::is_public() const {
  if (family() == AF_INET) {
    return is_public4(ntohl(reinterpret_cast<const sockaddr_in&>(storage_).sin_addr.s_addr));
  }
  return family() == AF_INET6 &&
         is_public6(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr);
}

std::string SocketAddress::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage_).sin_addr, text,
              sizeof(text));
  } else if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr, text,
              sizeof(text));
  }
  return text;
}

std::string SocketAddress::to_string() const {
  const std::string port_text = std::to_string(port());
  return family() == AF_INET6 ? "[" + host() + "]:" + port_text : host() + ":" + port_text;
}

}  // namespace pawl::runtime
