// The TaskHandler of `http:invoke`: HTTPS APIs, with the secrets of an EventBridge connection.
#pragma once

#include "connectors/http/answer.h"
#include "connectors/http/connection.h"
#include "connectors/http/outside.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace pawl::connectors::http {

class HttpHandler final : public engine::TaskHandler {
 public:
  // All must outlive it.
  HttpHandler(Outside& outside, ConnectionSource& connections, runtime::Clock& clock)
      : outside_(outside), connections_(connections), clock_(clock) {}

  // A call is made once: what went wrong is for the state's Retry. Only a token that the endpoint
  // no longer takes (401) is replaced, and the call made again.
  engine::Outcome run(const engine::TaskRequest& request) override;

 private:
  struct KeptToken {
    std::string version;  // of the connection
    std::string authorization;
    runtime::WallTime good_until{};
  };
  struct Authorized {
    std::string header;  // empty: the connection has none
    bool was_kept = false;
  };

  std::variant<Authorized, engine::Failure> authorize(const Connection& connection,
                                                      const engine::TaskRequest& request,
                                                      runtime::SteadyTime deadline);
  Result<runtime::HttpResponse> send(const Call& call, const engine::TaskRequest& request,
                                     runtime::SteadyTime deadline);
  std::optional<std::string> kept_token(const Connection& connection);
  void forget_token(const Connection& connection);

  Outside& outside_;
  ConnectionSource& connections_;
  runtime::Clock& clock_;
  std::mutex mutex_;  // tokens serve all shards; never held across a suspension
  std::map<std::string, KeptToken, std::less<>> tokens_;  // by ARN
};

}  // namespace pawl::connectors::http
