// DIR of --data: a store, and beside its files pawl.json, which remembers with which functions and
// mocks each machine was run, so that `pawl resume` needs no more than DIR.
//
//   {"version": 1,
//    "machines": {"order-fulfilment": {"definition": "/...", "functions": "/...", "mock":
//    "/..#Case"},
//                 "": {...}}}     "": every other machine (pawl serve)
#pragma once

#include "base/result.h"
#include "cli/task_world.h"
#include "runtime/store/store.h"

#include <map>
#include <memory>
#include <string>

namespace pawl::cli {

struct MachineSetup {
  std::string definition;  // absolute path; empty if it came another way
  TaskSetup tasks;         // absolute paths
};

class DataDirectory {
 public:
  // Opens the store. `create`: a directory that is not there, or is empty, becomes one. kNotFound,
  // kInvalid, kUnavailable (in use), kCorrupt: with a message for people.
  static Result<DataDirectory> open(const std::string& path, bool create);

  runtime::Store& store() { return *store_; }
  const std::string& path() const { return path_; }
  const std::map<std::string, MachineSetup>& machines() const { return machines_; }

  // Remembers the setup; durable when this returns.
  Status remember(const std::string& machine, const MachineSetup& setup);

 private:
  std::string path_;
  std::unique_ptr<runtime::Store> store_;
  std::map<std::string, MachineSetup> machines_;
};

// The absolute form of a path as it may be kept; empty stays empty. FILE#CASE keeps its case.
std::string absolute_path(const std::string& path);
TaskSetup absolute_setup(const TaskSetup& setup);

}  // namespace pawl::cli
