#include "runtime/fiber/poller.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <unistd.h>
#include <utility>

namespace pawl::runtime {
namespace {

int wait_for_events(int epoll_fd, epoll_event* events, int count,
                    std::chrono::nanoseconds timeout) {
  static bool has_nanoseconds = true;  // epoll_pwait2: kernel 5.11
  if (timeout.count() <= 0)
    return epoll_wait(epoll_fd, events, count, timeout.count() < 0 ? -1 : 0);
  if (has_nanoseconds) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
    const timespec span{static_cast<time_t>(seconds.count()),
                        static_cast<long>((timeout - seconds).count())};
    const int n = epoll_pwait2(epoll_fd, events, count, &span, nullptr);
    if (n >= 0 || errno != ENOSYS) return n;
    has_nanoseconds = false;
  }
  // Rounded up: rounding a short wait down to nothing would spin until the deadline.
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return epoll_wait(epoll_fd, events, count, static_cast<int>(std::min<long>(ms, INT_MAX)));
}

}  // namespace

Poller::Poller(int wake_fd) : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {
  PAWL_ASSERT(epoll_fd_ >= 0);
  // Edge-triggered: each write is an event of its own, so the counter is never read.
  epoll_event event{EPOLLIN | EPOLLET, {.ptr = nullptr}};
  PAWL_ASSERT(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd, &event) == 0);
}

Poller::~Poller() { ::close(epoll_fd_); }

Status Poller::add(int fd, FdWatch& watch) {
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &watch}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0) return {};
  const int error = errno;
  const ErrorCode code = error == EPERM    ? ErrorCode::kUnsupported
                         : error == ENOSPC ? ErrorCode::kLimit
                                           : ErrorCode::kIo;
  return Error{code, std::string("epoll cannot watch a descriptor: ") + std::strerror(error), ""};
}

void Poller::remove(int fd) { epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

int Poller::wait(std::chrono::nanoseconds timeout) {
  const int count = wait_for_events(epoll_fd_, events_.data(), kEventsPerPoll, timeout);
  PAWL_ASSERT(count >= 0 || errno == EINTR);
  return std::max(count, 0);
}

void Poller::dispatch(int count) {
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) continue;  // the mailbox; the round looks into it anyway
    FdWatch& watch = *static_cast<FdWatch*>(event.data.ptr);
    constexpr unsigned kEnded = EPOLLHUP | EPOLLERR;
    if ((event.events & (kEnded | EPOLLRDHUP)) != 0) watch.hung_up = true;
    if ((event.events & (EPOLLIN | EPOLLRDHUP | kEnded)) != 0) {
      watch.unread = true;
      if (watch.on_readable) {
        std::exchange(watch.on_readable, nullptr)();
      } else {
        watch.reader.wake_waiter();
      }
    }
    if ((event.events & (EPOLLOUT | kEnded)) != 0) watch.writer.wake_waiter();
  }
}

}  // namespace pawl::runtime
