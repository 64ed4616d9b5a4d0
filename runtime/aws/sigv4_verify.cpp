// Who sent this request? Codes and texts are those of AWS's front end, as its clients report them.
#include "runtime/aws/sigv4.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

namespace pawl::runtime::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kInvalid = "InvalidSignatureException";
constexpr std::string_view kIncomplete = "IncompleteSignatureException";

SignatureRefusal refusal(std::string_view code, std::string message) {
  return {std::string(code), std::move(message)};
}

SignatureRefusal unknown_client() {
  return refusal("UnrecognizedClientException",
                 "The security token included in the request is invalid.");
}

SignatureRefusal mismatch() {
  return refusal(kInvalid,
                 "The request signature we calculated does not match the signature you provided. "
                 "Check your AWS Secret Access Key and signing method. Consult the service "
                 "documentation for details.");
}

// What the request says about its signature, from the header or from the query.
struct Claim {
  std::string credential;
  std::string signed_headers;
  std::string signature;
  std::string stamp;  // as given; see parse_date
  std::optional<std::string> token;
  std::optional<std::chrono::seconds> lifetime;  // of a presigned URL
};

// The value of a query parameter, escapes decoded; empty when it is not there. `count` tells how
// often it is there.
std::string parameter(std::string_view query, std::string_view wanted, int* count = nullptr) {
  std::string value;
  int found = 0;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(part.find('='), part.size());
    if (part.substr(0, equals) != wanted) continue;
    if (++found > 1) continue;
    const std::string_view raw = part.substr(std::min(equals + 1, part.size()));
    for (std::size_t i = 0; i < raw.size(); ++i) {
      unsigned int byte = 0;
      if (raw[i] == '%' && i + 2 < raw.size() &&
          std::from_chars(raw.data() + i + 1, raw.data() + i + 3, byte, 16).ptr ==
              raw.data() + i + 3) {
        value += static_cast<char>(byte);
        i += 2;
      } else {
        value += raw[i];
      }
    }
  }
  if (count != nullptr) *count = found;
  return value;
}

std::optional<WallTime> parse_date(const std::string& text) {
  for (const char* form : {"%Y%m%dT%H%M%SZ", "%a, %d %b %Y %H:%M:%S GMT"}) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);  // the C locale's names
    if (end == nullptr || *end != '\0') continue;
    const std::tm given = parts;
    const std::time_t seconds = timegm(&parts);
    // strptime takes 31 February; timegm makes March of it.
    if (parts.tm_mday != given.tm_mday || parts.tm_hour != given.tm_hour) continue;
    return WallTime(std::chrono::seconds(seconds));
  }
  return std::nullopt;
}

std::optional<SignatureRefusal> read_authorization(std::string_view header, Claim& claim) {
  const std::string hidden = base64(sha256(header));
  const std::size_t blank = std::min(header.find(' '), header.size());
  std::vector<std::string> missing;
  if (header.substr(0, blank) == kAlgorithm) {
    std::string_view rest = header.substr(blank);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      std::string_view part = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
      if (part.empty()) continue;
      const std::size_t equals = part.find('=');
      if (equals == std::string_view::npos) {
        return refusal(kIncomplete,
                       "Invalid key=value pair (missing equal-sign) in Authorization header "
                       "(hashed with SHA-256 and encoded with Base64): '" +
                           hidden + "'.");
      }
      const std::string_view name = part.substr(0, equals);
      const std::string_view value = part.substr(equals + 1);
      std::string* place = name == "Credential"      ? &claim.credential
                           : name == "SignedHeaders" ? &claim.signed_headers
                           : name == "Signature"     ? &claim.signature
                                                     : nullptr;
      if (place == nullptr) continue;
      if (!place->empty()) {
        return refusal(kIncomplete, "Authorization header has '" + std::string(name) + "' twice.");
      }
      *place = value;
    }
  }
  std::string message;
  const auto need = [&message](const std::string& value, std::string_view name) {
    if (value.empty()) {
      message.append("Authorization header requires '").append(name).append("' parameter. ");
    }
  };
  need(claim.credential, "Credential");
  need(claim.signature, "Signature");
  need(claim.signed_headers, "SignedHeaders");
  if (claim.stamp.empty()) {
    message +=
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (message.empty()) return std::nullopt;
  return refusal(kIncomplete,
                 message + "(Hashed with SHA-256 and encoded with Base64) Authorization=" + hidden);
}

std::optional<SignatureRefusal> read_query(std::string_view query, Claim& claim) {
  int twice = 0;
  const auto read = [&](std::string_view name) {
    int count = 0;
    std::string value = parameter(query, name, &count);
    twice = std::max(twice, count);
    return value;
  };
  claim.credential = read("X-Amz-Credential");
  claim.signed_headers = read("X-Amz-SignedHeaders");
  claim.signature = read("X-Amz-Signature");
  claim.stamp = read("X-Amz-Date");
  const std::string token = read("X-Amz-Security-Token");
  if (!token.empty()) claim.token = token;
  const std::string expires = read("X-Amz-Expires");
  if (read("X-Amz-Algorithm") != kAlgorithm || claim.credential.empty() ||
      claim.signed_headers.empty() || claim.signature.empty() || claim.stamp.empty() ||
      expires.empty() || twice > 1) {
    return refusal(kIncomplete,
                   "AWS query-string parameters must include 'X-Amz-Algorithm', "
                   "'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date' and "
                   "'X-Amz-Expires', each once. Re-examine the query-string parameters.");
  }
  std::int64_t seconds = 0;
  const char* end = expires.data() + expires.size();
  const auto [ptr, error] = std::from_chars(expires.data(), end, seconds);
  if (error != std::errc() || ptr != end || seconds < 1 ||
      seconds > SignatureVerifier::kPresignedLifetimeMax.count()) {
    return refusal(kIncomplete, "X-Amz-Expires must be between 1 and 604800 seconds.");
  }
  claim.lifetime = std::chrono::seconds(seconds);
  return std::nullopt;
}

std::optional<SignatureRefusal> check_time(const Claim& claim, WallTime signed_at, WallTime now) {
  constexpr auto kSkew = SignatureVerifier::kSkew;
  const std::string stamp = stamp_of(signed_at);
  const std::string minutes = std::to_string(kSkew.count()) + " min.)";
  if (signed_at > now + kSkew) {
    return refusal(kInvalid, "Signature not yet current: " + stamp + " is still later than " +
                                 stamp_of(now + kSkew) + " (" + stamp_of(now) + " + " + minutes);
  }
  if (claim.lifetime) {
    if (signed_at + *claim.lifetime < now) {
      return refusal("RequestExpired", "Request has expired.");
    }
  } else if (signed_at < now - kSkew) {
    return refusal(kInvalid, "Signature expired: " + stamp + " is now earlier than " +
                                 stamp_of(now - kSkew) + " (" + stamp_of(now) + " - " + minutes);
  }
  return std::nullopt;
}

bool is_signed(std::string_view signed_headers, std::string_view name) {
  while (!signed_headers.empty()) {
    const std::size_t end = std::min(signed_headers.find(';'), signed_headers.size());
    if (equal_ignoring_case(signed_headers.substr(0, end), name)) return true;
    signed_headers.remove_prefix(std::min(end + 1, signed_headers.size()));
  }
  return false;
}

std::optional<SignatureRefusal> check_signed_headers(const HttpRequest& request,
                                                     const Claim& claim) {
  if (!is_signed(claim.signed_headers, "host")) {
    return refusal(kInvalid,
                   "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  // They say which operation it is, and whose: unsigned, anybody on the way could exchange them.
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    const std::string_view name = request.headers[i].name;
    if (name.size() > 6 && equal_ignoring_case(name.substr(0, 6), "x-amz-") &&
        !is_signed(claim.signed_headers, name)) {
      return refusal(kInvalid, "There were headers present in the request which were not signed: " +
                                   std::string(name));
    }
  }
  return std::nullopt;
}

struct Scope {
  std::string_view access_key, date, region, service, terminator;
};

std::optional<Scope> parse_scope(std::string_view credential) {
  std::array<std::string_view, 5> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t slash = credential.find('/');
    const bool last = i + 1 == parts.size();
    if ((slash == std::string_view::npos) != last) return std::nullopt;
    parts[i] = credential.substr(0, slash);
    if (parts[i].empty()) return std::nullopt;
    credential.remove_prefix(last ? credential.size() : slash + 1);
  }
  return Scope{parts[0], parts[1], parts[2], parts[3], parts[4]};
}

std::optional<SignatureRefusal> check_scope(const Scope& scope, const std::string& stamp) {
  if (scope.terminator != "aws4_request") {
    return refusal(kInvalid,
                   "Credential should be scoped with a valid terminator: 'aws4_request', not '" +
                       std::string(scope.terminator) + "'.");
  }
  if (scope.date != std::string_view(stamp).substr(0, 8)) {
    return refusal(kInvalid,
                   "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                   "from HTTP: '" +
                       std::string(scope.date) + "' != '" + stamp.substr(0, 8) + "', from '" +
                       stamp + "'.");
  }
  return std::nullopt;
}

// The last line of the canonical request; what the client claims about its body is held to the
// body that came.
std::string body_hash(const HttpRequest& request) {
  return request.sink != nullptr ? request.sink->sha256() : hex(sha256(request.body));
}

std::optional<std::string> payload_hash(const HttpRequest& request, bool presigned,
                                        std::string_view service, bool& body_is_signed) {
  if (request.headers.has("X-Amz-Content-Sha256")) {
    std::string claimed(request.headers.get("X-Amz-Content-Sha256"));
    body_is_signed = claimed != kUnsignedPayload && !claimed.starts_with("STREAMING-");
    if (body_is_signed && !equal_secrets(claimed, body_hash(request))) return std::nullopt;
    return claimed;
  }
  if (presigned && service == "s3") {
    body_is_signed = false;
    return std::string(kUnsignedPayload);
  }
  return body_hash(request);
}

}  // namespace

const Digest& SignatureVerifier::key_for(const Credentials& credentials, std::string_view date,
                                         std::string_view region, std::string_view service) {
  KeptKey& kept = keys_[credentials.access_key_id];
  if (kept.date != date || kept.region != region || kept.service != service) {
    kept = {std::string(date), std::string(region), std::string(service),
            signing_key(credentials.secret_access_key, date, region, service)};
  }
  return kept.key;
}

std::variant<VerifiedCaller, SignatureRefusal> SignatureVerifier::verify(const HttpRequest& request,
                                                                         WallTime now) {
  const HttpHeaders& headers = request.headers;
  int in_query = 0;
  static_cast<void>(parameter(request.query(), "X-Amz-Algorithm", &in_query));
  const std::size_t in_header = headers.count("Authorization");
  if (in_header == 0 && in_query == 0) {
    return refusal("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  if (in_header + static_cast<std::size_t>(in_query) > 1 || headers.count("X-Amz-Date") > 1 ||
      headers.count("Date") > 1 || headers.count("X-Amz-Content-Sha256") > 1 ||
      headers.count("X-Amz-Security-Token") > 1) {
    return refusal(kIncomplete,
                   "Only one auth mechanism allowed, and each of its headers once: either the "
                   "X-Amz-Algorithm query parameter or the Authorization header.");
  }

  Claim claim;
  const bool presigned = in_query > 0;
  if (headers.has("X-Amz-Security-Token")) claim.token = headers.get("X-Amz-Security-Token");
  if (presigned) {
    if (auto refused = read_query(request.query(), claim)) return *std::move(refused);
  } else {
    claim.stamp = headers.get(headers.has("X-Amz-Date") ? "X-Amz-Date" : "Date");
    if (auto refused = read_authorization(headers.get("Authorization"), claim)) {
      return *std::move(refused);
    }
  }

  const std::optional<Scope> scope = parse_scope(claim.credential);
  if (!scope) {
    return refusal(kIncomplete,
                   "Credential must have exactly 5 slash-delimited elements, e.g. "
                   "keyid/date/region/service/term, got '" +
                       claim.credential + "'");
  }
  const std::optional<WallTime> signed_at = parse_date(claim.stamp);
  if (!signed_at) {
    return refusal(kIncomplete, "Date must be in ISO-8601 'basic format'. Got '" + claim.stamp +
                                    "'. See http://en.wikipedia.org/wiki/ISO_8601");
  }
  const std::string stamp = stamp_of(*signed_at);
  if (auto refused = check_scope(*scope, stamp)) return *std::move(refused);
  if (auto refused = check_time(claim, *signed_at, now)) return *std::move(refused);
  if (auto refused = check_signed_headers(request, claim)) return *std::move(refused);

  const Credentials* credentials = credentials_.find(scope->access_key);
  if (credentials == nullptr) return unknown_client();
  if (!equal_secrets(claim.token.value_or(""), credentials->session_token)) {
    return unknown_client();
  }

  VerifiedCaller caller{std::string(scope->access_key), std::string(scope->region),
                        std::string(scope->service), true};
  const std::optional<std::string> hash =
      payload_hash(request, presigned, scope->service, caller.body_is_signed);
  if (!hash) return mismatch();
  const SignedParts parts{request.method, request.path(),       request.query(),
                          &headers,       claim.signed_headers, *hash};
  const Digest& key = key_for(*credentials, scope->date, scope->region, scope->service);
  const std::string expected =
      hex(hmac_sha256(as_text(key), string_to_sign(stamp, scope->region, scope->service,
                                                   canonical_request(parts, scope->service))));
  if (!equal_secrets(expected, claim.signature)) return mismatch();
  return caller;
}

}  // namespace pawl::runtime::aws
