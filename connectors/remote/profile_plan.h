// How a profile of ~/.aws says whose name calls are made in. Pure.
//
//   [profile orders]
//   role_arn = arn:aws:iam::123456789012:role/orders   ; assumed by ...
//   source_profile = base                              ; ... this one, which may have a role, too
//   ; or credential_source = Environment | EcsContainer | Ec2InstanceMetadata
//   ; or web_identity_token_file = PATH
//   ; also: role_session_name, external_id, duration_seconds
//
// Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider".
#pragma once

#include "base/result.h"
#include "connectors/remote/sts.h"
#include "runtime/aws/credentials.h"
#include "runtime/aws/profile_file.h"

#include <cstddef>
#include <string>
#include <vector>

namespace pawl::connectors::remote {

// Roles that one assumes by the other.
inline constexpr std::size_t kRoleChainMax = 8;

struct ProfilePlan {
  enum class Source { kKeys, kEnvironment, kContainer, kMachine, kWebIdentity };
  Source source = Source::kKeys;
  runtime::aws::Credentials keys;  // of kKeys
  std::string token_file;          // of kWebIdentity: for the first of `roles`
  std::vector<Role> roles;         // in the order in which they are assumed
};

// Of the sections of both files together. kNotFound: there is no such profile, or it says nothing
// of credentials. kUnsupported, kInvalid, kLimit: it does, but cannot be followed; the message says
// why.
Result<ProfilePlan> plan_of_profile(const runtime::aws::ProfileFile& profiles,
                                    const std::string& name);

}  // namespace pawl::connectors::remote
