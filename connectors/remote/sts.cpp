#include "connectors/remote/sts.h"

#include "asl/time/timestamp.h"
#include "connectors/aws/xml.h"
#include "runtime/http/message.h"
#include "runtime/http/uri.h"

#include <fmt/format.h>

#include <chrono>
#include <initializer_list>
#include <utility>

namespace pawl::connectors::remote {
namespace {

std::string form_of(
    std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
  std::string form = "Version=2011-06-15";
  for (const auto& [name, text] : parameters) {
    if (!text.empty())
      form.append("&").append(name).append("=").append(runtime::percent_encode(text));
  }
  return form;
}

std::string_view session_name(const Role& role) {
  return role.session_name.empty() ? std::string_view("pawl") : role.session_name;
}

}  // namespace

std::string assume_role_form(const Role& role) {
  return form_of({{"Action", "AssumeRole"},
                  {"RoleArn", role.arn},
                  {"RoleSessionName", session_name(role)},
                  {"ExternalId", role.external_id},
                  {"DurationSeconds", role.duration_seconds}});
}

std::string assume_role_form(const Role& role, std::string_view web_identity_token) {
  return form_of({{"Action", "AssumeRoleWithWebIdentity"},
                  {"RoleArn", role.arn},
                  {"RoleSessionName", session_name(role)},
                  {"WebIdentityToken", web_identity_token},
                  {"DurationSeconds", role.duration_seconds}});
}

Result<TemporaryCredentials> read_sts_answer(int status, std::string_view body) {
  const Result<aws::XmlElement> root = aws::read_xml(body);
  if (status != 200) {
    const aws::XmlElement* error = root ? root->find("Error") : nullptr;
    const bool refused = error != nullptr && status < 500;
    return Error{refused ? ErrorCode::kUnsupported : ErrorCode::kUnavailable,
                 error == nullptr
                     ? fmt::format("STS answered with status {}", status)
                     : fmt::format("{} (Service: Sts, Status Code: {}, Error: {})",
                                   error->text_of("Message"), status, error->text_of("Code")),
                 ""};
  }
  const Error unreadable{ErrorCode::kUnavailable, "STS gave no credentials", ""};
  if (!root || root->children.empty()) return unreadable;
  // Within the result, which has the operation's name.
  const aws::XmlElement* found = root->children.front().find("Credentials");
  if (found == nullptr) return unreadable;
  TemporaryCredentials out;
  out.credentials = {std::string(found->text_of("AccessKeyId")),
                     std::string(found->text_of("SecretAccessKey")),
                     std::string(found->text_of("SessionToken"))};
  if (out.credentials.access_key_id.empty() || out.credentials.secret_access_key.empty() ||
      !runtime::is_sendable_field("A", out.credentials.access_key_id) ||
      !runtime::is_sendable_field("A", out.credentials.session_token)) {
    return unreadable;
  }
  if (const auto end = asl::parse_timestamp(found->text_of("Expiration"))) {
    out.expiration = std::chrono::floor<std::chrono::milliseconds>(*end);
  }
  return out;
}

}  // namespace pawl::connectors::remote
