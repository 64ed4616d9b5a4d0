// The TaskHandler of nested workflows (`states:startExecution`) and of the API's operations as SDK
// calls (`aws-sdk:sfn:*`), over the Step Functions API of this very program.
#pragma once

#include "connectors/states/states_api.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"

namespace pawl::connectors {

// Wiring: the engine needs its handlers, and the API needs the engine, so the API comes last.
//
//   auto states = std::make_shared<StatesHandler>(clock);
//   registry.add("states", states);
//   registry.add("aws-sdk:sfn", states);
//   Engine engine({... .handlers = &registry ...});
//   service::Api api(engine);
//   states->connect(api);          // before Engine::open()
//
// Which call a request makes and how answers are shown: states/mapping.h.
class StatesHandler final : public engine::TaskHandler {
 public:
  explicit StatesHandler(runtime::Clock& clock) : clock_(clock) {}
  void connect(StatesApi& api) { api_ = &api; }

  // A .sync task is submitted once its child runs, and resumed when the child has ended.
  engine::Outcome run(const engine::TaskRequest& request) override;
  engine::Outcome resume(const engine::TaskRequest& request,
                         const asl::Payload& continuation) override;
  // Stops the child of a .sync task.
  void cancel(const engine::TaskRequest& request, const asl::Payload& continuation) override;

 private:
  runtime::Clock& clock_;
  StatesApi* api_ = nullptr;
};

}  // namespace pawl::connectors
