// CredentialChain: whose name calls to AWS are made in, as AWS's tools find it.
//
// The first that has any, in this order:
//   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   2. a web identity: AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN (AWS_ROLE_SESSION_NAME)
//   3. the profile AWS_PROFILE ("default") of ~/.aws/credentials and ~/.aws/config
//      (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE), of which the first counts before the second;
//      it may name roles to assume (profile_plan.h)
//   4. a container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with
//      AWS_CONTAINER_AUTHORIZATION_TOKEN or the file AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
//   5. the machine's metadata service, version 2 (unless AWS_EC2_METADATA_DISABLED is true)
//
// With these a role may be assumed by STS: that of a Task's Credentials.
//
// Kept for as long as they are good and asked for again before they end; those of a file are read
// again after five minutes, so that a changed one is taken. What a source could not give is not
// asked for again for a second.
//
// Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
#pragma once

#include "base/result.h"
#include "connectors/remote/profile_plan.h"
#include "connectors/remote/sts.h"
#include "runtime/aws/credentials.h"
#include "runtime/clock/clock.h"
#include "runtime/http/client.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::remote {

// An environment variable; empty: it is not set.
using Environment = std::function<std::string(const char* name)>;
std::string process_environment(const char* name);

// The region that the environment (AWS_REGION, AWS_DEFAULT_REGION) or the profile names; empty:
// neither does. Reads a file: before the shards run.
std::string configured_region(const Environment& environment);

// Where STS is called, and the region to sign for.
struct StsEndpoint {
  std::string url;
  std::string region;
};

// One shard's.
class CredentialChain {
 public:
  // Roles of Tasks that are remembered; past that all are asked for again.
  static constexpr std::size_t kRolesMax = 1000;

  // `client` calls STS and the endpoints of 4 and 5: link-local addresses and http. It must outlive
  // this.
  CredentialChain(runtime::HttpClient& client, Environment environment, StsEndpoint sts)
      : client_(client), environment_(std::move(environment)), sts_(std::move(sts)) {}

  // On a fiber; suspends. kNotFound: no source has any; the message says which were asked. Others:
  // one has been chosen, and cannot give them.
  Result<runtime::aws::Credentials> get(runtime::SteadyTime deadline);
  // Those of a role that get()'s may assume. On a fiber; suspends. kUnsupported: STS refuses.
  Result<runtime::aws::Credentials> get_for(const Role& role, runtime::SteadyTime deadline);
  // They were refused: who asks next gets others.
  void forget();

 private:
  // What was found, or that nothing was.
  struct Kept {
    std::optional<runtime::aws::Credentials> credentials;
    runtime::WallTime good_until{};  // real time
    std::optional<Error> failed;
    runtime::WallTime failed_until{};
  };
  using Find = std::function<Result<TemporaryCredentials>()>;
  static Result<runtime::aws::Credentials> take(Kept& kept, const Find& find);

  Result<TemporaryCredentials> find(runtime::SteadyTime deadline);
  std::optional<TemporaryCredentials> of_environment() const;
  std::optional<ProfilePlan> web_identity() const;
  Result<ProfilePlan> profile() const;
  Result<TemporaryCredentials> of_plan(const ProfilePlan& plan, runtime::SteadyTime deadline);
  Result<TemporaryCredentials> of_container(runtime::SteadyTime deadline);
  Result<TemporaryCredentials> of_machine(runtime::SteadyTime deadline);
  // `with` null: STS wants no signature.
  Result<TemporaryCredentials> ask_sts(const std::string& form,
                                       const runtime::aws::Credentials* with,
                                       runtime::SteadyTime deadline);
  Result<std::string> ask(const std::string& method, const std::string& url,
                          const runtime::HttpHeaders& headers, runtime::SteadyTime deadline);

  runtime::HttpClient& client_;
  Environment environment_;
  StsEndpoint sts_;
  Kept own_;
  // Shared with who waits for it: forgetting a role takes it away from nobody.
  std::map<std::string, std::shared_ptr<Kept>, std::less<>> roles_;
};

// What the endpoints of a container and a machine answer: AccessKeyId, SecretAccessKey, Token,
// Expiration. Empty: it is not that.
std::optional<TemporaryCredentials> read_credentials_document(std::string_view json);

}  // namespace pawl::connectors::remote
