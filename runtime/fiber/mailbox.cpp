#include "runtime/fiber/mailbox.h"

#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pawl::runtime {

struct Mailbox::Message {
  unique_function<void()> run;
  Message* next = nullptr;
};

Mailbox::Mailbox() : event_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  PAWL_ASSERT(event_fd_ >= 0);
}

Mailbox::~Mailbox() {
  close();
  ::close(event_fd_);
}

Mailbox::Message* Mailbox::closed_mark() {
  static Message mark;
  return &mark;
}

bool Mailbox::post(unique_function<void()> message) {
  auto node = std::make_unique<Message>(Message{std::move(message)});
  Message* head = head_.load(std::memory_order_relaxed);
  do {
    if (head == closed_mark()) return false;
    node->next = head;
  } while (!head_.compare_exchange_weak(head, node.get(), std::memory_order_release,
                                        std::memory_order_relaxed));
  node.release();  // NOLINT: the inbox owns it now
  notify();
  return true;
}

void Mailbox::notify() {
  if (state_.exchange(State::kNotified, std::memory_order_acq_rel) != State::kAsleep) return;
  const std::uint64_t one = 1;
  // Cannot fail for a reason that matters: a full counter means the event is already readable.
  [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
}

Mailbox::Message* Mailbox::reverse(Message* newest) {
  Message* oldest = nullptr;
  while (newest != nullptr) {
    Message* next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  return oldest;
}

std::size_t Mailbox::run_messages() {
  if (empty()) return 0;
  Message* message = reverse(head_.exchange(nullptr, std::memory_order_acquire));
  std::size_t count = 0;
  while (message != nullptr) {
    const std::unique_ptr<Message> owned(message);
    message = message->next;
    owned->run();
    ++count;
  }
  return count;
}

bool Mailbox::fall_asleep() {
  State expected = State::kRunning;
  return state_.compare_exchange_strong(expected, State::kAsleep, std::memory_order_acq_rel);
}

bool Mailbox::wake_up() {
  return state_.exchange(State::kRunning, std::memory_order_acq_rel) == State::kNotified;
}

void Mailbox::close() {
  Message* message = head_.exchange(closed_mark(), std::memory_order_acq_rel);
  if (message == closed_mark()) return;
  for (message = reverse(message); message != nullptr;) {
    const std::unique_ptr<Message> owned(message);
    message = message->next;
  }
}

}  // namespace pawl::runtime
