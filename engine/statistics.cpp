#include "engine/statistics.h"

namespace pawl::engine {

ConnectorStatistics& EngineStatistics::connector(std::string_view name) {
  auto found = connectors.find(name);
  if (found == connectors.end()) {
    const bool full = connectors.size() >= kConnectorsMax;
    found = connectors.try_emplace(full ? "other" : std::string(name)).first;
  }
  return found->second;
}

void EngineStatistics::add(const EngineStatistics& other) {
  executions_in_memory += other.executions_in_memory;
  executions_resting += other.executions_resting;
  handlers_running += other.handlers_running;
  effects_waiting += other.effects_waiting;
  timers_near += other.timers_near;
  executions_started += other.executions_started;
  for (std::size_t i = 0; i < kExecutionStatuses; ++i) {
    executions_ended[i] += other.executions_ended[i];
  }
  executions_erased += other.executions_erased;
  transitions += other.transitions;
  turns += other.turns;
  for (const auto& [name, theirs] : other.connectors) {
    ConnectorStatistics& ours = connector(name);
    ours.succeeded += theirs.succeeded;
    ours.failed += theirs.failed;
    ours.submitted += theirs.submitted;
    ours.seconds.add_all(theirs.seconds);
  }
}

}  // namespace pawl::engine
