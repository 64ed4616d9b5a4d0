// TLS over a TcpStream, for servers and clients.
//
// TLS 1.2 and 1.3, forward-secret ciphers with authenticated encryption only, no renegotiation, no
// compression. OpenSSL works on non-blocking sockets: a call returns before a fiber waits, so its
// thread-wide error queue is never shared between fibers.
#pragma once

#include "base/result.h"
#include "runtime/net/socket.h"

#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace pawl::runtime {

// Certificates, keys, and what is accepted. Shared by the streams of any thread.
class TlsContext {
 public:
  // For a server: a certificate with its chain, and its key, both PEM. kInvalid: the message names
  // the file and what is wrong with it. Reads files: before shards run.
  static Result<std::shared_ptr<TlsContext>> server(const std::string& certificate_file,
                                                    const std::string& key_file);
  // For clients, who check the certificate and the name of the server: against the system's
  // authorities, or those of `authorities_file` (PEM) alone.
  static Result<std::shared_ptr<TlsContext>> client(const std::string& authorities_file = "");

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* native() const { return context_; }
  bool is_server() const { return server_; }

 private:
  TlsContext(ssl_ctx_st* context, bool server) : context_(context), server_(server) {}
  ssl_ctx_st* context_;
  bool server_;
};

class TlsStream final : public Stream {
 public:
  // `host`: whom a client expects, name or digits; empty for a server. Not yet encrypted: see
  // handshake().
  TlsStream(TcpStream stream, std::shared_ptr<TlsContext> context, const std::string& host = "");
  ~TlsStream() override;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Before anything else. Suspends. kTimeout; kUnavailable: the peer speaks no TLS that we accept,
  // or is not who it should be; the message says why.
  Status handshake(SteadyTime deadline);
  bool is_ready() const { return ready_; }

  Result<std::size_t> read_some(std::span<char> buffer, SteadyTime deadline) override;
  Result<std::size_t> write_some(std::string_view data, std::string_view more,
                                 SteadyTime deadline) override;
  void shutdown_write() override;
  void shutdown() override;
  void close() override;
  Result<std::size_t> try_read(std::span<char> buffer) override;
  void try_write(std::string_view data) override;
  void park(unique_function<void()> on_readable) override;
  bool peer_gone() const override { return stream_.peer_gone(); }

 private:
  enum class Waits { kNone, kRead, kWrite };
  // What a call that returned `result` means: bytes, or an error, or that it must wait first.
  Result<std::size_t> outcome(int result, std::string_view what, Waits& waits) const;
  template <typename Call>
  Result<std::size_t> repeat(SteadyTime deadline, std::string_view what, Call call);

  TcpStream stream_;
  std::shared_ptr<TlsContext> context_;
  ssl_st* ssl_ = nullptr;
  bool ready_ = false;
};

}  // namespace pawl::runtime
