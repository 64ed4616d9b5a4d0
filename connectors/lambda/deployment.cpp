// From an archive and settings to a function that can be called.
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/lambda/api.h"
#include "connectors/lambda/errors.h"
#include "connectors/lambda/zip.h"
#include "runtime/files/blocking.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

namespace pawl::connectors {

namespace fs = std::filesystem;
using asl::ObjectBuilder;
using asl::Value;
using aws::Error;

namespace {

constexpr std::size_t kZipBytesMax = 52'428'800;  // AWS
constexpr int kUnreservedConcurrency = 10;        // as declared ones

}  // namespace

// The archive of `code` in a directory of its own.
std::optional<Error> LambdaApi::unpack_code(const Value& code, FunctionRecord& function) {
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
std::optional<Error> LambdaApi::read_settings(const Value& input, FunctionRecord& function) {
  constexpr std::string_view kKept[] = {"DeadLetterConfig", "Description", "Environment",
                                        "Handler",          "MemorySize",  "Role",
                                        "Runtime",          "Timeout"};
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

std::optional<Error> LambdaApi::declare(const FunctionRecord& function) {
  ObjectBuilder config;
  // Unless it is reserved, a function shares what the account has.
  config.set("concurrency", Value::integer(kUnreservedConcurrency));
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
  parsed->version = function.version;
  backend_->add(*std::move(parsed));
  return std::nullopt;
}

}  // namespace pawl::connectors
