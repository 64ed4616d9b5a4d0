// pawl serve: AWS's API over an engine.
#include "cli/command.h"
#include "cli/limits_option.h"
#include "cli/runtime_host.h"
#include "cli/serve_options.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "connectors/embedded/resources.h"
#include "runtime/log/log.h"
#include "runtime/net/descriptor_limit.h"
#include "service/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace pawl::cli {
namespace {

// A request that takes longer than this at the end is cut.
constexpr std::chrono::seconds kDrain{5};
constexpr std::chrono::seconds kStopPatience{10};

// What the store, the processes of functions and calls to other systems may need; clients get the
// rest.
constexpr std::size_t kOwnDescriptors = 512;

int failed(std::string_view message, int code) {
  show_error(message);
  return code;
}

class ServeCommand {
 public:
  explicit ServeCommand(ServeOptions options) : options_(std::move(options)) {}
  int run();

 private:
  int prepare();
  void make_service();
  void serve();
  bool logs_json() const { return options_.log_format == "json"; }
  void say(const std::string& text) const;  // to whoever watches, or to the log

  ServeOptions options_;
  std::optional<runtime::aws::CredentialSet> credentials_;
  std::shared_ptr<runtime::TlsContext> tls_;
  std::size_t descriptors_ = 0;
  std::optional<connectors::Resources> resources_;
  std::unique_ptr<RuntimeHost> host_;
  std::unique_ptr<service::Service> service_;
  int code_ = kOk;
};

int ServeCommand::run() {
  if (const int code = prepare(); code != kOk) return code;
  const StopSignals signals([this] { host_->stop(); }, kStopPatience);
  const Status ran = host_->run([this] { serve(); }, [this] { make_service(); });
  service_.reset();
  if (!ran) return failed(ran.error().message, kEngineFailed);
  if (code_ == kOk) say("Stopped.");
  return code_;
}

void ServeCommand::say(const std::string& text) const {
  if (logs_json()) {
    runtime::log().info(text);
  } else {
    show_note(text);
  }
}

int ServeCommand::prepare() {
  runtime::set_log_level(options_.log_level);
  if (options_.log_format == "json") runtime::set_log_format(runtime::LogFormat::kJson);
  if (!options_.credentials.empty()) {
    auto loaded = runtime::aws::CredentialSet::load(options_.credentials);
    if (!loaded) return failed(loaded.error().message, kUsage);
    credentials_ = *std::move(loaded);
  }
  if (!options_.tls_cert.empty()) {
    auto context = runtime::TlsContext::server(options_.tls_cert, options_.tls_key);
    if (!context) return failed(context.error().message, kUsage);
    tls_ = *std::move(context);
  }

  if (!options_.resources.empty()) {
    Result<connectors::Resources> read = connectors::read_resources(options_.resources);
    if (!read) return failed(read.error().message, kUsage);
    resources_ = *std::move(read);
  }

  HostOptions host_options;
  host_options.data = options_.data;
  host_options.shards = options_.shards;
  host_options.limits = limits_named(options_.limits);
  host_options.retention = *read_retention(options_.retention);
  host_options.outside = options_.outside;
  descriptors_ = runtime::raise_descriptor_limit();
  hold_stop_signals();
  Result<std::unique_ptr<RuntimeHost>> host = RuntimeHost::make(host_options);
  if (!host) return failed(host.error().message, kEngineFailed);
  host_ = *std::move(host);

  TaskSetup setup{options_.functions, options_.mock};
  DataDirectory* data = host_->data();
  if (data != nullptr) {
    // Machines of `pawl run` keep their own; the others what was said last.
    for (const auto& [machine, kept] : data->machines()) {
      if (machine.empty()) {
        if (setup.functions.empty()) setup.functions = kept.tasks.functions;
        if (setup.mock.empty()) setup.mock = kept.tasks.mock;
      } else if (Status added = host_->tasks().add(machine, kept.tasks); !added) {
        show_warning(fmt::format("Tasks of {} will fail: {}", machine, added.error().message));
      }
    }
  }
  if (Status added = host_->tasks().add("", setup); !added) {
    return failed(added.error().message, kUsage);
  }
  if (data == nullptr) return kOk;
  MachineSetup kept;
  kept.tasks = absolute_setup(setup);
  Status remembered = data->remember("", kept);
  return remembered ? kOk : failed(remembered.error().message, kEngineFailed);
}

// Both on a fiber of shard 0. Tasks that go on when the engine opens may call the API.
void ServeCommand::make_service() {
  service::ServiceOptions options;
  const ServeAddresses addresses = serve_addresses(options_.address);
  options.address = addresses.first;
  options.second_address = addresses.second;
  options.port = options_.port;
  options.credentials = std::move(credentials_);
  options.tls = tls_;
  options.endpoints = &host_->embedded();
  options.max_connections =
      std::clamp(descriptors_, kOwnDescriptors + 64, kOwnDescriptors + options.max_connections) -
      kOwnDescriptors;
  service_ =
      std::make_unique<service::Service>(host_->engine(), host_->shard(), std::move(options));
  host_->tasks().connect(service_->api());
  if (!options_.log_dir.empty()) {
    service_->execution_log().add_sink(service::make_directory_sink(options_.log_dir));
  }
  if (options_.log_stdout) service_->execution_log().add_sink(service::make_stdout_sink());
}

void ServeCommand::serve() {
  // Before anybody can ask for them.
  if (resources_) {
    if (Status made = connectors::make_resources(host_->embedded(), *resources_); !made) {
      code_ = failed(made.error().message, kUsage);
      return;
    }
  }
  if (Status started = service_->start(); !started) {
    code_ = failed(started.error().message, kEngineFailed);
    return;
  }
  const std::string address = serve_addresses(options_.address).first;
  const bool six = address.find(':') != std::string::npos;
  const std::string at =
      fmt::format("{}:{}", six ? "[" + address + "]" : address, service_->port());
  if (logs_json()) {
    runtime::log_with(spdlog::level::info, "listening",
                      {{"address", at},
                       {"data", options_.data},
                       {"limits", options_.limits},
                       {"credentials", options_.credentials.empty() ? "none" : "required"}});
  } else {
    err().line(fmt::format("pawl listens on {}; clients take --endpoint-url {}://{}",
                           err().paint(Style::kBold, at), tls_ != nullptr ? "https" : "http", at));
    if (options_.limits != "aws") {
      const engine::Limits& limits = host_->engine().options().limits;
      show_note(
          fmt::format("Limits are relaxed: payloads of {} bytes, histories of {} events; AWS "
                      "has less.",
                      limits.payload_bytes, limits.history_events));
    }
    if (options_.data.empty())
      show_note("Everything is in memory: nothing is kept. Keep it with --data DIR.");
  }
  host_->wait_for_stop();
  say("Stopping; requests under way are answered.");
  if (const Status stopped = service_->stop(host_->clock().after(kDrain)); !stopped) {
    runtime::log().warn("requests that took too long were cut off");
  }
}

}  // namespace

Command add_serve(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("serve", "Serve AWS's API to the clients you have");
  auto options = std::make_shared<ServeOptions>();
  add_serve_options(*parser, *options);
  return {parser, [parser, options] {
            if (const Status read = apply_config_file(*parser, *options); !read) {
              return failed(read.error().message, kUsage);
            }
            if (const Status good = check_serve_options(*options); !good) {
              return failed(good.error().message, kUsage);
            }
            return ServeCommand(*options).run();
          }};
}

}  // namespace pawl::cli
