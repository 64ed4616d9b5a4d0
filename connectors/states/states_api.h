// StatesApi: the Step Functions API as nested workflows call it, in the same process.
//
// service/api.h implements it. Text in, text out, as over HTTP: nothing is shared between threads.
#pragma once

#include "engine/records.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pawl::connectors {

struct StatesError {
  std::string code;  // of the API's model: "StateMachineDoesNotExist"
  std::string message;
  int status = 400;
  bool role_refused = false;  // StatesCaller::role_arn may not be assumed
};

// Who calls, where that matters to StartExecution.
struct StatesCaller {
  // The Task attempt that starts the execution. It is kept in the child's record, so that the
  // child's end reaches the attempt, and that a repeated call of the same attempt finds its own
  // child instead of ExecutionAlreadyExists.
  std::optional<engine::ParentLink> parent;
  // The caller waits for the child's end: an Express machine is refused.
  bool waits_for_end = false;
  // Whether nobody waits for the answer any more: a long poll then hands out nothing. Asked while
  // the call lasts, on any shard's thread; empty: somebody does.
  std::function<bool()> gone = {};
  // Of the state's Credentials: in whose name the call is made where the API is elsewhere, and for
  // which machine. Empty: in the program's own.
  std::string role_arn = {};
  std::string state_machine_arn = {};
};

class StatesApi {
 public:
  virtual ~StatesApi() = default;

  // `operation` as in X-Amz-Target ("StartExecution"), `input` and the answer as in its bodies. On
  // a fiber of any of the engine's shards; suspends until the answer is durable.
  virtual std::variant<std::string, StatesError> call_states(std::string_view operation,
                                                             const std::string& input,
                                                             const StatesCaller& caller) = 0;

  // Whether the end of a child reaches the attempt that StatesCaller::parent names. If not, a .sync
  // Task asks for it.
  virtual bool announces_ends() const { return true; }
};

}  // namespace pawl::connectors
