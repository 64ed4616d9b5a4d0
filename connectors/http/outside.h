// Outside: the HTTP clients of Tasks whose definition names the address.
//
// A definition may come from somebody who should not reach what this machine can reach. So
// addresses that are not public are refused, after the name was looked up and for the very address
// that is connected to: a name that answers differently the second time gains nothing.
#pragma once

#include "base/result.h"
#include "runtime/http/shard_clients.h"

#include <memory>
#include <string>

namespace pawl::connectors::http {

struct OutsideOptions {
  // Loopback, private and link-local addresses too, and http:// without TLS.
  bool allow_private = false;
  // PEM file of who may vouch for servers; empty: the system's authorities.
  std::string authorities;
};

class Outside {
 public:
  // kInvalid: the file of authorities cannot be used. Reads files: before the shards run.
  static Result<std::unique_ptr<Outside>> make(OutsideOptions options);

  runtime::HttpClient& client() { return clients_.here(); }
  bool allows_private() const { return options_.allow_private; }

 private:
  Outside(OutsideOptions options, runtime::HttpClientOptions client_options)
      : options_(std::move(options)), clients_(std::move(client_options)) {}

  OutsideOptions options_;
  runtime::ShardHttpClients clients_;
};

}  // namespace pawl::connectors::http
