#include "bench/api/server.h"

#include "bench/api/http_text.h"
#include "bench/engine/figure.h"
#include "runtime/fiber/shard.h"

#include <array>
#include <chrono>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace pawl::bench {
namespace {

runtime::SteadyTime after(std::chrono::seconds span) {
  return runtime::Shard::current()->now() + span;
}

}  // namespace

Connection::Connection(std::uint16_t port) {
  auto stream = runtime::connect("127.0.0.1", port, after(std::chrono::seconds(10)));
  if (!stream) fail(stream.error().message);
  stream_ = *std::move(stream);
}

std::string Connection::call(std::string_view operation, std::string_view body) {
  const runtime::SteadyTime deadline = after(std::chrono::seconds(120));
  if (const Status sent = stream_.write_all(api_request(operation, body), deadline); !sent) {
    fail(sent.error().message);
  }
  std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): read fills it
  for (;;) {
    if (const auto answer = first_answer(received_)) {
      if (answer->status != 200) fail(std::string(operation) + ": " + received_);
      std::string text(answer->body);
      received_.erase(0, answer->bytes);
      return text;
    }
    const Result<std::size_t> bytes = stream_.read_some(buffer, deadline);
    if (!bytes) fail(std::string(operation) + ": " + bytes.error().message);
    if (*bytes == 0) fail(std::string(operation) + ": the server closed the connection");
    received_.append(buffer.data(), *bytes);
  }
}

std::uint16_t Server::free_port() {
  auto listener = runtime::TcpListener::bind("127.0.0.1", 0);
  if (!listener) fail(listener.error().message);
  return listener->port();
}

Server::Server(std::vector<std::string> command, std::uint16_t port) : port_(port) {
  runtime::ProcessOptions options;
  options.argv = std::move(command);
  options.argv.insert(options.argv.end(), {"--port", std::to_string(port)});
  options.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  options.stdout_to = runtime::ProcessOptions::Output::kNull;
  options.stderr_to = runtime::ProcessOptions::Output::kInherit;
  auto process = runtime::Process::spawn(options);
  if (!process) fail(process.error().message);
  process_ = *std::move(process);
  const auto deadline = after(std::chrono::seconds(60));
  while (!runtime::connect("127.0.0.1", port, deadline)) {
    if (runtime::Shard::current()->now() >= deadline) fail("the server does not start");
    runtime::sleep_for(std::chrono::milliseconds(10));
  }
}

double Server::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(process_->pid()) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  constexpr int kFieldsBeforeTimes = 11;
  for (int i = 0; i < kFieldsBeforeTimes; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace pawl::bench
