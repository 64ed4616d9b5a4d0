// Internal to runtime/fiber: guarded stacks, kept for reuse.
//
// Starting a fiber on a warm stack costs 0.1-0.3 us; mapping one costs 9-17 us (FIBERS.md). A guard
// page below each stack turns an overflow into a fault: by MADV_GUARD_INSTALL where the kernel has
// it (6.13), which splits no mapping, else by mprotect, which needs two of the 65,530 mappings a
// process may have.
#pragma once

#include <cstddef>
#include <vector>

namespace pawl::runtime {

// The default: plain work touches 11 KiB, TLS 22 KiB, a JSONata expression nested as deep as the
// service allows 128 KiB. What is not touched costs address space alone. Frames are several times
// bigger without optimisation or with AddressSanitizer.
std::size_t default_stack_bytes();

// One thread.
class StackPool {
 public:
  // Stacks that stay warm (resident) however long they are unused.
  static constexpr std::size_t kWarmStacks = 64;
  // In all pools together, where guards cost mappings.
  static constexpr std::size_t kMprotectStacksMax = 30000;

  explicit StackPool(std::size_t stack_bytes);
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // Makes sure that the next take() succeeds; false when the system or the bound on stacks says no.
  bool reserve_one();
  // The top (highest address, exclusive) of a stack of stack_bytes(). After reserve_one() only.
  char* take();
  void give_back(char* top);

  std::size_t stack_bytes() const { return stack_bytes_; }
  std::size_t in_use() const { return mapped_.size() - free_.size(); }
  std::size_t free_count() const { return free_.size(); }
  // The deepest use seen in samples, in whole pages.
  std::size_t bytes_used_max() const { return bytes_used_max_; }

  // Returns the memory of stacks that were not used since the last trim() to the system; keeps
  // their addresses. True when another trim() may free more.
  bool trim();
  bool worth_trimming() const { return free_.size() > cold_ + kWarmStacks; }

  // Whether `address` lies in a guard page of this pool. Async-signal-safe.
  bool is_guard(const void* address) const;

 private:
  void sample_use(const char* top);

  const std::size_t page_bytes_;
  const std::size_t stack_bytes_;  // without the guard
  std::vector<char*> mapped_;      // lowest address of each mapping: its guard
  std::vector<char*> free_;        // tops; the last was used last
  std::size_t cold_ = 0;           // the first so many of free_ hold no memory
  std::size_t free_min_ = 0;       // fewest free since the last trim
  std::size_t mprotected_ = 0;     // of our stacks
  std::size_t bytes_used_max_ = 0;
  std::size_t given_back_ = 0;
};

}  // namespace pawl::runtime
