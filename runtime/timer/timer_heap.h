// A heap of deadlines with callbacks. No clock, no thread: the shard asks it what is due.
#pragma once

#include "runtime/clock/clock.h"
#include "runtime/fiber/unique_function.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pawl::runtime {

class TimerHeap;

// Names one timer. A plain value that owns nothing: dropping it does not cancel. May outlive the
// timer's firing, but not the heap (the shard).
class TimerHandle {
 public:
  TimerHandle() = default;
  // The callback will not run, and is destroyed now; nothing happens when it ran or was cancelled.
  void cancel();
  bool armed() const;

 private:
  friend class TimerHeap;
  TimerHandle(TimerHeap* heap, std::uint32_t slot, std::uint32_t generation)
      : heap_(heap), slot_(slot), generation_(generation) {}

  TimerHeap* heap_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
};

// add and cancel are O(log n), next is O(1). Timers of the same deadline fire in the order they
// were added, so that a run under virtual time is repeatable. One thread.
class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;

  TimerHandle add(SteadyTime deadline, unique_function<void()> callback);

  // The earliest deadline; kNever when empty.
  SteadyTime next() const { return heap_.empty() ? kNever : heap_.front().deadline; }
  std::size_t size() const { return heap_.size(); }
  bool empty() const { return heap_.empty(); }

  // Runs up to `at_most` callbacks whose deadline is `now` or earlier, in order. Callbacks may add
  // and cancel timers. Returns how many ran.
  std::size_t run_due(SteadyTime now, std::size_t at_most);

 private:
  friend class TimerHandle;

  struct Entry {
    SteadyTime deadline;
    std::uint64_t sequence;
    std::uint32_t slot;
  };
  struct Slot {
    unique_function<void()> callback;
    std::uint32_t position = kFree;  // in heap_
    std::uint32_t generation = 0;
  };
  static constexpr std::uint32_t kFree = UINT32_MAX;

  static bool earlier(const Entry& a, const Entry& b) {
    return a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence;
  }
  void place(std::size_t position, const Entry& entry);
  void sift_up(std::size_t position);
  void sift_down(std::size_t position);
  // Takes the entry out of the heap and frees its slot; the callback is handed to the caller.
  unique_function<void()> remove_at(std::size_t position);
  bool is_armed(std::uint32_t slot, std::uint32_t generation) const;

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace pawl::runtime
