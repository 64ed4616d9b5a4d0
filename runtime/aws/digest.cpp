#include "runtime/aws/digest.h"

#include "base/assert.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

namespace pawl::runtime::aws {
namespace {

const unsigned char* bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

// Fetched once: EVP_sha256() is looked up under a lock whenever it is used.
const EVP_MD* fetched_sha256() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PAWL_ASSERT(fetched != nullptr);
  return fetched;
}

}  // namespace

Digest sha256(std::string_view data) {
  // Used again and again: making one takes as long as hashing a name.
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Digest digest;  // NOLINT: filled by the call
  unsigned int size = digest.size();
  PAWL_ASSERT(EVP_DigestInit_ex2(context.get(), fetched_sha256(), nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
              EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1);
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view data) {
  Digest digest;  // NOLINT: filled by the call
  unsigned int size = digest.size();
  PAWL_ASSERT(HMAC(fetched_sha256(), key.data(), static_cast<int>(key.size()), bytes(data),
                   data.size(), digest.data(), &size) != nullptr);
  return digest;
}

std::string hex(const Digest& digest) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::string base64(const Digest& digest) {
  std::string text(4 * ((digest.size() + 2) / 3) + 1, '\0');  // with the NUL that it writes
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.data(),
                                   static_cast<int>(digest.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

bool equal_secrets(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace pawl::runtime::aws
