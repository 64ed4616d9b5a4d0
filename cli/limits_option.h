// --limits aws|relaxed, of every command that runs executions. PAWL_LIMITS stands for it.
#pragma once

#include "engine/limits.h"

#include <CLI/CLI.hpp>

#include <string>

namespace pawl::cli {

// Adds the option, which is "aws" unless it is given; anything but the two names is a usage error.
// `limits` must outlive `parser`.
CLI::Option* add_limits_option(CLI::App& parser, std::string& limits);

// Of a name that the option took.
engine::Limits limits_named(const std::string& limits);

}  // namespace pawl::cli
