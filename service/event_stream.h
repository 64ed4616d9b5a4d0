// GET /_pawl/events: changes of executions' status as a server-sent stream.
//
//   id: 42
//   event: execution-status-change
//   data: {"version":"0","detail-type":"Step Functions Execution Status Change",...}
//
// Query: stateMachineArn, executionArn, status keep the others out. A reader that comes back with
// Last-Event-ID (or ?after=N) gets what it missed, as far as it is kept. A reader that takes
// nothing for 30 seconds, or falls behind what is kept, is disconnected. A comment every 15 seconds
// shows that the stream lives.
#pragma once

#include "runtime/http/message.h"
#include "service/execution_events.h"

namespace pawl::service {

runtime::HttpResponse stream_events(ExecutionEvents& events, const runtime::HttpRequest& request);

}  // namespace pawl::service
