#include "connectors/lambda/backend.h"
#include "runtime/aws/digest.h"

namespace pawl::connectors {

std::string request_id_of(std::string_view idempotency_key) {
  runtime::aws::Digest digest = runtime::aws::sha256(idempotency_key);
  // Shaped as the version 4 that Lambda's own ids are, so that whatever checks the form accepts it.
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0f) | 0x40);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3f) | 0x80);

  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 0x0f];
  }
  return text;
}

}  // namespace pawl::connectors
