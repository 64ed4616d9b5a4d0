// FunctionPool: the processes of one function, at most `concurrency` at a time.
//
// Processes are kept when they have answered and used again, the last one first; those that have
// had nothing to do for a while are ended. Calls beyond the concurrency wait in the order they
// came. Belongs to one shard.
#pragma once

#include "connectors/lambda/backend.h"
#include "connectors/lambda/worker.h"
#include "runtime/fiber/shard.h"
#include "runtime/timer/timer_heap.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pawl::connectors {

// One call from its caller's point of view; shared with the fiber that runs it, which goes on when
// the caller has left.
struct Call {
  RuntimeEvent event;
  std::string region;
  bool tail_log = false;

  runtime::WaitPoint changed;
  std::optional<InvocationOutcome> outcome;
  bool abandoned = false;

  // The caller wants to wait no longer. Does not suspend.
  void abandon() {
    abandoned = true;
    changed.wake();
  }
};

struct PoolLimits {
  std::chrono::milliseconds init_timeout = kInitTimeout;
  // A process without work is ended after this long. Not under a virtual clock: there a timer for
  // it would let time run on.
  std::chrono::milliseconds idle_timeout = std::chrono::minutes(5);
  // How long a call waits for a process that has answered and not yet asked for more, before it
  // starts another one: about what that would cost.
  std::chrono::milliseconds settle_patience{50};
  // Calls that wait for a process; one more is refused with TooManyRequestsException. Lambda itself
  // refuses at once; waiting suits a machine that has fewer processes to offer.
  std::size_t waiting_max = 10000;
};

struct PoolStats {
  std::size_t running = 0;   // calls that have a process
  std::size_t answered = 0;  // of them, those whose process is about to ask for more
  std::size_t waiting = 0;
  std::size_t idle = 0;       // processes
  std::uint64_t started = 0;  // processes ever
};

class FunctionPool : public std::enable_shared_from_this<FunctionPool> {
 public:
  FunctionPool(runtime::Shard& shard, FunctionConfig config, PoolLimits limits, std::string path);

  const FunctionConfig& config() const { return *config_; }

  // Runs `call` and suspends until it has an outcome or is abandoned; then the answer is
  // InvocationCancelled, and a call that still waits for a process is forgotten.
  InvocationOutcome run(const std::shared_ptr<Call>& call);
  // Runs `call` and does not wait for it. False: too many calls wait.
  bool start(const std::shared_ptr<Call>& call);

  // Kills all processes; calls that run or wait, and later ones, answer InvocationCancelled. Never
  // suspends.
  void shut_down();

  // No longer keeps processes: those that are idle end, those that run end when they have answered.
  void retire();

  PoolStats stats() const;

 private:
  void serve(std::shared_ptr<Call> call);
  void serve_one(Call& call);
  void await_settling();
  Result<std::shared_ptr<Worker>> take_worker(const Call& call);
  void keep(std::shared_ptr<Worker> worker);
  void arm_reaper();
  void reap_idle();
  void drop_ended();

  runtime::Shard& shard_;
  std::shared_ptr<const FunctionConfig> config_;
  PoolLimits limits_;
  std::string path_;
  bool closed_ = false;
  bool retired_ = false;
  std::size_t running_ = 0;
  std::uint64_t started_ = 0;
  std::deque<std::shared_ptr<Call>> waiting_;
  std::size_t settling_ = 0;                // processes that have answered and are not idle yet
  std::deque<runtime::WaitPoint*> takers_;  // fibers that wait for one of them
  runtime::RealClock real_;

  struct Idle {
    std::shared_ptr<Worker> worker;
    runtime::SteadyTime since;
  };
  std::vector<Idle> idle_;  // the longest idle first
  std::vector<std::weak_ptr<Worker>> workers_;
  runtime::TimerHandle reaper_;
};

}  // namespace pawl::connectors
