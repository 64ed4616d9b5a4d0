// Internal to runtime/: the epoll of one shard.
#pragma once

#include "base/result.h"
#include "runtime/fiber/unique_function.h"
#include "runtime/fiber/wait_point.h"

#include <array>
#include <chrono>
#include <sys/epoll.h>

namespace pawl::runtime {

// What one descriptor's events wake. Registered once, edge-triggered, for both directions: callers
// try the call first and wait only after EAGAIN, so that an event nobody waits for can be dropped.
struct FdWatch {
  WaitPoint reader;
  WaitPoint writer;
  // When set: runs once on the dispatcher instead of waking `reader`. It runs in the middle of a
  // batch of events, so it must not destroy any FdWatch (FIBERS.md, trap 9).
  unique_function<void()> on_readable;
  bool hung_up = false;  // the peer closed its side, or the connection failed
  // Bytes may have come that nobody has read. Whoever reads a stream dry sets it back.
  bool unread = true;
};

class Poller {
 public:
  // Events handled before fibers get a turn (FIBERS.md, trap 5).
  static constexpr int kEventsPerPoll = 128;

  explicit Poller(int wake_fd);  // whose events only end a wait
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // `watch` must stay where it is until remove(). kUnsupported for what cannot be polled (files).
  Status add(int fd, FdWatch& watch);
  void remove(int fd);

  // Blocks until an event or for `timeout`; for ever when negative. Returns the number of events,
  // which dispatch() then handles. Nothing may be added or removed in between.
  int wait(std::chrono::nanoseconds timeout);
  void dispatch(int count);

 private:
  int epoll_fd_;
  std::array<epoll_event, kEventsPerPoll> events_{};
};

}  // namespace pawl::runtime
