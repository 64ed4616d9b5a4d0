#include "runtime/fiber/stack_pool.h"

#include "base/assert.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define PAWL_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PAWL_WITH_ASAN 1
#endif
#endif
#ifdef PAWL_WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace pawl::runtime {
namespace {

constexpr int kGuardInstall = 102;  // MADV_GUARD_INSTALL; the headers of Debian 12 lack it

std::atomic<std::size_t> mprotected_in_process{0};

std::size_t round_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

std::size_t default_stack_bytes() {
#if defined(PAWL_WITH_ASAN) || !defined(__OPTIMIZE__)
  return std::size_t{1024} * 1024;
#else
  return std::size_t{256} * 1024;
#endif
}

StackPool::StackPool(std::size_t stack_bytes)
    : page_bytes_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
      stack_bytes_(round_up(stack_bytes != 0 ? stack_bytes : default_stack_bytes(), page_bytes_)) {}

StackPool::~StackPool() {
  PAWL_ASSERT(in_use() == 0);
  for (char* low : mapped_) munmap(low, page_bytes_ + stack_bytes_);
  mprotected_in_process.fetch_sub(mprotected_);
}

char* StackPool::take() {
  PAWL_ASSERT(!free_.empty());
  char* top = free_.back();
  free_.pop_back();
  cold_ = std::min(cold_, free_.size());
  free_min_ = std::min(free_min_, free_.size());
#ifdef PAWL_WITH_ASAN
  // The last frames of the previous fiber never returned, so that their red zones are still marked.
  __asan_unpoison_memory_region(top - stack_bytes_, stack_bytes_);
#endif
  return top;
}

void StackPool::give_back(char* top) {
  constexpr std::size_t kSampledFirst = 16;
  constexpr std::size_t kSampledEvery = 256;
  ++given_back_;
  if (given_back_ <= kSampledFirst || given_back_ % kSampledEvery == 0) sample_use(top);
  free_.push_back(top);  // has room: see reserve_one
}

bool StackPool::reserve_one() {
  if (!free_.empty()) return true;
  const std::size_t bytes = page_bytes_ + stack_bytes_;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return false;
  if (madvise(memory, page_bytes_, kGuardInstall) != 0) {
    if (mprotected_in_process.fetch_add(1) >= kMprotectStacksMax ||
        mprotect(memory, page_bytes_, PROT_NONE) != 0) {
      mprotected_in_process.fetch_sub(1);
      munmap(memory, bytes);
      return false;
    }
    ++mprotected_;
  }
  char* low = static_cast<char*>(memory);
  mapped_.push_back(low);
  free_.reserve(mapped_.capacity());  // give_back must not allocate: it runs in a noexcept place
  free_.push_back(low + bytes);
  return true;
}

bool StackPool::trim() {
  // Those below the low-water mark were not touched since the last trim.
  const std::size_t unused = free_min_ > kWarmStacks ? free_min_ - kWarmStacks : 0;
  for (std::size_t i = cold_; i < unused; ++i) {
    madvise(free_[i] - stack_bytes_, stack_bytes_, MADV_DONTNEED);
  }
  cold_ = std::max(cold_, unused);
  free_min_ = free_.size();
  return worth_trimming();
}

bool StackPool::is_guard(const void* address) const {
  const auto* byte = static_cast<const char*>(address);
  return std::any_of(mapped_.begin(), mapped_.end(),
                     [&](const char* low) { return byte >= low && byte < low + page_bytes_; });
}

void StackPool::sample_use(const char* top) {
  // Pages stay resident while a stack is reused, so this is the deepest use of all its fibers.
  constexpr std::size_t kPagesMax = 256;
  std::array<unsigned char, kPagesMax> resident{};
  const std::size_t pages = stack_bytes_ / page_bytes_;
  if (pages > kPagesMax) return;
  char* low = const_cast<char*>(top) - stack_bytes_;
  if (mincore(low, stack_bytes_, resident.data()) != 0) return;
  const auto* const end = resident.data() + pages;
  const auto* const first = std::find_if(resident.data(), resident.data() + pages,
                                         [](unsigned char page) { return (page & 1U) != 0; });
  bytes_used_max_ = std::max(bytes_used_max_, static_cast<std::size_t>(end - first) * page_bytes_);
}

}  // namespace pawl::runtime
