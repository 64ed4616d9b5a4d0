#include "service/authentication.h"

#include <fmt/format.h>

#include <utility>

namespace pawl::service {

using runtime::aws::CredentialSet;
using runtime::aws::SignatureRefusal;
using runtime::aws::VerifiedCaller;

Authentication::Authentication(std::optional<CredentialSet> credentials) {
  if (credentials) verifier_.emplace(*std::move(credentials));
}

std::optional<ApiError> Authentication::refuse(const runtime::HttpRequest& request,
                                               std::string_view service, runtime::WallTime now) {
  if (!verifier_) return std::nullopt;
  auto verdict = verifier_->verify(request, now);
  if (auto* refusal = std::get_if<SignatureRefusal>(&verdict)) {
    return ApiError{std::move(refusal->code), std::move(refusal->message)};
  }
  const auto& caller = std::get<VerifiedCaller>(verdict);
  if (caller.service != service) {
    return ApiError{"InvalidSignatureException",
                    fmt::format("Credential should be scoped to correct service: '{}'. ", service)};
  }
  return std::nullopt;
}

}  // namespace pawl::service
