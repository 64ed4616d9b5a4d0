// Digests as the services show them: MD5 (ETags of S3, bodies of SQS) and the checksums of S3.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::connectors::aws {

enum class Checksum : std::uint8_t {
  kNone = 0,
  kCrc32 = 1,
  kCrc32c = 2,
  kCrc64Nvme = 3,
  kSha1 = 4,
  kSha256 = 5,
};

// "CRC32" as members and headers of the API name it (ChecksumCRC32, x-amz-checksum-crc32); empty
// for kNone. from_name() takes any case, and answers kNone for an unknown name.
std::string_view checksum_name(Checksum checksum);
Checksum checksum_from_name(std::string_view name);

// Digests of bytes as they come: MD5, and one checksum.
class Digest {
 public:
  explicit Digest(Checksum checksum);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void add(std::string_view bytes);
  // Once, at the end: the raw bytes of each.
  std::string md5();
  std::string checksum();
  Checksum kind() const { return kind_; }

 private:
  struct Hashes;
  Checksum kind_;
  std::unique_ptr<Hashes> hashes_;
  std::uint64_t crc_ = 0;
};

std::string md5_of(std::string_view bytes);  // raw, 16 bytes
std::string to_hex(std::string_view bytes);  // lower case
// The raw checksum of `bytes`.
std::string checksum_of(Checksum checksum, std::string_view bytes);
std::uint32_t crc32_of(std::string_view bytes);

}  // namespace pawl::connectors::aws
