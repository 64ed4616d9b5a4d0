#include "cli/outside_options.h"

#include "connectors/remote/credential_chain.h"

#include <fmt/format.h>

#include <algorithm>

namespace pawl::cli {
namespace {

// It becomes part of host names.
bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

void add_outside_options(CLI::App& parser, OutsideSetup& setup) {
  parser
      .add_option(
          "--endpoint", setup.endpoints,
          "Call SERVICE at this URL, not the embedded one; again for others, * for any other")
      ->option_text("SERVICE=URL")
      ->envname("PAWL_ENDPOINTS")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Validator(
          [](const std::string& text) {
            connectors::remote::RemoteOptions options;
            const Status added = connectors::remote::add_endpoint(text, options);
            return added ? std::string() : added.error().message;
          },
          "", "endpoint"));
  parser.add_option("--remote", setup.remote, "aws: what has no --endpoint is called at AWS")
      ->option_text("WHERE")
      ->envname("PAWL_REMOTE")
      ->check(CLI::IsMember({"aws"}));
  parser.add_option("--region", setup.region, "Region of remote services (AWS_REGION, us-east-1)")
      ->option_text("REGION")
      ->envname("PAWL_REGION")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return is_region(text) ? std::string() : "'" + text + "' is no region";
          },
          "", "region"));
  parser
      .add_option("--models", setup.models,
                  "Directory of API models, as botocore has them: aws-sdk of any remote service")
      ->option_text("DIR")
      ->envname("PAWL_MODELS")
      ->check(CLI::ExistingDirectory);
  parser
      .add_flag("--allow-private-endpoints", setup.allow_private_endpoints,
                "HTTP Tasks may call private addresses, and http://")
      ->option_text(" ")
      ->envname("PAWL_ALLOW_PRIVATE_ENDPOINTS");
}

Result<connectors::remote::RemoteOptions> remote_options(const OutsideSetup& setup,
                                                         const std::string& region) {
  connectors::remote::RemoteOptions options;
  for (const std::string& endpoint : setup.endpoints) {
    if (Status added = connectors::remote::add_endpoint(endpoint, options); !added) {
      return Error{ErrorCode::kInvalid, fmt::format("--endpoint: {}", added.error().message), ""};
    }
  }
  options.aws = setup.remote == "aws";
  options.region = setup.region;
  if (options.region.empty()) {
    options.region = connectors::remote::configured_region(connectors::remote::process_environment);
  }
  if (options.region.empty()) options.region = region;
  if (!is_region(options.region)) {
    return Error{ErrorCode::kInvalid, fmt::format("'{}' is no region", options.region), ""};
  }
  options.models = setup.models;
  options.authorities = connectors::remote::process_environment("AWS_CA_BUNDLE");
  return options;
}

}  // namespace pawl::cli
