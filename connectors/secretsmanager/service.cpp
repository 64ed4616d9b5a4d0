#include "connectors/secretsmanager/service.h"

#include "asl/json/writer.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors::secretsmanager {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::string_view kRows = "Smm";
constexpr std::string_view kCurrent = "AWSCURRENT";
constexpr std::string_view kPrevious = "AWSPREVIOUS";

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"InternalServiceError", "InternalServiceErrorException"},
    {"InvalidNextTokenException", "InvalidNextTokenException"},
    {"InvalidParameterException", "InvalidParameterException"},
    {"InvalidRequestException", "InvalidRequestException"},
    {"LimitExceededException", "LimitExceededException"},
    {"ResourceExistsException", "ResourceExistsException"},
    {"ResourceNotFoundException", "ResourceNotFoundException"},
};
constexpr std::string_view kTextMembers[] = {"SecretString"};
constexpr std::string_view kDateMembers[] = {"CreatedDate", "DeletedDate", "DeletionDate",
                                             "LastAccessedDate", "LastChangedDate"};
constexpr aws::Profile kProfile{.endpoint = "secretsmanager",
                                .resource = {},
                                .sdk = "secretsmanager",
                                .prefix = "SecretsManager",
                                .base_exception = "SecretsManagerException",
                                .service = "SecretsManager",
                                .sdk_prefix = "SecretsManager",
                                .sdk_base_exception = "SecretsManagerException",
                                .sdk_service = "SecretsManager",
                                .extended_request_id = false,
                                .exceptions = kExceptions,
                                .text_members = kTextMembers,
                                .date_members = kDateMembers,
                                .headers = {},
                                .content_type = "application/x-amz-json-1.1"};

Error not_found() {
  return {"ResourceNotFoundException", "Secrets Manager can't find the specified secret.", 400, {}};
}
Error invalid_parameter(std::string message) {
  return {"InvalidParameterException", std::move(message), 400, {}};
}

std::string row_key(std::string_view name) { return std::string(kRows).append(name); }

// The name in a SecretId: itself, or an ARN's, with or without the six characters behind it.
std::string name_of(std::string_view id) {
  if (!id.starts_with("arn:")) return std::string(id);
  return std::string(id.substr(id.rfind(':') + 1));
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 512 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("-/_+=.@!").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

// SecretString or SecretBinary of `input`, as a version keeps it. Undefined: neither.
std::variant<Value, Error> read_content(const Value& input) {
  const Value* text = input.find("SecretString");
  const Value* binary = input.find("SecretBinary");
  if (text != nullptr && binary != nullptr) {
    return invalid_parameter(
        "You can't specify both a binary secret value and a string secret "
        "value in the same secret.");
  }
  ObjectBuilder content;
  for (const auto& [name, value] : {std::pair{"SecretString", text}, {"SecretBinary", binary}}) {
    if (value == nullptr) continue;
    if (!value->is_string()) return invalid_parameter("The secret must be a text.");
    if (value->as_string().size() > kSecretBytesMax) {
      return Error{"ValidationException", "The secret is too long.", 400, {}};
    }
    content.set(name, *value);
  }
  if (content.size() == 0) return Value();
  return std::move(content).build();
}

// The secret with a new current version; the one before becomes the previous one.
Value with_version(const Value& secret, const std::string& id, const Value& content, double now) {
  ObjectBuilder versions;
  std::vector<Member> unstaged;
  if (const Value* before = secret.find("Versions")) {
    for (const Member& member : before->members()) {
      const std::string_view stage = text_of(member.value, "Stage");
      ObjectBuilder version(member.value);
      version.set("Stage", Value::string(stage == kCurrent ? kPrevious : ""));
      versions.set(member.key, std::move(version).build());
    }
  }
  while (versions.size() >= kVersionsMax) {
    const Value all = ObjectBuilder(versions).build();
    versions.erase(all.members().front().key.as_string());
  }
  ObjectBuilder version(content);
  version.set("CreatedDate", Value::number(now));
  version.set("Stage", Value::string(kCurrent));
  versions.erase(id);
  versions.set(id, std::move(version).build());
  ObjectBuilder changed(secret);
  changed.set("LastChangedDate", Value::number(now));
  changed.set("Versions", std::move(versions).build());
  return std::move(changed).build();
}

Value stages_of(const Value& secret) {
  ObjectBuilder stages;
  if (const Value* versions = secret.find("Versions")) {
    for (const Member& member : versions->members()) {
      const std::string_view stage = text_of(member.value, "Stage");
      if (!stage.empty()) stages.set(member.key, Value::array({Value::string(stage)}));
    }
  }
  return std::move(stages).build();
}

// As DescribeSecret and ListSecrets show it; their member for versions differs.
Value shown(const Value& secret, std::string_view stages_member) {
  ObjectBuilder out;
  for (const std::string_view name : {"ARN", "Name", "Description", "KmsKeyId", "LastChangedDate",
                                      "DeletedDate", "Tags", "CreatedDate"}) {
    if (const Value* value = secret.find(name)) out.set(name, *value);
  }
  out.set(stages_member, stages_of(secret));
  return std::move(out).build();
}

}  // namespace

const aws::Profile& SecretsManager::profile() const { return kProfile; }

std::string SecretsManager::body_of(const aws::Call& /*call*/, const Value& answer) const {
  return asl::to_json(answer);
}

double SecretsManager::now() const {
  return static_cast<double>(ledger_.now().time_since_epoch().count()) / 1000;
}

Answer SecretsManager::call(const aws::Call& call) {
  const std::string& operation = call.operation;
  if (operation == "CreateSecret") return create(call);
  if (operation == "DeleteSecret") return remove(call);
  if (operation == "DescribeSecret") return describe(call);
  if (operation == "GetSecretValue") return get_value(call);
  if (operation == "ListSecrets") return list(call);
  if (operation == "PutSecretValue") return put_value(call, false);
  if (operation == "RestoreSecret") return restore(call);
  if (operation == "UpdateSecret") return put_value(call, true);
  return Error{"UnknownOperationException", "The operation is not offered.", 400, {}};
}

Answer SecretsManager::about_secret(const aws::Call& call, bool also_deleted, const One& one) {
  const std::string name = name_of(text_of(call.input, "SecretId"));
  if (name.empty()) {
    return Error{"ValidationException", "SecretId must not be empty.", 400, {}};
  }
  Answer answer = not_found();
  Status applied = ledger_.apply(
      [&](Change& change) {
        answer = not_found();
        std::string key = row_key(name);
        std::optional<Value> secret = get_json(change, key);
        constexpr std::size_t kSuffix = 7;  // "-AbCdEf"
        if (!secret && name.size() > kSuffix && name[name.size() - kSuffix] == '-') {
          key = row_key(name.substr(0, name.size() - kSuffix));
          secret = get_json(change, key);
        }
        if (!secret) return;
        if (!also_deleted && secret->find("DeletedDate") != nullptr) {
          answer = Error{"InvalidRequestException",
                         "You can't perform this operation on the secret because it was marked for "
                         "deletion.",
                         400,
                         {}};
          return;
        }
        answer = one(change, key, *std::move(secret));
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Value SecretsManager::new_secret(const std::string& name) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  ObjectBuilder secret;
  secret.set("ARN", Value::string(fmt::format("arn:{}:secretsmanager:{}:{}:secret:{}-{}",
                                              options.partition, options.region, options.account,
                                              name, ledger_.new_id().substr(0, 6))));
  secret.set("Name", Value::string(name));
  secret.set("CreatedDate", Value::number(now()));
  secret.set("LastChangedDate", Value::number(now()));
  return std::move(secret).build();
}

std::string SecretsManager::keep(Change& change, const std::string& name, std::string_view text) {
  PAWL_ASSERT(is_name(name) && text.size() <= kSecretBytesMax);
  const std::string key = row_key(name);
  ObjectBuilder secret(get_json(change, key).value_or(new_secret(name)));
  secret.erase("DeletedDate");
  const Value content = std::move(ObjectBuilder().set("SecretString", Value::string(text))).build();
  const Value kept = with_version(std::move(secret).build(), ledger_.new_id(), content, now());
  put_json(change, key, kept);
  return std::string(text_of(kept, "ARN"));
}

std::optional<std::string> SecretsManager::reveal(Change& change, std::string_view name) {
  const std::optional<Value> secret = get_json(change, row_key(name));
  if (!secret || secret->find("DeletedDate") != nullptr) return std::nullopt;
  const Value* versions = secret->find("Versions");
  if (versions == nullptr) return std::nullopt;
  for (const Member& member : versions->members()) {
    const Value* text = member.value.find("SecretString");
    if (text_of(member.value, "Stage") == kCurrent && text != nullptr) {
      return std::string(text->as_string());
    }
  }
  return std::nullopt;
}

void SecretsManager::forget(Change& change, std::string_view name) {
  if (change.get(row_key(name))) change.erase(row_key(name));
}

Answer SecretsManager::create(const aws::Call& call) {
  const std::string name(text_of(call.input, "Name"));
  if (!is_name(name)) {
    return Error{"ValidationException",
                 "Invalid name. Must be a valid name containing alphanumeric characters, or any of "
                 "the following: -/_+=.@!",
                 400,
                 {}};
  }
  auto read = read_content(call.input);
  if (auto* error = std::get_if<Error>(&read)) return std::move(*error);
  const auto& content = std::get<Value>(read);
  std::string version(text_of(call.input, "ClientRequestToken"));
  if (version.empty()) version = ledger_.new_id();
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        if (get_json(change, row_key(name))) {
          answer =
              Error{"ResourceExistsException",
                    fmt::format("The operation failed because the secret {} already exists.", name),
                    400,
                    {}};
          return;
        }
        ObjectBuilder secret(new_secret(name));
        for (const std::string_view member : {"Description", "KmsKeyId", "Tags"}) {
          if (const Value* value = call.input.find(member)) secret.set(member, *value);
        }
        Value whole = std::move(secret).build();
        ObjectBuilder out;
        out.set("ARN", *whole.find("ARN"));
        out.set("Name", Value::string(name));
        if (!content.is_undefined()) {
          whole = with_version(whole, version, content, now());
          out.set("VersionId", Value::string(version));
        }
        put_json(change, row_key(name), whole);
        answer = std::move(out).build();
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer SecretsManager::get_value(const aws::Call& call) {
  return about_secret(call, false, [&](Change&, const std::string&, const Value& secret) -> Answer {
    const std::string_view id = text_of(call.input, "VersionId");
    std::string_view stage = text_of(call.input, "VersionStage");
    if (id.empty() && stage.empty()) stage = kCurrent;
    const Value* versions = secret.find("Versions");
    if (versions != nullptr) {
      for (const Member& member : versions->members()) {
        const bool right = (id.empty() || member.key.as_string() == id) &&
                           (stage.empty() || text_of(member.value, "Stage") == stage);
        if (!right) continue;
        ObjectBuilder out;
        out.set("ARN", *secret.find("ARN"));
        out.set("Name", *secret.find("Name"));
        out.set("VersionId", member.key);
        for (const std::string_view name : {"SecretBinary", "SecretString"}) {
          if (const Value* value = member.value.find(name)) out.set(name, *value);
        }
        const std::string_view own = text_of(member.value, "Stage");
        if (!own.empty()) out.set("VersionStages", Value::array({Value::string(own)}));
        out.set("CreatedDate", *member.value.find("CreatedDate"));
        return std::move(out).build();
      }
    }
    return Error{"ResourceNotFoundException",
                 fmt::format("Secrets Manager can't find the specified secret value for {}: {}",
                             id.empty() ? "staging label" : "VersionId", id.empty() ? stage : id),
                 400,
                 {}};
  });
}

Answer SecretsManager::put_value(const aws::Call& call, bool update) {
  auto read = read_content(call.input);
  if (auto* error = std::get_if<Error>(&read)) return std::move(*error);
  const auto& content = std::get<Value>(read);
  if (content.is_undefined() && !update) {
    return invalid_parameter("You must provide either SecretString or SecretBinary.");
  }
  std::string version(text_of(call.input, "ClientRequestToken"));
  if (version.empty()) version = ledger_.new_id();
  return about_secret(call, false,
                      [&](Change& change, const std::string& key, Value secret) -> Answer {
                        ObjectBuilder changed(secret);
                        if (update) {
                          for (const std::string_view member : {"Description", "KmsKeyId"}) {
                            if (const Value* value = call.input.find(member)) {
                              changed.set(member, *value);
                            }
                          }
                          changed.set("LastChangedDate", Value::number(now()));
                        }
                        secret = std::move(changed).build();
                        ObjectBuilder out;
                        out.set("ARN", *secret.find("ARN"));
                        out.set("Name", *secret.find("Name"));
                        if (!content.is_undefined()) {
                          secret = with_version(secret, version, content, now());
                          out.set("VersionId", Value::string(version));
                          if (!update) {
                            out.set("VersionStages", Value::array({Value::string(kCurrent)}));
                          }
                        }
                        put_json(change, key, secret);
                        return std::move(out).build();
                      });
}

Answer SecretsManager::describe(const aws::Call& call) {
  return about_secret(call, true, [](Change&, const std::string&, const Value& secret) -> Answer {
    return shown(secret, "VersionIdsToStages");
  });
}

Answer SecretsManager::remove(const aws::Call& call) {
  const Value* force = call.input.find("ForceDeleteWithoutRecovery");
  const bool at_once = force != nullptr && force->is_bool() && force->as_bool();
  const Value* window = call.input.find("RecoveryWindowInDays");
  const std::int64_t days = window != nullptr && window->is_int() ? window->as_int() : 30;
  return about_secret(
      call, false, [&](Change& change, const std::string& key, const Value& secret) -> Answer {
        ObjectBuilder out;
        out.set("ARN", *secret.find("ARN"));
        out.set("Name", *secret.find("Name"));
        constexpr double kDaySeconds = 86'400;
        out.set("DeletionDate",
                Value::number(now() + (at_once ? 0 : static_cast<double>(days) * kDaySeconds)));
        if (at_once) {
          change.erase(key);
        } else {
          ObjectBuilder marked(secret);
          marked.set("DeletedDate", Value::number(now()));
          put_json(change, key, std::move(marked).build());
        }
        return std::move(out).build();
      });
}

Answer SecretsManager::restore(const aws::Call& call) {
  return about_secret(call, true,
                      [](Change& change, const std::string& key, const Value& secret) -> Answer {
                        ObjectBuilder restored(secret);
                        restored.erase("DeletedDate");
                        put_json(change, key, std::move(restored).build());
                        ObjectBuilder out;
                        out.set("ARN", *secret.find("ARN"));
                        out.set("Name", *secret.find("Name"));
                        return std::move(out).build();
                      });
}

Answer SecretsManager::list(const aws::Call& call) {
  constexpr std::int64_t kPage = 100;
  const Value* max_member = call.input.find("MaxResults");
  const std::int64_t max = max_member != nullptr && max_member->is_int()
                               ? std::clamp(max_member->as_int(), std::int64_t{1}, kPage)
                               : kPage;
  const Value* deleted_member = call.input.find("IncludePlannedDeletion");
  const bool deleted =
      deleted_member != nullptr && deleted_member->is_bool() && deleted_member->as_bool();
  const std::string_view token = text_of(call.input, "NextToken");
  const std::string from = token.empty() ? std::string(kRows) : row_key(token) + '\0';
  std::vector<Value> secrets;
  std::string last;
  bool more = false;
  Status read = ledger_.read([&](Change& change) {
    change.scan(from, runtime::prefix_end(kRows), [&](std::string_view key, std::string_view row) {
      const std::optional<Value> secret = read_json_row(change, key, row);
      if (!secret) return false;
      if (!deleted && secret->find("DeletedDate") != nullptr) return true;
      if (static_cast<std::int64_t>(secrets.size()) >= max) {
        more = true;
        return false;
      }
      last = key.substr(kRows.size());
      secrets.push_back(shown(*secret, "SecretVersionsToStages"));
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  if (more) out.set("NextToken", Value::string(last));
  out.set("SecretList", Value::array(std::move(secrets)));
  return std::move(out).build();
}

}  // namespace pawl::connectors::secretsmanager
