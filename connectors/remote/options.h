// Which services are not in this program, and where they are instead. Pure.
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors::remote {

struct RemoteOptions {
  // URL by service, as resources or the API name it: "sqs", "states" or "sfn", "logs" or
  // "cloudwatchlogs". "*" is any other.
  std::map<std::string, std::string, std::less<>> endpoints;
  bool aws = false;    // what has no endpoint is at AWS
  std::string region;  // of endpoints at AWS, and of signatures
  std::string models;  // directory of API models, as botocore has them; empty: pawl's own eight
  std::string authorities;  // PEM file of who may vouch for servers; empty: the system's

  // The URL for a service that has these names; empty: at AWS if `aws`, else not remote.
  std::string_view endpoint(std::string_view sdk_id, std::string_view endpoint_prefix) const;
  bool is_remote(std::string_view sdk_id, std::string_view endpoint_prefix) const;
  bool any() const { return aws || !endpoints.empty(); }
};

// Takes "SERVICE=URL" apart into `options`. kInvalid: the message says what is wrong.
Status add_endpoint(std::string_view text, RemoteOptions& options);

// The host of a service at AWS: "sqs.eu-west-1.amazonaws.com". `region` becomes the one to sign
// for: services that are everywhere at once have their own.
std::string aws_host(std::string_view endpoint_prefix, std::string_view global_endpoint,
                     std::string& region);

}  // namespace pawl::connectors::remote
