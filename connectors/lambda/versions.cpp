// Versions, which stay as they were published, and aliases, which point to them.
#include "asl/json/reader.h"
#include "connectors/aws/mapping.h"
#include "connectors/embedded/json_rows.h"
#include "connectors/lambda/api.h"
#include "connectors/lambda/errors.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

bool is_alias_name(std::string_view name) {
  const bool valid =
      !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
      });
  return valid && name.find_first_not_of("0123456789") != std::string_view::npos;
}

std::size_t page_of(const Value& input, std::size_t most) {
  const Value* max = input.find("MaxItems");
  if (max == nullptr || !max->is_int() || max->as_int() < 1) return most;
  return std::min(most, static_cast<std::size_t>(max->as_int()));
}

}  // namespace

Answer LambdaApi::publish(const aws::Call& call) {
  std::optional<FunctionRecord> published;
  bool is_new = false;
  Answer answer = change_function(call, [&](Change& change, FunctionRecord& latest) -> Answer {
    published.reset();
    is_new = false;
    if (auto wrong = check_revision(call.input, latest)) return *std::move(wrong);
    const std::string_view sha = text_of(call.input, "CodeSha256");
    if (!sha.empty() && sha != latest.code_sha256) {
      return invalid_value(
          fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). "
                      "Please try again with the CodeSHA256 in $LATEST.",
                      sha, latest.code_sha256));
    }
    const Value last = latest.extra("LastVersion");
    const std::int64_t number = last.is_int() ? last.as_int() : 0;
    const Value revision = latest.extra("PublishedRevision");
    if (revision.is_string() && revision.as_string() == latest.revision) {
      // Nothing has changed since: the same version again, unless it was deleted.
      published = find_function(change, latest.name, std::to_string(number));
      if (published) return Value::object({});
    }
    std::size_t count = 0;
    const std::string range = lambda_keys::versions(latest.name);
    change.scan(range, runtime::prefix_end(range),
                [&](std::string_view, std::string_view) { return ++count < kVersionsMax; });
    if (count >= kVersionsMax)
      return Error{"CodeStorageExceededException", "Too many versions.", 400, {}};
    is_new = true;
    FunctionRecord version = latest;
    version.version = std::to_string(number + 1);
    version.revision = ledger_.new_id();
    version.extras = Value::object({});
    if (call.input.find("Description") != nullptr && call.operation == "PublishVersion") {
      ObjectBuilder settings(version.settings);
      settings.set("Description", *call.input.find("Description"));
      version.settings = std::move(settings).build();
    }
    latest.set_extra("LastVersion", Value::integer(number + 1));
    latest.set_extra("PublishedRevision", Value::string(latest.revision));
    change.put(lambda_keys::version(version.name, static_cast<std::uint64_t>(number) + 1),
               encode(version));
    published = std::move(version);
    return Value::object({});
  });
  if (std::holds_alternative<Error>(answer)) return answer;
  if (is_new) {
    if (auto wrong = declare(*published)) return *std::move(wrong);
  }
  return describe(*published, published->version);
}

Answer LambdaApi::remove_version(const aws::Call& call, const Named& named) {
  if (named.qualifier == kLatest) {
    return invalid_value("$LATEST version cannot be deleted without deleting the function.");
  }
  const std::optional<std::uint64_t> number = version_number(named.qualifier);
  if (!number) {
    return invalid_value("Deletion of aliases is not currently supported.");
  }
  std::optional<Error> refused;
  Status erased = ledger_.apply(
      [&](Change& change) {
        refused.reset();
        const std::optional<FunctionRecord> version =
            find_function(change, named.name, named.qualifier);
        if (!version) {
          refused = not_found(named);
          return;
        }
        const std::string range = lambda_keys::aliases(named.name);
        change.scan(
            range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
              const std::optional<Value> alias = read_json_row(change, key, row);
              if (!alias) return false;
              const Value* routing = alias->find("RoutingConfig");
              const Value* weights =
                  routing == nullptr ? nullptr : routing->find("AdditionalVersionWeights");
              const bool used = text_of(*alias, "FunctionVersion") == named.qualifier ||
                                (weights != nullptr && weights->find(named.qualifier) != nullptr);
              if (used) {
                refused =
                    Error{"ResourceConflictException",
                          fmt::format("Unable to delete version because the following aliases "
                                      "reference it: [{}]",
                                      key.substr(range.size())),
                          409,
                          {}};
              }
              return !used;
            });
        if (refused) return;
        change.erase(lambda_keys::version(named.name, *number));
        const bool unused = is_unused(change, *version);
        change.when_durable([this, version = *version, unused] {
          backend_->remove(version.name, version.version);
          refresh(version.name);
          if (unused) remove_directory(version.directory);
        });
      },
      call.joined);
  if (!erased) return aws::store_error(erased.error());
  if (refused) return *std::move(refused);
  return Value::object({});
}

Answer LambdaApi::list_versions(const aws::Call& call) {
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const std::string& name = std::get<Named>(named).name;
  const std::size_t page = page_of(call.input, 50);
  std::vector<Value> versions;
  std::string next;
  bool there = false;
  Status read = ledger_.read([&](Change& change) {
    const std::optional<FunctionRecord> latest = find_function(change, name);
    there = latest.has_value();
    if (!there) return;
    std::string from = lambda_keys::versions(name);
    const std::string_view marker = text_of(call.input, "Marker");
    if (const auto after = version_number(marker)) {
      from = lambda_keys::version(name, *after) + '\0';
    } else {
      versions.push_back(describe(*latest, kLatest));
    }
    std::string last{"0"};
    change.scan(from, runtime::prefix_end(lambda_keys::versions(name)),
                [&](std::string_view key, std::string_view row) {
                  const Result<FunctionRecord> version = decode_function(row, key);
                  if (!version) {
                    change.fail(version.error());
                    return false;
                  }
                  if (versions.size() >= page) {
                    next = last;
                    return false;
                  }
                  last = version->version;
                  versions.push_back(describe(*version, version->version));
                  return true;
                });
  });
  if (!read) return aws::store_error(read.error());
  if (!there) return not_found({name, ""});
  ObjectBuilder out;
  if (!next.empty()) out.set("NextMarker", Value::string(next));
  out.set("Versions", Value::array(std::move(versions)));
  return std::move(out).build();
}

// --- aliases ---

namespace {

// What of a call belongs to an alias, over what it was. An error text, or the alias.
std::variant<Value, std::string> read_alias(const Value& input, const Value& before) {
  ObjectBuilder alias(before);
  for (const std::string_view member : {"Description", "FunctionVersion"}) {
    if (const Value* value = input.find(member)) alias.set(member, *value);
  }
  if (const Value* routing = input.find("RoutingConfig"); routing != nullptr) {
    const Value* weights = routing->find("AdditionalVersionWeights");
    if (weights == nullptr || !weights->is_object() || weights->size() == 0) {
      alias.erase("RoutingConfig");
    } else {
      if (weights->size() > 1) return "Number of items in AdditionalVersionWeights cannot exceed 1";
      const Value& weight = weights->members()[0].value;
      if (!weight.is_number() || weight.as_double() < 0 || weight.as_double() > 1) {
        return "Value at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: "
               "weights are between 0.0 and 1.0";
      }
      alias.set("RoutingConfig", *routing);
    }
  }
  return std::move(alias).build();
}

}  // namespace

Answer LambdaApi::put_alias(const aws::Call& call, bool is_new) {
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const std::string& function = std::get<Named>(named).name;
  const std::string name(text_of(call.input, "Name"));
  if (!is_alias_name(name)) {
    return invalid_value(fmt::format(
        "1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        name));
  }
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        answer = not_found({function, ""});
        if (!find_function(change, function)) return;
        const std::string key = lambda_keys::alias(function, name);
        const std::optional<Value> before = get_json(change, key);
        if (is_new && before) {
          answer = Error{"ResourceConflictException",
                         fmt::format("Alias already exists: {}", arn_of(function, name)),
                         409,
                         {}};
          return;
        }
        if (!is_new && !before) {
          answer = Error{"ResourceNotFoundException",
                         fmt::format("Alias not found: {}", arn_of(function, name)),
                         404,
                         {}};
          return;
        }
        const std::string_view revision = text_of(call.input, "RevisionId");
        if (!revision.empty() && (!before || text_of(*before, "RevisionId") != revision)) {
          answer = wrong_revision();
          return;
        }
        ObjectBuilder fresh;
        fresh.set("AliasArn", Value::string(arn_of(function, name)));
        fresh.set("Name", Value::string(name));
        fresh.set("Description", Value::string(""));
        auto read = read_alias(call.input, before ? *before : std::move(fresh).build());
        if (auto* text = std::get_if<std::string>(&read)) {
          answer = invalid_value(std::move(*text));
          return;
        }
        ObjectBuilder alias(std::get<Value>(read));
        alias.set("RevisionId", Value::string(ledger_.new_id()));
        const Value kept = std::move(alias).build();
        std::vector<std::string> versions = {std::string(text_of(kept, "FunctionVersion"))};
        if (const Value* routing = kept.find("RoutingConfig")) {
          for (const asl::Member& member : routing->find("AdditionalVersionWeights")->members()) {
            versions.emplace_back(member.key.as_string());
          }
        }
        for (const std::string& version : versions) {
          if (find_function(change, function, version)) continue;
          answer = not_found({function, version});
          return;
        }
        std::size_t count = 0;
        const std::string range = lambda_keys::aliases(function);
        change.scan(range, runtime::prefix_end(range),
                    [&](std::string_view, std::string_view) { return ++count < kAliasesMax; });
        if (is_new && count >= kAliasesMax) {
          answer = Error{"TooManyRequestsException", "Too many aliases.", 429, {}};
          return;
        }
        put_json(change, key, kept);
        change.when_durable([this, function] { refresh(function); });
        answer = kept;
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer LambdaApi::get_alias(const aws::Call& call) {
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const std::string& function = std::get<Named>(named).name;
  const std::string_view name = text_of(call.input, "Name");
  std::optional<Value> alias;
  Status read = ledger_.read(
      [&](Change& change) { alias = get_json(change, lambda_keys::alias(function, name)); });
  if (!read) return aws::store_error(read.error());
  if (!alias) {
    return Error{"ResourceNotFoundException",
                 fmt::format("Cannot find alias arn: {}", arn_of(function, name)),
                 404,
                 {}};
  }
  return *std::move(alias);
}

Answer LambdaApi::remove_alias(const aws::Call& call) {
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const std::string& function = std::get<Named>(named).name;
  const std::string name(text_of(call.input, "Name"));
  Status erased = ledger_.apply(
      [&](Change& change) {
        const std::string key = lambda_keys::alias(function, name);
        if (!change.get(key)) return;  // no error, as AWS
        change.erase(key);
        change.when_durable([this, function] { refresh(function); });
      },
      call.joined);
  if (!erased) return aws::store_error(erased.error());
  return Value::object({});
}

Answer LambdaApi::list_aliases(const aws::Call& call) {
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  const std::string& function = std::get<Named>(named).name;
  const std::size_t page = page_of(call.input, 50);
  const std::string_view wanted = text_of(call.input, "FunctionVersion");
  std::vector<Value> aliases;
  std::string next;
  bool there = false;
  Status read = ledger_.read([&](Change& change) {
    there = find_function(change, function).has_value();
    const std::string range = lambda_keys::aliases(function);
    const std::string_view marker = text_of(call.input, "Marker");
    const std::string from = marker.empty() ? range : lambda_keys::alias(function, marker) + '\0';
    std::string last;
    change.scan(from, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
      std::optional<Value> alias = read_json_row(change, key, row);
      if (!alias) return false;
      if (!wanted.empty() && text_of(*alias, "FunctionVersion") != wanted) return true;
      if (aliases.size() >= page) {
        next = last;
        return false;
      }
      last = key.substr(range.size());
      aliases.push_back(*std::move(alias));
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  if (!there) return not_found({function, ""});
  ObjectBuilder out;
  out.set("Aliases", Value::array(std::move(aliases)));
  if (!next.empty()) out.set("NextMarker", Value::string(next));
  return std::move(out).build();
}

}  // namespace pawl::connectors
