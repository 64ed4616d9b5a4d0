#include "runtime/store/encoding.h"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace pawl::runtime {
namespace {

constexpr std::size_t kPrintableKeyBytesMax = 64;

template <typename Number>
Number load_big_endian(std::string_view bytes) {
  Number number = 0;
  for (const char byte : bytes) {
    number = static_cast<Number>(number << 8) | static_cast<unsigned char>(byte);
  }
  return number;
}

template <typename Number>
void append_big_endian(std::string& out, Number number) {
  std::array<char, sizeof(Number)> bytes;
  for (std::size_t i = bytes.size(); i-- > 0; number >>= 8) {
    bytes[i] = static_cast<char>(number & 0xff);
  }
  out.append(bytes.data(), bytes.size());
}

// Slicing by eight: table[k][b] is the checksum of byte b followed by k zero bytes.
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = tables[k - 1][byte];
      tables[k][byte] = (crc >> 8) ^ tables[0][crc & 0xff];
    }
  }
  return tables;
}

constexpr CrcTables kCrcTables = make_crc_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::string_view data,
                                                                      std::uint32_t before) {
  std::uint64_t crc = ~before;
  const char* at = data.data();
  std::size_t left = data.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    crc = _mm_crc32_u64(crc, word);
  }
  auto tail = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) tail = _mm_crc32_u8(tail, static_cast<unsigned char>(*at));
  return ~tail;
}

bool has_crc_instruction() {
  static const bool yes = __builtin_cpu_supports("sse4.2") != 0;
  return yes;
}
#endif

}  // namespace

void append_u32(std::string& out, std::uint32_t number) { append_big_endian(out, number); }
void append_u64(std::string& out, std::uint64_t number) { append_big_endian(out, number); }

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::string printable_key(std::string_view key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : key.substr(0, kPrintableKeyBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '\\') {
      text += c;
    } else {
      text += "\\x";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 0xf];
    }
  }
  if (key.size() > kPrintableKeyBytesMax) text += "...";
  return text;
}

void append_varint(std::string& out, std::uint64_t number) {
  if (number < 0x80) return out.push_back(static_cast<char>(number));
  std::array<char, kVarintBytesMax> bytes;
  std::size_t size = 0;
  for (; number >= 0x80; number >>= 7) bytes[size++] = static_cast<char>((number & 0x7f) | 0x80);
  bytes[size++] = static_cast<char>(number);
  out.append(bytes.data(), size);
}

std::size_t varint_bytes(std::uint64_t number) {
  return (static_cast<std::size_t>(std::bit_width(number | 1)) + 6) / 7;
}

std::uint32_t crc32c_by_table(std::string_view data, std::uint32_t before) {
  std::uint32_t crc = ~before;
  const char* at = data.data();
  std::size_t left = data.size();
  const auto byte = [&at](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(at[i]));
  };
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint32_t low = crc ^ (byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24);
    crc = kCrcTables[7][low & 0xff] ^ kCrcTables[6][(low >> 8) & 0xff] ^
          kCrcTables[5][(low >> 16) & 0xff] ^ kCrcTables[4][low >> 24] ^ kCrcTables[3][byte(4)] ^
          kCrcTables[2][byte(5)] ^ kCrcTables[1][byte(6)] ^ kCrcTables[0][byte(7)];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kCrcTables[0][(crc ^ byte(0)) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::string_view data, std::uint32_t before) {
#if defined(__x86_64__)
  if (has_crc_instruction()) return crc32c_by_instruction(data, before);
#endif
  return crc32c_by_table(data, before);
}

std::string seal_record(std::uint8_t version, std::string_view payload) {
  std::string record;
  record.reserve(payload.size() + kSealBytes);
  record += static_cast<char>(version);
  record += payload;
  append_u32(record, crc32c(record));
  return record;
}

Result<OpenedRecord> open_record(std::string_view key, std::string_view record,
                                 std::uint8_t version_max) {
  if (record.size() < kSealBytes) {
    return Error{ErrorCode::kCorrupt,
                 "the record has " + std::to_string(record.size()) + " bytes, fewer than its seal",
                 printable_key(key)};
  }
  const std::string_view body = record.substr(0, record.size() - 4);
  if (load_big_endian<std::uint32_t>(record.substr(body.size())) != crc32c(body)) {
    return Error{ErrorCode::kCorrupt, "the record's checksum does not fit its bytes",
                 printable_key(key)};
  }
  const auto version = static_cast<std::uint8_t>(body.front());
  if (version > version_max) {
    return Error{ErrorCode::kUnsupported,
                 "the record has version " + std::to_string(version) + ", this pawl knows up to " +
                     std::to_string(version_max) + "; a newer pawl wrote it",
                 printable_key(key)};
  }
  return OpenedRecord{version, body.substr(1)};
}

Encoder& Encoder::u8(std::uint8_t number) {
  data_ += static_cast<char>(number);
  return *this;
}

Encoder& Encoder::u32(std::uint32_t number) {
  append_u32(data_, number);
  return *this;
}

Encoder& Encoder::u64(std::uint64_t number) {
  append_u64(data_, number);
  return *this;
}

Encoder& Encoder::varint(std::uint64_t number) {
  append_varint(data_, number);
  return *this;
}

Encoder& Encoder::signed_varint(std::int64_t number) { return varint(zigzag(number)); }

Encoder& Encoder::boolean(bool yes) { return u8(yes ? 1 : 0); }

Encoder& Encoder::string(std::string_view text) {
  append_varint(data_, text.size());
  data_ += text;
  return *this;
}

Encoder& Encoder::raw(std::string_view bytes) {
  data_ += bytes;
  return *this;
}

std::string Encoder::seal() {
  PAWL_ASSERT(sealed_ && !data_.empty());
  append_u32(data_, crc32c(data_));
  return std::exchange(data_, {});
}

std::string Encoder::take() {
  PAWL_ASSERT(!sealed_);
  return std::exchange(data_, {});
}

std::string_view Decoder::take(std::size_t size) {
  if (!ok_ || size > remaining()) {
    ok_ = false;
    return {};
  }
  const std::string_view part = data_.substr(position_, size);
  position_ += size;
  return part;
}

std::uint8_t Decoder::u8() { return load_big_endian<std::uint8_t>(take(1)); }
std::uint32_t Decoder::u32() { return load_big_endian<std::uint32_t>(take(4)); }
std::uint64_t Decoder::u64() { return load_big_endian<std::uint64_t>(take(8)); }

std::uint64_t Decoder::varint() {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kVarintBytesMax; ++i) {
    const std::uint8_t byte = u8();
    if (!ok_) return 0;
    number |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    // One number has one encoding: the tenth byte holds a single bit, and the last one is not zero.
    const bool overflow = i + 1 == kVarintBytesMax && byte > 1;
    const bool padded = i > 0 && byte == 0;
    if (overflow || padded) break;
    return number;
  }
  ok_ = false;
  return 0;
}

std::uint64_t Decoder::varint_max(std::uint64_t max) {
  const std::uint64_t number = varint();
  if (number > max) ok_ = false;
  return ok_ ? number : 0;
}

std::int64_t Decoder::signed_varint() { return unzigzag(varint()); }

bool Decoder::boolean() {
  const std::uint8_t byte = u8();
  if (byte > 1) ok_ = false;
  return ok_ && byte == 1;
}

std::string_view Decoder::string() {
  const std::uint64_t size = varint();
  if (size > remaining()) {
    ok_ = false;
    return {};
  }
  return take(static_cast<std::size_t>(size));
}

std::string_view Decoder::raw(std::size_t size) { return take(size); }

std::string_view Decoder::rest() { return take(remaining()); }

Status Decoder::finished(std::string_view key) const {
  if (ok_ && at_end()) return {};
  return Error{ErrorCode::kCorrupt,
               ok_ ? "the record has " + std::to_string(remaining()) + " bytes more than its fields"
                   : "the record cannot be read from byte " + std::to_string(position_) + " on",
               printable_key(key)};
}

}  // namespace pawl::runtime
