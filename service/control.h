// What operators can do that AWS does not offer: POST /_pawl/control/ACTION, JSON in and out.
//
//   pause, resume   {"stateMachine": NAME or ARN} or {"execution": ARN}      -> {}
//   stop            {"filter": {...}, "error"?, "cause"?, "dryRun"?}        -> outcome
//   redrive         {"filter": {...}, "dryRun"?}                            -> outcome
//                   {"execution": ARN, "state"?, "branch"?: [INDEX...], "input"?: any JSON}
//                                                                           -> {"redriveDate"}
//   pauses          {}                                -> {"stateMachines": [...], "executions":
//   [...]}
//
//   filter          {"stateMachine": NAME, ARN or "*", "statuses"?: [...], "error"?,
//                    "startedAfter"?, "startedBefore"?: RFC 3339, "max"?: 10000}
//   outcome         {"matched", "done", "failed": [{"executionArn", "message"}...], "more"}
//
// A filter must name its machine; "*" is all of them. `stop` looks at running executions, `redrive`
// at those that failed, timed out or were stopped unless "statuses" says otherwise. "more": there
// were more than "max"; ask again. Refusals have the form of the API's errors.
#pragma once

#include "runtime/http/message.h"
#include "service/api.h"

#include <string_view>

namespace pawl::service {

inline constexpr std::string_view kControlPath = "/_pawl/control/";
inline constexpr std::size_t kControlMatchesMax = 10'000;  // of one call
inline constexpr std::size_t kControlFailuresMax = 100;    // that an outcome lists

class Control {
 public:
  explicit Control(Api& api) : api_(api) {}

  // `action` is what follows kControlPath. On a fiber; suspends. The caller has checked who asks.
  Answer call(std::string_view action, std::string_view body);

 private:
  Api& api_;
};

}  // namespace pawl::service
