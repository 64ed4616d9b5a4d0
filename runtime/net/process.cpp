#include "runtime/net/process.h"

#include "runtime/fiber/shard.h"
#include "runtime/net/descriptor.h"
#include "runtime/net/descriptor_limit.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/sched.h>  // CLONE_PIDFD
#include <sched.h>
#include <signal.h>  // NOLINT: POSIX, for kill and sigprocmask
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pawl::runtime {
namespace {

// A descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Everything the child needs, prepared before the fork: between fork and exec it shares our memory
// and may make system calls only.
struct ChildPlan {
  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* cwd = nullptr;
  std::array<int, 3> standard{-1, -1, -1};  // what becomes 0, 1, 2; all above 2
  const std::pair<int, rlim_t>* limits = nullptr;
  std::size_t limit_count = 0;
  pid_t parent = 0;
  // Written by the child, which shares our memory, when it cannot start the program.
  volatile int error = 0;
  const char* volatile failed_at = nullptr;
};

// The child runs on our shadow memory as well, and sanitizers would take note of its calls.
#define PAWL_IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))

PAWL_IN_CHILD int fail_child(ChildPlan& plan, const char* at) {
  plan.error = errno;
  plan.failed_at = at;
  return 127;
}

// Returns the exit code when it cannot start the program.
PAWL_IN_CHILD int become_child(void* argument) {
  ChildPlan& plan = *static_cast<ChildPlan*>(argument);
  if (setpgid(0, 0) != 0) return fail_child(plan, "setpgid");
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return fail_child(plan, "prctl");
  if (getppid() != plan.parent) return 127;  // the parent died before that took effect
  restore_descriptor_limit();
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    const rlimit limit{plan.limits[i].second, plan.limits[i].second};
    if (setrlimit(static_cast<__rlimit_resource>(plan.limits[i].first), &limit) != 0) {
      return fail_child(plan, "setrlimit");
    }
  }
  for (int target = 0; target < 3; ++target) {
    const int source = plan.standard[static_cast<std::size_t>(target)];
    if (source >= 0 && dup2(source, target) < 0) return fail_child(plan, "dup2");
  }
  // Ours are all close-on-exec; this is for those of libraries.
  if (close_range(3, ~0U, 0) != 0) {
    const long last = sysconf(_SC_OPEN_MAX);
    for (long fd = 3; fd < last; ++fd) ::close(static_cast<int>(fd));
  }
  if (plan.cwd != nullptr && chdir(plan.cwd) != 0) return fail_child(plan, "chdir");
  // Ignored signals stay ignored over exec, and our handlers must not run in the child.
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(signal_number, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(plan.program, plan.argv, plan.envp);
  return fail_child(plan, "execve");
}

// As posix_spawn does it, which cannot do all that become_child does: the child shares our memory,
// on a stack of its own, and this thread stands still until the program runs. Copying the page
// tables of a big process, as fork does, takes milliseconds.
Result<pid_t> start_child(ChildPlan& plan, Fd& pidfd) {
  constexpr std::size_t kStackBytes = std::size_t{64} * 1024;
  void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return system_error(errno, "mmap");
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // our handlers must not run in the child
  int raw_pidfd = -1;
  const pid_t pid = clone(become_child, static_cast<char*>(stack) + kStackBytes,
                          CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &raw_pidfd);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  munmap(stack, kStackBytes);
  if (pid < 0) return system_error(error, "clone");
  pidfd = Fd(raw_pidfd);
  return pid;
}

// The environment's own PATH decides, not ours.
std::string find_program(const std::string& name, const std::vector<std::string>& env) {
  if (name.find('/') != std::string::npos) return name;
  std::string_view path = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& entry : env) {
    if (entry.starts_with("PATH=")) path = std::string_view(entry).substr(5);
  }
  while (!path.empty()) {
    const std::size_t colon = std::min(path.find(':'), path.size());
    std::string candidate = std::string(path.substr(0, colon)) + "/" + name;
    if (colon > 0 && access(candidate.c_str(), X_OK) == 0) return candidate;
    path.remove_prefix(std::min(colon + 1, path.size()));
  }
  return "";
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// Above 2, so that putting one in its place in the child cannot overwrite another.
Result<Fd> above_standard(int fd) {
  if (fd < 0) return system_error(errno, "open");
  if (fd > 2) return Fd(fd);
  Fd moved(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  const int error = errno;
  ::close(fd);
  if (moved.get() < 0) return system_error(error, "fcntl");
  return moved;
}

struct Pipe {
  Fd ours;
  Fd childs;
};

Result<Pipe> make_pipe(bool child_reads) {
  std::array<int, 2> fds{-1, -1};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return system_error(errno, "pipe");
  if (child_reads) std::swap(fds[0], fds[1]);  // now {ours, the child's}
  Pipe pipe;
  pipe.ours = Fd(fds[0]);
  Result<Fd> childs = above_standard(fds[1]);
  if (!childs) return std::move(childs).error();
  pipe.childs = std::move(*childs);
  return pipe;
}

bool has_nul(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (text.find('\0') != std::string::npos) return true;
  }
  return false;
}

}  // namespace

struct Process::State {
  Shard* shard = nullptr;
  pid_t pid = 0;
  Fd pidfd;
  bool reaped = false;
  ExitStatus status;
  FdStream stdin_stream;
  FdStream stdout_stream;
  FdStream stderr_stream;

  void kill_group(int signal) const {
    // Until it is reaped the child's number, which is the group's, cannot go to somebody else.
    if (!reaped) ::kill(-pid, signal);
  }

  // Whether the child had ended and has been reaped now.
  bool try_reap(bool block) {
    if (reaped) return true;
    siginfo_t info{};
    const int options = WEXITED | (block ? 0 : WNOHANG);
    int result = 0;
    do {
      result = waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, options | WNOWAIT);
    } while (result != 0 && errno == EINTR);
    if (result == 0 && info.si_pid == 0) return false;
    if (result == 0) {
      if (info.si_code == CLD_EXITED) {
        status.code = info.si_status;
      } else {
        status.signal = info.si_status;
      }
      kill_group(SIGKILL);  // grandchildren that stayed behind
      waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED);
    } else {
      status.code = -1;  // somebody else reaped it (SIGCHLD ignored): how it ended is not known
    }
    reaped = true;
    return true;
  }
};

Result<Process> Process::spawn(const ProcessOptions& options) {
  Shard* shard = Shard::current();
  PAWL_ASSERT(shard != nullptr);
  if (options.argv.empty() || has_nul(options.argv) || has_nul(options.env)) {
    return Error{ErrorCode::kInvalid, "a process needs argv, and strings without NUL", ""};
  }
  const std::string program = find_program(options.argv[0], options.env);
  if (program.empty()) {
    return Error{ErrorCode::kNotFound, "no program '" + options.argv[0] + "' in PATH", ""};
  }

  auto state = std::make_unique<State>();
  state->shard = shard;
  std::array<Fd, 3> child_ends;
  const auto connect_output = [&](int target, ProcessOptions::Output to,
                                  FdStream& stream) -> Status {
    auto& end = child_ends[static_cast<std::size_t>(target)];
    switch (to) {
      case ProcessOptions::Output::kInherit:
        return {};
      case ProcessOptions::Output::kNull: {
        Result<Fd> null = above_standard(open("/dev/null", O_RDWR | O_CLOEXEC));
        if (!null) return std::move(null).error();
        end = std::move(*null);
        return {};
      }
      case ProcessOptions::Output::kPipe: {
        Result<Pipe> pipe = make_pipe(target == STDIN_FILENO);
        if (!pipe) return std::move(pipe).error();
        Result<FdStream> adopted = FdStream::adopt(pipe->ours.release());
        if (!adopted) return std::move(adopted).error();
        stream = std::move(*adopted);
        end = std::move(pipe->childs);
        return {};
      }
    }
    return {};
  };
  using Output = ProcessOptions::Output;
  const Output stdin_from = options.stdin_pipe ? Output::kPipe : Output::kNull;
  if (Status s = connect_output(0, stdin_from, state->stdin_stream); !s)
    return std::move(s).error();
  if (Status s = connect_output(1, options.stdout_to, state->stdout_stream); !s) {
    return std::move(s).error();
  }
  if (Status s = connect_output(2, options.stderr_to, state->stderr_stream); !s) {
    return std::move(s).error();
  }

  const std::vector<char*> argv = pointers(options.argv);
  const std::vector<char*> envp = pointers(options.env);
  ChildPlan plan;
  plan.program = program.c_str();
  plan.argv = argv.data();
  plan.envp = envp.data();
  plan.cwd = options.cwd.empty() ? nullptr : options.cwd.c_str();
  plan.limits = options.limits.data();
  plan.limit_count = options.limits.size();
  plan.parent = getpid();
  for (std::size_t i = 0; i < child_ends.size(); ++i) plan.standard[i] = child_ends[i].get();

  Result<pid_t> pid = start_child(plan, state->pidfd);
  if (!pid) return std::move(pid).error();
  if (plan.error != 0) {
    while (waitpid(*pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    const char* failed_at = plan.failed_at;
    return system_error(plan.error, "start '" + program + "' (" + failed_at + ")");
  }
  state->pid = *pid;
  return Process(std::move(state));
}

Process::Process(std::unique_ptr<State> state) : state_(std::move(state)) {}
Process::Process(Process&&) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
  std::swap(state_, other.state_);  // `other` ends what we had
  return *this;
}

Process::~Process() {
  if (state_ == nullptr || state_->try_reap(false)) return;
  state_->kill_group(SIGKILL);
  if (Shard::current() != state_->shard) {
    state_->try_reap(true);  // after the shard: soon, because it was killed
    return;
  }
  state_->shard->spawn_when_possible([state = std::move(state_)] {
    while (!state->try_reap(false)) {
      if (!wait_readable(state->pidfd.get(), kNever)) state->try_reap(true);
    }
  });
}

Result<ExitStatus> Process::wait(SteadyTime deadline) {
  while (!state_->try_reap(false)) {
    if (Status ready = wait_readable(state_->pidfd.get(), deadline); !ready) {
      return std::move(ready).error();
    }
  }
  return state_->status;
}

void Process::kill_group(int signal) { state_->kill_group(signal); }

int Process::pid() const { return state_->pid; }

FdStream& Process::stdin_stream() { return state_->stdin_stream; }
FdStream& Process::stdout_stream() { return state_->stdout_stream; }
FdStream& Process::stderr_stream() { return state_->stderr_stream; }

}  // namespace pawl::runtime
