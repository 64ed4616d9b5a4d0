// SHA-256 and HMAC as signatures and checksums use them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pawl::runtime::aws {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view data);
Digest hmac_sha256(std::string_view key, std::string_view data);

std::string hex(const Digest& digest);  // 64 lower-case digits
std::string base64(const Digest& digest);

inline std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Whether two secrets are equal, in a time that depends on their length alone.
bool equal_secrets(std::string_view left, std::string_view right);

}  // namespace pawl::runtime::aws
