// Who may call: whoever signs with a known key, once credentials were given; otherwise everybody.
#pragma once

#include "runtime/aws/sigv4.h"
#include "runtime/http/message.h"
#include "service/errors.h"

#include <optional>
#include <string_view>

namespace pawl::service {

class Authentication {
 public:
  // Without credentials nothing is checked.
  explicit Authentication(std::optional<runtime::aws::CredentialSet> credentials);

  bool required() const { return verifier_.has_value(); }

  // The refusal of a request that is not signed for `service` ("states"); empty when it may go on.
  // Any region is good: this endpoint serves one, whatever the client calls it.
  std::optional<ApiError> refuse(const runtime::HttpRequest& request, std::string_view service,
                                 runtime::WallTime now);

 private:
  std::optional<runtime::aws::SignatureVerifier> verifier_;
};

}  // namespace pawl::service
