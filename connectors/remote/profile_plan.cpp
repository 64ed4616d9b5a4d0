#include "connectors/remote/profile_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace pawl::connectors::remote {
namespace {

using runtime::aws::Credentials;
using runtime::aws::ProfileFile;
using Section = ProfileFile::mapped_type;

std::string value_of(const Section& section, std::string_view name) {
  const auto value = section.find(name);
  return value == section.end() ? std::string() : value->second;
}

std::optional<Credentials> keys_of(const Section& section) {
  Credentials found{value_of(section, "aws_access_key_id"),
                    value_of(section, "aws_secret_access_key"),
                    value_of(section, "aws_session_token")};
  if (found.access_key_id.empty() || found.secret_access_key.empty()) return std::nullopt;
  return found;
}

// Why a profile without keys and roles cannot be used.
Error no_credentials(const Section& section, const std::string& name, bool first) {
  for (const auto& [key, value] : section) {
    if (key.starts_with("sso_")) {
      return {ErrorCode::kUnsupported,
              fmt::format("the profile '{}' signs in by SSO, which pawl does not: "
                          "`aws configure export-credentials --profile {} --format env` gives keys",
                          name, name),
              ""};
    }
    if (key == "credential_process") {
      return {
          ErrorCode::kUnsupported,
          fmt::format("the profile '{}' has a credential_process, which pawl does not run", name),
          ""};
    }
  }
  return {first ? ErrorCode::kNotFound : ErrorCode::kInvalid,
          fmt::format("the profile '{}' has no credentials", name), ""};
}

std::optional<ProfilePlan::Source> source_named(std::string_view name) {
  if (name == "Environment") return ProfilePlan::Source::kEnvironment;
  if (name == "EcsContainer") return ProfilePlan::Source::kContainer;
  if (name == "Ec2InstanceMetadata") return ProfilePlan::Source::kMachine;
  return std::nullopt;
}

}  // namespace

Result<ProfilePlan> plan_of_profile(const ProfileFile& profiles, const std::string& name) {
  ProfilePlan plan;
  std::set<std::string> seen;
  std::string current = name;
  for (;;) {
    const auto found = profiles.find(current);
    if (found == profiles.end()) {
      return Error{seen.empty() ? ErrorCode::kNotFound : ErrorCode::kInvalid,
                   fmt::format("there is no profile '{}'", current), ""};
    }
    const Section& section = found->second;
    const bool first = seen.empty();
    const bool again = !seen.insert(current).second;
    Role role{value_of(section, "role_arn"), value_of(section, "role_session_name"),
              value_of(section, "external_id"), value_of(section, "duration_seconds")};
    // A profile may be its own source: then its keys assume its role.
    if (role.arn.empty() || again) {
      std::optional<Credentials> keys = keys_of(section);
      if (!keys && again) {
        return Error{ErrorCode::kInvalid,
                     fmt::format("the source_profile of '{}' leads back to it", current), ""};
      }
      if (!keys) return no_credentials(section, current, first);
      plan.keys = *std::move(keys);
      break;
    }
    if (section.contains("mfa_serial")) {
      return Error{ErrorCode::kUnsupported,
                   fmt::format("the profile '{}' has a mfa_serial: nobody is here to ask", current),
                   ""};
    }
    if (plan.roles.size() == kRoleChainMax) {
      return Error{ErrorCode::kLimit,
                   fmt::format("the profile '{}' leads to more than {} roles", name, kRoleChainMax),
                   ""};
    }
    plan.roles.push_back(std::move(role));
    plan.token_file = value_of(section, "web_identity_token_file");
    if (!plan.token_file.empty()) {
      plan.source = ProfilePlan::Source::kWebIdentity;
      break;
    }
    std::string next = value_of(section, "source_profile");
    if (next.empty()) {
      const auto source = source_named(value_of(section, "credential_source"));
      if (!source) {
        return Error{ErrorCode::kInvalid,
                     fmt::format("the profile '{}' has a role_arn, and neither source_profile nor "
                                 "credential_source nor web_identity_token_file",
                                 current),
                     ""};
      }
      plan.source = *source;
      break;
    }
    current = std::move(next);
  }
  // Found from the last to the first.
  std::reverse(plan.roles.begin(), plan.roles.end());
  return plan;
}

}  // namespace pawl::connectors::remote
