// LocalLambda: functions as local processes over the Lambda Runtime API.
//
// Functions are declared by FunctionConfig (lambda/function_directory.h reads them from disk) and
// found by name alone: account and region of an ARN are taken as they come, a qualifier is shown
// and has no other effect. docs/functions.md says what a function may expect.
#pragma once

#include "connectors/lambda/backend.h"
#include "connectors/lambda/function_pool.h"
#include "runtime/fiber/shard.h"

#include <map>
#include <memory>
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

class LocalLambda final : public LambdaBackend {
 public:
  // The processes belong to `shard`, which must outlive this. May be made and destroyed off the
  // shard while it does not run, otherwise on it. Processes are killed when the shard stops or this
  // is destroyed, and nothing of them is answered then: see InvocationCancelled.
  LocalLambda(runtime::Shard& shard, LocalLambdaOptions options);
  ~LocalLambda() override;

  // On a fiber of any shard. A function that is not declared: ResourceNotFoundException. Event
  // answers at once and runs the function one time, whatever comes of it.
  InvocationOutcome invoke(const Invocation& invocation,
                           engine::Cancellation* cancellation) override;

  // On the shard: declares a function, or declares it anew; its running calls go on as they began.
  void add(FunctionConfig config);
  // On the shard: takes a function away; its running calls end as they began.
  void remove(std::string_view name);
  // On the shard; empty stats for an unknown name.
  PoolStats stats(std::string_view function) const;

 private:
  InvocationOutcome invoke_here(const Invocation& invocation, const std::shared_ptr<Call>& call);
  FunctionPool* find(std::string_view name) const;
  void shut_down();

  runtime::Shard& shard_;
  LocalLambdaOptions options_;
  std::map<std::string, std::shared_ptr<FunctionPool>, std::less<>> pools_;
  bool hooked_ = false;
  runtime::StopHook stop_hook_;
};

}  // namespace pawl::connectors
