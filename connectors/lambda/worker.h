// Worker: one process of a function and the Runtime API it talks to.
//
// The API listens on a loopback port of its own that lives and dies with the process: the runtimes
// fix the path, so that the port is what tells who is calling. Belongs to one shard; used on its
// fibers. Processes live in real time: deadlines here are real also under a virtual clock, which
// the caller holds meanwhile (Shard::hold_time).
#pragma once

#include "base/result.h"
#include "connectors/lambda/function_config.h"
#include "connectors/lambda/function_log.h"
#include "connectors/lambda/runtime_api.h"
#include "runtime/clock/clock.h"
#include "runtime/fiber/shard.h"
#include "runtime/fiber/wait_point.h"
#include "runtime/http/server.h"
#include "runtime/net/process.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors {

// Time from the start of a process to its first request for an event, as Lambda's.
inline constexpr std::chrono::seconds kInitTimeout{10};
// How often the memory of a running function is looked at.
inline constexpr std::chrono::milliseconds kMemoryPeriod{250};

struct WorkerAnswer {
  // False: the process ended before it took the event, which may be given to another one.
  bool delivered = true;
  bool is_error = false;  // `payload` is an error document
  std::string payload;
};

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  struct Options {
    std::shared_ptr<const FunctionConfig> config;
    std::string region;
    std::string path;  // PATH
    std::string log_stream;
    std::chrono::milliseconds init_timeout = kInitTimeout;
    std::function<void()> on_exit;  // on a fiber, once, after the process has ended
  };

  // Opens the API and starts the process; blocks for a millisecond, does not suspend. kNotFound and
  // kInvalid: there is no such program; other errors: the machine cannot start one now.
  static Result<std::shared_ptr<Worker>> start(runtime::Shard& shard, Options options);
  ~Worker();

  // Gives the event to the process and waits for the answer, at most for the function's timeout,
  // after which the process is killed. The first call also waits for the process to get ready. One
  // call at a time. With `tail_log` what the function wrote before it answered is in log_result().
  // Suspends.
  WorkerAnswer run(RuntimeEvent event, bool tail_log);

  // Waits until the process asks for its next event. False: it ended, or it used up the timeout of
  // the event it has answered and was killed. Suspends.
  bool settle();

  // Kills the process; fibers that wait for it wake. Never suspends; again is harmless.
  void kill();

  bool alive() const { return !exit_ && !killed_; }
  int pid() const { return process_.pid(); }
  std::string log_result() const { return tail_.base64(); }

 private:
  // A GET .../next that waits. A runtime that asks again replaces its earlier request.
  struct Poll {
    runtime::WaitPoint point;
    const runtime::HttpConnection* connection = nullptr;
    std::optional<RuntimeEvent> event;
    bool over = false;
  };

  Worker(runtime::Shard& shard, Options options, runtime::Process process);

  void start_fibers();
  void read_log(runtime::FdStream& stream);
  void log_line(std::string_view line);
  runtime::HttpResponse handle(const runtime::HttpRequest& request);
  runtime::HttpResponse handle_next(const runtime::HttpRequest& request);
  runtime::HttpResponse handle_answer(const runtime::HttpRequest& request, std::string_view id,
                                      bool is_error);
  void process_ended(runtime::ExitStatus status);

  bool ready() const;
  bool over_memory() const;
  bool wait_change(runtime::SteadyTime real_deadline);

  runtime::Shard& shard_;
  Options options_;
  runtime::RealClock real_;
  runtime::Process process_;
  std::unique_ptr<runtime::HttpServer> server_;

  runtime::WaitPoint changed_;  // run() and settle() wait here
  std::shared_ptr<Poll> poll_;
  bool initialised_ = false;
  bool killed_ = false;
  std::string active_;  // request id of the event that is out; empty if none
  std::optional<WorkerAnswer> answer_;
  std::optional<std::string> init_error_;
  std::optional<runtime::ExitStatus> exit_;
  runtime::SteadyTime event_deadline_{};  // real
  LogTail tail_;
};

}  // namespace pawl::connectors
