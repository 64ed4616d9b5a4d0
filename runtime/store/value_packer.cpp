#include "runtime/store/value_packer.h"

#include "runtime/compress/packer.h"
#include "runtime/store/encoding.h"

namespace pawl::runtime {

namespace {

constexpr char kVerbatim = '\xF0';
constexpr char kPacked = '\xF1';

const Packer& packer() {
  static const Packer packer(value_words());
  return packer;
}

}  // namespace

bool is_packed(std::string_view stored) {
  return !stored.empty() &&
         static_cast<unsigned char>(stored[0]) >= static_cast<unsigned char>(kVerbatim);
}

std::string_view pack_value(std::string_view value, std::string& room) {
  if (value.size() >= kPackedValueMin && value.size() <= kPackedValueMax) {
    room.assign(1, kPacked);
    append_varint(room, value.size());
    if (packer().pack(value, room) && room.size() < value.size()) return room;
  }
  if (!is_packed(value)) return value;
  room.assign(1, kVerbatim);
  return room += value;
}

Result<std::string> unpack_value(std::string_view stored, std::string_view key) {
  if (!is_packed(stored)) return std::string(stored);
  if (stored[0] == kVerbatim) return std::string(stored.substr(1));
  if (stored[0] != kPacked) {
    return Error{ErrorCode::kUnsupported, "a newer pawl packed this value", printable_key(key)};
  }
  Decoder in(stored.substr(1));
  const std::uint64_t size = in.varint_max(kPackedValueMax);
  if (in.ok()) {
    if (Result<std::string> value = packer().unpack(in.rest(), size)) return value;
  }
  return Error{ErrorCode::kCorrupt, "a packed value does not unpack", printable_key(key)};
}

}  // namespace pawl::runtime
