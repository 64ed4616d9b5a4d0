#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/aws/xml.h"
#include "tests/catch.h"

namespace pawl::connectors::aws {

TEST_CASE("base64 there and back", "[connectors][aws]") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    CHECK(from_base64(to_base64(text)) == text);
  }
  CHECK(to_base64("foob") == "Zm9vYg==");
  CHECK_FALSE(from_base64("Zm9v!g==").has_value());
  CHECK_FALSE(from_base64("Zm9vY").has_value());
}

TEST_CASE("the checksums of 123456789 are the published ones", "[connectors][aws]") {
  CHECK(to_hex(md5_of("123456789")) == "25f9e794323b453885f5181f1b624d0b");
  CHECK(to_hex(checksum_of(Checksum::kCrc32, "123456789")) == "cbf43926");
  CHECK(to_hex(checksum_of(Checksum::kCrc32c, "123456789")) == "e3069283");
  CHECK(to_hex(checksum_of(Checksum::kCrc64Nvme, "123456789")) == "ae8b14860a799888");
  CHECK(to_hex(checksum_of(Checksum::kSha1, "123456789")) ==
        "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
  CHECK(checksum_from_name("crc64nvme") == Checksum::kCrc64Nvme);
}

TEST_CASE("XML is read and written", "[connectors][aws]") {
  const auto read = read_xml(
      "<?xml version=\"1.0\"?><a xmlns=\"x\"><b>1 &lt; &#x32;</b><!-- no --><b><![CDATA[<]]></b>"
      "<c/></a>");
  REQUIRE(read.has_value());
  CHECK(read->name == "a");
  REQUIRE(read->children.size() == 3);
  CHECK(read->children[0].text == "1 < 2");
  CHECK(read->children[1].text == "<");
  XmlWriter xml(false, true);
  xml.open("a", "x").text("b", "1 < 2").close();
  CHECK(xml.take() == "<a xmlns=\"x\">\n  <b>1 &lt; 2</b>\n</a>\n");
}

TEST_CASE("XML that is none is refused", "[connectors][aws]") {
  CHECK_FALSE(read_xml("<a>caf\xE9</a>"));
  for (const std::string text : {"", "a", "<a>", "<a></b>", "<a>&x;</a>", "<a/><b/>",
                                 "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
                                 "<a>&#xD800;</a>", "<a b='", "<"}) {
    INFO(text);
    CHECK_FALSE(read_xml(text).has_value());
  }
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "<a>";
  const auto read = read_xml(deep);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == ErrorCode::kLimit);
}

}  // namespace pawl::connectors::aws
