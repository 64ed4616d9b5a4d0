#include "cli/watcher.h"

#include <utility>

namespace pawl::cli {

Watcher::Watcher(const engine::Engine& engine, const Terminal& terminal,
                 std::function<void()> on_period)
    : engine_(engine), terminal_(terminal), on_period_(std::move(on_period)) {
  thread_ = std::thread([this] { loop(); });
}

Watcher::~Watcher() { finish(); }

void Watcher::watch(engine::ExecutionNumber number, DefinitionIndex index, std::string label,
                    bool skip_past) {
  const std::lock_guard lock(mutex_);
  if (watched_.size() >= kShownMax) return;
  Watched watched;
  watched.number = number;
  watched.label = std::move(label);
  watched.skip_past = skip_past;
  watched.narrator = Narrator(std::move(index));
  watched_.push_back(std::move(watched));
  // Before the engine goes on with it, so that nothing new is taken for past.
  if (skip_past) read_on(watched_.back());
  watched_.back().skip_past = false;
}

void Watcher::finish() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(over_, true)) return;
  }
  finished_.notify_one();
  thread_.join();
  for (Watched& watched : watched_) read_on(watched);
}

void Watcher::loop() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    for (Watched& watched : watched_) read_on(watched);
    if (on_period_) {
      lock.unlock();
      on_period_();
      lock.lock();
    }
    finished_.wait_for(lock, kPeriod, [this] { return over_; });
  }
}

void Watcher::read_on(Watched& watched) {
  constexpr std::size_t kPage = 1000;
  while (true) {
    const Result<engine::HistoryPage> page =
        engine_.history(watched.number, watched.cursor, kPage, false, false);
    // A store that fails shows elsewhere; progress is not the place to say so.
    if (!page || page->events.empty()) return;
    for (const asl::Value& event : page->events) {
      const Line line = watched.narrator.read(event);
      watched.cursor.event = line.id + 1;
      if (!watched.skip_past && is_shown(line, terminal_)) {
        terminal_.line(watched.label + progress_line(line, terminal_));
      }
    }
    if (page->next) watched.cursor = *page->next;
    if (!page->next) return;
  }
}

bool is_shown(const Line& line, const Terminal& terminal) {
  using Kind = Line::Kind;
  // Its start is the headline, its end the last word; both are said by whoever knows more.
  if (line.type.starts_with("Execution")) return false;
  if (line.type.ends_with("Aborted") && line.kind == Kind::kFail) return terminal.interactive();
  switch (line.kind) {
    case Kind::kEnter:
    case Kind::kRetry:
    case Kind::kFail:
    case Kind::kCatch:
      return true;
    case Kind::kLeave:
      return terminal.interactive();
    case Kind::kStart:
      return terminal.interactive() && line.type == "MapStateStarted";
    case Kind::kDone:
    case Kind::kExecution:
      return false;
  }
  return false;
}

}  // namespace pawl::cli
