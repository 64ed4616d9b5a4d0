// The canonical form of a request, and signing. Verifying is in sigv4_verify.cpp.
#include "runtime/aws/sigv4.h"

#include "runtime/http/uri.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>
#include <vector>

namespace pawl::runtime::aws {
namespace {

// Without ".", ".." and empty segments (RFC 3986 section 5.2.4, and "//" as one slash).
std::string normalised(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool ends_with_slash =
      path.empty() || path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else {
      kept.push_back(segment);
    }
  }
  std::string out = "/";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    out += kept[i];
    if (i + 1 < kept.size() || ends_with_slash) out += '/';
  }
  return out;
}

std::string canonical_path(std::string_view path, std::string_view service) {
  // S3's keys may have any of this in them. '%' stays: the escapes are the client's.
  if (service == "s3") return path.empty() ? "/" : percent_encode(path, "/%");
  return percent_encode(normalised(path), "/");
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.empty()) continue;
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    std::string name = percent_decode(parameter.substr(0, equals));
    if (name == "X-Amz-Signature") continue;
    const std::string value =
        percent_decode(parameter.substr(std::min(equals + 1, parameter.size())));
    parameters.emplace_back(percent_encode(name, ""), percent_encode(value, ""));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

// Without blanks at the ends, and with one in the place of several.
void append_header_value(std::string& out, std::string_view value) {
  bool blank = false;
  const std::size_t begin = out.size();
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      blank = true;
      continue;
    }
    if (blank && out.size() > begin) out += ' ';
    blank = false;
    out += c;
  }
}

}  // namespace

std::string canonical_request(const SignedParts& parts, std::string_view service) {
  std::string out;
  out.reserve(512);
  out.append(parts.method).append("\n");
  out.append(canonical_path(parts.path, service)).append("\n");
  out.append(canonical_query(parts.query)).append("\n");
  std::string_view names = parts.signed_headers;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(';'), names.size());
    const std::string_view name = names.substr(0, end);
    names.remove_prefix(std::min(end + 1, names.size()));
    out.append(name).append(":");
    bool first = true;
    for (std::size_t i = 0; i < parts.headers->size(); ++i) {
      const HttpHeaders::Field field = (*parts.headers)[i];
      if (!equal_ignoring_case(field.name, name)) continue;
      if (!std::exchange(first, false)) out += ',';
      append_header_value(out, field.value);
    }
    out += '\n';
  }
  out.append("\n").append(parts.signed_headers).append("\n").append(parts.payload_hash);
  return out;
}

std::string string_to_sign(std::string_view stamp, std::string_view region,
                           std::string_view service, std::string_view canonical) {
  std::string out;
  out.reserve(192);
  out.append("AWS4-HMAC-SHA256\n").append(stamp).append("\n");
  out.append(stamp.substr(0, 8)).append("/").append(region).append("/").append(service);
  return out.append("/aws4_request\n").append(hex(sha256(canonical)));
}

Digest signing_key(std::string_view secret, std::string_view date, std::string_view region,
                   std::string_view service) {
  Digest key = hmac_sha256("AWS4" + std::string(secret), date);
  key = hmac_sha256(as_text(key), region);
  key = hmac_sha256(as_text(key), service);
  return hmac_sha256(as_text(key), "aws4_request");
}

std::string stamp_of(WallTime at) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

// ---- signing ----

namespace {

// Proxies and clients change these on the way, or add them after signing.
bool is_signable(std::string_view name) {
  for (const std::string_view skipped :
       {"authorization", "connection", "content-length", "expect", "keep-alive", "te",
        "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id"}) {
    if (equal_ignoring_case(name, skipped)) return false;
  }
  return true;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string names_to_sign(const HttpHeaders& headers) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (is_signable(headers[i].name)) names.push_back(lower_case(headers[i].name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

std::pair<std::string_view, std::string_view> split_target(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::string signature_of(const SignedParts& parts, const Credentials& credentials,
                         const SigningOptions& options, std::string_view stamp) {
  const Digest key = signing_key(credentials.secret_access_key, stamp.substr(0, 8), options.region,
                                 options.service);
  return hex(hmac_sha256(as_text(key), string_to_sign(stamp, options.region, options.service,
                                                      canonical_request(parts, options.service))));
}

std::string scope_of(const Credentials& credentials, const SigningOptions& options,
                     std::string_view stamp) {
  return credentials.access_key_id + "/" + std::string(stamp.substr(0, 8)) + "/" + options.region +
         "/" + options.service + "/aws4_request";
}

}  // namespace

void sign(std::string_view method, std::string_view target, HttpHeaders& headers,
          std::string_view body, const Credentials& credentials, const SigningOptions& options) {
  const std::string stamp = stamp_of(options.at);
  headers.remove("Authorization");
  headers.set("X-Amz-Date", stamp);
  if (!credentials.session_token.empty()) {
    headers.set("X-Amz-Security-Token", credentials.session_token);
  }
  const std::string hash =
      options.unsigned_payload ? std::string(kUnsignedPayload) : hex(sha256(body));
  if (options.unsigned_payload || options.service == "s3") {
    headers.set("X-Amz-Content-Sha256", hash);
  }
  const std::string names = names_to_sign(headers);
  const auto [path, query] = split_target(target);
  const std::string signature =
      signature_of({method, path, query, &headers, names, hash}, credentials, options, stamp);
  headers.add("Authorization",
              "AWS4-HMAC-SHA256 Credential=" + scope_of(credentials, options, stamp) +
                  ", SignedHeaders=" + names + ", Signature=" + signature);
}

std::string presign(std::string_view method, std::string_view target, const HttpHeaders& headers,
                    const Credentials& credentials, const SigningOptions& options,
                    std::chrono::seconds lifetime) {
  const std::string stamp = stamp_of(options.at);
  const std::string names = names_to_sign(headers);
  std::string out(target);
  const auto add = [&out](std::string_view name, std::string_view value) {
    out += out.find('?') == std::string::npos ? '?' : '&';
    out.append(name).append("=").append(percent_encode(value, ""));
  };
  add("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  add("X-Amz-Credential", scope_of(credentials, options, stamp));
  add("X-Amz-Date", stamp);
  add("X-Amz-Expires", std::to_string(lifetime.count()));
  add("X-Amz-SignedHeaders", names);
  if (!credentials.session_token.empty()) add("X-Amz-Security-Token", credentials.session_token);
  const auto [path, query] = split_target(out);
  const std::string hash =
      options.service == "s3" ? std::string(kUnsignedPayload) : hex(sha256(""));
  const std::string signature =
      signature_of({method, path, query, &headers, names, hash}, credentials, options, stamp);
  add("X-Amz-Signature", signature);
  return out;
}

}  // namespace pawl::runtime::aws
