// How other threads reach a shard: a lock-free inbox of messages and one "look again" signal.
//
// A Mailbox is shared: whoever holds it may post for as long as it likes, even when the shard has
// ended (the message is then destroyed, not run). Threads that wake fibers touch nothing else of a
// shard, because the woken fiber may destroy what it waited on at once (FIBERS.md, trap 3).
#pragma once

#include "runtime/fiber/unique_function.h"

#include <atomic>
#include <memory>

namespace pawl::runtime {

class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Any thread. Queues `message` to run on the shard's dispatcher, where it must not suspend or
  // throw, and wakes the shard. Messages of one thread run in the order it posted them. False: the
  // shard has ended and the message was destroyed. There is no bound here: senders have theirs.
  bool post(unique_function<void()> message);

  // Any thread. The shard runs one more round soon. First publish what it shall see (with release
  // order), then call this.
  void notify();

  // ---- the rest is for the shard that owns it ----

  // Becomes readable when the shard was asleep and was notified.
  int event_fd() const { return event_fd_; }

  // Runs what has arrived so far, oldest first. Returns how many messages ran.
  std::size_t run_messages();
  bool empty() const {
    const Message* head = head_.load(std::memory_order_acquire);
    return head == nullptr || head == closed_mark();
  }

  // True: the shard may block; every notify() from now on writes to event_fd(). False: a notify
  // came since the last wake_up(), so look again instead.
  bool fall_asleep();
  // After blocking, before reading any queue. Returns whether a notify came.
  bool wake_up();

  // Takes no more messages; destroys those that did not run.
  void close();

 private:
  struct Message;
  enum class State : int { kRunning, kAsleep, kNotified };

  static Message* closed_mark();
  static Message* reverse(Message* newest);

  // Producers and the shard write both words; keep them off the lines of their neighbours.
  alignas(64) std::atomic<Message*> head_{nullptr};
  std::atomic<State> state_{State::kRunning};
  alignas(64) int event_fd_ = -1;
};

}  // namespace pawl::runtime
