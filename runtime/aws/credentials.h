// AWS credentials, and the file they are kept in.
//
// The file is the one AWS's tools know (~/.aws/credentials), so that a client and the server may
// share it:
//
//   [orders]                                   ; any name; it says who called
//   aws_access_key_id = AKIAIOSFODNN7EXAMPLE
//   aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
//   aws_session_token = ...                    ; optional: then requests must carry it
#pragma once

#include "base/result.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace pawl::runtime::aws {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: none
};

class CredentialSet {
 public:
  // The text of a credentials file. kInvalid: the message says what is wrong in which line, and
  // never shows a secret.
  static Result<CredentialSet> parse(std::string_view text);
  // Reads the file. kNotFound, kIo, kLimit besides. Blocks: before the shards run.
  static Result<CredentialSet> load(const std::string& path);

  // kExists: another entry has the same access key.
  Status add(std::string profile, Credentials credentials);
  const Credentials* find(std::string_view access_key_id) const;  // nullptr: unknown
  const Credentials* profile(std::string_view name) const;
  std::size_t size() const { return by_key_.size(); }

 private:
  std::map<std::string, Credentials, std::less<>> by_key_;
  std::map<std::string, std::string, std::less<>> profiles_;  // name -> access key
};

}  // namespace pawl::runtime::aws
