// `pawl eval` at a terminal: a pseudo-terminal stands in for it.
#include "tests/catch.h"

#include <chrono>
#include <poll.h>
#include <pty.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

class Session {
 public:
  Session() {
    pid_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      ::setenv("TERM", "dumb", 1);
      ::execl(PAWL_BINARY, PAWL_BINARY, "eval", "--input", R"({"a":[1,2,3]})", nullptr);
      ::_exit(127);
    }
    REQUIRE(pid_ > 0);
    until("> ");
  }
  ~Session() { ::close(terminal_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // What is shown up to `end` after the line is typed.
  std::string type(const std::string& line, const std::string& end = "\r\n> ") {
    const std::string text = line + "\n";
    REQUIRE(::write(terminal_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    return until(end);
  }
  int end() {
    const std::string quit = ":quit\n";
    REQUIRE(::write(terminal_, quit.data(), quit.size()) == static_cast<ssize_t>(quit.size()));
    int status = -1;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  std::string until(const std::string& end) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::string shown;
    while (!shown.ends_with(end)) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      pollfd ready{terminal_, POLLIN, 0};
      if (::poll(&ready, 1, 100) <= 0) continue;
      char buffer[4096];
      const ssize_t count = ::read(terminal_, buffer, sizeof buffer);
      if (count <= 0) break;
      shown.append(buffer, static_cast<std::size_t>(count));
    }
    return shown;
  }

  int terminal_ = -1;
  pid_t pid_ = -1;
};

}  // namespace

TEST_CASE("eval at a terminal takes one expression after the other", "[cli][eval]") {
  Session session;
  CHECK_THAT(session.type("$sum(a)"), Contains("\r\n6\r\n"));
  CHECK_THAT(session.type("nothing"), Contains("undefined"));
  CHECK_THAT(session.type("1 +"), Contains("S0207"));
  CHECK_THAT(session.type("$map(a,", "... "), Contains("... "));
  CHECK_THAT(session.type("function($v) { $v * 2 })"), Contains("4,"));
  CHECK_THAT(session.type(":input {\"b\": 7}"), Contains(":input"));
  CHECK_THAT(session.type("b"), Contains("\r\n7\r\n"));
  CHECK_THAT(session.type(":input {"), Contains("error"));
  CHECK_THAT(session.type(":help"), Contains(":quit"));
  CHECK_THAT(session.type(":what"), Contains("there is no command"));
  CHECK(session.end() == 0);
}

}  // namespace pawl::cli::testing
