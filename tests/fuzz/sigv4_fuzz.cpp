// Signatures from outside: whatever the headers and the query say, nothing is accepted that was not
// signed, and every refusal says why. The first line is the target, the others are header fields.
#include "base/assert.h"
#include "runtime/aws/sigv4.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace pawl::runtime;  // NOLINT(google-build-using-namespace)

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static aws::SignatureVerifier verifier = [] {
    aws::CredentialSet set;
    PAWL_ASSERT(set.add("a", {"AKIDEXAMPLE", "secret that no input has", ""}).has_value());
    return aws::SignatureVerifier(std::move(set));
  }();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(aws::CredentialSet::parse(text));

  HttpRequest request;
  request.method = "POST";
  request.target = next_line(text);
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    const std::size_t colon = std::min(line.find(':'), line.size());
    request.headers.add(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
  }
  const WallTime now(std::chrono::seconds(1'440'938'160));  // 2015-08-30T12:36:00Z
  const auto verdict = verifier.verify(request, now);
  const auto* refused = std::get_if<aws::SignatureRefusal>(&verdict);
  PAWL_ASSERT(refused != nullptr && !refused->code.empty() && !refused->message.empty());
  return 0;
}
