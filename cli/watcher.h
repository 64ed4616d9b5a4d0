// Watcher: shows the progress of executions while they run.
//
// It reads what is durable, on a thread of its own and in real time: an engine that is busy is not
// held up, and virtual time is not moved.
#pragma once

#include "cli/narrator.h"
#include "cli/terminal.h"
#include "engine/engine.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace pawl::cli {

class Watcher {
 public:
  static constexpr std::chrono::milliseconds kPeriod{50};
  // Beyond this many executions at once nobody can read along; only those are shown.
  static constexpr std::size_t kShownMax = 20;

  // `on_period` (may be empty) is called once per period on the watcher's thread.
  Watcher(const engine::Engine& engine, const Terminal& terminal,
          std::function<void()> on_period = {});
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Any thread. `label` stands before each line; `skip_past`: events that are there already are
  // read but not shown.
  void watch(engine::ExecutionNumber number, DefinitionIndex index, std::string label = "",
             bool skip_past = false);
  // Shows what is left and ends the thread.
  void finish();

 private:
  struct Watched {
    engine::ExecutionNumber number = 0;
    std::string label;
    bool skip_past = false;
    engine::HistoryCursor cursor;
    Narrator narrator{DefinitionIndex()};
  };

  void loop();
  void read_on(Watched& watched);

  const engine::Engine& engine_;
  const Terminal& terminal_;
  std::function<void()> on_period_;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::list<Watched> watched_;
  bool over_ = false;
  std::thread thread_;
};

// Whether a line is shown: all on a terminal, elsewhere what changes the course.
bool is_shown(const Line& line, const Terminal& terminal);

}  // namespace pawl::cli
