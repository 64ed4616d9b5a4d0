#include "runtime/net/tls.h"

#include "base/assert.h"
#include "runtime/net/descriptor.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/socket.h>
#include <utility>

namespace pawl::runtime {
namespace {

constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";  // of TLS 1.2
constexpr std::size_t kRecordBytes = 16 * 1024;                  // what one record can hold

// The first reason in OpenSSL's queue, which is emptied.
std::string reason() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  const char* text = ERR_reason_error_string(code);
  if (text != nullptr) return text;
  return ERR_GET_LIB(code) == ERR_LIB_SYS ? std::strerror(ERR_GET_REASON(code)) : "unknown error";
}

// ---- OpenSSL's idea of a socket: ours, which never raises SIGPIPE ----

int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int finish(BIO* bio, ssize_t n, int retry) {
  BIO_clear_retry_flags(bio);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  }
  return static_cast<int>(n);
}

int bio_read(BIO* bio, char* data, int size) {
  return finish(bio, recv(fd_of(bio), data, static_cast<std::size_t>(size), 0), BIO_FLAGS_READ);
}

int bio_write(BIO* bio, const char* data, int size) {
  return finish(bio, send(fd_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL),
                BIO_FLAGS_WRITE);
}

long bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pawl socket");
    PAWL_ASSERT(made != nullptr);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

// ---- contexts ----

SSL_CTX* make_context(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  PAWL_ASSERT(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  PAWL_ASSERT(SSL_CTX_set_cipher_list(context, kCiphers) == 1);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections give their buffers back: 10,000 of them would hold 340 MiB.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  return context;
}

// Clients that would rather speak HTTP/2 are told that it is HTTP/1.1.
int choose_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int size, void* /*unused*/) {
  static constexpr std::array<unsigned char, 9> kOurs = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs.data(), kOurs.size(), offered, size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// A key that asks for a password would otherwise ask the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return 0;
}

Error bad_file(const std::string& what, const std::string& file, const std::string& why) {
  return Error{ErrorCode::kInvalid, what + " " + file + ": " + why, file};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::server(const std::string& certificate_file,
                                                       const std::string& key_file) {
  std::shared_ptr<TlsContext> made(new TlsContext(make_context(TLS_server_method()), true));
  SSL_CTX* context = made->context_;
  bool asked = false;
  SSL_CTX_set_default_passwd_cb(context, no_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return bad_file("the certificate", certificate_file, reason());
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    const std::string why = reason();
    if (asked) return bad_file("the key", key_file, "it is protected by a password");
    return bad_file(
        "the key", key_file,
        why == "key values mismatch" ? "it does not belong to " + certificate_file : why);
  }
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  // Clients that hang up without a goodbye are no error; a client must not take that for an end.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  return made;
}

Result<std::shared_ptr<TlsContext>> TlsContext::client(const std::string& authorities_file) {
  std::shared_ptr<TlsContext> made(new TlsContext(make_context(TLS_client_method()), false));
  ERR_clear_error();
  if (authorities_file.empty()) {
    SSL_CTX_set_default_verify_paths(made->context_);
  } else if (SSL_CTX_load_verify_file(made->context_, authorities_file.c_str()) != 1) {
    return bad_file("the authorities", authorities_file, reason());
  }
  SSL_CTX_set_verify(made->context_, SSL_VERIFY_PEER, nullptr);
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

// ---- streams ----

TlsStream::TlsStream(TcpStream stream, std::shared_ptr<TlsContext> context, const std::string& host)
    : stream_(std::move(stream)), context_(std::move(context)) {
  PAWL_ASSERT(stream_.is_open());
  ssl_ = SSL_new(context_->native());
  BIO* bio = BIO_new(socket_method());
  PAWL_ASSERT(ssl_ != nullptr && bio != nullptr);
  // The socket, as fd_of() reads it: a pointer to this stream would not survive a move.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(stream_.fd())));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  if (context_->is_server()) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  // A certificate names hosts or addresses; only names are told to the server.
  if (SocketAddress::parse(host, 0)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
  } else {
    SSL_set1_host(ssl_, host.c_str());
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
  }
}

TlsStream::~TlsStream() { close(); }

Result<std::size_t> TlsStream::outcome(int result, std::string_view what, Waits& waits) const {
  const int saved = errno;
  waits = Waits::kNone;
  if (result > 0) return static_cast<std::size_t>(result);
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_ZERO_RETURN:
      return std::size_t{0};
    case SSL_ERROR_WANT_READ:
      waits = Waits::kRead;
      return system_error(ETIMEDOUT, what);
    case SSL_ERROR_WANT_WRITE:
      waits = Waits::kWrite;
      return system_error(ETIMEDOUT, what);
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return system_error(saved == 0 ? ECONNRESET : saved, what);
    default: {
      const long verdict = SSL_get_verify_result(ssl_);
      std::string why = reason();
      if (verdict != X509_V_OK) {
        why = std::string("the certificate is refused: ") + X509_verify_cert_error_string(verdict);
      }
      return Error{ErrorCode::kUnavailable, std::string(what) + ": " + why, ""};
    }
  }
}

template <typename Call>
Result<std::size_t> TlsStream::repeat(SteadyTime deadline, std::string_view what, Call call) {
  if (ssl_ == nullptr) return Error{ErrorCode::kCancelled, "the stream is closed", ""};
  for (;;) {
    ERR_clear_error();
    errno = 0;
    Waits waits = Waits::kNone;
    Result<std::size_t> n = outcome(call(), what, waits);
    if (waits == Waits::kNone) return n;
    const bool woken =
        waits == Waits::kRead ? stream_.wait_readable(deadline) : stream_.wait_writable(deadline);
    if (!woken) return n;
  }
}

Status TlsStream::handshake(SteadyTime deadline) {
  const Result<std::size_t> done =
      repeat(deadline, "TLS handshake", [this] { return SSL_do_handshake(ssl_); });
  if (!done) return done.error();
  if (*done == 0) return Error{ErrorCode::kUnavailable, "TLS handshake: the peer closed", ""};
  ready_ = true;
  return {};
}

Result<std::size_t> TlsStream::read_some(std::span<char> buffer, SteadyTime deadline) {
  return repeat(deadline, "TLS read", [this, buffer] {
    return SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
  });
}

Result<std::size_t> TlsStream::write_some(std::string_view data, std::string_view more,
                                          SteadyTime deadline) {
  // Head and body of a small answer go as one record, in one packet.
  std::string together;
  if (!more.empty() && data.size() < kRecordBytes) {
    together.reserve(std::min(kRecordBytes, data.size() + more.size()));
    together.append(data).append(more.substr(0, kRecordBytes - data.size()));
    data = together;
  }
  data = data.substr(0, kRecordBytes);
  return repeat(deadline, "TLS write", [this, data] {
    return SSL_write(ssl_, data.data(), static_cast<int>(data.size()));
  });
}

Result<std::size_t> TlsStream::try_read(std::span<char> buffer) {
  if (ssl_ == nullptr) return Error{ErrorCode::kCancelled, "the stream is closed", ""};
  ERR_clear_error();
  errno = 0;
  Waits waits = Waits::kNone;
  return outcome(SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size())), "TLS read", waits);
}

void TlsStream::try_write(std::string_view data) {
  if (ssl_ == nullptr || !ready_) return;
  SSL_write(ssl_, data.data(), static_cast<int>(data.size()));
  ERR_clear_error();
}

void TlsStream::park(unique_function<void()> on_readable) { stream_.park(std::move(on_readable)); }

void TlsStream::shutdown_write() {
  if (ssl_ != nullptr && ready_) {
    SSL_shutdown(ssl_);  // says goodbye if the socket takes it at once
    ERR_clear_error();
  }
  stream_.shutdown_write();
}

void TlsStream::shutdown() { stream_.shutdown(); }

void TlsStream::close() {
  if (ssl_ == nullptr) return;
  if (ready_) {
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  SSL_free(std::exchange(ssl_, nullptr));
  stream_.close();
}

}  // namespace pawl::runtime
