// AWS Signature Version 4: signing requests that go out, verifying those that come in.
//
// One canonical form serves both sides (canonical_request): whoever changes it changes both.
//
// Source: "AWS Signature Version 4 for API requests" (IAM User Guide), and its published test
// suite, whose cases are in tests/runtime/aws/.
#pragma once

#include "runtime/aws/credentials.h"
#include "runtime/aws/digest.h"
#include "runtime/clock/clock.h"
#include "runtime/http/message.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace pawl::runtime::aws {

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// ---- the parts, for tests and for presigning by hand ----

// What is signed of a request. Views: they live as long as the caller's strings.
struct SignedParts {
  std::string_view method;
  std::string_view path;                 // as on the wire, without the query
  std::string_view query;                // as on the wire, without the question mark
  const HttpHeaders* headers = nullptr;  // all of them
  std::string_view signed_headers;       // "host;x-amz-date": lower case, sorted
  std::string_view payload_hash;         // in hex, or a literal such as UNSIGNED-PAYLOAD
};

// `service` decides about the path: S3 signs it as it was sent, all others sign it normalised
// (".", "..", "//") and encoded once more. Escapes of the query are decoded and written again.
// Parameters named X-Amz-Signature are left out.
std::string canonical_request(const SignedParts& parts, std::string_view service);

// `stamp` is YYYYMMDDTHHMMSSZ.
std::string string_to_sign(std::string_view stamp, std::string_view region,
                           std::string_view service, std::string_view canonical);
Digest signing_key(std::string_view secret, std::string_view date, std::string_view region,
                   std::string_view service);
std::string stamp_of(WallTime at);

// ---- signing ----

struct SigningOptions {
  std::string region;
  std::string service;
  WallTime at{};
  bool unsigned_payload = false;  // do not read the body; say so in X-Amz-Content-Sha256
};

// Adds X-Amz-Date, X-Amz-Security-Token (with a session token), X-Amz-Content-Sha256 (S3, or an
// unsigned payload) and Authorization to `headers`, which must have Host. Signs every header but
// those that intermediaries change. `target` is path and query as on the wire.
void sign(std::string_view method, std::string_view target, HttpHeaders& headers,
          std::string_view body, const Credentials& credentials, const SigningOptions& options);

// `target` with the parameters of a presigned URL, good for `lifetime` (at most seven days). Signs
// the headers given, of which Host must be one. The body is not signed for S3, and empty for
// others.
std::string presign(std::string_view method, std::string_view target, const HttpHeaders& headers,
                    const Credentials& credentials, const SigningOptions& options,
                    std::chrono::seconds lifetime);

// ---- verifying ----

struct VerifiedCaller {
  std::string access_key_id;
  std::string region;
  std::string service;  // of the credential scope; the caller decides whether it fits the request
  // The body is not covered: UNSIGNED-PAYLOAD, or chunks that carry signatures of their own.
  bool body_is_signed = true;
};

struct SignatureRefusal {
  std::string code;  // "InvalidSignatureException"
  std::string message;
};

class SignatureVerifier {
 public:
  // AWS allows five minutes for its JSON services.
  static constexpr std::chrono::minutes kSkew{5};
  static constexpr std::chrono::seconds kPresignedLifetimeMax{604'800};

  explicit SignatureVerifier(CredentialSet credentials) : credentials_(std::move(credentials)) {}

  // Checks the signature of a request, in its Authorization header or in its query. Besides Host,
  // all X-Amz-* headers that are there must be signed. Belongs to one thread; never suspends.
  std::variant<VerifiedCaller, SignatureRefusal> verify(const HttpRequest& request, WallTime now);

 private:
  struct KeptKey {
    std::string date, region, service;
    Digest key{};
  };
  const Digest& key_for(const Credentials& credentials, std::string_view date,
                        std::string_view region, std::string_view service);

  CredentialSet credentials_;
  std::map<std::string, KeptKey, std::less<>> keys_;  // the last one derived, by access key
};

}  // namespace pawl::runtime::aws
