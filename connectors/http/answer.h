// From what an endpoint answered to what the Task makes of it. Pure.
#pragma once

#include "base/result.h"
#include "connectors/http/call.h"
#include "engine/task.h"
#include "runtime/http/message.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pawl::connectors::http {

// {"Headers":{name:[text]},"ResponseBody":...,"StatusCode":200,"StatusText":"OK"}. The body is JSON
// where the Content-Type says so and it is, else text. States.Runtime: a body that is no text.
// States.Http.StatusCode.NNN, with the body as its cause: any status that is not 2xx.
engine::Outcome to_outcome(const runtime::HttpResponse& response);

// An exchange that did not come about, or was cut short. States.Http.Socket: it took too long;
// States.DataLimitExceeded: the answer is too large; States.TaskFailed: everything else.
engine::Failure to_failure(const Error& error);

// The members of `object` as `ResponseBody` and its kin have them: for other connectors that answer
// like this one. Empty: the body is no text.
std::optional<asl::Value> shown_answer(const runtime::HttpResponse& response);

// What a token endpoint answered. Empty: no token. `lifetime_s`: absent where it says nothing.
struct Token {
  std::string access_token;
  std::string type;  // "Bearer"
  std::optional<std::int64_t> lifetime_s;
};
std::optional<Token> read_token(const runtime::HttpResponse& response);

// The exchange as TestState shows it.
engine::HttpTrace to_trace(const Call& call, const runtime::HttpResponse* response);

}  // namespace pawl::connectors::http
