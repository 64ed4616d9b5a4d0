// Api: the operations of AWS Step Functions over one Engine, without the wire.
//
//   service.h           HTTP in front of it
//   operations.h        the table of operations: name, action, whether it changes the registry
//   constraints.h       what the model says of their inputs, checked before an action runs
//   actions/*.cpp       one file per action (or family of small ones)
//
// Nested workflows use it too (connectors/states), so a program that serves no HTTP makes one:
//
//   Engine engine(options);
//   Api api(engine);
//   states_handler->connect(api);
#pragma once

#include "connectors/states/states_api.h"
#include "engine/engine.h"
#include "service/activities.h"
#include "service/errors.h"
#include "service/fiber_mutex.h"
#include "service/logs/logs_api.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::service {

// The checked input of one call. Members that are null count as absent.
class Request {
 public:
  Request(const asl::Value& input, const connectors::StatesCaller& caller,
          std::string_view trace_header)
      : input_(input), caller_(caller), trace_header_(trace_header) {}

  const asl::Value& input() const { return input_; }
  const asl::Value* member(std::string_view name) const;  // nullptr: absent
  bool has(std::string_view name) const { return member(name) != nullptr; }
  std::string_view text(std::string_view name) const;  // empty if absent
  std::optional<std::string> optional_text(std::string_view name) const;
  bool flag(std::string_view name, bool absent = false) const;
  // maxResults: absent and 0 mean `standard`.
  std::size_t page_size(std::size_t standard) const;

  const connectors::StatesCaller& caller() const { return caller_; }
  bool caller_is_gone() const { return caller_.gone && caller_.gone(); }
  std::string_view trace_header() const { return trace_header_; }  // of the HTTP request

 private:
  const asl::Value& input_;
  const connectors::StatesCaller& caller_;
  std::string_view trace_header_;
};

class Api final : public connectors::StatesApi {
 public:
  explicit Api(engine::Engine& engine) : engine_(engine), activities_(engine), logs_(engine) {}

  // Runs `operation` ("StartExecution") on the JSON text `body`. On a fiber of any of the engine's
  // shards; suspends. `trace_header` is the X-Amzn-Trace-Id of the request, empty if it had none.
  Answer call(std::string_view operation, std::string_view body, std::string_view trace_header = {},
              const connectors::StatesCaller& caller = {});

  std::variant<std::string, connectors::StatesError> call_states(
      std::string_view operation, const std::string& input,
      const connectors::StatesCaller& caller) override;

  // --- for the actions ---
  engine::Engine& engine() { return engine_; }
  Activities& activities() { return activities_; }
  LogsApi& logs() { return logs_; }
  const engine::Limits& limits() const { return engine_.options().limits; }
  runtime::WallTime now() { return engine_.options().clock->wall_now(); }
  std::string new_id() { return runtime::uuid4(*engine_.options().random); }

 private:
  engine::Engine& engine_;
  Activities activities_;
  LogsApi logs_;
  // Held by actions that change machines or activities. Of the engine's first shard.
  FiberMutex registry_;
};

}  // namespace pawl::service
