// What is read from the disk is not trusted: records, their fields, packed values, a log of
// LevelDB. The first byte chooses the entry point.
#include "base/assert.h"
#include "runtime/store/encoding.h"
#include "runtime/store/leveldb_check.h"
#include "runtime/store/testing/faulty_files.h"
#include "runtime/store/value_packer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace pawl::runtime;

// Reads fields as the data itself says, and writes them again: the same bytes must come out.
void read_fields(std::string_view data) {
  Decoder decoder(data);
  Encoder encoder;
  while (decoder.ok() && !decoder.at_end()) {
    const std::size_t before = decoder.remaining();
    const std::uint8_t kind = decoder.u8();
    Encoder field;
    field.u8(kind);
    switch (kind % 9) {
      case 0:
        field.u8(decoder.u8());
        break;
      case 1:
        field.u32(decoder.u32());
        break;
      case 2:
        field.u64(decoder.u64());
        break;
      case 3:
        field.varint(decoder.varint());
        break;
      case 4:
        field.signed_varint(decoder.signed_varint());
        break;
      case 5:
        field.boolean(decoder.boolean());
        break;
      case 6:
        field.string(decoder.string());
        break;
      case 7:
        field.raw(decoder.raw(kind));
        break;
      default:
        field.varint(decoder.varint_max(1000));
        break;
    }
    if (!decoder.ok()) break;
    PAWL_ASSERT(before - decoder.remaining() == field.bytes().size());
    encoder.raw(field.bytes());
  }
  if (decoder.finished("key")) PAWL_ASSERT(encoder.bytes() == data);
  PAWL_ASSERT(data.starts_with(encoder.bytes()));
}

void open_as_record(std::string_view data) {
  const auto opened = open_record("key", data, 3);
  if (!opened) return;
  PAWL_ASSERT(seal_record(opened->version, opened->payload) == data);
  read_fields(opened->payload);
}

void seal_and_damage(std::string_view data) {
  std::string record = seal_record(1, data);
  PAWL_ASSERT(open_record("key", record, 1)->payload == data);
  PAWL_ASSERT(crc32c(data) == crc32c_by_table(data));
  record[data.size() % record.size()] ^= 0x10;
  PAWL_ASSERT(!open_record("key", record, 255));
}

void unpack_and_pack(std::string_view data) {
  const auto value = unpack_value(data, "key");
  if (value && is_packed(data))
    PAWL_ASSERT(value->size() <= std::max(kPackedValueMax, data.size()));
  std::string room;
  const std::string stored(pack_value(data, room));
  PAWL_ASSERT(stored.size() <= data.size() + 1 && unpack_value(stored, "key").value() == data);
}

void check_files(std::string_view data) {
  FaultyFiles files;
  const std::size_t middle = data.size() / 2;
  files.set_content("/s/CURRENT", "MANIFEST-000002\n");
  files.set_content("/s/MANIFEST-000002", std::string(data.substr(0, middle)));
  files.set_content("/s/000003.log", std::string(data.substr(middle)));
  (void)find_damage(files, "/s");
  (void)prepare_to_open(files, "/s");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  switch (bytes[0] % 5) {
    case 0:
      read_fields(data);
      break;
    case 1:
      open_as_record(data);
      break;
    case 2:
      seal_and_damage(data);
      break;
    case 3:
      unpack_and_pack(data);
      break;
    default:
      check_files(data);
      break;
  }
  return 0;
}
