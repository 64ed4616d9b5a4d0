#include "connectors/remote/credential_chain.h"

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "asl/time/timestamp.h"
#include "runtime/aws/profile_file.h"
#include "runtime/aws/sigv4.h"
#include "runtime/files/blocking.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace pawl::connectors::remote {
namespace {

using runtime::HttpCall;
using runtime::HttpHeaders;
using runtime::HttpResponse;
using runtime::SteadyTime;
using runtime::WallTime;
using runtime::aws::Credentials;
using runtime::aws::ProfileFile;

constexpr std::chrono::minutes kRefreshBefore{5};
constexpr std::chrono::minutes kFileLife{5};
constexpr std::chrono::seconds kFailureLife{1};
// Nobody answers there outside a cloud: do not keep a Task waiting.
constexpr std::chrono::seconds kEndpointPatience{2};
constexpr std::size_t kDocumentBytesMax = 64 * 1024;
// STS is a service as others are.
constexpr std::chrono::seconds kStsPatience{20};
constexpr const char* kContainerHost = "http://169.254.170.2";
constexpr const char* kMachineHost = "http://169.254.169.254";

// Credentials end in real time, whatever the engine's clock does.
WallTime real_now() { return runtime::RealClock().wall_now(); }
SteadyTime deadline_within(std::chrono::nanoseconds span, SteadyTime deadline) {
  return std::min(deadline, runtime::Shard::current()->clock().after(span));
}

std::string home_file(const Environment& environment, const char* variable, const char* name) {
  std::string given = environment(variable);
  if (!given.empty()) return given;
  const std::string home = environment("HOME");
  return home.empty() ? std::string() : home + "/.aws/" + name;
}

std::string profile_name(const Environment& environment) {
  std::string name = environment("AWS_PROFILE");
  if (name.empty()) name = environment("AWS_DEFAULT_PROFILE");
  return name.empty() ? "default" : name;
}

std::string value_of(const ProfileFile& file, const std::string& profile, std::string_view name) {
  const auto section = file.find(profile);
  if (section == file.end()) return {};
  const auto value = section->second.find(name);
  return value == section->second.end() ? std::string() : value->second;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
  return line;
}

Error none(std::string message) { return {ErrorCode::kNotFound, std::move(message), ""}; }

}  // namespace

std::string process_environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::string() : std::string(value);
}

std::string configured_region(const Environment& environment) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = environment(name); !region.empty()) return region;
  }
  const std::string path = home_file(environment, "AWS_CONFIG_FILE", "config");
  if (path.empty()) return {};
  const Result<ProfileFile> file = runtime::aws::load_profiles(path);
  return file ? value_of(*file, profile_name(environment), "region") : std::string();
}

std::optional<TemporaryCredentials> read_credentials_document(std::string_view json) {
  const Result<asl::Value> read = asl::read_json(json);
  if (!read || !read->is_object()) return std::nullopt;
  TemporaryCredentials out;
  out.credentials = {std::string(text_of(*read, "AccessKeyId")),
                     std::string(text_of(*read, "SecretAccessKey")),
                     std::string(text_of(*read, "Token"))};
  if (out.credentials.access_key_id.empty() || out.credentials.secret_access_key.empty() ||
      !runtime::is_sendable_field("A", out.credentials.access_key_id) ||
      !runtime::is_sendable_field("A", out.credentials.session_token)) {
    return std::nullopt;
  }
  if (const auto end = asl::parse_timestamp(text_of(*read, "Expiration"))) {
    out.expiration = std::chrono::floor<std::chrono::milliseconds>(*end);
  }
  return out;
}

Result<Credentials> CredentialChain::take(Kept& kept, const Find& find) {
  const WallTime now = real_now();
  if (kept.credentials && now < kept.good_until) return *kept.credentials;
  if (kept.failed && now < kept.failed_until) return *kept.failed;
  Result<TemporaryCredentials> found = find();
  if (!found) {
    // Better ones that end soon than none.
    if (kept.credentials && now < kept.good_until + kRefreshBefore) return *kept.credentials;
    kept.failed = found.error();
    kept.failed_until = real_now() + kFailureLife;
    return *kept.failed;
  }
  kept.failed.reset();
  kept.credentials = found->credentials;
  kept.good_until =
      found->expiration ? *found->expiration - kRefreshBefore : real_now() + kFileLife;
  return *kept.credentials;
}

Result<Credentials> CredentialChain::get(SteadyTime deadline) {
  return take(own_, [&] { return find(deadline); });
}

Result<Credentials> CredentialChain::get_for(const Role& role, SteadyTime deadline) {
  const std::string key = assume_role_form(role);
  if (roles_.size() >= kRolesMax && !roles_.contains(key)) roles_.clear();
  std::shared_ptr<Kept>& place = roles_[key];
  if (place == nullptr) place = std::make_shared<Kept>();
  const std::shared_ptr<Kept> kept = place;
  return take(*kept, [&]() -> Result<TemporaryCredentials> {
    const Result<Credentials> own = get(deadline);
    if (!own) return own.error();
    return ask_sts(key, &*own, deadline);
  });
}

void CredentialChain::forget() {
  own_.credentials.reset();
  roles_.clear();
}

Result<TemporaryCredentials> CredentialChain::find(SteadyTime deadline) {
  if (auto found = of_environment()) return *std::move(found);
  if (const auto plan = web_identity()) return of_plan(*plan, deadline);
  Result<ProfilePlan> plan = none("");
  if (Status ran = runtime::run_blocking([&] { plan = profile(); }); !ran) {
    return std::move(ran).error();
  }
  if (plan) return of_plan(*plan, deadline);
  if (plan.error().code != ErrorCode::kNotFound) {
    return Error{plan.error().code, "Unable to load credentials: " + plan.error().message, ""};
  }
  Result<TemporaryCredentials> of_endpoint = of_container(deadline);
  if (!of_endpoint) of_endpoint = of_machine(deadline);
  if (of_endpoint) return of_endpoint;
  return none("Unable to load credentials: not in the environment; " + plan.error().message + "; " +
              of_endpoint.error().message);
}

std::optional<TemporaryCredentials> CredentialChain::of_environment() const {
  Credentials found{environment_("AWS_ACCESS_KEY_ID"), environment_("AWS_SECRET_ACCESS_KEY"),
                    environment_("AWS_SESSION_TOKEN")};
  if (found.access_key_id.empty() || found.secret_access_key.empty()) return std::nullopt;
  return TemporaryCredentials{std::move(found), std::nullopt};
}

std::optional<ProfilePlan> CredentialChain::web_identity() const {
  ProfilePlan plan;
  plan.source = ProfilePlan::Source::kWebIdentity;
  plan.token_file = environment_("AWS_WEB_IDENTITY_TOKEN_FILE");
  Role role;
  role.arn = environment_("AWS_ROLE_ARN");
  role.session_name = environment_("AWS_ROLE_SESSION_NAME");
  if (plan.token_file.empty() || role.arn.empty()) return std::nullopt;
  plan.roles.push_back(std::move(role));
  return plan;
}

// Reads files.
Result<ProfilePlan> CredentialChain::profile() const {
  ProfileFile profiles;
  std::string places;
  for (const auto& [variable, name] :
       {std::pair{"AWS_CONFIG_FILE", "config"}, {"AWS_SHARED_CREDENTIALS_FILE", "credentials"}}) {
    const std::string path = home_file(environment_, variable, name);
    if (path.empty()) continue;
    places += (places.empty() ? "" : " or ") + path;
    Result<ProfileFile> file = runtime::aws::load_profiles(path);
    if (!file) continue;
    for (auto& [section, values] : *file) {
      for (auto& [key, value] : values) profiles[section].insert_or_assign(key, std::move(value));
    }
  }
  Result<ProfilePlan> plan = plan_of_profile(profiles, profile_name(environment_));
  if (plan || plan.error().code != ErrorCode::kNotFound) return plan;
  return none("no credentials of a profile '" + profile_name(environment_) + "' in " +
              (places.empty() ? "any file" : places));
}

Result<TemporaryCredentials> CredentialChain::of_plan(const ProfilePlan& plan,
                                                      SteadyTime deadline) {
  Result<TemporaryCredentials> found = none("");
  std::size_t assumed = 0;
  switch (plan.source) {
    case ProfilePlan::Source::kKeys:
      found = TemporaryCredentials{plan.keys, std::nullopt};
      break;
    case ProfilePlan::Source::kEnvironment:
      if (auto keys = of_environment()) {
        found = *std::move(keys);
      } else {
        found = none("the environment has no credentials");
      }
      break;
    case ProfilePlan::Source::kContainer:
      found = of_container(deadline);
      break;
    case ProfilePlan::Source::kMachine:
      found = of_machine(deadline);
      break;
    case ProfilePlan::Source::kWebIdentity: {
      std::string token;
      Status ran = runtime::run_blocking([&] { token = first_line(plan.token_file); });
      if (!ran) return std::move(ran).error();
      if (token.empty()) {
        found = Error{ErrorCode::kIo, "there is no token in " + plan.token_file, ""};
        break;
      }
      found = ask_sts(assume_role_form(plan.roles.front(), token), nullptr, deadline);
      assumed = 1;
      break;
    }
  }
  for (; found && assumed < plan.roles.size(); ++assumed) {
    const Credentials with = found->credentials;
    found = ask_sts(assume_role_form(plan.roles[assumed]), &with, deadline);
  }
  if (!found) {
    return Error{found.error().code, "Unable to load credentials: " + found.error().message, ""};
  }
  return found;
}

Result<TemporaryCredentials> CredentialChain::ask_sts(const std::string& form,
                                                      const Credentials* with,
                                                      SteadyTime deadline) {
  HttpCall call;
  call.method = "POST";
  call.url = sts_.url + "/";
  const Result<runtime::Url> url = runtime::Url::parse(call.url);
  if (!url) return url.error();
  call.headers.add("Host", url->authority());
  call.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  call.body = form;
  call.deadline = deadline_within(kStsPatience, deadline);
  call.max_response_bytes = kDocumentBytesMax;
  call.may_resend = true;  // credentials that nobody uses end by themselves
  if (with != nullptr) {
    runtime::aws::SigningOptions signing;
    signing.region = sts_.region;
    signing.service = "sts";
    signing.at = real_now();
    runtime::aws::sign(call.method, url->target, call.headers, call.body, *with, signing);
  }
  const Result<HttpResponse> answer = client_.call(call);
  if (!answer) {
    return Error{answer.error().code, "Unable to execute HTTP request: " + answer.error().message,
                 ""};
  }
  return read_sts_answer(answer->status, answer->body);
}

Result<std::string> CredentialChain::ask(const std::string& method, const std::string& url,
                                         const HttpHeaders& headers, SteadyTime deadline) {
  HttpCall call;
  call.method = method;
  call.url = url;
  call.headers = headers;
  call.deadline = deadline_within(kEndpointPatience, deadline);
  call.max_response_bytes = kDocumentBytesMax;
  Result<HttpResponse> answer = client_.call(call);
  if (!answer) return std::move(answer).error();
  if (answer->status != 200) {
    return none(url + " answered with status " + std::to_string(answer->status));
  }
  return std::move(answer->body);
}

Result<TemporaryCredentials> CredentialChain::of_container(SteadyTime deadline) {
  std::string url = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!url.empty()) {
    url = kContainerHost + url;
  } else {
    url = environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  }
  if (url.empty()) return none("no container");
  std::string token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string token_file = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!token_file.empty()) {
    Status ran = runtime::run_blocking([&] { token = first_line(token_file); });
    if (!ran) return std::move(ran).error();
  }
  HttpHeaders headers;
  if (!token.empty()) headers.add("Authorization", token);
  const Result<std::string> document = ask("GET", url, headers, deadline);
  if (!document) return document.error();
  const auto read = read_credentials_document(*document);
  if (!read) return none("the container's endpoint gave no credentials");
  return *read;
}

Result<TemporaryCredentials> CredentialChain::of_machine(SteadyTime deadline) {
  if (environment_("AWS_EC2_METADATA_DISABLED") == "true") {
    return none("the machine's metadata service is disabled");
  }
  std::string host = environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (host.empty()) host = kMachineHost;
  while (host.ends_with('/')) host.pop_back();
  const Result<std::string> token =
      ask("PUT", host + "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}},
          deadline);
  if (!token) return none("no metadata service (" + token.error().message + ")");
  HttpHeaders headers;
  headers.add("X-aws-ec2-metadata-token", *token);
  const std::string roles = host + "/latest/meta-data/iam/security-credentials/";
  Result<std::string> role = ask("GET", roles, headers, deadline);
  if (!role) return none("the machine has no role (" + role.error().message + ")");
  role->erase(std::min(role->find_first_of("\r\n"), role->size()));
  const Result<std::string> document = ask("GET", roles + *role, headers, deadline);
  if (!document) return document.error();
  const auto read = read_credentials_document(*document);
  if (!read) return none("the metadata service gave no credentials");
  return *read;
}

}  // namespace pawl::connectors::remote
