#include "runtime/store/encoding.h"
#include "tests/catch.h"

#include <limits>
#include <random>

namespace pawl::runtime {

TEST_CASE("key numbers sort as bytes the way they sort as numbers", "[runtime][store]") {
  std::mt19937_64 dice(7);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t a = dice() >> (dice() % 64);
    const std::uint64_t b = dice() >> (dice() % 64);
    std::string key_a;
    std::string key_b;
    append_u64(key_a, a);
    append_u64(key_b, b);
    REQUIRE((a < b) == (key_a < key_b));
    REQUIRE(Decoder(key_a).u64() == a);
  }
  std::string key;
  append_u32(key, 0x01020304);
  REQUIRE(key == std::string("\1\2\3\4"));
}

TEST_CASE("the end of a prefix is the first key behind all that begin with it",
          "[runtime][store]") {
  REQUIRE(prefix_end("ab") == "ac");
  REQUIRE(prefix_end("a\xff\xff") == "b");
  REQUIRE(prefix_end("\xff").empty());
  REQUIRE(prefix_end("").empty());
}

TEST_CASE("varints read back, and take the bytes announced", "[runtime][store]") {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t number :
         {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1, ~std::uint64_t{0} >> bit}) {
      std::string bytes;
      append_varint(bytes, number);
      REQUIRE(bytes.size() == varint_bytes(number));
      Decoder decoder(bytes);
      REQUIRE(decoder.varint() == number);
      REQUIRE(decoder.finished("key"));
    }
  }
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{64},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    REQUIRE(unzigzag(zigzag(number)) == number);
  }
}

TEST_CASE("a varint that is cut, too long or padded is refused", "[runtime][store]") {
  const std::string eleven(10, '\x80');
  for (const std::string& bytes : {std::string("\x80"), std::string(), eleven + '\1',
                                   std::string(9, '\xff') + '\2', std::string("\x80\0", 2)}) {
    Decoder decoder(bytes);
    REQUIRE(decoder.varint() == 0);
    REQUIRE_FALSE(decoder.ok());
  }
}

TEST_CASE("CRC-32C gives the values of RFC 3720, with and without the instruction",
          "[runtime][store]") {
  REQUIRE(crc32c("123456789") == 0xe3069283U);
  REQUIRE(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  REQUIRE(crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
  std::mt19937_64 dice(3);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string data;
    for (std::size_t i = 0; i < size; ++i) data += static_cast<char>(dice());
    REQUIRE(crc32c(data) == crc32c_by_table(data));
    const std::string_view all(data);
    REQUIRE(crc32c(all.substr(size / 3), crc32c(all.substr(0, size / 3))) == crc32c(all));
  }
}

TEST_CASE("a record reads back under its seal", "[runtime][store]") {
  Encoder encoder(3);
  encoder.varint(300).signed_varint(-5).string("name").boolean(true).u64(9).raw("tail");
  const std::string record = encoder.seal();
  const Result<OpenedRecord> opened = open_record("key", record, 3);
  REQUIRE(opened);
  REQUIRE(opened->version == 3);
  REQUIRE(seal_record(3, opened->payload) == record);
  Decoder fields(opened->payload);
  REQUIRE(fields.varint() == 300);
  REQUIRE(fields.signed_varint() == -5);
  REQUIRE(fields.string() == "name");
  REQUIRE(fields.boolean());
  REQUIRE(fields.u64() == 9);
  REQUIRE(fields.rest() == "tail");
  REQUIRE(fields.finished("key"));
}

TEST_CASE("every single flipped bit of a record is found, and the key named", "[runtime][store]") {
  const std::string record = seal_record(1, "some payload");
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const Result<OpenedRecord> opened = open_record("E\1x", damaged, 255);
    REQUIRE_FALSE(opened);
    REQUIRE(opened.error().code == ErrorCode::kCorrupt);
    REQUIRE(opened.error().where == "E\\x01x");
  }
  for (std::size_t size = 0; size < record.size(); ++size) {
    REQUIRE_FALSE(open_record("key", std::string_view(record).substr(0, size), 255));
  }
}

TEST_CASE("a record of a newer version is refused as such", "[runtime][store]") {
  REQUIRE(open_record("key", seal_record(2, ""), 1).error().code == ErrorCode::kUnsupported);
}

TEST_CASE("a decoder that failed once answers nothing any more", "[runtime][store]") {
  Decoder decoder("\5abc");
  REQUIRE(decoder.string().empty());  // five bytes announced, three there
  REQUIRE(decoder.u8() == 0);
  REQUIRE(decoder.rest().empty());
  REQUIRE_FALSE(decoder.finished("key"));
}

TEST_CASE("bytes that are left over are an error", "[runtime][store]") {
  Decoder decoder("ab");
  decoder.u8();
  REQUIRE(decoder.finished("key").error().code == ErrorCode::kCorrupt);
}

}  // namespace pawl::runtime
