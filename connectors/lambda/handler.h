// The TaskHandler of both Lambda forms, over any back end.
#pragma once

#include "connectors/lambda/backend.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"

#include <memory>

namespace pawl::connectors {

class LambdaHandler final : public engine::TaskHandler {
 public:
  // `clock`: what the Date in an answer's metadata shows. Both must outlive the handler.
  LambdaHandler(LambdaBackend& backend, runtime::Clock& clock) : backend_(backend), clock_(clock) {}

  // Suspends until the function has answered or nobody waits any more.
  engine::Outcome run(const engine::TaskRequest& request) override;

 private:
  LambdaBackend& backend_;
  runtime::Clock& clock_;
};

}  // namespace pawl::connectors
