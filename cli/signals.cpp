#include "cli/signals.h"

#include "cli/command.h"

#include <pthread.h>
#include <signal.h>  // NOLINT: POSIX, for sigtimedwait
#include <unistd.h>

namespace pawl::cli {
namespace {

constexpr int kEnd = SIGUSR2;  // from the destructor

sigset_t awaited() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, kEnd);
  return set;
}

}  // namespace

void hold_stop_signals() {
  // A client that has gone must not end the server; neither must a reader of our output.
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = awaited();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

StopSignals::StopSignals(std::function<void()> on_signal, std::chrono::seconds patience)
    : on_signal_(std::move(on_signal)), patience_(patience) {
  thread_ = std::thread([this] { wait(); });
}

StopSignals::~StopSignals() {
  over_ = true;
  pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
  const sigset_t set = awaited();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void StopSignals::wait() {
  const sigset_t set = awaited();
  const timespec patience{patience_.count(), 0};
  while (!over_) {
    const int signal_number =
        received_ ? sigtimedwait(&set, nullptr, &patience) : sigwaitinfo(&set, nullptr);
    if (over_ || (signal_number < 0 && errno == EINTR)) continue;
    if (received_) ::_exit(kInterrupted);  // again, or out of patience
    received_ = true;
    on_signal_();
  }
}

}  // namespace pawl::cli
