#include "connectors/http/outside.h"

#include "runtime/net/tls.h"

namespace pawl::connectors::http {

Result<std::unique_ptr<Outside>> Outside::make(OutsideOptions options) {
  auto tls = runtime::TlsContext::client(options.authorities);
  if (!tls) return std::move(tls).error();
  runtime::HttpClientOptions client_options;
  client_options.wrap_tls = runtime::tls_with(*std::move(tls));
  if (!options.allow_private) {
    client_options.allow_address = [](const runtime::SocketAddress& address) -> Status {
      if (address.is_public()) return {};
      return Error{ErrorCode::kUnsupported,
                   "the address " + address.host() +
                       " is private: calls of Tasks may reach public addresses only (see "
                       "--allow-private-endpoints)",
                   address.host()};
    };
  }
  return std::unique_ptr<Outside>(new Outside(std::move(options), std::move(client_options)));
}

}  // namespace pawl::connectors::http
