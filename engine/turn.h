// Turn: what an execution does between two rests, and the one commit that makes it durable.
//
// A turn begins with a message and runs branches until all of them wait. Meanwhile it gathers the
// events, the documents they mention, the branches that changed, and the effects that may happen
// once all that is on disk. finish() makes one atomic batch of it. State code (engine/states/)
// touches the world through nothing else.
#pragma once

#include "engine/execution.h"
#include "engine/limits.h"
#include "engine/machines.h"
#include "runtime/clock/clock.h"
#include "runtime/store/encoding.h"
#include "runtime/store/store.h"

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pawl::engine {

class Inspector;

// What a turn takes from its shard.
struct TurnServices {
  runtime::Clock* clock = nullptr;
  runtime::Random* random = nullptr;
  const Limits* limits = nullptr;
  TaskHandlers* handlers = nullptr;
  const runtime::Store* store = nullptr;         // what is durable; null in a test of one state
  std::function<ExecutionNumber()> next_number;  // for what this shard makes
  std::function<void(const std::shared_ptr<MapRun>&)> know_map_run;
  // Lets others run when this fiber has run for long; for evaluations that take their time.
  std::function<void()> give_way;
  std::string region;
  std::string account;
  std::string partition = "aws";
  Inspector* inspector = nullptr;       // of a test of one state (inspector.h)
  ActivityQueue* activities = nullptr;  // nullptr: a test of one state, which has none
  const Machines* machines = nullptr;
};

// Work outside the engine that a turn decided on; done after its commit.
struct Dispatch {
  BranchId branch = 0;
  bool resume = false;  // TaskHandler::resume() instead of run()
};
struct ArmedTimer {
  BranchId branch = 0;  // or kExecutionTimer
  runtime::WallTime at{};
  bool absolute = false;
};
// What a turn decided about a Map Run; done after its commit was appended (starts, redrives) or is
// durable (the rest).
struct MapRunWork {  // calls S3: reads the items, or writes the results
  std::shared_ptr<MapRun> run;
  std::shared_ptr<const asl::Definition> definition;  // keeps what the pointers name
  const asl::ItemReader* reader = nullptr;
  const asl::ResultWriter* writer = nullptr;
  TaskRequest request;    // without resource and parameters
  asl::Value parameters;  // evaluated
  std::int64_t max_items = 0;
};
struct MapRunEffects {
  std::vector<std::pair<std::shared_ptr<MapRun>, ChildStart>> starts;
  std::vector<std::pair<std::shared_ptr<MapRun>, ExecutionNumber>> redrives;
  std::vector<MapRunWork> works;
  std::vector<std::shared_ptr<MapRun>> stops;   // their children have to be stopped
  std::vector<std::shared_ptr<MapRun>> tells;   // their parent has to look again
  std::vector<std::shared_ptr<MapRun>> cleans;  // their rows of items are of no use any more
  bool empty() const {
    return starts.empty() && redrives.empty() && works.empty() && stops.empty() && tells.empty() &&
           cleans.empty();
  }
};
struct CancelledTask {
  TaskRequest request;
  asl::Payload continuation;
};

class Turn : public FrameStore {
 public:
  Turn(Execution& execution, const TurnServices& services);
  // Goes on with what `cut` left: branches that are ready, decisions that wait.
  Turn(Turn& cut, const TurnServices& services);

  Execution& execution() { return execution_; }
  const TurnServices& services() const { return services_; }
  const Limits& limits() const { return *services_.limits; }
  runtime::WallTime now() const { return now_; }

  // --- history ---
  // Writes an event after the branch's chain and makes it the chain's tail. Returns its id.
  EventId emit(Branch& branch, EventType type, std::initializer_list<EventField> fields = {});
  // Writes an event that points to `previous` and advances no chain.
  EventId emit_aside(EventId previous, EventType type,
                     std::initializer_list<EventField> fields = {});
  EventId emit_fields(EventId previous, EventType type, std::span<const EventField> fields);
  bool history_full() const;
  std::uint32_t transitions() const { return transitions_; }  // states entered in this turn
  // The state machine was deleted: the execution goes no further.
  bool machine_deleted() const;

  // Stores a document with this commit unless the store has it, and names its place.
  PayloadRef store(const asl::Payload& payload) override;

  // --- branches ---
  Branch& root();
  // The branch changed: its row is written with this commit.
  void mark(Branch& branch);
  Branch& add_child(Branch& parent, BranchId id, std::int32_t index, asl::MachineIndex machine,
                    asl::Payload input, EventId previous);
  // Removes a branch and everything the store has of it; cancels its handler if one runs.
  void remove(Branch& branch);
  void remove_children(Branch& parent);
  void make_ready(Branch& branch);
  Branch* next_ready();
  bool has_ready() const { return next_ready_ < ready_.size(); }
  // The next Task whose handler decides (task.h) and has not been asked yet, if this turn may ask:
  // a decision holds rows until its turn is appended, and who holds rows must not ask for others.
  Branch* next_decision();
  bool has_decisions() const { return next_decision_ < decisions_.size(); }
  bool has_dispatches() const { return !dispatches_.empty(); }
  void dispatch_decisions();  // their handlers are called after the commit, like any other

  // --- effects, after the commit ---
  void dispatch(Branch& branch, bool resume);
  void decide(Branch& branch);  // the same within the turn: its handler decides
  void after_commit(std::function<void(Status)> effect) { effects_.push_back(std::move(effect)); }
  void join(JoinedWrites writes);
  void forget_dispatch_of(ExecutionNumber child);  // erases the child's notice row

  // --- Map Runs ---
  MapRunEffects& map_runs() { return map_run_effects_; }
  // The run changed: its record is written with this commit.
  void touch(const std::shared_ptr<MapRun>& run);
  // The run is over with `status`; children that still run are stopped.
  void end_map_run(const std::shared_ptr<MapRun>& run, MapRunStatus status);

  // Ends the execution: fixes status and stop date. A successful end drops all branches; the frames
  // of any other stay, so that a redrive can go on with them.
  void end(ExecutionStatus status, asl::Payload output, Failure failure);

  // Opens an execution again that has ended: it runs, and its time starts anew.
  void reopen();

  std::uint32_t events() const { return events_; }
  bool ended_here() const { return ended_here_; }
  bool reopened() const { return reopened_from_.has_value(); }

  // Builds the batch. Empty if nothing changed. Call once, when no branch is ready or a
  // checkpoint is due; branches still ready get a dispatch row, so that a crash goes on with them.
  runtime::Batch finish();

  // Dispatches, effects, or cancelled tasks.
  bool has_effects() const {
    return !dispatches_.empty() || has_decisions() || !effects_.empty() || !cancelled_.empty();
  }
  std::vector<Dispatch> take_dispatches();  // with the decisions that wait
  std::vector<std::function<void(Status)>> take_effects() { return std::move(effects_); }
  std::vector<std::shared_ptr<WritesFate>> take_fates() { return std::move(fates_); }
  std::vector<CancelledTask> take_cancelled() { return std::move(cancelled_); }
  std::vector<ArmedTimer> take_armed() { return std::move(armed_); }

  // Events and bytes gathered so far: past the bounds in Limits the turn is cut (checkpoint).
  bool checkpoint_due() const;

 private:
  struct NewDocument {
    asl::Payload payload;  // the text of a whole one
    std::string bytes;     // of a composition, or of a part that is stored by itself
    bool composed = false;
    std::string_view text() const { return payload.present() ? payload.text() : bytes; }
  };

  PayloadRef add_document(NewDocument document);
  PayloadRef store_large(const asl::Payload& payload);
  void write_branch(Branch& branch, runtime::Batch& batch);
  void write_frame(Branch& branch, runtime::Batch& batch);
  void write_root_frame(runtime::Batch& batch);
  bool has_history() const { return events_ > 0 || !documents_.empty(); }
  void write_history(runtime::Batch& batch);
  void write_execution(runtime::Batch& batch);
  void write_express(runtime::Batch& batch);
  void write_express_child(runtime::Batch& batch);
  void forget_rows(const Branch& branch);
  void close(Branch& branch);
  void cancel(const Branch& branch);
  void count_child(bool first, runtime::Batch& batch);
  void write_map_runs(runtime::Batch& batch);

  Execution& execution_;
  const TurnServices& services_;
  runtime::WallTime now_;
  EventId first_event_;
  std::uint32_t events_ = 0;
  std::uint32_t transitions_ = 0;
  runtime::Encoder event_bytes_;
  std::vector<NewDocument> documents_;  // that the history record of this turn holds
  std::size_t document_bytes_ = 0;
  runtime::Encoder root_frame_;    // if that record holds it
  std::vector<BranchId> touched_;  // branches to look at in finish(); may name some twice
  std::vector<BranchId> ready_;    // from next_ready_ on: no block of a deque for most turns' one
  std::size_t next_ready_ = 0;
  std::vector<BranchId> decisions_;  // from next_decision_ on
  std::size_t next_decision_ = 0;
  std::vector<Dispatch> dispatches_;
  std::vector<std::function<void(Status)>> effects_;
  std::vector<CancelledTask> cancelled_;
  std::vector<ArmedTimer> armed_;
  std::vector<std::string> erased_;
  runtime::Batch joined_;
  std::vector<std::shared_ptr<WritesFate>> fates_;  // of joined_
  bool ended_here_ = false;
  std::optional<ExecutionStatus> reopened_from_;
  std::vector<std::shared_ptr<MapRun>> touched_runs_;
  MapRunEffects map_run_effects_;
};

}  // namespace pawl::engine
