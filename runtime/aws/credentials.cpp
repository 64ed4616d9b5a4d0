#include "runtime/aws/credentials.h"

#include "runtime/aws/ini.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pawl::runtime::aws {
namespace {

// What can stand in an Authorization header between its commas and slashes.
bool is_access_key(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '.';
  });
}

class Reader {
 public:
  Result<CredentialSet> read(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      ++line_;
      if (Status ok = take(trimmed(text.substr(0, end))); !ok) return std::move(ok).error();
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (Status ok = finish_profile(); !ok) return std::move(ok).error();
    if (set_.size() == 0) return Error{ErrorCode::kInvalid, "there are no credentials in it", ""};
    return std::move(set_);
  }

 private:
  Error wrong(const std::string& what) const {
    return Error{ErrorCode::kInvalid, "line " + std::to_string(line_) + ": " + what,
                 std::to_string(line_)};
  }

  Status take(std::string_view line) {
    if (line.empty() || line.front() == '#' || line.front() == ';') return {};
    if (line.front() == '[') {
      if (line.back() != ']') return wrong("a profile is written [name]");
      if (Status ok = finish_profile(); !ok) return ok;
      profile_ = trimmed(line.substr(1, line.size() - 2));
      if (profile_.empty()) return wrong("the profile has no name");
      in_profile_ = true;
      profile_line_ = line_;
      return {};
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return wrong("expected NAME = VALUE or [profile]");
    if (!in_profile_) return wrong("a value before the first [profile]");
    const std::string_view name = trimmed(line.substr(0, equals));
    const std::string value(trimmed(line.substr(equals + 1)));
    if (name == "aws_access_key_id") {
      if (!is_access_key(value)) return wrong("this is no access key id");
      current_.access_key_id = value;
    } else if (name == "aws_secret_access_key") {
      if (value.empty()) return wrong("the secret access key is empty");
      current_.secret_access_key = value;
    } else if (name == "aws_session_token") {
      current_.session_token = value;
    }
    // Others (region, role_arn ...) are for other tools.
    return {};
  }

  Status finish_profile() {
    if (!in_profile_) return {};
    in_profile_ = false;
    Credentials done = std::exchange(current_, {});
    if (done.access_key_id.empty() && done.secret_access_key.empty()) return {};
    line_ = std::exchange(profile_line_, line_);
    if (done.access_key_id.empty()) return wrong("[" + profile_ + "] has no aws_access_key_id");
    if (done.secret_access_key.empty()) {
      return wrong("[" + profile_ + "] has no aws_secret_access_key");
    }
    if (Status added = set_.add(profile_, std::move(done)); !added) {
      return wrong("[" + profile_ + "]: " + added.error().message);
    }
    line_ = profile_line_;
    return {};
  }

  CredentialSet set_;
  Credentials current_;
  std::string profile_;
  bool in_profile_ = false;
  int line_ = 0;
  int profile_line_ = 0;
};

}  // namespace

Result<CredentialSet> CredentialSet::parse(std::string_view text) { return Reader().read(text); }

Result<CredentialSet> CredentialSet::load(const std::string& path) {
  const Result<std::string> text = read_ini_file(path);
  if (!text) return text.error();
  Result<CredentialSet> set = parse(*text);
  if (!set)
    return Error{set.error().code, "credentials file " + path + ", " + set.error().message, path};
  return set;
}

Status CredentialSet::add(std::string profile, Credentials credentials) {
  const std::string key = credentials.access_key_id;
  if (profiles_.contains(profile)) {
    return Error{ErrorCode::kExists, "there is a profile of that name already", profile};
  }
  if (!by_key_.emplace(key, std::move(credentials)).second) {
    return Error{ErrorCode::kExists, "another profile has the same access key", key};
  }
  profiles_.emplace(std::move(profile), key);
  return {};
}

const Credentials* CredentialSet::find(std::string_view access_key_id) const {
  const auto found = by_key_.find(access_key_id);
  return found == by_key_.end() ? nullptr : &found->second;
}

const Credentials* CredentialSet::profile(std::string_view name) const {
  const auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : find(found->second);
}

}  // namespace pawl::runtime::aws
