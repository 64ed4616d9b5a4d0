#include "connectors/aws/digest.h"

#include "base/assert.h"
#include "runtime/http/message.h"
#include "runtime/store/encoding.h"

#include <openssl/evp.h>

#include <array>
#include <utility>

namespace pawl::connectors::aws {
namespace {

using EvpContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

// Fetched once: EVP_md5() and its like are looked up under a lock whenever they are used.
const EVP_MD* fetched(const char* name) {
  const EVP_MD* const kind = EVP_MD_fetch(nullptr, name, nullptr);
  PAWL_ASSERT(kind != nullptr);
  return kind;
}
const EVP_MD* md5_kind() {
  static const EVP_MD* const kind = fetched("MD5");
  return kind;
}
const EVP_MD* sha1_kind() {
  static const EVP_MD* const kind = fetched("SHA1");
  return kind;
}
const EVP_MD* sha256_kind() {
  static const EVP_MD* const kind = fetched("SHA256");
  return kind;
}

EvpContext start(const EVP_MD* kind) {
  EvpContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  PAWL_ASSERT(context != nullptr && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1);
  return context;
}

std::string finish(const EvpContext& context) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  PAWL_ASSERT(EVP_DigestFinal_ex(context.get(), bytes.data(), &size) == 1);
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

// Reflected CRCs: eight bits at a time by table.
template <typename Word, Word kPolynomial>
constexpr std::array<Word, 256> crc_table() {
  std::array<Word, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    Word word = static_cast<Word>(i);
    for (int bit = 0; bit < 8; ++bit) word = (word >> 1U) ^ ((word & 1U) != 0 ? kPolynomial : 0);
    table[i] = word;
  }
  return table;
}
constexpr auto kCrc32Table = crc_table<std::uint32_t, 0xEDB88320U>();
constexpr auto kCrc64NvmeTable = crc_table<std::uint64_t, 0x9A6C9329AC4BC9B5ULL>();

template <typename Word>
Word crc_add(const std::array<Word, 256>& table, Word before, std::string_view bytes) {
  Word word = ~before;
  for (const char c : bytes) {
    word = table[(word ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (word >> 8U);
  }
  return ~word;
}

struct Name {
  Checksum checksum;
  std::string_view name;
};
constexpr Name kNames[] = {{Checksum::kCrc32, "CRC32"},
                           {Checksum::kCrc32c, "CRC32C"},
                           {Checksum::kCrc64Nvme, "CRC64NVME"},
                           {Checksum::kSha1, "SHA1"},
                           {Checksum::kSha256, "SHA256"}};

}  // namespace

struct Digest::Hashes {
  EvpContext md5 = start(md5_kind());
  EvpContext sha{nullptr, &EVP_MD_CTX_free};
};

std::string_view checksum_name(Checksum checksum) {
  for (const Name& entry : kNames) {
    if (entry.checksum == checksum) return entry.name;
  }
  return {};
}

Checksum checksum_from_name(std::string_view name) {
  for (const Name& entry : kNames) {
    if (runtime::equal_ignoring_case(entry.name, name)) return entry.checksum;
  }
  return Checksum::kNone;
}

Digest::Digest(Checksum checksum) : kind_(checksum), hashes_(std::make_unique<Hashes>()) {
  if (checksum == Checksum::kSha1) hashes_->sha = start(sha1_kind());
  if (checksum == Checksum::kSha256) hashes_->sha = start(sha256_kind());
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::add(std::string_view bytes) {
  PAWL_ASSERT(EVP_DigestUpdate(hashes_->md5.get(), bytes.data(), bytes.size()) == 1);
  switch (kind_) {
    case Checksum::kNone:
      break;
    case Checksum::kCrc32:
      crc_ = crc_add(kCrc32Table, static_cast<std::uint32_t>(crc_), bytes);
      break;
    case Checksum::kCrc32c:
      crc_ = runtime::crc32c(bytes, static_cast<std::uint32_t>(crc_));
      break;
    case Checksum::kCrc64Nvme:
      crc_ = crc_add(kCrc64NvmeTable, crc_, bytes);
      break;
    case Checksum::kSha1:
    case Checksum::kSha256:
      PAWL_ASSERT(EVP_DigestUpdate(hashes_->sha.get(), bytes.data(), bytes.size()) == 1);
      break;
  }
}

std::string Digest::md5() { return finish(hashes_->md5); }

std::string Digest::checksum() {
  std::string bytes;
  switch (kind_) {
    case Checksum::kNone:
      break;
    case Checksum::kCrc32:
    case Checksum::kCrc32c:
      runtime::append_u32(bytes, static_cast<std::uint32_t>(crc_));
      break;
    case Checksum::kCrc64Nvme:
      runtime::append_u64(bytes, crc_);
      break;
    case Checksum::kSha1:
    case Checksum::kSha256:
      bytes = finish(hashes_->sha);
      break;
  }
  return bytes;
}

std::string md5_of(std::string_view bytes) {
  // Used again and again: making one takes as long as hashing a short message.
  thread_local const EvpContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  PAWL_ASSERT(EVP_DigestInit_ex2(context.get(), md5_kind(), nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
  return finish(context);
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::uint32_t crc32_of(std::string_view bytes) {
  return crc_add(kCrc32Table, std::uint32_t{0}, bytes);
}

std::string checksum_of(Checksum checksum, std::string_view bytes) {
  Digest digest(checksum);
  digest.add(bytes);
  return digest.checksum();
}

}  // namespace pawl::connectors::aws
