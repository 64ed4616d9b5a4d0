// SIGINT and SIGTERM as an orderly call instead of an interruption.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace pawl::cli {

// Holds both back until a StopSignals is there to take them. To be called before the first thread
// is made, because threads inherit which signals they leave alone.
void hold_stop_signals();

// After hold_stop_signals(). While one is alive, the first SIGINT or SIGTERM calls `on_signal` on a
// thread of its own; whoever has not ended by `patience` after it, or is signalled again, is ended
// with exit code 130.
class StopSignals {
 public:
  StopSignals(std::function<void()> on_signal, std::chrono::seconds patience);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool received() const { return received_.load(); }

 private:
  void wait();

  std::function<void()> on_signal_;
  std::chrono::seconds patience_;
  std::atomic<bool> received_{false};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace pawl::cli
