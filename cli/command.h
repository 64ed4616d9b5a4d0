// The pawl program. Read this header first.
//
//   main.cpp          the command line: finds the command, suggests when there is none
//   commands/         one file per command: its options, its help with examples, what it does
//   runtime_host.h    store, journal, clock, shards, connectors and engine as one object
//   workflow.h        what `pawl run DEFINITION|DIR` is pointed at
//   narrator.h        events put into words: progress, the table of a history, where it failed
//   terminal.h        how things look
//
// What a program reads goes to standard output and is JSON where that makes sense; everything meant
// for people goes to standard error.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace pawl::cli {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,        // the execution failed; the expression has no value
  kUsage = 2,         // wrong options, wrong input, an invalid definition
  kEngineFailed = 3,  // the engine itself: the store, the network
  kInterrupted = 130,
};

// A command that has been added to the program's parser.
struct Command {
  CLI::App* parser = nullptr;
  std::function<int()> run;  // after parsing; answers the exit code
};

Command add_run(CLI::App& program);
Command add_redrive(CLI::App& program);
Command add_resume(CLI::App& program);
Command add_validate(CLI::App& program);
Command add_eval(CLI::App& program);
Command add_list(CLI::App& program);
Command add_history(CLI::App& program);
Command add_show(CLI::App& program);
Command add_serve(CLI::App& program);
Command add_test_state(CLI::App& program);
Command add_control(CLI::App& program);
Command add_check(CLI::App& program);

}  // namespace pawl::cli
