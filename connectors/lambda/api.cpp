#include "connectors/lambda/api.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/aws/mapping.h"
#include "connectors/lambda/zip.h"
#include "runtime/files/blocking.h"
#include "runtime/log/log.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <filesystem>
#include <stdlib.h>
#include <vector>

namespace pawl::connectors {

namespace fs = std::filesystem;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::string_view kRows = "Slf";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kZipBytesMax = 52'428'800;  // AWS
constexpr std::size_t kFunctionsMax = 10'000;     // as declared ones

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"InvalidParameterValueException", "InvalidParameterValueException"},
    {"InvalidRequestContentException", "InvalidRequestContentException"},
    {"InvalidZipFileException", "InvalidZipFileException"},
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

Error invalid_value(std::string message) {
  return {"InvalidParameterValueException", std::move(message), 400, {}};
}

std::string row_key(std::string_view name) { return std::string(kRows).append(name); }

}  // namespace

struct LambdaApi::Function {
  std::string name;
  std::string directory;  // below directory_
  std::string code_sha256;
  std::int64_t code_bytes = 0;
  std::string modified;
  std::string revision;
  Value settings;  // Runtime, Role, Handler, Timeout, MemorySize, Environment, Description, ...

  std::string encode() const {
    runtime::Encoder out(kVersion);
    out.string(name).string(directory).string(code_sha256);
    out.varint(static_cast<std::uint64_t>(code_bytes));
    out.string(modified).string(revision).string(asl::to_json(settings));
    return out.seal();
  }
  static Result<Function> decode(std::string_view bytes, std::string_view key) {
    const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
    if (!opened) return opened.error();
    runtime::Decoder in(opened->payload);
    Function function;
    function.name = in.string();
    function.directory = in.string();
    function.code_sha256 = in.string();
    function.code_bytes = static_cast<std::int64_t>(in.varint());
    function.modified = in.string();
    function.revision = in.string();
    const std::string_view settings = in.string();
    if (Status finished = in.finished(key); !finished) return std::move(finished).error();
    Result<Value> read = asl::read_json(settings);
    if (!read) return std::move(read).error();
    function.settings = *std::move(read);
    return function;
  }
};

LambdaApi::LambdaApi(Ledger& ledger, std::string directory)
    : ledger_(ledger), directory_(std::move(directory)), temporary_(directory_.empty()) {
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

std::string LambdaApi::arn_of(std::string_view name) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  return fmt::format("arn:{}:lambda:{}:{}:function:{}", options.partition, options.region,
                     options.account, name);
}

void LambdaApi::remove_directory(const std::string& directory) const {
  runtime::post_blocking([path = path_of(directory)] {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  });
}

Status LambdaApi::open() {
  if (backend_ == nullptr) return {};
  std::vector<Function> functions;
  Status read = ledger_.read([&](Change& change) {
    change.scan(kRows, runtime::prefix_end(kRows), [&](std::string_view key, std::string_view row) {
      Result<Function> function = Function::decode(row, key);
      if (!function) {
        change.fail(std::move(function).error());
        return false;
      }
      functions.push_back(*std::move(function));
      return true;
    });
  });
  if (!read) return read;
  for (const Function& function : functions) {
    if (const auto wrong = declare(function)) {
      runtime::log().error("The function {} cannot run: {}", function.name, wrong->message);
    }
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
    bool known = false;
    for (const Function& function : functions) known = known || function.directory == directory;
    if (!known) remove_directory(directory);
  }
  return {};
}

void LambdaApi::start(std::string arn, std::string event) {
  if (backend_ == nullptr) return;
  ledger_.shard().spawn_when_possible([this, arn = std::move(arn), event = std::move(event)] {
    aws::Call call;
    call.operation = "Invoke";
    call.request_id = ledger_.new_id();
    ObjectBuilder input;
    input.set("FunctionName", Value::string(arn));
    input.set("InvocationType", Value::string("Event"));
    input.set("Payload", Value::string(event));
    call.input = std::move(input).build();
    const Answer answer = invoke(call);
    if (const auto* error = std::get_if<Error>(&answer)) {
      runtime::log().warn("{} was not called: {}", arn, error->message);
    }
  });
}

Answer LambdaApi::call(const aws::Call& call) {
  if (backend_ == nullptr) {
    return Error{"ServiceException", "No functions can run in this program.", 500, {}};
  }
  const std::string& operation = call.operation;
  if (operation == "CreateFunction") return create(call);
  if (operation == "DeleteFunction") return remove(call);
  if (operation == "GetFunction") return get(call, true);
  if (operation == "GetFunctionConfiguration") return get(call, false);
  if (operation == "Invoke") return invoke(call);
  if (operation == "ListFunctions") return list(call);
  if (operation == "UpdateFunctionCode") return update_code(call);
  if (operation == "UpdateFunctionConfiguration") return update_configuration(call);
  return Error{"UnknownOperationException", "The operation is not offered.", 404, {}};
}

std::variant<LambdaApi::Function, Error> LambdaApi::find(const aws::Call& call) {
  const std::optional<FunctionName> name = parse_function_name(text_of(call.input, "FunctionName"));
  if (!name) return invalid_value("The name of the function is invalid.");
  std::optional<Function> found;
  const std::string key = row_key(name->name);
  Status read = ledger_.read([&](Change& change) {
    const std::optional<std::string> row = change.get(key);
    if (!row) return;
    Result<Function> function = Function::decode(*row, key);
    if (!function) return change.fail(std::move(function).error());
    found = *std::move(function);
  });
  if (!read) return aws::store_error(read.error());
  if (!found) {
    return Error{"ResourceNotFoundException", "Function not found: " + arn_of(name->name), 404, {}};
  }
  return *std::move(found);
}

// The archive of `code` in a directory of its own.
std::optional<Error> LambdaApi::unpack_code(const Value& code, Function& function) {
  const std::string_view encoded = text_of(code, "ZipFile");
  if (encoded.empty()) {
    return invalid_value("Please provide a source for function code: ZipFile is the one offered.");
  }
  const std::optional<std::string> archive = aws::from_base64(encoded);
  if (!archive) return invalid_value("ZipFile is not base64.");
  if (archive->size() > kZipBytesMax) {
    return Error{"RequestTooLargeException",
                 fmt::format("Request must be smaller than {} bytes for the UpdateFunctionCode "
                             "operation",
                             kZipBytesMax),
                 413,
                 {}};
  }
  std::string directory = ledger_.new_id();
  Status unpacked;
  Status ran = runtime::run_blocking([&] {
    const Result<std::vector<ZipEntry>> entries = read_zip(*archive);
    unpacked = entries ? unpack(*entries, path_of(directory)) : Status(entries.error());
  });
  if (!ran) return aws::store_error(ran.error());
  if (!unpacked) {
    remove_directory(directory);
    if (unpacked.error().code == ErrorCode::kIo) return aws::store_error(unpacked.error());
    return invalid_value(
        "Could not unzip uploaded file. Please check your file, then try to upload again.");
  }
  function.directory = std::move(directory);
  function.code_bytes = static_cast<std::int64_t>(archive->size());
  function.code_sha256 = aws::to_base64(aws::checksum_of(aws::Checksum::kSha256, *archive));
  return std::nullopt;
}

// Takes over what CreateFunction and UpdateFunctionConfiguration say.
std::optional<Error> LambdaApi::read_settings(const Value& input, Function& function) {
  constexpr std::string_view kKept[] = {"Description", "Environment", "Handler", "MemorySize",
                                        "Role",        "Runtime",     "Timeout"};
  ObjectBuilder settings(function.settings.is_object() ? function.settings : Value::object({}));
  for (const std::string_view name : kKept) {
    if (const Value* value = input.find(name); value != nullptr) settings.set(name, *value);
  }
  function.settings = std::move(settings).build();
  const auto number = [&](std::string_view name, std::int64_t min, std::int64_t max) {
    const Value* value = function.settings.find(name);
    return value == nullptr ||
           (value->is_int() && value->as_int() >= min && value->as_int() <= max);
  };
  if (!number("Timeout", 1, kFunctionTimeoutMax.count())) {
    return invalid_value("Timeout must be between 1 and 900 seconds.");
  }
  if (!number("MemorySize", kFunctionMemoryMinMb, kFunctionMemoryMaxMb)) {
    return invalid_value("MemorySize must be between 128 and 10240.");
  }
  return std::nullopt;
}

std::optional<Error> LambdaApi::declare(const Function& function) {
  ObjectBuilder config;
  const auto take = [&](std::string_view member, std::string_view field) {
    if (const Value* value = function.settings.find(member)) config.set(field, *value);
  };
  take("Runtime", "runtime");
  take("Handler", "handler");
  take("Timeout", "timeout");
  take("MemorySize", "memory");
  if (const Value* environment = function.settings.find("Environment")) {
    if (const Value* variables = environment->find("Variables")) {
      config.set("environment", *variables);
    }
  }
  std::vector<std::string> files;
  Status listed = runtime::run_blocking([&] {
    std::error_code code;
    for (fs::directory_iterator entry(path_of(function.directory), code), end;
         !code && entry != end; entry.increment(code)) {
      files.push_back(entry->path().filename().string());
    }
  });
  if (!listed) return aws::store_error(listed.error());
  Result<FunctionConfig> parsed =
      parse_function_config(asl::to_json(std::move(config).build()), function.name,
                            path_of(function.directory), files, "function");
  if (!parsed) return invalid_value(parsed.error().message);
  backend_->add(*std::move(parsed));
  return std::nullopt;
}

std::optional<Error> LambdaApi::store(const aws::Call& call, const Function& function,
                                      bool is_new) {
  std::optional<Error> refused;
  const std::string key = row_key(function.name);
  Status stored = ledger_.apply(
      [&](Change& change) {
        refused.reset();
        const std::optional<std::string> row = change.get(key);
        if (is_new && row) {
          refused = Error{
              "ResourceConflictException", "Function already exist: " + function.name, 409, {}};
          return;
        }
        if (row) {
          const Result<Function> old = Function::decode(*row, key);
          if (!old) return change.fail(old.error());
          if (old->directory != function.directory) {
            change.when_durable(
                [this, directory = old->directory] { remove_directory(directory); });
          }
        }
        change.put(key, function.encode());
      },
      call.joined);
  if (!stored) return aws::store_error(stored.error());
  return refused;
}

Value LambdaApi::describe(const Function& function) const {
  ObjectBuilder out;
  out.set("FunctionName", Value::string(function.name));
  out.set("FunctionArn", Value::string(arn_of(function.name)));
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
  out.set("Version", Value::string("$LATEST"));
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

}  // namespace

Answer LambdaApi::create(const aws::Call& call) {
  Function function;
  const std::optional<FunctionName> name = parse_function_name(text_of(call.input, "FunctionName"));
  if (!name || !is_function_name(name->name)) {
    return invalid_value("The name of the function is invalid.");
  }
  function.name = name->name;
  std::size_t count = 0;
  Status counted = ledger_.read([&](Change& change) {
    change.scan(kRows, runtime::prefix_end(kRows),
                [&](std::string_view, std::string_view) { return ++count < kFunctionsMax; });
  });
  if (!counted) return aws::store_error(counted.error());
  if (count >= kFunctionsMax) {
    return Error{"TooManyRequestsException", "Too many functions.", 429, {}};
  }
  const Value* code = call.input.find("Code");
  if (code == nullptr) return invalid_value("Code is required.");
  if (text_of(call.input, "Runtime").empty()) return invalid_value("Runtime is required.");
  if (auto wrong = read_settings(call.input, function)) return *std::move(wrong);
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
  return describe(function);
}

Answer LambdaApi::update_code(const aws::Call& call) {
  auto found = find(call);
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  auto& function = std::get<Function>(found);
  if (auto wrong = unpack_code(call.input, function)) return *std::move(wrong);
  function.modified = modified_text(ledger_.now());
  function.revision = ledger_.new_id();
  if (auto wrong = store(call, function, false)) return *std::move(wrong);
  if (auto wrong = declare(function)) return *std::move(wrong);
  return describe(function);
}

Answer LambdaApi::update_configuration(const aws::Call& call) {
  auto found = find(call);
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  auto& function = std::get<Function>(found);
  if (auto wrong = read_settings(call.input, function)) return *std::move(wrong);
  function.modified = modified_text(ledger_.now());
  function.revision = ledger_.new_id();
  if (auto wrong = declare(function)) return *std::move(wrong);
  if (auto wrong = store(call, function, false)) return *std::move(wrong);
  return describe(function);
}

Answer LambdaApi::remove(const aws::Call& call) {
  auto found = find(call);
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  const auto& function = std::get<Function>(found);
  Status erased = ledger_.apply(
      [&](Change& change) {
        change.erase(row_key(function.name));
        change.when_durable([this, function_name = function.name, directory = function.directory] {
          backend_->remove(function_name);
          remove_directory(directory);
        });
      },
      call.joined);
  if (!erased) return aws::store_error(erased.error());
  return Value::object({});
}

Answer LambdaApi::get(const aws::Call& call, bool with_code) {
  auto found = find(call);
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  const auto& function = std::get<Function>(found);
  if (!with_code) return describe(function);
  ObjectBuilder code;
  code.set("Location", Value::string("file://" + path_of(function.directory)));
  code.set("RepositoryType", Value::string("S3"));
  ObjectBuilder out;
  out.set("Code", std::move(code).build());
  out.set("Configuration", describe(function));
  return std::move(out).build();
}

Answer LambdaApi::list(const aws::Call& call) {
  constexpr std::size_t kPage = 50;
  const std::string from =
      row_key(text_of(call.input, "Marker")) +
      (text_of(call.input, "Marker").empty() ? std::string() : std::string(1, '\0'));
  std::vector<Value> functions;
  std::string last;
  bool more = false;
  Status read = ledger_.read([&](Change& change) {
    change.scan(from, runtime::prefix_end(kRows), [&](std::string_view key, std::string_view row) {
      if (functions.size() >= kPage) {
        more = true;
        return false;
      }
      const Result<Function> function = Function::decode(row, key);
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
  std::optional<FunctionName> name = parse_function_name(text_of(call.input, "FunctionName"));
  if (!name) return invalid_value("The name of the function is invalid.");
  const engine::EngineOptions& options = ledger_.engine().options();
  if (name->partition.empty()) name->partition = options.partition;
  if (name->region.empty()) name->region = options.region;
  if (name->account.empty()) name->account = options.account;
  if (const std::string_view qualifier = text_of(call.input, "Qualifier"); !qualifier.empty()) {
    name->qualifier = qualifier;
  }
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
    return Error{error->name, error->message, error->status, {}};
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
