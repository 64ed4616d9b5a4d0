// STS: temporary credentials of a role. Its two calls are written by hand, because they have to be
// there whatever API models are. Pure.
//
// Source: AWS Security Token Service API Reference, AssumeRole, AssumeRoleWithWebIdentity.
#pragma once

#include "base/result.h"
#include "runtime/aws/credentials.h"
#include "runtime/clock/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::remote {

struct TemporaryCredentials {
  runtime::aws::Credentials credentials;
  std::optional<runtime::WallTime> expiration;
};

struct Role {
  std::string arn;
  std::string session_name;      // empty: "pawl"
  std::string external_id;       // empty: none
  std::string duration_seconds;  // empty: as long as STS gives them by itself, an hour
};

// The form to POST. With a web identity's token STS wants no signature.
std::string assume_role_form(const Role& role);
std::string assume_role_form(const Role& role, std::string_view web_identity_token);

// What STS answered. kUnsupported: it refused; kUnavailable: it is busy, or not STS. The message
// has its own.
Result<TemporaryCredentials> read_sts_answer(int status, std::string_view body);

}  // namespace pawl::connectors::remote
