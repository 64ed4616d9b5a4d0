// What an optimized integration shows of the answer's HTTP: SdkHttpMetadata and
// SdkResponseMetadata.
//
// Source: recorded cases services/*.
#pragma once

#include "asl/json/payload.h"
#include "asl/json/value.h"
#include "runtime/clock/clock.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::connectors::aws {

// What the SDK's HTTP client saw of an answer. `headers` in the order in which they came.
struct HttpSeen {
  int status = 200;
  std::vector<std::pair<std::string_view, std::string>> headers;  // names are borrowed
};

// `shown`, an object, with both, members sorted by name [rec]. As text: most outputs are only
// stored, and the metadata is most of them.
asl::Payload with_metadata(const asl::Value& shown, std::string_view request_id,
                           const HttpSeen& seen);

// The same of an own service's answers, whose headers are always the same ones: the text is made
// once, with gaps.
class OwnMetadata {
 public:
  // `headers` of a Profile, in the order in which the service shows them.
  OwnMetadata(std::span<const std::string_view> headers, std::string_view content_type);
  // `body`: of the answer on the wire. Members of `shown` have no "SdkX" names.
  asl::Payload with_metadata(const asl::Value& shown, std::string_view request_id,
                             std::string_view body, runtime::WallTime now) const;

 private:
  enum class Gap : std::uint8_t { kNone, kRequestId, kContentLength, kDate, kCrc32 };
  static Gap gap_of(std::string_view header);

  struct Piece {
    std::string text;
    Gap gap = Gap::kNone;  // behind the text
  };
  std::vector<Piece> pieces_;
};

}  // namespace pawl::connectors::aws
