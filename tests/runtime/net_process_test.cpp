#include "runtime/net/process.h"
#include "tests/catch.h"
#include "tests/runtime/shard_fixture.h"

#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <signal.h>  // NOLINT: POSIX, for kill
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pawl::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SteadyTime in(milliseconds span) { return Shard::current()->now() + span; }

ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.argv = {"sh", "-c", script};
  options.env = {"PATH=/usr/bin:/bin"};
  return options;
}

std::string output_of(const ProcessOptions& options) {
  Result<Process> process = Process::spawn(options);
  REQUIRE(process);
  const auto text = process->stdout_stream().read_all(1'000'000, in(seconds(10)));
  REQUIRE(text);
  REQUIRE(process->wait(in(seconds(10)))->ok());
  return *text;
}

bool has_children() { return waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD; }

bool exists(pid_t pid) { return kill(pid, 0) == 0; }

TEST_CASE("a process runs with the environment, directory and arguments it was given",
          "[runtime][net][process]") {
  run_on_shard([](Shard&) {
    ProcessOptions options = shell("echo \"$A|$HOME|$1|$(pwd)\"");
    options.argv.insert(options.argv.end(), {"sh", "an argument"});
    options.env.emplace_back("A=1 2");
    options.cwd = "/usr";
    CHECK(output_of(options) == "1 2||an argument|/usr\n");
  });
  CHECK_FALSE(has_children());
}

TEST_CASE("how a process ended is told: exit code or signal", "[runtime][net][process]") {
  run_on_shard([](Shard&) {
    Result<Process> process = Process::spawn(shell("exit 7"));
    REQUIRE(process);
    Result<ExitStatus> status = process->wait(in(seconds(10)));
    REQUIRE(status);
    CHECK(status->code == 7);
    CHECK(status->signal == 0);
    CHECK_FALSE(status->ok());
    CHECK(process->wait(in(seconds(10)))->code == 7);  // again

    process = Process::spawn(shell("kill -TERM $$"));
    REQUIRE(process);
    status = process->wait(in(seconds(10)));
    REQUIRE(status);
    CHECK(status->signal == SIGTERM);
  });
  CHECK_FALSE(has_children());
}

TEST_CASE("waiting for a process ends at the deadline and can be repeated",
          "[runtime][net][process]") {
  run_on_shard([](Shard&) {
    Result<Process> process = Process::spawn(shell("sleep 100"));
    REQUIRE(process);
    CHECK(process->wait(in(milliseconds(20))).error().code == ErrorCode::kTimeout);
    process->kill_group(SIGTERM);
    const auto status = process->wait(in(seconds(10)));
    REQUIRE(status);
    CHECK(status->signal == SIGTERM);
  });
  CHECK_FALSE(has_children());
}

TEST_CASE("the standard streams are pipes, null or ours as asked", "[runtime][net][process]") {
  run_on_shard([](Shard&) {
    ProcessOptions options = shell("cat; echo problem >&2");
    options.stdin_pipe = true;
    Result<Process> process = Process::spawn(options);
    REQUIRE(process);
    REQUIRE(process->stdin_stream().write_all("through", in(seconds(5))));
    process->stdin_stream().close();
    CHECK(*process->stdout_stream().read_all(100, in(seconds(5))) == "through");
    CHECK(*process->stderr_stream().read_all(100, in(seconds(5))) == "problem\n");
    CHECK(process->wait(in(seconds(5)))->ok());

    CHECK(output_of(shell("cat")).empty());  // standard input is /dev/null
    options = shell("echo lost");
    options.stdout_to = ProcessOptions::Output::kNull;
    process = Process::spawn(options);
    REQUIRE(process);
    CHECK_FALSE(process->stdout_stream().is_open());
    CHECK(process->wait(in(seconds(5)))->ok());
  });
}

TEST_CASE("a process inherits no descriptors, ignored signals or signal mask",
          "[runtime][net][process]") {
  const int leaky = open("/dev/null", O_RDONLY);  // NOLINT: without O_CLOEXEC on purpose
  const auto before = signal(SIGHUP, SIG_IGN);
  run_on_shard([](Shard&) {
    ProcessOptions list;
    list.argv = {"/bin/ls", "/proc/self/fd"};
    CHECK(output_of(list) == "0\n1\n2\n3\n");  // 3 is ls reading the directory
    ProcessOptions masks;
    masks.argv = {"/bin/grep", "^Sig[BI]", "/proc/self/status"};
    CHECK(output_of(masks) == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  });
  signal(SIGHUP, before);
  close(leaky);
}

TEST_CASE("limits are set in the child", "[runtime][net][process]") {
  run_on_shard([](Shard&) {
    ProcessOptions options = shell("ulimit -n");
    options.limits = {{RLIMIT_NOFILE, 77}};
    CHECK(output_of(options) == "77\n");
  });
}

TEST_CASE("a program that cannot be started is an error that says why", "[runtime][net][process]") {
  run_on_shard([](Shard&) {
    ProcessOptions options;
    CHECK(Process::spawn(options).error().code == ErrorCode::kInvalid);
    options.argv = {"/nowhere/program"};
    CHECK(Process::spawn(options).error().code == ErrorCode::kNotFound);
    options.argv = {"no-such-program-in-path"};
    CHECK(Process::spawn(options).error().code == ErrorCode::kNotFound);
    options.argv = {"/etc/passwd"};
    const auto not_executable = Process::spawn(options);
    CHECK(not_executable.error().code == ErrorCode::kInvalid);
    CHECK_THAT(not_executable.error().message, Catch::Contains("execve"));
    options.argv = {"/bin/true"};
    options.cwd = "/nowhere";
    CHECK_THAT(Process::spawn(options).error().message, Catch::Contains("chdir"));
  });
  CHECK_FALSE(has_children());
}

TEST_CASE("grandchildren that stay behind end with their group", "[runtime][net][process]") {
  run_on_shard([](Shard&) {
    Result<Process> process = Process::spawn(shell("sleep 100 >/dev/null 2>&1 & echo $!"));
    REQUIRE(process);
    const pid_t grandchild = std::stoi(*process->stdout_stream().read_all(100, in(seconds(5))));
    CHECK(process->wait(in(seconds(5)))->ok());
    for (int i = 0; i < 20 && exists(grandchild); ++i) sleep_for(milliseconds(5));
    // Its new parent reaps it when it likes; a zombie is dead enough.
    if (exists(grandchild)) {
      ProcessOptions state;
      state.argv = {"/bin/grep", "^State", "/proc/" + std::to_string(grandchild) + "/status"};
      CHECK_THAT(output_of(state), Catch::Contains("Z (zombie)"));
    }
  });
}

TEST_CASE("a process that is dropped is killed and reaped", "[runtime][net][process]") {
  pid_t pid = 0;
  run_on_shard([&](Shard&) {
    Result<Process> process = Process::spawn(shell("trap '' TERM; sleep 100"));
    REQUIRE(process);
    pid = process->pid();
    CHECK(exists(pid));
  });
  CHECK_FALSE(exists(pid));
  CHECK_FALSE(has_children());
}

TEST_CASE("a process dies with us, even when we are killed", "[runtime][net][process]") {
  std::array<int, 2> fds{};
  REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
  const pid_t parent = fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    Shard shard({.clock = real_clock()});
    shard.run([&] {
      Result<Process> process = Process::spawn(shell("sleep 100"));
      const pid_t pid = process ? process->pid() : -1;
      static_cast<void>(write(fds[1], &pid, sizeof(pid)));
      kill(getpid(), SIGKILL);
    });
  }
  pid_t orphan = 0;
  REQUIRE(read(fds[0], &orphan, sizeof(orphan)) == sizeof(orphan));
  CHECK(waitpid(parent, nullptr, 0) == parent);
  REQUIRE(orphan > 0);
  std::string state;
  for (int i = 0; i < 400; ++i) {
    std::ifstream stat("/proc/" + std::to_string(orphan) + "/stat");
    std::string number;
    std::string name;
    state.clear();
    stat >> number >> name >> state;
    if (state.empty() || state == "Z") break;  // who inherits it may be slow to reap it
    std::this_thread::sleep_for(milliseconds(5));
  }
  CHECK((state.empty() || state == "Z"));
  close(fds[0]);
  close(fds[1]);
}

TEST_CASE("a hundred processes leave neither zombies nor descriptors", "[runtime][net][process]") {
  const auto open_descriptors = [] {
    int count = 0;
    DIR* directory = opendir("/proc/self/fd");
    while (readdir(directory) != nullptr) ++count;
    closedir(directory);
    return count;
  };
  int before = 0;
  run_on_shard([&](Shard& shard) {
    before = open_descriptors();
    int running = 100;
    WaitPoint done;
    for (int i = 0; i < 100; ++i) {
      REQUIRE(shard.spawn([&, i] {
        Result<Process> process = Process::spawn(shell(i % 2 == 0 ? "exit 0" : "sleep 100"));
        REQUIRE(process);
        if (i % 2 == 0) CHECK(process->wait(in(seconds(20)))->ok());
        *process = Process::spawn(shell("exit 0")).value();  // replaces: ends the one before
        if (--running == 0) done.wake();
      }));
    }
    done.wait();
    while (shard.stats().fibers_alive > 1) sleep_for(milliseconds(5));
    CHECK(open_descriptors() == before);
  });
  CHECK_FALSE(has_children());
}

}  // namespace
}  // namespace pawl::runtime
