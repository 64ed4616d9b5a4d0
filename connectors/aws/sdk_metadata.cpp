#include "connectors/aws/sdk_metadata.h"

#include "asl/json/writer.h"
#include "base/assert.h"
#include "connectors/aws/digest.h"
#include "connectors/http_date.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace pawl::connectors::aws {
namespace {

using asl::Member;
using asl::Value;

constexpr std::string_view kHttp = "SdkHttpMetadata";
constexpr int kMetadataDepth = 4;  // {"SdkHttpMetadata":{"AllHttpHeaders":{"Date":[
constexpr std::string_view kResponse = "SdkResponseMetadata";

bool less_ignoring_case(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) <
           std::tolower(static_cast<unsigned char>(y));
  });
}

class Text {
 public:
  Text() { text_.reserve(kUsualBytes); }
  void open(char bracket) {
    text_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    text_ += bracket;
    first_ = false;
  }
  void name(std::string_view name) {
    next();
    asl::write_json_string(name, text_);
    text_ += ':';
    first_ = true;  // its value has no comma
  }
  void string(std::string_view value) {
    next();
    asl::write_json_string(value, text_);
  }
  void value(const Value& value) {
    next();
    asl::write_json(value, text_);
  }
  void member(const Member& member) {
    name(member.key.as_string());
    value(member.value);
  }
  // Members that somebody has written already.
  void begin_raw() { next(); }
  void raw(std::string_view text) { text_ += text; }
  std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kUsualBytes = 1024;
  void next() {
    if (!first_) text_ += ',';
    first_ = false;
  }
  std::string text_;
  bool first_ = true;
};

// A header that came several times is one member: with all its values, or the last of them.
using Headers = std::vector<std::pair<std::string_view, std::string_view>>;
bool seen_before(const Headers& headers, std::size_t at) {
  return std::any_of(headers.begin(), headers.begin() + static_cast<std::ptrdiff_t>(at),
                     [&](const auto& header) { return header.first == headers[at].first; });
}

// AllHttpHeaders in the service's order, HttpHeaders sorted [rec].
void write_http(Text& out, const HttpSeen& seen) {
  Headers headers(seen.headers.begin(), seen.headers.end());
  out.name(kHttp);
  out.open('{');
  out.name("AllHttpHeaders");
  out.open('{');
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (seen_before(headers, i)) continue;
    out.name(headers[i].first);
    out.open('[');
    for (std::size_t j = i; j < headers.size(); ++j) {
      if (headers[j].first == headers[i].first) out.string(headers[j].second);
    }
    out.close(']');
  }
  out.close('}');
  std::stable_sort(headers.begin(), headers.end(), [](const auto& a, const auto& b) {
    return less_ignoring_case(a.first, b.first);
  });
  out.name("HttpHeaders");
  out.open('{');
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (seen_before(headers, i)) continue;
    std::string_view last = headers[i].second;
    for (std::size_t j = i + 1; j < headers.size(); ++j) {
      if (headers[j].first == headers[i].first) last = headers[j].second;
    }
    out.name(headers[i].first);
    out.string(last);
  }
  out.close('}');
  out.name("HttpStatusCode");
  out.value(Value::integer(seen.status));
  out.close('}');
}

void write_response(Text& out, std::string_view request_id) {
  out.name(kResponse);
  out.open('{');
  out.name("RequestId");
  out.string(request_id);
  out.close('}');
}

std::vector<Member> sorted_members(const Value& shown) {
  std::vector<Member> members(shown.members().begin(), shown.members().end());
  std::erase_if(members, [](const Member& member) {
    return member.key.as_string() == kHttp || member.key.as_string() == kResponse;
  });
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.key.as_string() < b.key.as_string(); });
  return members;
}

}  // namespace

asl::Payload with_metadata(const Value& shown, std::string_view request_id, const HttpSeen& seen) {
  // The engine refuses what nests too deep; a text of that could not be read.
  if (shown.depth() > asl::kMaxDepth) return asl::Payload::of(shown);
  const std::vector<Member> members = sorted_members(shown);
  auto next = members.begin();
  Text out;
  out.open('{');
  for (; next != members.end() && next->key.as_string() < kHttp; ++next) out.member(*next);
  write_http(out, seen);
  for (; next != members.end() && next->key.as_string() < kResponse; ++next) out.member(*next);
  write_response(out, request_id);
  for (; next != members.end(); ++next) out.member(*next);
  out.close('}');
  return asl::Payload::of_text(out.take(), std::max(shown.depth(), kMetadataDepth));
}

OwnMetadata::Gap OwnMetadata::gap_of(std::string_view header) {
  if (header == "x-amzn-RequestId") return Gap::kRequestId;
  if (header == "Content-Length") return Gap::kContentLength;
  if (header == "Date") return Gap::kDate;
  if (header == "x-amz-crc32") return Gap::kCrc32;
  return Gap::kNone;
}

OwnMetadata::OwnMetadata(std::span<const std::string_view> headers, std::string_view content_type) {
  // In the place of what differs stands a control character, which nothing else has.
  const auto mark = [](Gap gap) { return std::string(1, static_cast<char>(gap)); };
  HttpSeen seen;
  for (const std::string_view header : headers) {
    std::string text;
    if (const Gap gap = gap_of(header); gap != Gap::kNone) {
      text = mark(gap);
    } else if (header == "connection" || header == "Connection") {
      text = "keep-alive";
    } else if (header == "Server") {
      text = "Server";
    } else {
      PAWL_ASSERT(header == "Content-Type");
      text = content_type;
    }
    seen.headers.emplace_back(header, std::move(text));
  }
  Text out;
  write_http(out, seen);
  write_response(out, mark(Gap::kRequestId));
  const std::string whole = out.take();
  // Written as "\u0001": its digit is the gap.
  constexpr std::string_view kEscape = "\\u000";
  constexpr std::size_t kEscapedBytes = 6;
  std::size_t from = 0;
  for (std::size_t at = whole.find(kEscape); at != std::string::npos;
       at = whole.find(kEscape, from)) {
    const auto gap = static_cast<Gap>(whole[at + kEscapedBytes - 1] - '0');
    pieces_.push_back({whole.substr(from, at - from), gap});
    from = at + kEscapedBytes;
  }
  pieces_.push_back({whole.substr(from), Gap::kNone});
}

asl::Payload OwnMetadata::with_metadata(const Value& shown, std::string_view request_id,
                                        std::string_view body, runtime::WallTime now) const {
  if (shown.depth() > asl::kMaxDepth) return asl::Payload::of(shown);
  const std::string length = std::to_string(body.size());
  const std::string date = http_date(now);
  std::string crc;
  Text out;
  out.open('{');
  const std::vector<Member> members = sorted_members(shown);
  auto next = members.begin();
  for (; next != members.end() && next->key.as_string() < kHttp; ++next) out.member(*next);
  out.begin_raw();
  for (const Piece& piece : pieces_) {
    out.raw(piece.text);
    switch (piece.gap) {
      case Gap::kNone:
        break;
      case Gap::kRequestId:
        out.raw(request_id);
        break;
      case Gap::kContentLength:
        out.raw(length);
        break;
      case Gap::kDate:
        out.raw(date);
        break;
      case Gap::kCrc32:
        if (crc.empty()) crc = std::to_string(crc32_of(body));
        out.raw(crc);
        break;
    }
  }
  for (; next != members.end(); ++next) out.member(*next);
  out.close('}');
  return asl::Payload::of_text(out.take(), std::max(shown.depth(), kMetadataDepth));
}

}  // namespace pawl::connectors::aws
