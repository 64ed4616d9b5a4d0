#include "connectors/lambda/worker.h"

#include "connectors/lambda/bootstraps.h"
#include "runtime/log/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <signal.h>
#include <unistd.h>
#include <utility>

namespace pawl::connectors {
namespace {

using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::Shard;
using runtime::SteadyTime;

// A larger answer is refused by the server before it has been read; up to here we read it, so that
// the workflow learns why it failed.
constexpr std::size_t kBodyBytesMax = std::size_t{64} << 20;
// A descendant that left the process group may hold a log pipe open for ever: once the process has
// ended, its readers wait no longer than this.
constexpr std::chrono::seconds kLogPatience{2};
// An answer and the end of its process may arrive in one turn of the poller, in either order.
constexpr std::chrono::milliseconds kLastWords{50};
constexpr std::chrono::seconds kInterpreterPatience{5};

// Whether an interpreter of that name really runs: the shim of a version manager is found on the
// path and ends with 127 unless its version was chosen. Asked once per name and thread; suspends.
bool interpreter_runs(const std::string& name, const std::vector<std::string>& environment) {
  thread_local std::map<std::string, bool> known;
  if (const auto found = known.find(name); found != known.end()) return found->second;
  runtime::ProcessOptions options;
  options.argv = {name, "-c", ""};
  options.env = environment;
  bool runs = false;
  if (auto process = runtime::Process::spawn(options)) {
    const auto status = process->wait(Shard::current()->clock().after(kInterpreterPatience));
    runs = status && status->ok();
  }
  known[name] = runs;
  return runs;
}

std::string python_for(const FunctionConfig& config, const std::vector<std::string>& environment) {
  if (config.runtime_name == "python3" || interpreter_runs(config.runtime_name, environment)) {
    return config.runtime_name;
  }
  runtime::log().warn("function {}: no {} runs here, so python3 does", config.name,
                      config.runtime_name);
  return "python3";
}

// What runs a function.
std::vector<std::string> command_line(const FunctionConfig& config,
                                      const std::vector<std::string>& environment) {
  switch (config.runtime) {
    case RuntimeKind::kPython:
      return {python_for(config, environment), "-c", kPythonBootstrap};
    case RuntimeKind::kNode:
      // As Lambda does: the heap ends before the function's memory does.
      return {"node", fmt::format("--max-old-space-size={}", config.memory_mb * 9 / 10), "-e",
              kNodeBootstrap};
    case RuntimeKind::kProvided:
      break;
  }
  if (!config.command.empty()) return config.command;
  return {config.directory + "/bootstrap"};
}

Result<runtime::Process> spawn(const FunctionConfig& config, std::vector<std::string> environment) {
  runtime::ProcessOptions options;
  options.argv = command_line(config, environment);
  options.env = std::move(environment);
  options.cwd = config.directory;
  return runtime::Process::spawn(options);
}

}  // namespace

Result<std::shared_ptr<Worker>> Worker::start(Shard& shard, Options options) {
  // The process needs the port, and the port's handler the worker: it finds it here.
  auto self = std::make_shared<std::weak_ptr<Worker>>();
  runtime::HttpServerOptions server_options;
  server_options.max_body_bytes = kBodyBytesMax;
  server_options.max_connections = 16;
  server_options.idle_timeout = std::chrono::hours(24 * 365);
  auto server = std::make_unique<runtime::HttpServer>(
      shard, server_options, [self](const HttpRequest& request) {
        const std::shared_ptr<Worker> worker = self->lock();
        return worker ? worker->handle(request)
                      : error_response(410, "Runtime.Gone", "The function's process has ended");
      });
  if (Status started = server->start(); !started) return started.error();

  const RuntimeIdentity identity{fmt::format("127.0.0.1:{}", server->port()), options.region,
                                 options.log_stream, options.path};
  auto process = spawn(*options.config, function_environment(*options.config, identity));
  if (!process) return process.error();

  std::shared_ptr<Worker> worker(new Worker(shard, std::move(options), *std::move(process)));
  worker->server_ = std::move(server);
  *self = worker;
  worker->start_fibers();
  return worker;
}

Worker::Worker(Shard& shard, Options options, runtime::Process process)
    : shard_(shard), options_(std::move(options)), process_(std::move(process)) {}

Worker::~Worker() = default;

void Worker::start_fibers() {
  const auto self = shared_from_this();
  for (runtime::FdStream* stream : {&process_.stdout_stream(), &process_.stderr_stream()}) {
    shard_.spawn_when_possible([self, stream] { self->read_log(*stream); });
  }
  shard_.spawn_when_possible([self] {
    auto status = self->process_.wait(runtime::kNever);
    self->process_ended(status ? *status : runtime::ExitStatus{0, SIGKILL});
  });
}

// ---- what the function writes ----

void Worker::read_log(runtime::FdStream& stream) {
  LineCutter lines([this](std::string_view line) { log_line(line); });
  std::array<char, 4096> buffer;
  SteadyTime give_up = runtime::kNever;
  for (;;) {
    auto bytes = stream.read_some(buffer, shard_.clock().after(kLogPatience));
    if (bytes && *bytes == 0) break;
    if (bytes) {
      lines.write(std::string_view(buffer.data(), *bytes));
    } else if (bytes.error().code != ErrorCode::kTimeout) {
      break;
    }
    if (exit_ && give_up == runtime::kNever) give_up = real_.after(kLogPatience);
    if (real_.steady_now() >= give_up) break;
  }
  lines.finish();
}

void Worker::log_line(std::string_view line) {
  tail_.add_line(line);
  runtime::log().info("function {}: {}", options_.config->name, line);
}

// ---- the Runtime API ----

HttpResponse Worker::handle(const HttpRequest& request) {
  const RuntimeRoute route = parse_runtime_route(request.method, request.path());
  switch (route.kind) {
    case RuntimeRoute::Kind::kNext:
      return handle_next(request);
    case RuntimeRoute::Kind::kResponse:
      return handle_answer(request, route.request_id, false);
    case RuntimeRoute::Kind::kError:
      return handle_answer(request, route.request_id, true);
    case RuntimeRoute::Kind::kInitError:
      if (initialised_)
        return error_response(403, "InvalidStateTransition", "State transition is not allowed");
      init_error_ = request.body;
      changed_.wake();
      return accepted_response();
    case RuntimeRoute::Kind::kUnknown:
      break;
  }
  return error_response(404, "NotFound", "404 page not found");
}

HttpResponse Worker::handle_next(const HttpRequest& request) {
  if (!active_.empty() && !answer_) {
    return error_response(
        403, "InvalidStateTransition",
        "State transition from Invoking to Ready failed for runtime. Error: State "
        "transition is not allowed");
  }
  if (poll_) {
    poll_->over = true;
    poll_->point.wake();
  }
  const auto poll = std::make_shared<Poll>();
  poll->connection = request.connection;
  poll_ = poll;
  initialised_ = true;
  changed_.wake();
  while (!poll->event && !poll->over && alive()) {
    static_cast<void>(poll->point.wait_for_input(runtime::kNever));
  }
  if (poll_ == poll) poll_.reset();
  if (poll->event) return next_response(*poll->event);
  return error_response(410, "Runtime.Gone", "This request was replaced, or the process is ending");
}

HttpResponse Worker::handle_answer(const HttpRequest& request, std::string_view id, bool is_error) {
  if (active_.empty() || id != active_ || answer_) {
    return error_response(400, "InvalidRequestID", "Invalid request ID");
  }
  if (request.body.size() > kResponseBytesMax) {
    answer_ = WorkerAnswer{true, true, too_large_document()};
    changed_.wake();
    return error_response(
        413, "RequestEntityTooLarge",
        fmt::format("Exceeded maximum allowed payload size ({} bytes).", kResponseBytesMax));
  }
  answer_ = WorkerAnswer{true, is_error, request.body};
  changed_.wake();
  return accepted_response();
}

// ---- one event ----

bool Worker::ready() const {
  return poll_ != nullptr && !poll_->event &&
         (poll_->connection == nullptr || !poll_->connection->peer_gone());
}

// Waits for changed_ until a deadline in real time; false when it has passed.
bool Worker::wait_change(SteadyTime real_deadline) {
  const SteadyTime now = real_.steady_now();
  if (now >= real_deadline) return false;
  // wait_for_input() measures what is left in real time: hand it that much from the shard's now.
  const SteadyTime deadline = real_deadline == runtime::kNever
                                  ? runtime::kNever
                                  : shard_.clock().after(real_deadline - now);
  return changed_.wait_for_input(deadline) || real_.steady_now() < real_deadline;
}

// Private pages: what the process itself has taken, without the files it maps.
bool Worker::over_memory() const {
  std::FILE* file = std::fopen(fmt::format("/proc/{}/statm", process_.pid()).c_str(), "re");
  if (file == nullptr) return false;
  long long size = 0, resident = 0, shared = 0;
  const int fields = std::fscanf(file, "%lld %lld %lld", &size, &resident, &shared);
  std::fclose(file);
  const long long limit = static_cast<long long>(options_.config->memory_mb) * 1024 * 1024;
  return fields == 3 && (resident - shared) * sysconf(_SC_PAGESIZE) > limit;
}

WorkerAnswer Worker::run(RuntimeEvent event, bool tail_log) {
  const FunctionConfig& config = *options_.config;
  const bool first = !initialised_;
  const SteadyTime ready_by =
      real_.after(first ? options_.init_timeout : std::chrono::milliseconds(config.timeout));
  while (!ready() && alive() && !init_error_) {
    if (wait_change(ready_by)) continue;
    kill();
    if (!first) return {false, false, {}};
    return {true, true,
            timeout_document(event.request_id, std::chrono::duration_cast<std::chrono::seconds>(
                                                   options_.init_timeout))};
  }
  if (init_error_) {
    kill();
    return {true, true, *init_error_};
  }
  if (!alive()) {
    if (!first) return {false, false, {}};
    return {true, true,
            exit_ ? exit_document(event.request_id, exit_->code, exit_->signal)
                  : exit_document(event.request_id, 0, SIGKILL)};
  }

  tail_.clear();
  tail_.add_line(fmt::format("START RequestId: {} Version: {}", event.request_id, config.version));
  const std::string request_id = event.request_id;
  const SteadyTime started = real_.steady_now();
  event_deadline_ = real_.after(config.timeout);
  event.deadline_ms =
      (real_.wall_now() + std::chrono::milliseconds(config.timeout)).time_since_epoch().count();
  active_ = request_id;
  answer_.reset();
  poll_->event = std::move(event);
  poll_->point.wake();

  while (!answer_ && alive()) {
    const bool more = wait_change(std::min(event_deadline_, real_.after(kMemoryPeriod)));
    if (answer_ || !alive()) break;
    if (real_.steady_now() >= event_deadline_) {
      kill();
      answer_ = WorkerAnswer{true, true, timeout_document(request_id, config.timeout)};
    } else if (!more && over_memory()) {
      runtime::log().warn("function {}: killed, it takes more than its {} MB", config.name,
                          config.memory_mb);
      kill();
      answer_ = WorkerAnswer{true, true, exit_document(request_id, 0, SIGKILL)};
    }
  }
  if (!answer_) {
    const SteadyTime last = real_.after(kLastWords);
    while (!answer_ && wait_change(last)) {
    }
  }
  if (!answer_) {
    answer_ = WorkerAnswer{true, true,
                           exit_ ? exit_document(request_id, exit_->code, exit_->signal)
                                 : exit_document(request_id, 0, SIGKILL)};
  }

  const auto spent =
      std::chrono::duration_cast<std::chrono::microseconds>(real_.steady_now() - started);
  if (tail_log) runtime::yield();  // the pipes have their turn: what was written before is read
  tail_.add_line(fmt::format("END RequestId: {}", request_id));
  tail_.add_line(fmt::format(
      "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB",
      request_id, static_cast<double>(spent.count()) / 1000.0, (spent.count() + 999) / 1000,
      config.memory_mb));
  WorkerAnswer answer = *answer_;
  return answer;
}

bool Worker::settle() {
  while (!ready() && alive()) {
    if (wait_change(event_deadline_)) continue;
    runtime::log().warn("function {}: killed, it did not ask for its next event in time",
                        options_.config->name);
    kill();
  }
  active_.clear();
  return alive();
}

// ---- the end ----

void Worker::kill() {
  if (exit_ || killed_) return;
  killed_ = true;
  process_.kill_group(SIGKILL);
  if (poll_) poll_->point.wake();
  changed_.wake();
}

void Worker::process_ended(runtime::ExitStatus status) {
  exit_ = status;
  if (poll_) poll_->point.wake();
  changed_.wake();
  if (!killed_) {
    if (status.signal != 0) {
      runtime::log().warn("function {}: its process ended by signal {}", options_.config->name,
                          status.signal);
    } else {
      runtime::log().info("function {}: its process ended with status {}", options_.config->name,
                          status.code);
    }
  }
  if (!active_.empty() && !answer_) {
    runtime::WaitPoint pause;
    static_cast<void>(pause.wait_for_input(shard_.clock().after(kLastWords)));
  }
  // Requests that are under way end first: what they refer to is this worker, which lives.
  static_cast<void>(server_->drain(shard_.clock().after(std::chrono::seconds(1))));
  server_.reset();
  if (auto on_exit = std::exchange(options_.on_exit, nullptr)) on_exit();
}

}  // namespace pawl::connectors
