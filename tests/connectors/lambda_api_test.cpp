#include "connectors/aws/base64.h"
#include "connectors/lambda/zip.h"
#include "tests/connectors/embedded_world.h"

namespace pawl::connectors::test {

namespace {

const std::string kBeginning = "PK\3\4 and nothing that follows";

// A stored archive of one file, made by hand: our reader is checked against the format.
std::string stored_zip(const std::string& path, const std::string& text, std::uint32_t crc) {
  std::string out;
  const auto number = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) out += static_cast<char>((value >> (8 * i)) & 255U);
  };
  const auto size = static_cast<std::uint32_t>(text.size());
  const auto name = static_cast<std::uint32_t>(path.size());
  number(0x04034b50, 4), number(20, 2), number(0, 2), number(0, 2), number(0, 4), number(crc, 4);
  number(size, 4), number(size, 4), number(name, 2), number(0, 2);
  out += path + text;
  const auto directory = static_cast<std::uint32_t>(out.size());
  number(0x02014b50, 4), number(20, 2), number(20, 2), number(0, 2), number(0, 2), number(0, 4);
  number(crc, 4), number(size, 4), number(size, 4), number(name, 2), number(0, 2), number(0, 2);
  number(0, 2), number(0, 2), number(0, 4), number(0, 4);
  out += path;
  const auto length = static_cast<std::uint32_t>(out.size()) - directory;
  number(0x06054b50, 4), number(0, 2), number(0, 2), number(1, 2), number(1, 2);
  number(length, 4), number(directory, 4), number(0, 2);
  return out;
}

constexpr std::uint32_t kHelloCrc = 0x3610a686;  // of "hello"

}  // namespace

TEST_CASE("zip archives are read, and bad ones refused", "[connectors][lambda_api]") {
  const auto read = read_zip(stored_zip("a/b.txt", "hello", kHelloCrc));
  REQUIRE(read.has_value());
  REQUIRE(read->size() == 1);
  CHECK((*read)[0].path == "a/b.txt");
  CHECK((*read)[0].bytes == "hello");
  CHECK_FALSE(read_zip(stored_zip("../b.txt", "hello", kHelloCrc)).has_value());
  CHECK_FALSE(read_zip(stored_zip("/b.txt", "hello", kHelloCrc)).has_value());
  CHECK_FALSE(read_zip(stored_zip("a//b", "hello", kHelloCrc)).has_value());
  CHECK_FALSE(read_zip(stored_zip("b", "hello", 1)).has_value());
  CHECK_FALSE(read_zip(kBeginning).has_value());
  const std::string whole = stored_zip("b", "hello", kHelloCrc);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK_FALSE(read_zip(whole.substr(0, i)).has_value());
  }
}

}  // namespace pawl::connectors::test
