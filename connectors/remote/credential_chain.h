// CredentialChain: whose name calls to AWS are made in, as AWS's tools find it.
//
// The first that has any, in this order:
//   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   2. the profile AWS_PROFILE ("default") of ~/.aws/credentials, then of ~/.aws/config
//      (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE)
//   3. a container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with
//      AWS_CONTAINER_AUTHORIZATION_TOKEN or the file AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
//   4. the machine's metadata service, version 2 (unless AWS_EC2_METADATA_DISABLED is true)
//
// Kept for as long as they are good and asked for again before they end; those of a file are read
// again after five minutes, so that a changed one is taken. What a source could not give is not
// asked for again for a second.
//
// Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
#pragma once

#include "base/result.h"
#include "runtime/aws/credentials.h"
#include "runtime/clock/clock.h"
#include "runtime/http/client.h"

#include <functional>
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

// One shard's.
class CredentialChain {
 public:
  // `client` calls the endpoints of 3 and 4: link-local addresses and http. It must outlive this.
  CredentialChain(runtime::HttpClient& client, Environment environment)
      : client_(client), environment_(std::move(environment)) {}

  // On a fiber; suspends. kNotFound: no source has any; the message says which were asked.
  Result<runtime::aws::Credentials> get(runtime::SteadyTime deadline);
  // They were refused: the next get() asks again.
  void forget() { kept_.reset(); }

 private:
  struct Found {
    runtime::aws::Credentials credentials;
    std::optional<runtime::WallTime> ends;  // real time
  };
  Result<Found> find(runtime::SteadyTime deadline);
  std::optional<Found> of_environment() const;
  Result<Found> of_files() const;
  Result<Found> of_container(runtime::SteadyTime deadline);
  Result<Found> of_machine(runtime::SteadyTime deadline);
  Result<std::string> ask(const std::string& method, const std::string& url,
                          const runtime::HttpHeaders& headers, runtime::SteadyTime deadline);

  runtime::HttpClient& client_;
  Environment environment_;
  std::optional<runtime::aws::Credentials> kept_;
  runtime::WallTime good_until_{};
  std::optional<Error> failed_;
  runtime::WallTime failed_until_{};
};

// What the endpoints of a container and a machine answer: AccessKeyId, SecretAccessKey, Token,
// Expiration. Empty: it is not that.
struct TemporaryCredentials {
  runtime::aws::Credentials credentials;
  std::optional<runtime::WallTime> expiration;
};
std::optional<TemporaryCredentials> read_credentials_document(std::string_view json);

}  // namespace pawl::connectors::remote
