// Child processes: own process group, nothing inherited but what is named, always reaped.
#pragma once

#include "base/result.h"
#include "runtime/clock/clock.h"
#include "runtime/net/socket.h"

#include <memory>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace pawl::runtime {

struct ProcessOptions {
  // argv[0] is the program: a path, or a name that is looked up in PATH of `env`.
  std::vector<std::string> argv;
  // The whole environment, "NAME=value" each; nothing is inherited.
  std::vector<std::string> env;
  std::string cwd;  // empty: ours

  enum class Output { kNull, kPipe, kInherit };
  Output stdout_to = Output::kPipe;
  Output stderr_to = Output::kPipe;
  bool stdin_pipe = false;  // false: /dev/null

  // RLIMIT_ constant and the value for both its soft and hard limit.
  std::vector<std::pair<int, rlim_t>> limits;
};

struct ExitStatus {
  int code = 0;    // when signal is 0
  int signal = 0;  // that ended it, or 0
  bool ok() const { return code == 0 && signal == 0; }
};

// A running child. Belongs to the shard whose fiber spawned it. The child and its group die with us
// (PR_SET_PDEATHSIG goes by the thread that spawned: a shard's thread lives as long as the
// process).
class Process {
 public:
  // Starts the program; blocks this thread for the fork and exec, about a millisecond, and does not
  // suspend. kNotFound: no such program; kInvalid: not executable, bad directory; kIo: other.
  static Result<Process> spawn(const ProcessOptions& options);

  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  // Kills the group when it still runs; the shard reaps it.
  ~Process();

  // Suspends until the child has ended, then kills what is left of its group and reaps it. kTimeout
  // leaves everything as it was. Answers at once when it was called before.
  Result<ExitStatus> wait(SteadyTime deadline);

  // Sends `signal` to the whole group; nothing when the child was reaped. Never suspends.
  void kill_group(int signal);

  int pid() const;
  // Pipes asked for in the options; closed streams otherwise.
  FdStream& stdin_stream();
  FdStream& stdout_stream();
  FdStream& stderr_stream();

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pawl::runtime
