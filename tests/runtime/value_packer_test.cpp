#include "runtime/store/value_packer.h"

#include "runtime/clock/random.h"
#include "runtime/store/encoding.h"
#include "tests/catch.h"

#include <span>
#include <string>
#include <string_view>

namespace pawl::runtime {
namespace {

// What the answer of a Task of sqs:sendMessage looks like.
std::string answer_of(const std::string& id) {
  return R"({"MD5OfMessageBody":"5d41402abc4b2a76b9719d911017c592","MessageId":"6cb340b6-e978-422b-)"
         R"(87c8-8c385a2dd325","SdkHttpMetadata":{"AllHttpHeaders":{"x-amzn-RequestId":[")" +
         id +
         R"("],"connection":["keep-alive"],"Content-Length":["106"],"Date":["Fri, 27 Nov 2026 03:43)"
         R"(:06 GMT"],"Content-Type":["application/x-amz-json-1.0"]},"HttpHeaders":{"connection":"k)"
         R"(eep-alive","Content-Length":"106","Content-Type":"application/x-amz-json-1.0","Date":"F)"
         R"(ri, 27 Nov 2026 03:43:06 GMT","x-amzn-RequestId":")" +
         id + R"("},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":")" + id + R"("}})";
}

const std::string kAnswer = answer_of("a1650390-0ecc-432a-ba22-061a00255317");

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

std::string stored_as(const std::string& value) {
  std::string room = "left from before";
  return std::string(pack_value(value, room));
}

}  // namespace

// Stores have values that were packed with these words: they may never change.
TEST_CASE("the words that values are packed against are what they were", "[runtime][packer]") {
  CHECK(value_words().size() == 5999);
  CHECK(crc32c(value_words()) == 0x7d818800);
}

TEST_CASE("a value that was packed in November 2026 unpacks", "[runtime][packer]") {
  CHECK(unpack_value(from_hex("f187050f810602fb1135643431343032616263346232613736623937313964393131"
                              "303137633539328106ff"
                              "1536636233343062362d653937382d343232622d383763382d386333383561326464"
                              "333235810629ff156131"
                              "3635303339302d306563632d343332612d626132322d303631613030323535333137"
                              "81062eff0a4672692c20"
                              "3237204e6f7620323032362030333a34333a303686095f0f8106250fc3000b0f8106"
                              "020f5b011203540a0f86"
                              "09220f61000f503137227d7d"),
                     "k")
            .value() == kAnswer);
}

TEST_CASE("a Task's answer is packed to less than a third", "[runtime][packer]") {
  const std::string stored = stored_as(kAnswer);
  CHECK(stored.size() * 3 < kAnswer.size());
  CHECK(is_packed(stored));
  CHECK(unpack_value(stored, "k").value() == kAnswer);
}

TEST_CASE("any value is what it was, packed or not", "[runtime][packer]") {
  SeededRandom random(27);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kPackedValueMin - 1, kPackedValueMin, std::size_t{5000},
        kPackedValueMax, kPackedValueMax + 1, std::size_t{100'000}}) {
    for (int first = 0; first < 256; ++first) {
      std::string value = first % 2 == 0 ? random_bytes(random, size) : std::string(size, 'x');
      if (size > 0) value[0] = static_cast<char>(first);
      const std::string stored = stored_as(value);
      CHECK(stored.size() <= value.size() + 1);
      REQUIRE(unpack_value(stored, "k").value() == value);
      // What begins as a packed value does is never taken for one.
      if (first >= 0xF0 && size > 0) REQUIRE(is_packed(stored));
      if (size < kPackedValueMin && first < 0xF0) REQUIRE(stored == value);
      if (size > kPackedValueMax && first < 0xF0) REQUIRE(stored == value);
    }
  }
}

TEST_CASE(
    "a packed value that is damaged is refused or something else, and never more than allowed",
    "[runtime][packer]") {
  const std::string stored = stored_as(kAnswer);
  for (std::size_t size = 1; size < stored.size(); ++size) {
    const Result<std::string> cut = unpack_value(stored.substr(0, size), "the\x01key");
    REQUIRE_FALSE(cut);
    REQUIRE(cut.error().code == ErrorCode::kCorrupt);
    REQUIRE(cut.error().where == "the\\x01key");
  }
  for (std::size_t at = 0; at < stored.size() * 8; ++at) {
    std::string damaged = stored;
    damaged[at / 8] = static_cast<char>(damaged[at / 8] ^ (1 << (at % 8)));
    const Result<std::string> value = unpack_value(damaged, "k");
    if (value) REQUIRE(value->size() <= kPackedValueMax);
  }
  // A size that its bytes cannot have.
  std::string bomb = "\xF1";
  append_varint(bomb, kPackedValueMax);
  CHECK(unpack_value(bomb + "x", "k").error().code == ErrorCode::kCorrupt);
  bomb = "\xF1";
  append_varint(bomb, kPackedValueMax + 1);
  CHECK(unpack_value(bomb + std::string(1000, 'x'), "k").error().code == ErrorCode::kCorrupt);
}

TEST_CASE("what a newer pawl packed is refused by name", "[runtime][packer]") {
  for (const char* stored : {"\xF2x", "\xFFx"}) {
    CHECK(unpack_value(stored, "k").error().code == ErrorCode::kUnsupported);
  }
}

}  // namespace pawl::runtime
