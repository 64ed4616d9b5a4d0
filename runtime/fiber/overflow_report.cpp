#include "runtime/fiber/shard_impl.h"

#include <cstring>
#include <mutex>
#include <signal.h>  // NOLINT: POSIX, for sigaltstack
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define PAWL_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PAWL_WITH_ASAN 1
#endif
#endif

namespace pawl::runtime {

#ifdef PAWL_WITH_ASAN

OverflowReport::OverflowReport() = default;
OverflowReport::~OverflowReport() = default;

#else

namespace {

constexpr std::size_t kSignalStackBytes = 64 * 1024;

std::mutex install_mutex;
struct sigaction previous_action;
volatile sig_atomic_t reported = 0;

// Only async-signal-safe calls, on the alternate stack: the fiber's own has no room left.
void on_fault(int /*signal*/, siginfo_t* info, void* /*context*/) {
  Shard* shard = Shard::current();
  if (shard != nullptr && shard->impl().stacks.is_guard(info->si_addr)) {
    const auto say = [](const char* text) {
      [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, text, std::strlen(text));
    };
    say("pawl: a fiber ran over the end of its stack (guard page hit) on shard '");
    say(shard->name().c_str());
    say("'\n");
  }
  // The faulting instruction runs again, now under whatever was there before us. When that leads
  // back here, because another handler did the same, the default ends it.
  if (reported != 0) previous_action.sa_handler = SIG_DFL;
  reported = 1;
  sigaction(SIGSEGV, &previous_action, nullptr);
}

}  // namespace

OverflowReport::OverflowReport() {
  {
    const std::lock_guard lock(install_mutex);
    struct sigaction current {};
    sigaction(SIGSEGV, nullptr, &current);
    if ((current.sa_flags & SA_SIGINFO) == 0 || current.sa_sigaction != on_fault) {
      struct sigaction ours {};
      ours.sa_sigaction = on_fault;
      ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
      sigemptyset(&ours.sa_mask);
      previous_action = current;
      sigaction(SIGSEGV, &ours, nullptr);
    }
  }
  stack_t before{};
  sigaltstack(nullptr, &before);
  if ((before.ss_flags & SS_DISABLE) == 0) return;  // somebody has provided one
  void* memory =
      mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_ = memory;
  stack_t ours{};
  ours.ss_sp = memory;
  ours.ss_size = kSignalStackBytes;
  sigaltstack(&ours, nullptr);
}

OverflowReport::~OverflowReport() {
  if (stack_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
  munmap(stack_, kSignalStackBytes);
}

#endif

}  // namespace pawl::runtime
