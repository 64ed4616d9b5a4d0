// Endpoint: a service as HTTP clients reach it. service/routing.h decides which one a request is
// for; several share one port.
#pragma once

#include "connectors/aws/service.h"
#include "runtime/http/message.h"

#include <memory>
#include <string_view>

namespace pawl::connectors::aws {

class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // On a fiber of the ledger's shard; suspends.
  virtual runtime::HttpResponse handle(const runtime::HttpRequest& request) = 0;
  // `error` as this protocol says it: the request was not let in.
  virtual runtime::HttpResponse refuse(const runtime::HttpRequest& request, const Error& error) = 0;
  // Whether `request` is let in unsigned where others must be signed: it names a secret, which only
  // who may call can know.
  virtual bool needs_no_signature(const runtime::HttpRequest& /*request*/) const { return false; }
  // Takes the body of `head` as it comes (it is in HttpRequest::sink then). Null: the body is
  // collected, within the server's bound.
  virtual std::shared_ptr<runtime::BodySink> sink(const runtime::HttpRequest& /*head*/) {
    return nullptr;
  }
};

// The services of this program by the name they have in credentials ("sqs").
class Endpoints {
 public:
  virtual ~Endpoints() = default;
  virtual Endpoint* find(std::string_view service) = 0;  // nullptr: not offered
};

}  // namespace pawl::connectors::aws
