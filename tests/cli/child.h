// The pawl program as a child process.
#pragma once

#include "asl/json/value.h"

#include <chrono>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace pawl::cli::testing {

// A directory for one test, removed with what is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string path(const std::string& name = "") const;
  // Writes a file, with the directories on the way, and answers its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

struct Ended {
  int code = -1;  // exit code; 128 + N after signal N
  std::string out;
  std::string err;

  asl::Value json() const;  // of `out`; fails the test if it is none
};

class Child {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;
  // Starts the program; `input` is its standard input, `environment` is added to ours.
  explicit Child(const std::vector<std::string>& arguments, const std::string& input = "",
                 const Environment& environment = {});
  ~Child();  // kills it if it still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void signal(int number) const;
  Ended wait();
  // What it has said on standard error so far, once `text` is in it; fails the test after ten
  // seconds.
  std::string wait_for(const std::string& text) const;

 private:
  TemporaryDirectory files_;
  pid_t pid_ = -1;
};

// Runs the program to its end.
Ended pawl(const std::vector<std::string>& arguments, const std::string& input = "");

// A file below examples/.
std::string example(const std::string& name);

}  // namespace pawl::cli::testing
