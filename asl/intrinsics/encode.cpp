#include "asl/intrinsics/functions.h"
#include "asl/json/writer.h"
#include "asl/path/java_text.h"
#include "base/base64.h"

#include <openssl/evp.h>

#include <array>
#include <string>

namespace pawl::asl::intrinsics {

namespace {

constexpr std::size_t kMaxCharacters = 10'000;  // of the argument: the service's own limit

bool too_long(std::string_view text) {
  return text.size() > kMaxCharacters && utf16_length(text) > kMaxCharacters;
}

// The bytes as text: what is no UTF-8 becomes U+FFFD.
std::string repaired(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    bool valid = size != 0 && i + size <= bytes.size();
    for (std::size_t j = 1; valid && j < size; ++j) {
      valid = (static_cast<unsigned char>(bytes[i + j]) & 0xC0U) == 0x80U;
    }
    if (valid && size > 2) {
      const auto second = static_cast<unsigned char>(bytes[i + 1]);
      // Overlong forms, surrogates, beyond U+10FFFF.
      valid = !(lead == 0xE0 && second < 0xA0) && !(lead == 0xED && second > 0x9F) &&
              !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
    }
    if (valid) {
      out.append(bytes, i, size);
      i += size;
    } else {
      append_utf8(0xFFFD, out);
      ++i;
    }
  }
  return out;
}

const EVP_MD* algorithm_of(std::string_view name) {
  if (name == "MD5") return EVP_md5();
  if (name == "SHA-1") return EVP_sha1();
  if (name == "SHA-256") return EVP_sha256();
  if (name == "SHA-384") return EVP_sha384();
  if (name == "SHA-512") return EVP_sha512();
  return nullptr;
}

}  // namespace

Outcome base64_encode(Arguments arguments) {
  if (!arguments[0].is_string() || too_long(arguments[0].as_string())) return std::nullopt;
  return Value::string(to_base64(arguments[0].as_string()));
}

Outcome base64_decode(Arguments arguments) {
  if (!arguments[0].is_string() || too_long(arguments[0].as_string())) return std::nullopt;
  const std::optional<std::string> bytes = from_base64(arguments[0].as_string());
  if (!bytes) return std::nullopt;
  return Value::string(repaired(*bytes));
}

// Of a string its text, of anything else its JSON.
Outcome hash(Arguments arguments) {
  if (!arguments[1].is_string() || exceeds_bytes(arguments[0], 8 * kMaxCharacters)) {
    return std::nullopt;
  }
  const EVP_MD* algorithm = algorithm_of(arguments[1].as_string());
  const std::string data = to_text(arguments[0]);
  if (algorithm == nullptr || too_long(data)) return std::nullopt;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, algorithm, nullptr) != 1) {
    return std::nullopt;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out.push_back(kHex[digest[i] >> 4U]);
    out.push_back(kHex[digest[i] & 15U]);
  }
  return Value::string(out);
}

}  // namespace pawl::asl::intrinsics
