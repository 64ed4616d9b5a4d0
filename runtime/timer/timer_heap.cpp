#include "runtime/timer/timer_heap.h"

#include "base/assert.h"

#include <utility>

namespace pawl::runtime {

void TimerHandle::cancel() {
  if (!armed()) return;
  // Destroyed here, after the heap is whole again: the callback's captures may touch the heap.
  const unique_function<void()> callback = heap_->remove_at(heap_->slots_[slot_].position);
}

bool TimerHandle::armed() const { return heap_ != nullptr && heap_->is_armed(slot_, generation_); }

bool TimerHeap::is_armed(std::uint32_t slot, std::uint32_t generation) const {
  return slots_[slot].generation == generation && slots_[slot].position != kFree;
}

TimerHandle TimerHeap::add(SteadyTime deadline, unique_function<void()> callback) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    PAWL_ASSERT(slots_.size() < kFree);
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot].callback = std::move(callback);
  heap_.push_back({deadline, next_sequence_++, slot});
  sift_up(heap_.size() - 1);
  return {this, slot, slots_[slot].generation};
}

std::size_t TimerHeap::run_due(SteadyTime now, std::size_t at_most) {
  std::size_t count = 0;
  while (count < at_most && !heap_.empty() && heap_.front().deadline <= now) {
    unique_function<void()> callback = remove_at(0);
    callback();
    ++count;
  }
  return count;
}

void TimerHeap::place(std::size_t position, const Entry& entry) {
  heap_[position] = entry;
  slots_[entry.slot].position = static_cast<std::uint32_t>(position);
}

void TimerHeap::sift_up(std::size_t position) {
  const Entry entry = heap_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (!earlier(entry, heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void TimerHeap::sift_down(std::size_t position) {
  const Entry entry = heap_[position];
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && earlier(heap_[child + 1], heap_[child])) ++child;
    if (!earlier(heap_[child], entry)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

unique_function<void()> TimerHeap::remove_at(std::size_t position) {
  Slot& slot = slots_[heap_[position].slot];
  unique_function<void()> callback = std::move(slot.callback);
  slot.position = kFree;
  ++slot.generation;
  free_slots_.push_back(heap_[position].slot);

  const Entry last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) {
    place(position, last);
    sift_up(position);
    sift_down(slots_[last.slot].position);
  }
  return callback;
}

}  // namespace pawl::runtime
