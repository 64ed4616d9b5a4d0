#include "engine/task.h"

#include <utility>

namespace pawl::engine {

void Cancellation::on_cancel(std::function<void()> callback) {
  callback_ = std::move(callback);
  if (cancelled_ && callback_) std::exchange(callback_, nullptr)();
}

void Cancellation::cancel() {
  if (cancelled_.exchange(true)) return;
  if (callback_) std::exchange(callback_, nullptr)();
}

Outcome TaskHandler::resume(const TaskRequest& /*request*/, const asl::Payload& /*continuation*/) {
  return TaskSubmitted{};
}

void TaskHandler::cancel(const TaskRequest& /*request*/, const asl::Payload& /*continuation*/) {}

}  // namespace pawl::engine
