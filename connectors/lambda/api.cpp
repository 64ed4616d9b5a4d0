#include "connectors/lambda/api.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/mapping.h"
#include "connectors/embedded/json_rows.h"
#include "connectors/lambda/errors.h"
#include "runtime/files/blocking.h"
#include "runtime/log/log.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <stdlib.h>
#include <vector>

namespace pawl::connectors {

namespace fs = std::filesystem;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::size_t kFunctionsMax = 10'000;  // as declared ones

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"CodeStorageExceededException", "CodeStorageExceededException"},
    {"InvalidParameterValueException", "InvalidParameterValueException"},
    {"InvalidRequestContentException", "InvalidRequestContentException"},
    {"InvalidZipFileException", "InvalidZipFileException"},
    {"PolicyLengthExceededException", "PolicyLengthExceededException"},
    {"PreconditionFailedException", "PreconditionFailedException"},
    {"RequestTooLargeException", "RequestTooLargeException"},
    {"ResourceConflictException", "ResourceConflictException"},
    {"ResourceNotFoundException", "ResourceNotFoundException"},
    {"ServiceException", "ServiceException"},
    {"TooManyRequestsException", "TooManyRequestsException"},
};
constexpr std::string_view kTextMembers[] = {"Payload"};
constexpr aws::Profile kProfile{.endpoint = "lambda",
                                .resource = {},  // lambda:invoke has a handler of its own
                                .sdk = "lambda",
                                .prefix = "Lambda",
                                .base_exception = "AWSLambdaException",
                                .service = "AWSLambda",
                                .sdk_prefix = "Lambda",
                                .sdk_base_exception = "LambdaException",
                                .sdk_service = "Lambda",
                                .extended_request_id = false,
                                .exceptions = kExceptions,
                                .text_members = kTextMembers,
                                .date_members = {},
                                .headers = {},
                                .content_type = "application/json"};

}  // namespace

LambdaApi::LambdaApi(Ledger& ledger, Outbox& outbox, std::string directory)
    : ledger_(ledger),
      outbox_(outbox),
      directory_(std::move(directory)),
      temporary_(directory_.empty()) {
  if (!temporary_) return;
  directory_ = (fs::temp_directory_path() / ("pawl-functions-" + ledger.new_id())).string();
}

LambdaApi::~LambdaApi() {
  if (!temporary_) return;
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

const aws::Profile& LambdaApi::profile() const { return kProfile; }

std::string LambdaApi::body_of(const aws::Call& /*call*/, const Value& answer) const {
  return asl::to_json(answer);
}

std::string LambdaApi::path_of(const std::string& directory) const {
  return directory_ + "/" + directory;
}

std::string LambdaApi::arn_of(std::string_view name, std::string_view qualifier) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  return fmt::format("arn:{}:lambda:{}:{}:function:{}{}{}", options.partition, options.region,
                     options.account, name, qualifier.empty() ? "" : ":", qualifier);
}

Error LambdaApi::not_found(const Named& named) const {
  return {"ResourceNotFoundException",
          "Function not found: " + arn_of(named.name, named.qualifier),
          404,
          {}};
}

void LambdaApi::remove_directory(const std::string& directory) const {
  runtime::post_blocking([path = path_of(directory)] {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  });
}

void LambdaApi::connect(LocalLambda& backend) {
  backend_ = &backend;
  backend.connect([this](const Invocation& invocation, const std::string& request_id) {
    return accept(invocation, request_id);
  });
  outbox_.connect("lambda", [this](const Delivery& delivery) { return carry(delivery); });
}

Status LambdaApi::open() {
  if (backend_ == nullptr) return {};
  std::vector<FunctionRecord> functions;
  Status read = ledger_.read([&](Change& change) {
    for (const std::string_view kind : {lambda_keys::kFunctions, lambda_keys::kVersions}) {
      change.scan(kind, runtime::prefix_end(kind), [&](std::string_view key, std::string_view row) {
        Result<FunctionRecord> function = decode_function(row, key);
        if (!function) {
          change.fail(std::move(function).error());
          return false;
        }
        functions.push_back(*std::move(function));
        return true;
      });
    }
  });
  if (!read) return read;
  for (const FunctionRecord& function : functions) {
    if (const auto wrong = declare(function)) {
      runtime::log().error("The function {} ({}) cannot run: {}", function.name, function.version,
                           wrong->message);
    }
    if (function.version == kLatest) refresh(function.name);
  }
  std::vector<std::string> there;
  Status listed = runtime::run_blocking([&] {
    std::error_code code;
    for (fs::directory_iterator entry(directory_, code), end; !code && entry != end;
         entry.increment(code)) {
      there.push_back(entry->path().filename().string());
    }
  });
  if (!listed) return listed;
  for (const std::string& directory : there) {
    const bool known = std::any_of(
        functions.begin(), functions.end(),
        [&](const FunctionRecord& function) { return function.directory == directory; });
    if (!known) remove_directory(directory);
  }
  return {};
}

void LambdaApi::refresh(const std::string& name) {
  Managed managed;
  bool there = false;
  Status read = ledger_.read([&](Change& change) {
    const std::optional<FunctionRecord> latest = find_function(change, name);
    there = latest.has_value();
    if (!there) return;
    const Value reserved = latest->extra("ReservedConcurrentExecutions");
    if (reserved.is_int()) managed.reserved = static_cast<std::size_t>(reserved.as_int());
    const std::string range = lambda_keys::aliases(name);
    change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
      const std::optional<Value> alias = read_json_row(change, key, row);
      if (!alias) return false;
      Managed::Alias one;
      one.version = text_of(*alias, "FunctionVersion");
      if (const Value* routing = alias->find("RoutingConfig")) {
        if (const Value* weights = routing->find("AdditionalVersionWeights")) {
          for (const asl::Member& member : weights->members()) {
            one.second_version = member.key.as_string();
            one.second_weight = member.value.as_double();
          }
        }
      }
      managed.aliases.emplace(key.substr(range.size()), std::move(one));
      return true;
    });
  });
  if (!read) {
    return runtime::log().error("The aliases of {} cannot be read: {}", name, read.error().message);
  }
  if (there) backend_->manage(name, std::move(managed));
}

Answer LambdaApi::call(const aws::Call& call) {
  if (backend_ == nullptr) {
    return Error{"ServiceException", "No functions can run in this program.", 500, {}};
  }
  const std::string& operation = call.operation;
  if (operation == "AddPermission" || operation == "GetPolicy" || operation == "RemovePermission") {
    return policy(call);
  }
  if (operation == "CreateAlias") return put_alias(call, true);
  if (operation == "CreateFunction") return create(call);
  if (operation == "DeleteAlias") return remove_alias(call);
  if (operation == "DeleteFunction") return remove(call);
  if (operation.ends_with("FunctionConcurrency")) return concurrency(call);
  if (operation.ends_with("FunctionEventInvokeConfig") ||
      operation == "ListFunctionEventInvokeConfigs") {
    return event_settings(call);
  }
  if (operation == "GetAccountSettings") return account_settings();
  if (operation == "GetAlias") return get_alias(call);
  if (operation == "GetFunction") return get(call, true);
  if (operation == "GetFunctionConfiguration") return get(call, false);
  if (operation == "Invoke") return invoke(call);
  if (operation == "ListAliases") return list_aliases(call);
  if (operation == "ListFunctions") return list(call);
  if (operation == "ListTags" || operation == "TagResource" || operation == "UntagResource") {
    return tags(call);
  }
  if (operation == "ListVersionsByFunction") return list_versions(call);
  if (operation == "PublishVersion") return publish(call);
  if (operation == "UpdateAlias") return put_alias(call, false);
  if (operation == "UpdateFunctionCode") return update_code(call);
  if (operation == "UpdateFunctionConfiguration") return update_configuration(call);
  return Error{"UnknownOperationException", "The operation is not offered.", 404, {}};
}

std::variant<LambdaApi::Named, Error> LambdaApi::named_in(const aws::Call& call) const {
  std::string_view text = text_of(call.input, "FunctionName");
  if (text.empty()) text = text_of(call.input, "Resource");
  const std::optional<FunctionName> name = parse_function_name(text);
  if (!name) {
    return invalid_value(fmt::format(
        "1 validation error detected: Value '{}' at 'functionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: {}",
        text, kFunctionNamePattern));
  }
  const std::string_view qualifier = text_of(call.input, "Qualifier");
  if (!qualifier.empty() && !name->qualifier.empty() && name->qualifier != qualifier) {
    return invalid_value(
        "The derived qualifier from the function name does not match the specified qualifier.");
  }
  return Named{name->name, qualifier.empty() ? name->qualifier : std::string(qualifier)};
}

std::optional<std::string> LambdaApi::version_of(Change& change, const Named& named) const {
  if (named.qualifier.empty() || named.qualifier == kLatest) return std::string(kLatest);
  if (version_number(named.qualifier)) {
    if (!find_function(change, named.name, named.qualifier)) return std::nullopt;
    return named.qualifier;
  }
  const std::optional<Value> alias =
      get_json(change, lambda_keys::alias(named.name, named.qualifier));
  if (!alias) return std::nullopt;
  return std::string(text_of(*alias, "FunctionVersion"));
}

std::variant<FunctionRecord, Error> LambdaApi::find(const aws::Call& call) {
  auto read_name = named_in(call);
  if (auto* error = std::get_if<Error>(&read_name)) return std::move(*error);
  const Named& named = std::get<Named>(read_name);
  std::optional<FunctionRecord> found;
  Status read = ledger_.read([&](Change& change) {
    const std::optional<std::string> version = version_of(change, named);
    if (version) found = find_function(change, named.name, *version);
  });
  if (!read) return aws::store_error(read.error());
  if (!found) return not_found(named);
  return *std::move(found);
}

bool LambdaApi::is_unused(Change& change, const FunctionRecord& without) const {
  bool unused = true;
  const auto look = [&](const FunctionRecord& other) {
    if (other.version != without.version && other.directory == without.directory) unused = false;
    return unused;
  };
  if (const auto latest = find_function(change, without.name)) look(*latest);
  const std::string range = lambda_keys::versions(without.name);
  change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
    const Result<FunctionRecord> version = decode_function(row, key);
    if (!version) {
      change.fail(version.error());
      return false;
    }
    return look(*version);
  });
  return unused;
}

std::optional<Error> LambdaApi::store(const aws::Call& call, const FunctionRecord& function,
                                      bool is_new) {
  std::optional<Error> refused;
  const std::string key = lambda_keys::function(function.name);
  Status stored = ledger_.apply(
      [&](Change& change) {
        refused.reset();
        const std::optional<FunctionRecord> old = find_function(change, function.name);
        if (is_new && old) {
          refused = Error{
              "ResourceConflictException", "Function already exist: " + function.name, 409, {}};
          return;
        }
        FunctionRecord kept = function;
        if (old) {
          refused = check_revision(call.input, *old);
          if (refused) return;
          kept.extras = old->extras;  // somebody else may have changed them meanwhile
          if (old->directory != function.directory && is_unused(change, *old)) {
            change.when_durable(
                [this, directory = old->directory] { remove_directory(directory); });
          }
        }
        change.put(key, encode(kept));
        change.when_durable([this, name = function.name] { refresh(name); });
      },
      call.joined);
  if (!stored) return aws::store_error(stored.error());
  return refused;
}

Value LambdaApi::describe(const FunctionRecord& function, std::string_view qualifier) const {
  ObjectBuilder out;
  out.set("FunctionName", Value::string(function.name));
  out.set("FunctionArn", Value::string(arn_of(function.name, qualifier)));
  for (const asl::Member& member : function.settings.members()) out.set(member.key, member.value);
  const auto absent = [&](std::string_view name, Value value) {
    if (function.settings.find(name) == nullptr) out.set(name, std::move(value));
  };
  absent("Description", Value::string(""));
  absent("Timeout", Value::integer(3));
  absent("MemorySize", Value::integer(kFunctionMemoryMinMb));
  out.set("CodeSize", Value::integer(function.code_bytes));
  out.set("CodeSha256", Value::string(function.code_sha256));
  out.set("LastModified", Value::string(function.modified));
  out.set("RevisionId", Value::string(function.revision));
  out.set("Version", Value::string(function.version));
  out.set("State", Value::string("Active"));
  out.set("LastUpdateStatus", Value::string("Successful"));
  out.set("PackageType", Value::string("Zip"));
  out.set("Architectures", Value::array({Value::string("x86_64")}));
  out.set("TracingConfig",
          std::move(ObjectBuilder().set("Mode", Value::string("PassThrough"))).build());
  out.set("EphemeralStorage", std::move(ObjectBuilder().set("Size", Value::integer(512))).build());
  return std::move(out).build();
}

namespace {

std::string modified_text(runtime::WallTime now) {
  std::string text = aws::iso_date(static_cast<double>(now.time_since_epoch().count()) / 1000);
  text.back() = '+';  // Lambda's own form
  return text + "0000";
}

bool wants(const Value& input, std::string_view member) {
  const Value* value = input.find(member);
  return value != nullptr && value->is_bool() && value->as_bool();
}

// The RevisionId of a call that has changed the function already.
aws::Call without_revision(const aws::Call& call) {
  aws::Call after = call;
  ObjectBuilder input(call.input);
  input.erase("RevisionId");
  after.input = std::move(input).build();
  return after;
}

}  // namespace

Answer LambdaApi::create(const aws::Call& call) {
  FunctionRecord function;
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  function.name = std::get<Named>(named).name;
  std::size_t count = 0;
  Status counted = ledger_.read([&](Change& change) {
    change.scan(lambda_keys::kFunctions, runtime::prefix_end(lambda_keys::kFunctions),
                [&](std::string_view, std::string_view) { return ++count < kFunctionsMax; });
  });
  if (!counted) return aws::store_error(counted.error());
  if (count >= kFunctionsMax) {
    return Error{"TooManyRequestsException", "Too many functions.", 429, {}};
  }
  const Value* code = call.input.find("Code");
  if (code == nullptr) return invalid_value("Code is required.");
  for (const std::string_view member : {"Runtime", "Handler"}) {
    if (text_of(call.input, member).empty()) {
      return invalid_value(
          "Runtime and Handler are mandatory parameters for functions created "
          "with deployment packages.");
    }
  }
  if (auto wrong = read_settings(call.input, function)) return *std::move(wrong);
  if (const Value* tags = call.input.find("Tags")) function.set_extra("Tags", *tags);
  // Before the work: the usual mistake. Whoever comes at the same time is refused in store().
  if (!std::holds_alternative<Error>(find(call))) {
    return Error{"ResourceConflictException", "Function already exist: " + function.name, 409, {}};
  }
  if (auto wrong = unpack_code(*code, function)) return *std::move(wrong);
  function.modified = modified_text(ledger_.now());
  function.revision = ledger_.new_id();
  std::optional<Error> wrong = store(call, function, true);
  if (!wrong) {
    wrong = declare(function);
    if (wrong) static_cast<void>(remove(call));
  }
  if (wrong) {
    remove_directory(function.directory);
    return *std::move(wrong);
  }
  if (wants(call.input, "Publish")) return publish(call);
  return describe(function);
}

Answer LambdaApi::update_code(const aws::Call& call) {
  auto found = find(call);
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  auto& function = std::get<FunctionRecord>(found);
  if (function.version != kLatest) return invalid_value("Only $LATEST can be changed.");
  if (auto wrong = check_revision(call.input, function)) return *std::move(wrong);
  if (auto wrong = unpack_code(call.input, function)) return *std::move(wrong);
  function.modified = modified_text(ledger_.now());
  function.revision = ledger_.new_id();
  if (wants(call.input, "DryRun")) {
    remove_directory(function.directory);
    return describe(function);
  }
  if (auto wrong = store(call, function, false)) {
    remove_directory(function.directory);
    return *std::move(wrong);
  }
  if (auto wrong = declare(function)) return *std::move(wrong);
  if (wants(call.input, "Publish")) return publish(without_revision(call));
  return describe(function);
}

Answer LambdaApi::update_configuration(const aws::Call& call) {
  auto found = find(call);
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  auto& function = std::get<FunctionRecord>(found);
  if (function.version != kLatest) return invalid_value("Only $LATEST can be changed.");
  if (auto wrong = check_revision(call.input, function)) return *std::move(wrong);
  if (auto wrong = read_settings(call.input, function)) return *std::move(wrong);
  function.modified = modified_text(ledger_.now());
  function.revision = ledger_.new_id();
  if (auto wrong = declare(function)) return *std::move(wrong);
  if (auto wrong = store(call, function, false)) return *std::move(wrong);
  return describe(function);
}

Answer LambdaApi::remove(const aws::Call& call) {
  auto read_name = named_in(call);
  if (auto* error = std::get_if<Error>(&read_name)) return std::move(*error);
  const Named& named = std::get<Named>(read_name);
  if (!named.qualifier.empty()) return remove_version(call, named);
  bool there = false;
  Status erased = ledger_.apply(
      [&](Change& change) {
        const std::optional<FunctionRecord> latest = find_function(change, named.name);
        there = latest.has_value();
        if (!there) return;
        std::set<std::string> directories = {latest->directory};
        std::vector<std::string> versions;
        std::vector<std::string> rows = {lambda_keys::function(named.name)};
        const std::string range = lambda_keys::versions(named.name);
        change.scan(range, runtime::prefix_end(range),
                    [&](std::string_view key, std::string_view row) {
                      rows.emplace_back(key);
                      const Result<FunctionRecord> version = decode_function(row, key);
                      if (!version) return true;  // damaged: it goes all the same
                      directories.insert(version->directory);
                      versions.push_back(version->version);
                      return true;
                    });
        const std::string aliases = lambda_keys::aliases(named.name);
        change.scan(aliases, runtime::prefix_end(aliases),
                    [&](std::string_view key, std::string_view) {
                      rows.emplace_back(key);
                      return true;
                    });
        for (const std::string& key : rows) change.erase(key);
        change.when_durable([this, name = named.name, directories, versions] {
          for (const std::string& version : versions) backend_->remove(name, version);
          backend_->remove(name);
          for (const std::string& directory : directories) remove_directory(directory);
        });
      },
      call.joined);
  if (!erased) return aws::store_error(erased.error());
  if (!there) return not_found(named);
  return Value::object({});
}

Answer LambdaApi::get(const aws::Call& call, bool with_code) {
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  auto found = find(call);
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  const auto& function = std::get<FunctionRecord>(found);
  Value configuration = describe(function, std::get<Named>(named).qualifier);
  if (!with_code) return configuration;
  ObjectBuilder code;
  code.set("Location", Value::string("file://" + path_of(function.directory)));
  code.set("RepositoryType", Value::string("S3"));
  ObjectBuilder out;
  out.set("Code", std::move(code).build());
  out.set("Configuration", std::move(configuration));
  if (const Value tags = function.extra("Tags"); tags.is_object() && tags.size() > 0) {
    out.set("Tags", tags);
  }
  if (const Value reserved = function.extra("ReservedConcurrentExecutions"); reserved.is_int()) {
    ObjectBuilder concurrency;
    concurrency.set("ReservedConcurrentExecutions", reserved);
    out.set("Concurrency", std::move(concurrency).build());
  }
  return std::move(out).build();
}

Answer LambdaApi::list(const aws::Call& call) {
  std::size_t page = 50;
  if (const Value* max = call.input.find("MaxItems");
      max != nullptr && max->is_int() && max->as_int() > 0) {
    page = std::min(page, static_cast<std::size_t>(max->as_int()));
  }
  const std::string from =
      lambda_keys::function(text_of(call.input, "Marker")) +
      (text_of(call.input, "Marker").empty() ? std::string() : std::string(1, '\0'));
  std::vector<Value> functions;
  std::string last;
  bool more = false;
  Status read = ledger_.read([&](Change& change) {
    change.scan(from, runtime::prefix_end(lambda_keys::kFunctions),
                [&](std::string_view key, std::string_view row) {
                  if (functions.size() >= page) {
                    more = true;
                    return false;
                  }
                  const Result<FunctionRecord> function = decode_function(row, key);
                  if (!function) {
                    change.fail(function.error());
                    return false;
                  }
                  last = function->name;
                  functions.push_back(describe(*function));
                  return true;
                });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  out.set("Functions", Value::array(std::move(functions)));
  if (more) out.set("NextMarker", Value::string(last));
  return std::move(out).build();
}

Answer LambdaApi::invoke(const aws::Call& call) {
  auto named = named_in(call);
  if (auto* error = std::get_if<Error>(&named)) return std::move(*error);
  std::optional<FunctionName> name = parse_function_name(text_of(call.input, "FunctionName"));
  const engine::EngineOptions& options = ledger_.engine().options();
  if (name->partition.empty()) name->partition = options.partition;
  if (name->region.empty()) name->region = options.region;
  if (name->account.empty()) name->account = options.account;
  name->qualifier = std::get<Named>(named).qualifier;
  Invocation invocation;
  invocation.function = *std::move(name);
  invocation.payload = text_of(call.input, "Payload");
  if (invocation.payload.empty()) invocation.payload = "{}";
  if (const Result<Value> event = asl::read_json(invocation.payload); !event) {
    return Error{"InvalidRequestContentException",
                 "Could not parse request body into json: " + event.error().message,
                 400,
                 {}};
  }
  const std::string_view type = text_of(call.input, "InvocationType");
  if (type == "Event") invocation.type = InvocationType::kEvent;
  if (type == "DryRun") invocation.type = InvocationType::kDryRun;
  invocation.tail_log = text_of(call.input, "LogType") == "Tail";
  if (const auto context = aws::from_base64(text_of(call.input, "ClientContext"))) {
    invocation.client_context = *context;
  }
  invocation.idempotency_key = call.request_id;
  InvocationOutcome outcome = backend_->invoke(invocation, nullptr);
  if (const auto* error = std::get_if<ServiceError>(&outcome)) {
    Error shown{error->name, error->message, error->status, {}};
    if (!error->reason.empty()) {
      shown.details =
          std::move(ObjectBuilder().set("Reason", Value::string(error->reason))).build();
    }
    return shown;
  }
  const auto* answered = std::get_if<InvocationAnswer>(&outcome);
  if (answered == nullptr) return Error{"ServiceException", "The call was given up.", 500, {}};
  ObjectBuilder out;
  if (!answered->executed_version.empty()) {
    out.set("ExecutedVersion", Value::string(answered->executed_version));
  }
  if (answered->function_error) out.set("FunctionError", Value::string("Unhandled"));
  if (!answered->log_result.empty()) out.set("LogResult", Value::string(answered->log_result));
  if (answered->status == 200) out.set("Payload", Value::string(answered->payload));
  out.set("StatusCode", Value::integer(answered->status));
  return std::move(out).build();
}

}  // namespace pawl::connectors
