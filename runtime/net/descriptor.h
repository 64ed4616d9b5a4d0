// Internal to runtime/net: one non-blocking descriptor that a shard's poller watches.
#pragma once

#include "base/result.h"
#include "runtime/fiber/shard_impl.h"

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>

namespace pawl::runtime {

// What errno `number` means to our callers; `what` was tried.
Error system_error(int number, std::string_view what);

class Descriptor {
 public:
  // Takes ownership of `fd`, which is closed on an error as well. On a shard.
  static Result<std::unique_ptr<Descriptor>> adopt(int fd);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const { return fd_; }
  FdWatch& watch() { return watch_; }

  // Repeats `call` (returning as read(2) does) until it does not ask to wait any more.
  template <typename Call>
  Result<std::size_t> read(SteadyTime deadline, Call call) {
    return repeat(watch_.reader, deadline, "read", call);
  }
  template <typename Call>
  Result<std::size_t> write(SteadyTime deadline, Call call) {
    return repeat(watch_.writer, deadline, "write", call);
  }

 private:
  Descriptor(ShardImpl& shard, int fd) : shard_(shard), fd_(fd) {}

  template <typename Call>
  static Result<std::size_t> repeat(WaitPoint& point, SteadyTime deadline, const char* what,
                                    Call call) {
    for (;;) {
      const ssize_t n = call();
      if (n >= 0) return static_cast<std::size_t>(n);
      const int error = errno;
      if (error == EINTR) continue;
      if (error != EAGAIN && error != EWOULDBLOCK) return system_error(error, what);
      if (!point.wait_for_input(deadline)) return system_error(ETIMEDOUT, what);
    }
  }

  ShardImpl& shard_;
  int fd_;
  FdWatch watch_;
};

}  // namespace pawl::runtime
