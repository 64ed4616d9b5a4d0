#include "runtime/http/shard_clients.h"

namespace pawl::runtime {

HttpClient& ShardHttpClients::here() {
  Shard* const shard = Shard::current();
  PAWL_ASSERT(shard != nullptr);
  const std::scoped_lock lock(mutex_);
  std::unique_ptr<HttpClient>& client = clients_[shard];
  if (client == nullptr) client = std::make_unique<HttpClient>(*shard, options_);
  return *client;
}

}  // namespace pawl::runtime
