#include "cli/serve_options.h"

#include "asl/json/value.h"
#include "asl/json/writer.h"
#include "asl/parse/parse.h"
#include "cli/limits_option.h"
#include "cli/suggestion.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "engine/records.h"
#include "runtime/net/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

namespace pawl::cli {
namespace {

constexpr const char* kHelp =
    R"help(Where a value comes from: the flag, else the environment (PAWL_LOG_LEVEL for --log-level), else the
file of --config, else the default. The file is YAML or JSON, its keys are the flags without dashes:

  # /etc/pawl/pawl.yaml
  address: 0.0.0.0
  data: /var/lib/pawl
  credentials: /etc/pawl/credentials
  log-format: json

Examples:
  pawl serve --data /tmp/orders --functions functions
  pawl serve --port 8083 --data /tmp/orders --mock mocks.json#HappyPath
  pawl serve --config /etc/pawl/pawl.yaml --log-level debug
  PAWL_DATA=/var/lib/pawl PAWL_SHARDS=4 pawl serve
  aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083

Who may call: everybody, as long as it listens on this machine only (clients want credentials all the
same: export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1). With
--credentials every request must be signed with a key of that file, which has the form of
~/.aws/credentials. Another address than loopback needs it, unless --insecure says otherwise.

Services elsewhere: Tasks use the embedded queues, tables, buckets ... unless --endpoint or --remote aws
say otherwise; credentials come from where AWS's tools look for them. In the file, endpoint is a list.
  pawl serve --endpoint dynamodb=http://127.0.0.1:8000 --endpoint sqs=https://sqs.example.com
  pawl serve --remote aws --region eu-west-1 --models /usr/lib/python3/dist-packages/botocore/data

HTTPS: --tls-cert and --tls-key, both PEM; clients that do not know who signed the certificate are told
with AWS_CA_BUNDLE. Without it, keep it on this machine or behind a proxy that encrypts.

Limits: AWS's, so that what runs here runs there. --limits relaxed takes payloads of 16 MiB, histories
of 1,000,000 events, longer names and more of everything that AWS only counts (docs/limits.md).

Retention: what ended 90 days ago is erased, as AWS does it, and its name is free again. --retention 30d
(d, h, m, s) makes that sooner or later, --retention forever keeps everything.

Looking after it: GET /_pawl/health (it lives), /_pawl/ready (it takes work), /_pawl/metrics
(Prometheus). SIGTERM and SIGINT stop it within ten seconds, a second one at once; what is under way
goes on when it is started again with the same --data. docs/operations.md has the rest.)help";

std::string environment_name(std::string_view option) {
  std::string name = "PAWL_";
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

std::vector<std::string> names_of(const CLI::App& parser) {
  std::vector<std::string> names;
  for (const CLI::Option* option : parser.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name != "help" && name != "config") names.push_back(name);
    }
  }
  return names;
}

// As they would stand on the command line. Empty: no such value can.
std::vector<std::string> as_arguments(const asl::Value& value, bool list) {
  if (value.is_string()) return {std::string(value.as_string())};
  if (value.is_array() && list) {
    std::vector<std::string> arguments;
    for (const asl::Value& item : value.items()) {
      if (!item.is_string()) return {};
      arguments.emplace_back(item.as_string());
    }
    return arguments;
  }
  if (value.is_object() || value.is_array() || value.is_null()) return {};
  return {asl::to_json(value)};  // a number, true or false
}

}  // namespace

void add_serve_options(CLI::App& parser, ServeOptions& options) {
  const auto named = [&parser](CLI::Option* option, const char* argument) {
    option->option_text(argument);
    option->envname(environment_name(option->get_lnames().front()));
    return option;
  };
  named(parser.add_option("--port", options.port, "8083; 0 takes any that is free"), "N");
  named(parser.add_option("--address", options.address,
                          "Where to listen, in digits (localhost: 127.0.0.1 and ::1)"),
        "ADDRESS");
  named(parser.add_option("--data", options.data, "Keep everything in this directory"), "DIR");
  named(parser.add_option("--functions", options.functions, "Directory of the functions"), "DIR")
      ->check(CLI::ExistingDirectory);
  named(parser.add_option("--mock", options.mock, "Answers of Tasks from a mock file"),
        "FILE#CASE");
  named(parser.add_option("--resources", options.resources,
                          "Tables, queues, buckets to make unless they are there"),
        "FILE")
      ->check(CLI::ExistingFile);
  named(parser.add_option("--shards", options.shards, "Threads that run executions (1)"), "N")
      ->check(CLI::Range(1U, engine::kShardsMax));
  named(parser.add_option("--credentials", options.credentials,
                          "Accept only requests signed with a key of this file"),
        "FILE");
  named(parser.add_flag("--insecure", options.insecure,
                        "Listen on any address without --credentials"),
        " ");
  named(parser.add_option("--tls-cert", options.tls_cert,
                          "Speak HTTPS with this certificate and its chain (PEM)"),
        "FILE");
  named(parser.add_option("--tls-key", options.tls_key, "The certificate's key (PEM)"), "FILE");
  add_limits_option(parser, options.limits);
  named(parser.add_option("--retention", options.retention,
                          "Erase executions so long after their end (90d), or forever"),
        "TIME")
      ->check([](const std::string& text) {
        const Result<std::chrono::milliseconds> read = read_retention(text);
        return read ? std::string() : read.error().message;
      });
  add_outside_options(parser, options.outside);
  named(parser.add_option("--log-level", options.log_level, "trace, debug, info, warn, error, off"),
        "LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  named(parser.add_option("--log-format", options.log_format, "text, or json for a collector"),
        "FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  named(parser.add_option("--log-dir", options.log_dir,
                          "What executions log, also as JSON lines in files of this directory"),
        "DIR");
  named(parser.add_flag("--log-stdout", options.log_stdout,
                        "What executions log, also as JSON lines on stdout"),
        " ");
  named(parser.add_option("--config", options.config, "Read options from this file"), "FILE");
  parser.footer(kHelp);
}

Status apply_config_file(CLI::App& parser, const ServeOptions& options) {
  if (options.config.empty()) return {};
  const auto wrong = [&options](const std::string& what) {
    return Error{ErrorCode::kInvalid, fmt::format("{}: {}", options.config, what), options.config};
  };
  Result<std::string> text = read_text(options.config);
  if (!text) return std::move(text).error();
  const Result<asl::Value> file = asl::read_yaml(*text);  // JSON is YAML
  if (!file) return wrong(file.error().message);
  if (file->is_null()) return {};
  if (!file->is_object()) return wrong("expected a mapping of option names to values");
  const std::vector<std::string> names = names_of(parser);
  for (const auto& [key, value] : file->members()) {
    const std::string name(key.as_string());
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      const std::string meant = nearest(name, names);
      return wrong(fmt::format("there is no option '{}'{}", one_line(name, 80),
                               meant.empty() ? "" : ". Did you mean '" + meant + "'?"));
    }
    CLI::Option* option = parser.get_option("--" + name);
    const bool list = option->get_expected_max() > 1;
    const std::vector<std::string> arguments = as_arguments(value, list);
    if (arguments.empty() && !(list && value.is_array() && value.size() == 0)) {
      return wrong(fmt::format("'{}' must be text, a number, true or false{}", name,
                               list ? ", or a list of texts" : ""));
    }
    if (option->count() > 0) continue;  // flag or environment
    try {
      for (const std::string& argument : arguments) option->add_result(argument);
      option->run_callback();
    } catch (const CLI::Error& error) {
      return wrong(error.what());
    }
  }
  return {};
}

Result<std::chrono::milliseconds> read_retention(const std::string& text) {
  if (text == "forever") return std::chrono::milliseconds(0);
  constexpr std::int64_t kMostSeconds = std::int64_t{100} * 365 * 24 * 3600;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(at, static_cast<std::size_t>(end - at));
  std::int64_t seconds = 0;
  if (unit == "d") seconds = std::int64_t{24} * 3600;
  if (unit == "h") seconds = 3600;
  if (unit == "m") seconds = 60;
  if (unit == "s") seconds = 1;
  if (error != std::errc() || seconds == 0 || number <= 0 || number > kMostSeconds / seconds) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("'{}' is no retention: give days, hours, minutes or seconds (90d, 12h), "
                    "or forever",
                    one_line(text, 40)),
        ""};
  }
  return std::chrono::milliseconds(std::chrono::seconds(number * seconds));
}

ServeAddresses serve_addresses(const std::string& address) {
  if (address == "localhost") return {"127.0.0.1", "::1"};
  return {address, ""};
}

Status check_serve_options(const ServeOptions& options) {
  const auto wrong = [](std::string message) {
    return Error{ErrorCode::kInvalid, std::move(message), ""};
  };
  const Result<runtime::SocketAddress> address =
      runtime::SocketAddress::parse(serve_addresses(options.address).first, options.port);
  if (!address) return wrong(fmt::format("--address: {}", address.error().message));
  if (!address->is_loopback() && options.credentials.empty() && !options.insecure) {
    return wrong(
        fmt::format("whoever reaches {} could start and stop executions: name who may call with "
                    "--credentials FILE, or say --insecure",
                    options.address));
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return wrong("--tls-cert and --tls-key belong together");
  }
  return {};
}

}  // namespace pawl::cli
