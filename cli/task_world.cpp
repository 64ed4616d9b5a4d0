#include "cli/task_world.h"

#include "connectors/apigateway/handler.h"
#include "connectors/http/handler.h"

#include <algorithm>
#include <cstdlib>

namespace pawl::cli {

Result<std::shared_ptr<TaskWorld::Functions>> TaskWorld::open_functions(
    const std::string& directory) {
  if (const auto known = functions_.find(directory); known != functions_.end()) {
    return known->second;
  }
  auto functions = std::make_shared<Functions>();
  connectors::LocalLambdaOptions options;
  if (!directory.empty()) {
    Result<std::vector<connectors::FunctionConfig>> configs = connectors::load_functions(directory);
    if (!configs) return std::move(configs).error();
    options.functions = *std::move(configs);
  }
  for (const connectors::FunctionConfig& config : options.functions) {
    functions->names.push_back(config.name);
  }
  if (const char* path = std::getenv("PATH"); path != nullptr && *path != '\0') options.path = path;
  functions->lambda = std::make_unique<connectors::LocalLambda>(shard_, std::move(options));
  auto handler = std::make_shared<connectors::LambdaHandler>(*functions->lambda, clock_);
  functions->registry.add(asl::ResourceKind::kLambdaFunction, handler);
  functions->registry.add("lambda", handler);
  functions->registry.add("states", states_);
  functions->registry.add("aws-sdk:sfn", states_);
  if (embedded_ != nullptr) embedded_->register_handlers(functions->registry);
  if (embedded_ != nullptr && outside_ != nullptr) {
    functions->registry.add("http", std::make_shared<connectors::http::HttpHandler>(
                                        *outside_, embedded_->events(), clock_));
  }
  if (outside_ != nullptr && remote_ != nullptr) {
    functions->registry.add("apigateway",
                            std::make_shared<connectors::apigateway::ApiGatewayHandler>(
                                *outside_, remote_->client(), clock_));
  }
  if (embedded_ != nullptr && remote_ != nullptr) {
    remote_->register_handlers(functions->registry, *embedded_);
  }
  // Functions that clients create run beside those of the first directory.
  if (embedded_ != nullptr && functions_.empty()) embedded_->connect(*functions->lambda);
  functions_.emplace(directory, functions);
  return functions;
}

Status TaskWorld::add(const std::string& machine, const TaskSetup& setup) {
  Result<std::shared_ptr<Functions>> functions = open_functions(setup.functions);
  if (!functions) return std::move(functions).error();
  Machine& added = machines_[machine];
  added.functions = *std::move(functions);
  added.mocks = nullptr;
  if (setup.mock.empty()) return {};
  auto mocks = connectors::MockHandlers::open(setup.mock, added.functions->registry);
  if (!mocks) return std::move(mocks).error();
  added.mocks = *std::move(mocks);
  return {};
}

const TaskWorld::Machine* TaskWorld::machine_of(std::string_view name) const {
  auto found = machines_.find(name);
  if (found == machines_.end()) found = machines_.find("");
  return found == machines_.end() ? nullptr : &found->second;
}

bool TaskWorld::has_function(const std::string& machine, std::string_view name) const {
  const Machine* found = machine_of(machine);
  if (found == nullptr || found->functions == nullptr) return false;
  const std::vector<std::string>& names = found->functions->names;
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool TaskWorld::has_remote_functions() const {
  return remote_ != nullptr && remote_->client().options().is_remote("lambda", "lambda");
}

bool TaskWorld::is_mocked(const std::string& machine, const std::string& state) const {
  const Machine* found = machine_of(machine);
  if (found == nullptr || found->mocks == nullptr) return false;
  const auto mocked = found->mocks->config().mocked_states(found->mocks->test_case());
  return std::find(mocked.begin(), mocked.end(), std::pair(machine, state)) != mocked.end();
}

engine::TaskHandler* TaskWorld::find(const asl::Resource& resource, std::string_view machine,
                                     std::string_view state) {
  const Machine* found = machine_of(machine);
  if (found == nullptr) return nullptr;
  if (found->replacement != nullptr) return found->replacement->find(resource, machine, state);
  if (found->mocks != nullptr) return found->mocks->find(resource, machine, state);
  return found->functions->registry.find(resource, machine, state);
}

}  // namespace pawl::cli
