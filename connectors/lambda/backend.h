// LambdaBackend: who runs functions. The local one (lambda/local_backend.h) starts processes; a
// remote one will call AWS or anything that speaks its protocol. The mapping (lambda/mapping.h)
// speaks to either in these terms, which are those of Lambda's Invoke.
//
// All text, no asl::Value: an invocation may be answered by another shard's thread.
#pragma once

#include "connectors/lambda/function_name.h"
#include "engine/task.h"

#include <string>
#include <variant>

namespace pawl::connectors {

enum class InvocationType { kRequestResponse, kEvent, kDryRun };

struct Invocation {
  FunctionName function;  // complete: partition, region and account too
  std::string payload;    // the event, JSON text
  InvocationType type = InvocationType::kRequestResponse;
  bool tail_log = false;       // LogType Tail
  std::string client_context;  // JSON text; empty if none
  // Lambda has no field for it: the function sees it as its request id (the same for the same key)
  // and in a header of its own. See request_id_of().
  std::string idempotency_key;
  // Of the state's Credentials: in whose name the call is made, and for which machine. Empty: in
  // the program's own. Functions of this program do not ask.
  std::string role_arn = {};
  std::string state_machine_arn = {};
  // Of a call that was accepted before under this id: the function sees it. Empty: made from the
  // key.
  std::string request_id = {};
};

struct InvocationAnswer {
  int status = 200;  // 200, 202 (Event), 204 (DryRun)
  std::string request_id;
  std::string trace_id;
  std::string payload;          // what the function sent, byte by byte
  bool function_error = false;  // `payload` is an error document, X-Amz-Function-Error
  std::string executed_version;
  std::string log_result;  // base64 of the last 4 KiB of log; empty unless asked for
};

// The service refused or could not: nothing ran, or nothing is known of it.
struct ServiceError {
  std::string name;     // "ResourceNotFoundException"
  std::string message;  // without the "(Service: ...)" part
  int status = 500;
  std::string request_id;
  // False: an error the API's model does not know, which shows as the SDK's base class.
  bool modelled = true;
  std::string reason = {};    // of TooManyRequestsException: which limit
  bool role_refused = false;  // Invocation::role_arn may not be assumed
};

// The caller gave up waiting; the function may run on.
struct InvocationCancelled {};

using InvocationOutcome = std::variant<InvocationAnswer, ServiceError, InvocationCancelled>;

class LambdaBackend {
 public:
  virtual ~LambdaBackend() = default;

  // On a fiber of any shard; suspends until there is an answer or `cancellation` (may be null; of
  // the calling shard) fires.
  virtual InvocationOutcome invoke(const Invocation& invocation,
                                   engine::Cancellation* cancellation) = 0;
};

// The id a function sees for `idempotency_key`: a UUID that is the same whenever the key is the
// same, so that a call that is repeated after a crash is recognisable as the same call.
std::string request_id_of(std::string_view idempotency_key);

}  // namespace pawl::connectors
