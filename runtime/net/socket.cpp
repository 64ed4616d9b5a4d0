#include "runtime/net/socket.h"

#include "runtime/fiber/shard.h"
#include "runtime/log/log.h"
#include "runtime/net/descriptor.h"

#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace pawl::runtime {
namespace {

// How long accept() rests when the process has no descriptor left.
constexpr std::chrono::milliseconds kOutOfDescriptorsRest{50};

Error closed_error() { return Error{ErrorCode::kCancelled, "the stream is closed", ""}; }

void set_option(int fd, int level, int name, int value) {
  // Only tuning and reuse go through here; a socket without them still works.
  static_cast<void>(setsockopt(fd, level, name, &value, sizeof(value)));
}

template <typename Write>
Status write_parts(std::string_view head, std::string_view body, const Write& write) {
  while (!head.empty() || !body.empty()) {
    if (head.empty()) std::swap(head, body);
    Result<std::size_t> written = write(head, body);
    if (!written) return std::move(written).error();
    const std::size_t of_head = std::min(*written, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(*written - of_head);
  }
  return {};
}

}  // namespace

Status Stream::write_all(std::string_view head, std::string_view body, SteadyTime deadline) {
  return write_parts(head, body, [&](std::string_view data, std::string_view more) {
    return write_some(data, more, deadline);
  });
}

// ---- TcpStream ----

TcpStream::TcpStream() = default;
TcpStream::TcpStream(std::unique_ptr<Descriptor> descriptor) : descriptor_(std::move(descriptor)) {}
TcpStream::TcpStream(TcpStream&&) noexcept = default;
TcpStream& TcpStream::operator=(TcpStream&&) noexcept = default;
TcpStream::~TcpStream() = default;

namespace {

// One recv. A short one has read the socket dry (epoll(7), questions and answers, 9): what comes
// later is an event of its own, so the next try can do without a system call.
ssize_t receive(Descriptor& descriptor, std::span<char> buffer) {
  const ssize_t n = recv(descriptor.fd(), buffer.data(), buffer.size(), 0);
  if (n > 0) descriptor.watch().unread = static_cast<std::size_t>(n) == buffer.size();
  return n;
}

}  // namespace

Result<std::size_t> TcpStream::read_some(std::span<char> buffer, SteadyTime deadline) {
  if (descriptor_ == nullptr) return closed_error();
  return descriptor_->read(
      deadline, [descriptor = descriptor_.get(), buffer] { return receive(*descriptor, buffer); });
}

Result<std::size_t> TcpStream::write_some(std::string_view data, std::string_view more,
                                          SteadyTime deadline) {
  if (descriptor_ == nullptr) return closed_error();
  std::array<iovec, 2> parts{{{const_cast<char*>(data.data()), data.size()},
                              {const_cast<char*>(more.data()), more.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = more.empty() ? 1 : 2;
  return descriptor_->write(
      deadline, [fd = descriptor_->fd(), &message] { return sendmsg(fd, &message, MSG_NOSIGNAL); });
}

Result<std::size_t> TcpStream::try_read(std::span<char> buffer) {
  if (descriptor_ == nullptr) return closed_error();
  for (;;) {
    const ssize_t n = receive(*descriptor_, buffer);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    return system_error(errno == EAGAIN || errno == EWOULDBLOCK ? ETIMEDOUT : errno, "read");
  }
}

bool TcpStream::is_read_dry() const {
  if (descriptor_ == nullptr) return false;
  const FdWatch& watch = descriptor_->watch();
  return !watch.unread && !watch.hung_up;
}

void TcpStream::try_write(std::string_view data) {
  if (descriptor_ == nullptr) return;
  static_cast<void>(send(descriptor_->fd(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

bool TcpStream::wait_readable(SteadyTime deadline) {
  return descriptor_ != nullptr && descriptor_->watch().reader.wait_for_input(deadline);
}

bool TcpStream::wait_writable(SteadyTime deadline) {
  return descriptor_ != nullptr && descriptor_->watch().writer.wait_for_input(deadline);
}

void TcpStream::park(unique_function<void()> on_readable) {
  PAWL_ASSERT(descriptor_ != nullptr && !descriptor_->watch().reader.has_waiter());
  descriptor_->watch().on_readable = std::move(on_readable);
}

void TcpStream::shutdown_write() {
  if (descriptor_ != nullptr) ::shutdown(descriptor_->fd(), SHUT_WR);
}

void TcpStream::shutdown() {
  if (descriptor_ != nullptr) ::shutdown(descriptor_->fd(), SHUT_RDWR);
}

void TcpStream::close() { descriptor_.reset(); }

void TcpStream::reset() {
  if (descriptor_ == nullptr) return;
  const linger abort{1, 0};
  static_cast<void>(setsockopt(descriptor_->fd(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)));
  descriptor_.reset();
}

bool TcpStream::peer_gone() const { return descriptor_ == nullptr || descriptor_->watch().hung_up; }

SocketAddress TcpStream::peer() const {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof(storage);
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (descriptor_ == nullptr || getpeername(descriptor_->fd(), address, &bytes) != 0) return {};
  return {address, bytes};
}

int TcpStream::fd() const { return descriptor_ != nullptr ? descriptor_->fd() : -1; }

Result<TcpStream> connect(const SocketAddress& address, SteadyTime deadline) {
  const int fd = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_error(errno, "socket");
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const std::string what = "connect to " + address.to_string();
  const auto attempt = [&] {
    return ::connect(fd, address.data(), address.bytes()) == 0 ? 0 : errno;
  };

  int error = attempt();
  // Watched only now: epoll reports a socket that was never connected as hung up.
  Result<std::unique_ptr<Descriptor>> descriptor = Descriptor::adopt(fd);
  if (!descriptor) return std::move(descriptor).error();
  while (error == EINPROGRESS || error == EALREADY || error == EINTR) {
    if (!(*descriptor)->watch().writer.wait_for_input(deadline)) {
      return system_error(ETIMEDOUT, what);
    }
    error = attempt();  // asks how it went
  }
  if (error != 0 && error != EISCONN) return system_error(error, what);
  return TcpStream(std::move(*descriptor));
}

Result<TcpStream> connect(std::string_view host, std::uint16_t port, SteadyTime deadline) {
  Result<std::vector<SocketAddress>> addresses = resolve(host, port, deadline);
  if (!addresses) return std::move(addresses).error();
  Error last;
  for (const SocketAddress& address : *addresses) {
    Result<TcpStream> stream = connect(address, deadline);
    if (stream) return stream;
    last = std::move(stream).error();
    if (last.code == ErrorCode::kTimeout) break;
  }
  return last;
}

// ---- TcpListener ----

TcpListener::TcpListener() = default;
TcpListener::TcpListener(TcpListener&&) noexcept = default;
TcpListener& TcpListener::operator=(TcpListener&&) noexcept = default;
TcpListener::~TcpListener() = default;

Result<TcpListener> TcpListener::bind(std::string_view address, std::uint16_t port) {
  Result<SocketAddress> parsed = SocketAddress::parse(address, port);
  if (!parsed) return std::move(parsed).error();
  const int fd = socket(parsed->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_error(errno, "socket");
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(fd, parsed->data(), parsed->bytes()) != 0 || listen(fd, kBacklog) != 0) {
    const int error = errno;
    ::close(fd);
    return system_error(error, "listen on " + parsed->to_string());
  }
  sockaddr_storage bound{};
  socklen_t bytes = sizeof(bound);
  PAWL_ASSERT(getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bytes) == 0);

  Result<std::unique_ptr<Descriptor>> descriptor = Descriptor::adopt(fd);
  if (!descriptor) return std::move(descriptor).error();
  TcpListener listener;
  listener.descriptor_ = std::move(*descriptor);
  listener.address_ = SocketAddress(reinterpret_cast<const sockaddr*>(&bound), bytes);
  return listener;
}

Result<TcpStream> TcpListener::accept(SteadyTime deadline) {
  PAWL_ASSERT(descriptor_ != nullptr);
  // Before the accept, not after: the new stream must reach its owner before events can.
  if (++accepted_this_turn_ > kAcceptsPerTurn) {
    accepted_this_turn_ = 1;
    yield();
  }
  for (;;) {
    if (closing_) return Error{ErrorCode::kCancelled, "the listener is closing", ""};
    const int fd = accept4(descriptor_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
      Result<std::unique_ptr<Descriptor>> descriptor = Descriptor::adopt(fd);
      if (!descriptor) return std::move(descriptor).error();
      return TcpStream(std::move(*descriptor));
    }
    switch (errno) {
      case EAGAIN:
        accepted_this_turn_ = 0;
        if (!descriptor_->watch().reader.wait_for_input(deadline)) {
          return system_error(ETIMEDOUT, "accept");
        }
        break;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM: {
        log().warn("cannot take connections on port {}: out of descriptors or memory", port());
        WaitPoint rest;
        rest.wait_for_input(Shard::current()->now() + kOutOfDescriptorsRest);
        break;
      }
      case EINVAL:  // after close_soon()
      case EBADF:
      case ENOTSOCK:
      case EOPNOTSUPP:
        if (!closing_) return system_error(errno, "accept");
        break;
      default:  // of the connection that was given up, not of the listener
        break;
    }
  }
}

void TcpListener::close_soon() {
  if (closing_ || descriptor_ == nullptr) return;
  closing_ = true;
  ::shutdown(descriptor_->fd(), SHUT_RDWR);
  descriptor_->watch().reader.wake_waiter();
}

// ---- FdStream ----

FdStream::FdStream() = default;
FdStream::FdStream(FdStream&&) noexcept = default;
FdStream& FdStream::operator=(FdStream&&) noexcept = default;
FdStream::~FdStream() = default;

Result<FdStream> FdStream::adopt(int fd) {
  Result<std::unique_ptr<Descriptor>> descriptor = Descriptor::adopt(fd);
  if (!descriptor) return std::move(descriptor).error();
  FdStream stream;
  stream.descriptor_ = std::move(*descriptor);
  return stream;
}

Result<std::size_t> FdStream::read_some(std::span<char> buffer, SteadyTime deadline) {
  if (descriptor_ == nullptr) return closed_error();
  return descriptor_->read(deadline, [fd = descriptor_->fd(), buffer] {
    return ::read(fd, buffer.data(), buffer.size());
  });
}

Result<std::size_t> FdStream::write_some(std::string_view data, SteadyTime deadline) {
  if (descriptor_ == nullptr) return closed_error();
  return descriptor_->write(
      deadline, [fd = descriptor_->fd(), data] { return ::write(fd, data.data(), data.size()); });
}

Status FdStream::write_all(std::string_view data, SteadyTime deadline) {
  return write_parts(data, {}, [&](std::string_view part, std::string_view /*more*/) {
    return write_some(part, deadline);
  });
}

Result<std::string> FdStream::read_all(std::size_t bytes_max, SteadyTime deadline) {
  std::string text;
  std::array<char, 8192> buffer;  // NOLINT: read fills it
  for (;;) {
    Result<std::size_t> n = read_some(buffer, deadline);
    if (!n) return std::move(n).error();
    if (*n == 0) return text;
    if (text.size() + *n > bytes_max) {
      return Error{ErrorCode::kLimit, "more than " + std::to_string(bytes_max) + " bytes came", ""};
    }
    text.append(buffer.data(), *n);
  }
}

void FdStream::close() { descriptor_.reset(); }

int FdStream::fd() const { return descriptor_ != nullptr ? descriptor_->fd() : -1; }

Status wait_readable(int fd, SteadyTime deadline) {
  ShardImpl& shard = Shard::current()->impl();
  FdWatch watch;
  if (Status added = shard.poller.add(fd, watch); !added) return added;
  const bool readable = watch.reader.wait_for_input(deadline);
  shard.poller.remove(fd);
  if (!readable) return system_error(ETIMEDOUT, "wait for a descriptor");
  return {};
}

}  // namespace pawl::runtime
