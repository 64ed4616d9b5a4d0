// How keys and records are put into bytes, and read back without trusting them.
//
// Keys are compared byte by byte, so their numbers are big-endian and of fixed size. Inside records
// numbers are varints (seven bits a byte, low group first). Every record is sealed: a version byte,
// the payload, and a CRC-32C of both, so that damage is found when it is read and never believed.
// Drawn byte by byte in docs/storage.md. Pure functions; any thread.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pawl::runtime {

// Key parts ---------------------------------------------------------------------------------------

void append_u32(std::string& out, std::uint32_t number);  // 4 bytes, big-endian
void append_u64(std::string& out, std::uint64_t number);  // 8 bytes, big-endian

// The first key after all keys that begin with `prefix`: `scan(prefix, prefix_end(prefix))` visits
// exactly those. Empty, which scans take as "to the end", when there is no such key.
std::string prefix_end(std::string_view prefix);

// A key for messages: printable characters as they are, others as \xNN, cut after 64 bytes.
std::string printable_key(std::string_view key);

// Varints -----------------------------------------------------------------------------------------

constexpr std::size_t kVarintBytesMax = 10;

void append_varint(std::string& out, std::uint64_t number);
std::size_t varint_bytes(std::uint64_t number);

// Small negative numbers stay small: 0, -1, 1, -2 become 0, 1, 2, 3.
constexpr std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>((number >> 1) ^ (~(number & 1) + 1));
}

// Checksum ----------------------------------------------------------------------------------------

// CRC-32C (Castagnoli) of `data`; `before` is the value of the bytes in front of it. Uses the
// processor's instruction where there is one.
std::uint32_t crc32c(std::string_view data, std::uint32_t before = 0);

// The same by table, whatever the processor can: for tests.
std::uint32_t crc32c_by_table(std::string_view data, std::uint32_t before = 0);

// Records -----------------------------------------------------------------------------------------

constexpr std::size_t kSealBytes = 5;  // what sealing adds: version byte in front, checksum behind

// version byte, payload, CRC-32C (big-endian) of version and payload.
std::string seal_record(std::uint8_t version, std::string_view payload);

struct OpenedRecord {
  std::uint8_t version = 0;
  std::string_view payload;  // part of the record that was passed in
};

// Takes the seal off. kCorrupt with `key` as its place when the record is too short or its checksum
// does not fit; kUnsupported when its version is above `version_max`: a newer pawl wrote it.
Result<OpenedRecord> open_record(std::string_view key, std::string_view record,
                                 std::uint8_t version_max);

// Writes a record field by field into one string, sealing it at the end without a copy:
//
//   Encoder encoder(kFrameVersion);
//   encoder.varint(frame.state);
//   encoder.string(frame.name);
//   batch.put(key, encoder.seal());
//
// The default constructor makes an encoder without a seal, for parts and for keys.
class Encoder {
 public:
  Encoder() = default;
  // With room for what most records are, so that they do not grow by and by.
  explicit Encoder(std::uint8_t version) : sealed_(true) {
    data_.reserve(kUsualRecordBytes);
    u8(version);
  }

  Encoder& u8(std::uint8_t number);
  Encoder& u32(std::uint32_t number);  // fixed, big-endian
  Encoder& u64(std::uint64_t number);  // fixed, big-endian
  Encoder& varint(std::uint64_t number);
  Encoder& signed_varint(std::int64_t number);
  Encoder& boolean(bool yes);
  Encoder& string(std::string_view text);  // varint size, then the bytes
  Encoder& raw(std::string_view bytes);

  std::string_view bytes() const { return data_; }  // what was written up to now
  std::string seal();  // adds the checksum and hands the record over; the encoder is empty then
  std::string take();  // hands over the bytes of an encoder without a seal

 private:
  static constexpr std::size_t kUsualRecordBytes = 160;

  std::string data_;
  bool sealed_ = false;
};

// Reads fields in the order they were written, never past the end. The first field that does not
// fit makes the decoder fail for good: it and every later call answer zero, false or an empty view,
// so that a record is read straight through and checked once, with finished().
class Decoder {
 public:
  explicit Decoder(std::string_view data) : data_(data) {}

  std::uint8_t u8();
  std::uint32_t u32();
  std::uint64_t u64();
  std::uint64_t varint();  // fails above 64 bits and for encodings longer than needed
  // A varint that must not be above `max`: sizes, enums, indexes.
  std::uint64_t varint_max(std::uint64_t max);
  std::int64_t signed_varint();
  bool boolean();             // fails for anything but 0 and 1
  std::string_view string();  // part of the data that was passed in
  std::string_view raw(std::size_t size);
  std::string_view rest();  // everything that is left; then at the end

  bool ok() const { return ok_; }
  bool at_end() const { return position_ == data_.size(); }
  std::size_t remaining() const { return data_.size() - position_; }
  void fail() { ok_ = false; }  // a rule of the caller was broken

  // Ok when every field fitted and nothing is left; else kCorrupt naming `key` and the offset.
  Status finished(std::string_view key) const;

 private:
  std::string_view take(std::size_t size);

  std::string_view data_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace pawl::runtime
