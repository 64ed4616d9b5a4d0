// The options about what Tasks may reach outside this program; `serve`, `run`, `resume`, `redrive`
// and `test-state` have them all.
#pragma once

#include "base/result.h"
#include "connectors/remote/options.h"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace pawl::cli {

struct OutsideSetup {
  std::vector<std::string> endpoints;  // SERVICE=URL
  std::string remote;                  // "aws", or empty
  std::string region;
  std::string models;
  bool allow_private_endpoints = false;
};

// Adds the options to `parser`, with their help. Each may come from the environment too
// (PAWL_ENDPOINTS, with commas between several).
void add_outside_options(CLI::App& parser, OutsideSetup& setup);

// What they say together; where no region is named, that of AWS's own variables and files, else
// `region`. kInvalid: the message names the option. Reads files: before the shards run.
Result<connectors::remote::RemoteOptions> remote_options(const OutsideSetup& setup,
                                                         const std::string& region);

}  // namespace pawl::cli
