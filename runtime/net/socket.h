// Streams that read like blocking ones: a call that would block suspends its fiber.
//
// All of it belongs to one shard and is used on its fibers. Deadlines are on the shard's clock;
// under a virtual clock the time left is measured in real time, because peers live in it. One fiber
// may read while another writes. Errors: kTimeout (deadline), kUnavailable (peer refused, reset or
// gone), kIo (anything else), kCancelled (closed by a fiber of ours).
#pragma once

#include "base/result.h"
#include "runtime/clock/clock.h"
#include "runtime/fiber/unique_function.h"
#include "runtime/net/address.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace pawl::runtime {

class Descriptor;

// What HTTP needs of a connection. TlsStream (net/tls.h) is the other implementation.
class Stream {
 public:
  virtual ~Stream() = default;

  // Reads between 1 and buffer.size() bytes; 0 is the end of the stream. Suspends.
  virtual Result<std::size_t> read_some(std::span<char> buffer, SteadyTime deadline) = 0;
  // Writes at least one byte of `data`, which is not empty; the second part follows the first.
  virtual Result<std::size_t> write_some(std::string_view data, std::string_view more,
                                         SteadyTime deadline) = 0;
  // No more bytes will come from us. Never suspends.
  virtual void shutdown_write() = 0;
  // Ends both directions now; fibers that wait on the stream wake with an error or end of stream.
  virtual void shutdown() = 0;
  // Gives the descriptor back. No other fiber may be waiting. Again is harmless.
  virtual void close() = 0;

  // One read that does not suspend: bytes, 0 at the end of the stream, or kTimeout when it would
  // wait.
  virtual Result<std::size_t> try_read(std::span<char> buffer) = 0;
  // Whether the last read took all that had come, as far as the kernel has told us: the stream may
  // be parked without another try. False where nobody knows.
  virtual bool is_read_dry() const { return false; }
  // One write that does not suspend, for last words: what does not fit is lost.
  virtual void try_write(std::string_view data) = 0;
  // The peer has closed its side or the connection is broken, as far as the kernel has told us.
  virtual bool peer_gone() const = 0;
  // Parking: calls `on_readable` once, on the dispatcher, when the stream has bytes or has ended,
  // so that no fiber need wait. The callback may spawn a fiber, but not destroy any stream (it may
  // post a message that does). Only directly after try_read() said it would wait, while
  // is_read_dry(), or after accept(). An empty function takes it back.
  virtual void park(unique_function<void()> on_readable) = 0;

  // Writes all of `head` and then all of `body`.
  Status write_all(std::string_view head, std::string_view body, SteadyTime deadline);
  Status write_all(std::string_view data, SteadyTime deadline) {
    return write_all(data, {}, deadline);
  }
};

class TcpStream final : public Stream {
 public:
  TcpStream();  // closed
  explicit TcpStream(std::unique_ptr<Descriptor> descriptor);
  TcpStream(TcpStream&&) noexcept;
  TcpStream& operator=(TcpStream&&) noexcept;
  ~TcpStream() override;

  Result<std::size_t> read_some(std::span<char> buffer, SteadyTime deadline) override;
  Result<std::size_t> write_some(std::string_view data, std::string_view more,
                                 SteadyTime deadline) override;
  using Stream::write_all;
  Result<std::size_t> write_some(std::string_view data, SteadyTime deadline) {
    return write_some(data, {}, deadline);
  }

  void shutdown_write() override;
  void shutdown() override;
  void close() override;
  Result<std::size_t> try_read(std::span<char> buffer) override;
  bool is_read_dry() const override;
  void try_write(std::string_view data) override;
  bool peer_gone() const override;
  void park(unique_function<void()> on_readable) override;
  // Closes so that the peer sees a reset instead of an orderly end.
  void reset();

  // Suspends until the socket may have bytes, or takes some. False at `deadline`. For protocols
  // that do their own reading and writing (TLS).
  bool wait_readable(SteadyTime deadline);
  bool wait_writable(SteadyTime deadline);

  bool is_open() const { return descriptor_ != nullptr; }
  SocketAddress peer() const;
  int fd() const;

 private:
  std::unique_ptr<Descriptor> descriptor_;
};

// Connects to the first address that answers. Suspends, also for the look-up of names.
Result<TcpStream> connect(std::string_view host, std::uint16_t port, SteadyTime deadline);
Result<TcpStream> connect(const SocketAddress& address, SteadyTime deadline);

class TcpListener {
 public:
  static constexpr int kBacklog = 4096;
  // Connections taken before other fibers get a turn (FIBERS.md, trap 6).
  static constexpr int kAcceptsPerTurn = 64;

  TcpListener();
  TcpListener(TcpListener&&) noexcept;
  TcpListener& operator=(TcpListener&&) noexcept;
  ~TcpListener();

  // `address` in digits; port 0 takes any free one, see port().
  static Result<TcpListener> bind(std::string_view address, std::uint16_t port);

  // Suspends until a connection comes. When the process is out of descriptors it waits for better
  // times. kCancelled once close_soon() was called; the fiber that accepts then destroys the
  // listener.
  Result<TcpStream> accept(SteadyTime deadline = kNever);

  // Refuses new connections from now on and wakes accept(). Never suspends.
  void close_soon();

  std::uint16_t port() const { return address_.port(); }
  const SocketAddress& address() const { return address_; }

 private:
  std::unique_ptr<Descriptor> descriptor_;
  SocketAddress address_;
  int accepted_this_turn_ = 0;
  bool closing_ = false;
};

// A pipe or any other descriptor that can be polled. Owns it.
class FdStream {
 public:
  FdStream();  // closed
  FdStream(FdStream&&) noexcept;
  FdStream& operator=(FdStream&&) noexcept;
  ~FdStream();

  // Takes ownership of `fd` and makes it non-blocking.
  static Result<FdStream> adopt(int fd);

  // As Stream's.
  Result<std::size_t> read_some(std::span<char> buffer, SteadyTime deadline);
  Result<std::size_t> write_some(std::string_view data, SteadyTime deadline);
  Status write_all(std::string_view data, SteadyTime deadline);
  // Everything until the end of the stream; kLimit once more than `bytes_max` have come.
  Result<std::string> read_all(std::size_t bytes_max, SteadyTime deadline);

  void close();
  bool is_open() const { return descriptor_ != nullptr; }
  int fd() const;

 private:
  std::unique_ptr<Descriptor> descriptor_;
};

// Suspends until `fd` (not owned; a pidfd, pipe, socket ... that nobody else watches on this shard)
// is readable or has ended.
Status wait_readable(int fd, SteadyTime deadline);

}  // namespace pawl::runtime
