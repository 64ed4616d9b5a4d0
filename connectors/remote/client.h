// Client: calls of AWS's APIs at their endpoints: signed, over kept connections, repeated where a
// second call does no harm.
#pragma once

#include "base/result.h"
#include "connectors/aws_models/model_store.h"
#include "connectors/remote/credential_chain.h"
#include "connectors/remote/options.h"
#include "connectors/remote/wire.h"
#include "engine/task.h"
#include "runtime/http/shard_clients.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

namespace pawl::connectors::remote {

// How often a call is made at most: what may pass by itself (throttling, a busy or unreachable
// service) is tried again after 100 ms, 200 ms, with jitter.
inline constexpr int kAttempts = 3;
// For the answer to one call; functions and synchronous executions may take longer.
inline constexpr std::chrono::seconds kPatience{70};
inline constexpr std::chrono::seconds kLongPatience{910};
inline constexpr std::size_t kAnswerBytesMax = std::size_t{8} << 20;

struct Answered {
  std::variant<asl::Value, aws::Error> answer;  // in the API's form
  runtime::HttpResponse response;               // as it came, without its body
  std::size_t body_bytes = 0;
  std::string request_id;
};

// No answer came: whatever the cause, what was asked for may or may not have happened.
struct NotAnswered {
  bool cancelled = false;
  bool refused = false;  // the role to call in may not be assumed: nothing was asked for
  std::string message;   // "Unable to execute HTTP request: ..."
};

class Client {
 public:
  // kInvalid: the file of authorities cannot be used. Reads files: before the shards run.
  static Result<std::unique_ptr<Client>> make(RemoteOptions options,
                                              Environment environment = process_environment);

  struct Caller {
    runtime::SteadyTime deadline = runtime::kNever;
    engine::Cancellation* cancellation = nullptr;
    std::optional<Role> role = {};  // of a Task's Credentials; empty: the program's own name
  };

  // On a fiber of any shard; suspends. `input` in the API's form. kInvalid: it cannot be written.
  Result<std::variant<Answered, NotAnswered>> call(const ApiModel& model,
                                                   const ApiOperation& operation,
                                                   const asl::Value& input, const Caller& caller);

  // Signs a request of another kind for `service`, in the configured region. Host is set from the
  // URL unless given. On a fiber; suspends. kNotFound: there are no credentials; kUnsupported: the
  // role may not be assumed.
  Status sign(runtime::HttpCall& call, std::string_view service,
              const std::optional<Role>& role = {});
  // What calls of endpoints go through: any address.
  runtime::HttpClient& http() { return clients_.here(); }

  ModelStore& models() { return models_; }
  const RemoteOptions& options() const { return options_; }

 private:
  Client(RemoteOptions options, Environment environment, runtime::HttpClientOptions http);

  CredentialChain& credentials_here();
  Result<runtime::aws::Credentials> credentials_for(const std::optional<Role>& role,
                                                    runtime::SteadyTime deadline);

  const RemoteOptions options_;
  const Environment environment_;
  ModelStore models_;
  runtime::ShardHttpClients clients_;
  std::mutex mutex_;
  std::map<runtime::Shard*, std::unique_ptr<CredentialChain>> credentials_;
};

// The role of a Task's Credentials as Step Functions assumes it: its session has the machine's
// name, and its external id is the machine's ARN. Empty without `role_arn`.
//
// Source: developer guide, "Accessing resources in other AWS accounts".
std::optional<Role> task_role(const std::string& role_arn, std::string_view state_machine_arn);
std::optional<Role> task_role(const engine::TaskRequest& request);

// Whether doing it twice is doing it once: reads, REST's repeatable methods, and what carries an
// idempotency token.
bool is_repeatable(const ApiModel& model, const ApiOperation& operation, const asl::Value& input);
// Whether an error says that nothing was done and that it may pass.
bool is_throttling(const aws::Error& error);

}  // namespace pawl::connectors::remote
