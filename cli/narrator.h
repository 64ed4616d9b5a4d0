// Narrator: puts the events of an execution into words.
//
// An event says little by itself: which state it belongs to, and which iteration, follows from the
// chain of `previousEventId`. A narrator reads the events of one execution in their order and keeps
// what is needed for the next ones.
#pragma once

#include "asl/json/value.h"
#include "cli/definition_index.h"
#include "cli/terminal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace pawl::cli {

struct Line {
  enum class Kind {
    kEnter,  // a state
    kLeave,
    kCatch,      // ... leave it by a catcher
    kStart,      // a task, an iteration, the branches
    kDone,       // ... has succeeded
    kRetry,      // ... begins again
    kFail,       // ... has failed
    kExecution,  // of the execution as a whole
  };
  Kind kind = Kind::kExecution;
  std::int64_t id = 0;
  std::int64_t previous = 0;
  double seconds = 0;  // since the start of the execution
  std::string type;    // of the event
  std::string state;
  std::string iteration;  // "[2]" within a Map, "[2][0]" in a Map within it
  int depth = 0;
  std::string detail;  // in words; may be empty
};

class Narrator {
 public:
  explicit Narrator(DefinitionIndex index) : index_(std::move(index)) {}

  // The next event, in AWS's shape.
  Line read(const asl::Value& event);

  // The state whose failure ended the execution; empty as long as that has not happened.
  const std::string& failed_state() const { return failed_state_; }
  const DefinitionIndex& index() const { return index_; }

 private:
  struct Context {
    std::string state;
    std::string iteration;
    bool failed = false;  // the attempt before has failed: what starts now is a retry
    bool left = false;    // the state was exited
    double seconds = 0;
  };

  Context follow(std::int64_t previous) const;
  void describe(const asl::Value& details, Line& line, Context& context);
  void find_container(std::string_view kind, Line& line, const Context& context) const;

  DefinitionIndex index_;
  std::unordered_map<std::int64_t, Context> contexts_;
  std::unordered_map<std::string, int> attempts_;  // state and iteration -> how often it began
  std::string last_map_;                           // of the iteration that was spoken of last
  std::optional<double> started_;
  std::string failed_state_;
};

// "OutOfStock: the lamp is sold out": the error and what matters of the cause, on one line. The
// document that Lambda makes a cause of is reduced to its errorMessage.
std::string error_text(std::string_view error, std::string_view cause);

// A line of progress, in columns and colours.
std::string progress_line(const Line& line, const Terminal& terminal);

// "0.25s", "1m 05s", "3d 4h": for people.
std::string elapsed_text(double seconds);

}  // namespace pawl::cli
