// One HttpClient per shard: what a connector has that may be asked on any of them.
#pragma once

#include "runtime/http/client.h"

#include <map>
#include <memory>
#include <mutex>

namespace pawl::runtime {

class ShardHttpClients {
 public:
  explicit ShardHttpClients(HttpClientOptions options) : options_(std::move(options)) {}

  // The client of the shard that asks, made when it asks first. On a fiber. It lives as long as
  // this object, which must outlive the shards' work and die before the shards do.
  HttpClient& here();

 private:
  const HttpClientOptions options_;
  std::mutex mutex_;  // taken once per call, never held across a suspension
  std::map<Shard*, std::unique_ptr<HttpClient>> clients_;
};

}  // namespace pawl::runtime
