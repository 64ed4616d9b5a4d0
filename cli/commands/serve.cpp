// pawl serve: AWS's API over an engine.
#include "cli/command.h"
#include "cli/runtime_host.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "service/service.h"

#include <fmt/format.h>

#include <memory>
#include <thread>

namespace pawl::cli {
namespace {

constexpr const char* kHelp = R"help(Examples:
  pawl serve --data /tmp/orders --functions functions
  pawl serve --port 8083 --data /tmp/orders --mock mocks.json#HappyPath
  aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083

Credentials are not checked, but clients want some: export AWS_ACCESS_KEY_ID=any
AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1. SIGTERM and SIGINT stop it within ten
seconds; what is under way goes on when it is started again with the same --data.)help";

// A request that takes longer than this at the end is cut.
constexpr std::chrono::seconds kDrain{5};
constexpr std::chrono::seconds kStopPatience{10};

struct ServeOptions {
  std::uint16_t port = 8083;
  std::string address = "127.0.0.1";
  std::string data;
  std::string functions;
  std::string mock;
  std::uint32_t shards = 0;
};

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

  ServeOptions options_;
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
  if (code_ == kOk) show_note("Stopped.");
  return code_;
}

int ServeCommand::prepare() {
  HostOptions host_options;
  host_options.data = options_.data;
  host_options.shards = options_.shards;
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
  service_ = std::make_unique<service::Service>(
      host_->engine(), host_->shard(), service::ServiceOptions{options_.address, options_.port});
  host_->tasks().connect(service_->api());
}

void ServeCommand::serve() {
  if (Status started = service_->start(); !started) {
    code_ = failed(started.error().message, kEngineFailed);
    return;
  }
  const bool six = options_.address.find(':') != std::string::npos;
  const std::string at =
      fmt::format("{}:{}", six ? "[" + options_.address + "]" : options_.address, service_->port());
  err().line(fmt::format("pawl listens on {}; clients take --endpoint-url http://{}",
                         err().paint(Style::kBold, at), at));
  if (options_.data.empty())
    show_note("Everything is in memory: nothing is kept. Keep it with --data DIR.");
  host_->wait_for_stop();
  show_note("Stopping; requests under way are answered.");
  if (const Status stopped = service_->stop(host_->clock().after(kDrain)); !stopped) {
    show_warning("requests that took too long were cut off");
  }
}

}  // namespace

Command add_serve(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("serve", "Serve AWS's API to the clients you have");
  auto options = std::make_shared<ServeOptions>();
  parser->add_option("--port", options->port, "8083; 0 takes any that is free")->option_text("N");
  parser->add_option("--address", options->address, "127.0.0.1")->option_text("ADDRESS");
  parser->add_option("--data", options->data, "Keep everything in this directory")
      ->option_text("DIR");
  parser->add_option("--functions", options->functions, "Directory of the functions")
      ->option_text("DIR")
      ->check(CLI::ExistingDirectory);
  parser->add_option("--mock", options->mock, "FILE#CASE")->option_text("FILE#CASE");
  parser->add_option("--shards", options->shards, "Threads that run executions (1)")
      ->option_text("N")
      ->check(CLI::Range(1U, engine::kShardsMax));
  parser->footer(kHelp);
  return {parser, [options] { return ServeCommand(*options).run(); }};
}

}  // namespace pawl::cli
