// LocalLambda: functions as local processes over the Lambda Runtime API.
//
// Functions are declared by FunctionConfig (lambda/function_directory.h reads them from disk) and
// found by name: account and region of an ARN are taken as they come. A qualifier chooses among the
// versions and aliases of a function that is managed (lambda/api.h); of one that was only declared
// it is shown and has no other effect. docs/functions.md says what a function may expect.
#pragma once

#include "connectors/lambda/backend.h"
#include "connectors/lambda/function_pool.h"
#include "runtime/fiber/shard.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors {

struct LocalLambdaOptions {
  std::vector<FunctionConfig> functions;  // of equal names the first counts
  // Where interpreters are looked for, and the PATH of the functions.
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  PoolLimits limits;
};

// Of a function with versions and aliases.
struct Managed {
  struct Alias {
    std::string version;
    std::string second_version;  // empty: none
    double second_weight = 0;    // its share of the calls, 0 to 1
  };
  std::map<std::string, Alias, std::less<>> aliases;
  // Calls at once, of all versions together; one more is refused. Empty: each version has its
  // own `concurrency`, and further calls wait.
  std::optional<std::size_t> reserved;
};

class LocalLambda final : public LambdaBackend {
 public:
  // The processes belong to `shard`, which must outlive this. May be made and destroyed off the
  // shard while it does not run, otherwise on it. Processes are killed when the shard stops or this
  // is destroyed, and nothing of them is answered then: see InvocationCancelled.
  LocalLambda(runtime::Shard& shard, LocalLambdaOptions options);
  ~LocalLambda() override;

  // Accepts an Event call durably; from then on it is somebody else's. An error refuses it. On a
  // fiber of the shard; may suspend. Before calls come.
  using Accept = std::function<std::optional<ServiceError>(const Invocation& invocation,
                                                           const std::string& request_id)>;
  void connect(Accept accept) { accept_ = std::move(accept); }

  // On a fiber of any shard. A function that is not declared: ResourceNotFoundException. Event
  // answers when the call is accepted; without connect() at once, and it runs the function one
  // time, whatever comes of it.
  InvocationOutcome invoke(const Invocation& invocation,
                           engine::Cancellation* cancellation) override;

  // On the shard: declares a function, or declares it anew; its running calls go on as they began.
  void add(FunctionConfig config);
  // On the shard: what the qualifiers of a function stand for from now on.
  void manage(std::string name, Managed managed) { managed_[std::move(name)] = std::move(managed); }
  // On the shard: takes a function or a version away; its running calls end as they began.
  void remove(std::string_view name, std::string_view version = "$LATEST");
  // On the shard; empty stats for an unknown name.
  PoolStats stats(std::string_view function) const;

 private:
  InvocationOutcome invoke_here(const Invocation& invocation, const std::shared_ptr<Call>& call);
  FunctionPool* find(std::string_view name) const;
  // The version that a call runs; nothing: its qualifier stands for none.
  std::optional<std::string> version_for(const FunctionName& function,
                                         std::string_view request_id) const;
  // Of all versions: calls that run or wait.
  std::size_t calls_of(std::string_view name) const;
  void shut_down();

  runtime::Shard& shard_;
  LocalLambdaOptions options_;
  Accept accept_;
  // By NAME, and by NAME:VERSION.
  std::map<std::string, std::shared_ptr<FunctionPool>, std::less<>> pools_;
  std::map<std::string, Managed, std::less<>> managed_;
  bool hooked_ = false;
  runtime::StopHook stop_hook_;
};

}  // namespace pawl::connectors
