#include "connectors/aws/xml.h"

#include "asl/json/utf8.h"
#include "base/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace pawl::connectors::aws {
namespace {

constexpr int kDepthMax = 32;
constexpr std::size_t kElementsMax = 100'000;

Error invalid(std::string_view what) { return {ErrorCode::kInvalid, std::string(what), ""}; }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void append_utf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    out += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (code >> 18U));
    out += static_cast<char>(0x80U | ((code >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<XmlElement> read() {
    if (!asl::is_utf8(text_)) return invalid("it is not UTF-8");
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    if (Status skipped = skip_between(); !skipped) return std::move(skipped).error();
    XmlElement root;
    if (Status read = element(root, 0); !read) return std::move(read).error();
    if (Status skipped = skip_between(); !skipped) return std::move(skipped).error();
    if (at_ != text_.size()) return invalid("something follows the root element");
    return root;
  }

 private:
  bool looking_at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool skip_past(std::string_view what) {
    const std::size_t found = text_.find(what, at_);
    if (found == std::string_view::npos) return false;
    at_ = found + what.size();
    return true;
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  // Blanks, comments and instructions around the root.
  Status skip_between() {
    for (;;) {
      skip_blanks();
      if (looking_at("<?")) {
        if (!skip_past("?>")) return invalid("an instruction does not end");
      } else if (looking_at("<!--")) {
        if (!skip_past("-->")) return invalid("a comment does not end");
      } else {
        return {};
      }
    }
  }

  // What comes after a prefix. Beyond ASCII everything is taken for a letter.
  static bool is_name(std::string_view text) {
    const auto is_start = [](unsigned char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    };
    return !text.empty() && is_start(static_cast<unsigned char>(text[0])) &&
           std::all_of(text.begin(), text.end(), [is_start](unsigned char c) {
             return is_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
  }

  std::string_view name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '>' && text_[at_] != '/' &&
           text_[at_] != '=' && text_[at_] != '<') {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is counted
  Status element(XmlElement& out, int depth) {
    if (depth >= kDepthMax || ++elements_ > kElementsMax) {
      return Error{ErrorCode::kLimit, "the document is too big", ""};
    }
    if (!looking_at("<")) return invalid("an element is missing");
    ++at_;
    const std::string_view tag = name();
    out.name = tag.substr(tag.find(':') == std::string_view::npos ? 0 : tag.find(':') + 1);
    if (!is_name(out.name)) return invalid("an element has no name");
    // Attributes (name spaces) mean nothing to us.
    for (char quote = 0; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>' || c == '<') {
        break;
      }
    }
    if (at_ >= text_.size() || text_[at_] != '>') return invalid("a tag does not end");
    const bool empty = text_[at_ - 1] == '/';
    ++at_;
    if (empty) return {};
    return content(out, tag, depth);
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is counted
  Status content(XmlElement& out, std::string_view tag, int depth) {
    for (;;) {
      const std::size_t next = text_.find_first_of("<&", at_);
      if (next == std::string_view::npos) return invalid("an element does not end");
      out.text.append(text_.substr(at_, next - at_));
      at_ = next;
      if (text_[at_] == '&') {
        if (Status read = reference(out.text); !read) return read;
      } else if (looking_at("</")) {
        at_ += 2;
        if (name() != tag) return invalid("tags do not match");
        skip_blanks();
        if (!looking_at(">")) return invalid("a tag does not end");
        ++at_;
        return {};
      } else if (looking_at("<!--")) {
        if (!skip_past("-->")) return invalid("a comment does not end");
      } else if (looking_at("<![CDATA[")) {
        const std::size_t begin = at_ + 9;
        if (!skip_past("]]>")) return invalid("a CDATA section does not end");
        out.text.append(text_.substr(begin, at_ - 3 - begin));
      } else {
        out.children.emplace_back();
        if (Status read = element(out.children.back(), depth + 1); !read) return read;
      }
    }
  }

  Status reference(std::string& out) {
    const std::size_t end = text_.find(';', at_);
    if (end == std::string_view::npos || end - at_ > 10) return invalid("a reference does not end");
    std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (name == "lt") {
      out += '<';
    } else if (name == "gt") {
      out += '>';
    } else if (name == "amp") {
      out += '&';
    } else if (name == "quot") {
      out += '"';
    } else if (name == "apos") {
      out += '\'';
    } else if (name.starts_with('#')) {
      name.remove_prefix(1);
      const bool hex = name.starts_with('x');
      if (hex) name.remove_prefix(1);
      std::uint32_t code = 0;
      const auto [rest, failed] =
          std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
      const bool surrogate = code >= 0xD800 && code < 0xE000;
      if (failed != std::errc() || rest != name.data() + name.size() || code > 0x10FFFF ||
          surrogate) {
        return invalid("a character reference is wrong");
      }
      append_utf8(code, out);
    } else {
      return invalid("an entity is unknown");
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;
};

}  // namespace

void write_xml_text(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') {
          out += fmt::format("&#{};", static_cast<int>(c));
        } else {
          out += c;
        }
    }
  }
}

XmlWriter::XmlWriter(bool declaration, bool pretty) : pretty_(pretty) {
  if (declaration) out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
}

void XmlWriter::indent() {
  if (!pretty_) return;
  if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  out_.append(open_.size() * 2, ' ');
}

XmlWriter& XmlWriter::open(std::string_view name, std::string_view name_space) {
  indent();
  out_.append("<").append(name);
  if (!name_space.empty()) out_.append(" xmlns=\"").append(name_space).append("\"");
  out_ += '>';
  open_.emplace_back(name);
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view name, std::string_view text) {
  indent();
  out_.append("<").append(name).append(">");
  write_xml_text(text, out_);
  out_.append("</").append(name).append(">");
  return *this;
}

XmlWriter& XmlWriter::close() {
  PAWL_ASSERT(!open_.empty());
  const std::string name = std::move(open_.back());
  open_.pop_back();
  indent();
  out_.append("</").append(name).append(">");
  return *this;
}

std::string XmlWriter::take() {
  PAWL_ASSERT(open_.empty());
  if (pretty_) out_ += '\n';
  return std::move(out_);
}

const XmlElement* XmlElement::find(std::string_view child) const {
  for (const XmlElement& element : children) {
    if (element.name == child) return &element;
  }
  return nullptr;
}

std::string_view XmlElement::text_of(std::string_view child) const {
  const XmlElement* found = find(child);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

Result<XmlElement> read_xml(std::string_view text) { return Reader(text).read(); }

}  // namespace pawl::connectors::aws
