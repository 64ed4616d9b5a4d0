// XML as AWS's older protocols use it: elements and text, no more. Writing and reading.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors::aws {

// Appends `text` with what XML forbids in it escaped; control characters become references.
void write_xml_text(std::string_view text, std::string& out);

// <?xml ...?> and elements, one after the other:
//
//   XmlWriter xml;
//   xml.open("ListBucketResult", "http://s3.amazonaws.com/doc/2006-03-01/");
//   xml.text("Name", bucket);
//   xml.close();
class XmlWriter {
 public:
  // `pretty`: a line per element, indented by two, and a line end at the end: SNS writes so.
  // `declaration`: the <?xml?> line.
  explicit XmlWriter(bool declaration = true, bool pretty = false);
  XmlWriter& open(std::string_view name, std::string_view name_space = {});
  XmlWriter& text(std::string_view name, std::string_view text);
  XmlWriter& close();
  std::string take();  // all elements are closed

 private:
  void indent();
  std::string out_;
  std::vector<std::string> open_;
  bool pretty_;
};

struct XmlElement {
  std::string name;  // without prefix
  std::string text;  // directly in it
  std::vector<XmlElement> children;

  const XmlElement* find(std::string_view child) const;
  std::string_view text_of(std::string_view child) const;  // empty if absent
};

// Elements, text, CDATA, comments, the five entities and character references. kInvalid for
// everything else (document types too: they could name files), kLimit past 32 levels or 100,000
// elements.
Result<XmlElement> read_xml(std::string_view text);

}  // namespace pawl::connectors::aws
