#include "connectors/lambda/handler.h"

#include "connectors/lambda/mapping.h"

namespace pawl::connectors {

engine::Outcome LambdaHandler::run(const engine::TaskRequest& request) {
  auto planned = to_invocation(request);
  if (auto* failure = std::get_if<engine::Failure>(&planned)) {
    return engine::TaskFailed{std::move(*failure)};
  }
  const InvocationOutcome outcome =
      backend_.invoke(std::get<Invocation>(planned), request.cancellation.get());
  return to_outcome(request, outcome, clock_.wall_now());
}

}  // namespace pawl::connectors
