// The options of `pawl serve`, and where their values come from.
//
// A value is taken from the first of: the flag, the environment (PAWL_PORT for --port), the file of
// --config, the default. The file is a mapping in YAML or JSON whose keys are the names of the
// flags without the dashes.
#pragma once

#include "base/result.h"
#include "cli/outside_options.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace pawl::cli {

struct ServeOptions {
  std::uint16_t port = 8083;
  std::string address = "localhost";  // that name, or digits
  std::string data;
  std::string functions;
  std::string mock;
  std::string resources;
  std::uint32_t shards = 0;

  std::string credentials;
  bool insecure = false;
  std::string tls_cert;
  std::string tls_key;

  std::string limits;  // cli/limits_option.h
  std::string retention = "90d";

  std::string log_level = "info";
  std::string log_format = "text";
  std::string log_dir;
  bool log_stdout = false;

  OutsideSetup outside;

  std::string config;
};

// Adds the options to `parser`, with their help.
void add_serve_options(CLI::App& parser, ServeOptions& options);

// After parsing: gives the options that neither flag nor environment has set their value from the
// file, if one is named. kNotFound, kIo; kInvalid: the message names file and key.
Status apply_config_file(CLI::App& parser, const ServeOptions& options);

// "90d", "12h", "30m", "45s"; zero for "forever". kInvalid: the message says what is wrong.
Result<std::chrono::milliseconds> read_retention(const std::string& text);

// The addresses that `address` means: "localhost" is 127.0.0.1, and ::1 if the machine has it.
struct ServeAddresses {
  std::string first;
  std::string second;  // empty: none
};
ServeAddresses serve_addresses(const std::string& address);

// What no single option can tell: combinations that are refused. kInvalid.
Status check_serve_options(const ServeOptions& options);

}  // namespace pawl::cli
