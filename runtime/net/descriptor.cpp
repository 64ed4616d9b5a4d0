#include "runtime/net/descriptor.h"

#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace pawl::runtime {

Error system_error(int number, std::string_view what) {
  ErrorCode code = ErrorCode::kIo;
  switch (number) {
    case ETIMEDOUT:
      code = ErrorCode::kTimeout;
      break;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENOTCONN:
    case EADDRINUSE:
    case EADDRNOTAVAIL:
      code = ErrorCode::kUnavailable;
      break;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
      code = ErrorCode::kLimit;
      break;
    case ENOENT:
      code = ErrorCode::kNotFound;
      break;
    case EACCES:
    case ENOTDIR:
    case EISDIR:
    case ENOEXEC:
    case E2BIG:
    case ENAMETOOLONG:
    case EINVAL:
      code = ErrorCode::kInvalid;
      break;
    default:
      break;
  }
  // std::error_code's text, because strerror is not safe with several shards.
  std::string message(what);
  message += ": ";
  message += std::error_code(number, std::generic_category()).message();
  return Error{code, std::move(message), ""};
}

Result<std::unique_ptr<Descriptor>> Descriptor::adopt(int fd) {
  Shard* shard = Shard::current();
  PAWL_ASSERT(shard != nullptr);
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    const int error = errno;
    ::close(fd);
    return system_error(error, "fcntl");
  }
  std::unique_ptr<Descriptor> descriptor(new Descriptor(shard->impl(), fd));
  if (Status added = shard->impl().poller.add(fd, descriptor->watch_); !added) {
    return std::move(added).error();
  }
  return descriptor;
}

Descriptor::~Descriptor() {
  // Explicitly, because close() alone keeps it while a child between fork and exec has a copy.
  shard_.poller.remove(fd_);
  ::close(fd_);
}

}  // namespace pawl::runtime
