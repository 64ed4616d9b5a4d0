// How the Tasks of each state machine reach the world: functions on this machine, mocks, or
// nothing.
#pragma once

#include "base/result.h"
#include "connectors/connectors.h"
#include "connectors/embedded/services.h"
#include "connectors/http/outside.h"
#include "connectors/remote/services.h"
#include "connectors/states/handler.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"
#include "runtime/fiber/shard.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::cli {

struct TaskSetup {
  std::string functions;  // directory; empty: no functions
  std::string mock;       // FILE#CASE; empty: no mocks
};

// The handlers of all machines. A machine has its own setup or, if none was added for it, that of
// the machine "". Filled before the engine runs.
class TaskWorld final : public engine::TaskHandlers {
 public:
  // `shard` runs the processes of functions. Both must outlive this.
  TaskWorld(runtime::Shard& shard, runtime::Clock& clock)
      : shard_(shard), clock_(clock), states_(std::make_shared<connectors::StatesHandler>(clock)) {}

  // Where nested workflows and `aws-sdk:sfn` calls go. Before the engine opens.
  void connect(connectors::StatesApi& api) { states_->connect(api); }
  // Queues, buckets and their kin. Before add().
  void connect(connectors::EmbeddedServices& services) { embedded_ = &services; }

  // What HTTP Tasks call through. Before add().
  void connect(connectors::http::Outside& outside) { outside_ = &outside; }
  // Services that are not in this program. Before add().
  void connect(connectors::remote::RemoteServices& remote) { remote_ = &remote; }

  // kInvalid, kNotFound: the message says what is wrong with the functions or the mocks.
  Status add(const std::string& machine, const TaskSetup& setup);
  // `handlers` serve the machine from now on, in the place of what add() would give it.
  void replace(const std::string& machine, engine::TaskHandlers* handlers) {
    machines_[machine].replacement = handlers;
  }

  bool has_function(const std::string& machine, std::string_view name) const;
  // Functions are called elsewhere, whatever directory there is.
  bool has_remote_functions() const;
  bool is_mocked(const std::string& machine, const std::string& state) const;

  engine::TaskHandler* find(const asl::Resource& resource, std::string_view machine,
                            std::string_view state) override;

 private:
  struct Functions {
    std::vector<std::string> names;
    std::unique_ptr<connectors::LocalLambda> lambda;
    connectors::Registry registry;
  };
  struct Machine {
    std::shared_ptr<Functions> functions;
    std::unique_ptr<connectors::MockHandlers> mocks;  // in front of the functions
    engine::TaskHandlers* replacement = nullptr;      // instead of both
  };

  Result<std::shared_ptr<Functions>> open_functions(const std::string& directory);
  const Machine* machine_of(std::string_view name) const;

  runtime::Shard& shard_;
  runtime::Clock& clock_;
  std::shared_ptr<connectors::StatesHandler> states_;
  connectors::EmbeddedServices* embedded_ = nullptr;
  connectors::http::Outside* outside_ = nullptr;
  connectors::remote::RemoteServices* remote_ = nullptr;
  // Machines with one directory share its processes.
  std::map<std::string, std::shared_ptr<Functions>> functions_;
  std::map<std::string, Machine, std::less<>> machines_;
};

}  // namespace pawl::cli
