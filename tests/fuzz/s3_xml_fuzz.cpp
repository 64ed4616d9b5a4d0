// XML bodies of S3 and answers that were written: read, or refused; what was written reads again.
#include "base/assert.h"
#include "connectors/aws/xml.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using pawl::connectors::aws::XmlElement;

// NOLINTNEXTLINE(misc-no-recursion): read_xml() bounds the depth
void write(const XmlElement& element, pawl::connectors::aws::XmlWriter& xml) {
  if (element.children.empty()) {
    xml.text(element.name, element.text);
    return;
  }
  xml.open(element.name);
  for (const XmlElement& child : element.children) write(child, xml);
  xml.close();
}

// NOLINTNEXTLINE(misc-no-recursion)
std::size_t count(const XmlElement& element) {
  std::size_t total = 1;
  for (const XmlElement& child : element.children) total += count(child);
  return total;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = pawl::connectors::aws::read_xml(text);
  if (!document) {
    PAWL_ASSERT(!document.error().message.empty());
    return 0;
  }
  pawl::connectors::aws::XmlWriter xml;
  write(*document, xml);
  const std::string written = xml.take();
  const auto again = pawl::connectors::aws::read_xml(written);
  PAWL_ASSERT(again.has_value());
  PAWL_ASSERT(count(*again) == count(*document));
  PAWL_ASSERT(again->name == document->name);
  return 0;
}
