#include "tests/cli/child.h"

#include "asl/json/reader.h"
#include "tests/catch.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <signal.h>  // NOLINT: POSIX, for kill
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pawl::cli::testing {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = std::filesystem::temp_directory_path() / "pawl-cli-XXXXXX";
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code code;
  std::filesystem::remove_all(path_, code);
}

std::string TemporaryDirectory::path(const std::string& name) const {
  return name.empty() ? path_ : path_ + "/" + name;
}

std::string TemporaryDirectory::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = path(name);
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

asl::Value Ended::json() const {
  INFO(out);
  INFO(err);
  const Result<asl::Value> value = asl::read_json(out);
  REQUIRE(value.has_value());
  return *value;
}

Child::Child(const std::vector<std::string>& arguments, const std::string& input,
             const Environment& environment) {
  const std::string in = files_.write("in", input);
  const std::string out = files_.write("out", "");
  const std::string err = files_.write("err", "");
  std::vector<std::string> whole = {PAWL_BINARY};
  whole.insert(whole.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : whole) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ > 0) return;
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::dup2(::open(in.c_str(), O_RDONLY), STDIN_FILENO);
  ::dup2(::open(out.c_str(), O_WRONLY), STDOUT_FILENO);
  ::dup2(::open(err.c_str(), O_WRONLY), STDERR_FILENO);
  ::execv(PAWL_BINARY, argv.data());
  ::_exit(127);
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const { ::kill(pid_, number); }

Ended Child::wait() {
  int status = 0;
  REQUIRE(::waitpid(pid_, &status, 0) == pid_);
  pid_ = -1;
  Ended ended;
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended.out = read_file(files_.path("out"));
  ended.err = read_file(files_.path("err"));
  return ended;
}

std::string Child::wait_for(const std::string& text) const {
  // A process in real time can only be looked at again and again.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::string said;
  do {
    said = read_file(files_.path("err"));
    if (said.find(text) != std::string::npos) return said;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  } while (std::chrono::steady_clock::now() < deadline);
  FAIL("it did not say '" << text << "' but: " << said);
  return said;
}

Ended pawl(const std::vector<std::string>& arguments, const std::string& input) {
  return Child(arguments, input).wait();
}

std::string example(const std::string& name) {
  return std::string(PAWL_SOURCE "/examples/") + name;
}

}  // namespace pawl::cli::testing
