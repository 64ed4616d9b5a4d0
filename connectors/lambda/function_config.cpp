#include "connectors/lambda/function_config.h"

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pawl::connectors {
namespace {

using asl::Value;

// Reads the members of one function.json and collects what is wrong with them.
class ConfigReader {
 public:
  ConfigReader(const Value& document, std::string_view file) : document_(document), file_(file) {}

  void problem(std::string_view field, std::string_view what) {
    if (!problems_.empty()) problems_ += '\n';
    problems_ += fmt::format("{}: {}: {}", file_, field, what);
  }

  std::optional<std::string> text(std::string_view field) {
    const Value* value = document_.find(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string() || value->as_string().empty()) {
      problem(field, fmt::format("must be a text that is not empty, not {}", asl::to_json(*value)));
      return std::nullopt;
    }
    return std::string(value->as_string());
  }

  std::optional<std::int64_t> integer(std::string_view field, std::int64_t min, std::int64_t max) {
    const Value* value = document_.find(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int() || value->as_int() < min || value->as_int() > max) {
      problem(field, fmt::format("must be a whole number from {} to {}, not {}", min, max,
                                 asl::to_json(*value)));
      return std::nullopt;
    }
    return value->as_int();
  }

  const std::string& problems() const { return problems_; }

 private:
  const Value& document_;
  std::string_view file_;
  std::string problems_;
};

constexpr std::array<std::string_view, 8> kFields = {
    "runtime", "handler", "timeout", "memory", "command", "environment", "concurrency", "comment"};

bool has_file(std::span<const std::string> files, std::string_view name) {
  return std::find(files.begin(), files.end(), name) != files.end();
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "python3", "python3.12" / "nodejs", "nodejs20.x" / "provided...", "shell".
std::optional<RuntimeKind> runtime_kind(std::string_view name) {
  if (name == "python3") return RuntimeKind::kPython;
  if (name.starts_with("python3.") && all_digits(name.substr(8))) return RuntimeKind::kPython;
  if (name == "nodejs") return RuntimeKind::kNode;
  if (name.starts_with("nodejs") && name.ends_with(".x") &&
      all_digits(name.substr(6, name.size() - 8))) {
    return RuntimeKind::kNode;
  }
  if (name == "provided" || name == "provided.al2" || name == "provided.al2023" ||
      name == "shell") {
    return RuntimeKind::kProvided;
  }
  return std::nullopt;
}

std::string default_handler(RuntimeKind kind, std::span<const std::string> files) {
  switch (kind) {
    case RuntimeKind::kPython:
      return has_file(files, "index.py") ? "index.handler" : "lambda_function.lambda_handler";
    case RuntimeKind::kNode:
      return "index.handler";
    case RuntimeKind::kProvided:
      break;
  }
  return "function.handler";
}

bool is_environment_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// What the runtime sets and must be true; AWS refuses these names as well. Credentials and region
// may be given: locally they choose which endpoint's idea of an account the function talks to.
bool is_reserved(std::string_view name) {
  return name == "_HANDLER" || name == "LAMBDA_TASK_ROOT" || name == "LAMBDA_RUNTIME_DIR" ||
         name == "AWS_EXECUTION_ENV" || name.starts_with("AWS_LAMBDA_");
}

void read_environment(const Value& document, ConfigReader& reader, FunctionConfig& config) {
  const Value* environment = document.find("environment");
  if (environment == nullptr) return;
  if (!environment->is_object()) {
    reader.problem("environment", "must be an object of texts");
    return;
  }
  for (const asl::Member& member : environment->members()) {
    const std::string_view name = member.key.as_string();
    const std::string field = fmt::format("environment.{}", name);
    if (!is_environment_name(name)) {
      reader.problem(field, "is no name for a variable: letters, digits and _ only");
    } else if (is_reserved(name)) {
      reader.problem(field, "is set by the runtime and cannot be chosen");
    } else if (!member.value.is_string()) {
      reader.problem(field, fmt::format("must be a text, not {}", asl::to_json(member.value)));
    } else if (member.value.as_string().find('\0') != std::string_view::npos) {
      reader.problem(field, "must not hold a NUL character");
    } else {
      config.environment.emplace_back(name, member.value.as_string());
    }
  }
}

void read_command(const Value& document, ConfigReader& reader, FunctionConfig& config) {
  const Value* command = document.find("command");
  if (command == nullptr) return;
  const bool texts =
      command->is_array() && command->size() > 0 &&
      std::all_of(command->items().begin(), command->items().end(),
                  [](const Value& item) { return item.is_string() && !item.as_string().empty(); });
  if (!texts) {
    reader.problem("command", "must be an array of texts: the program and its arguments");
  } else if (config.runtime != RuntimeKind::kProvided) {
    reader.problem("command", fmt::format("is for runtime \"provided\"; runtime {} has its own",
                                          config.runtime_name));
  } else {
    for (const Value& item : command->items()) config.command.emplace_back(item.as_string());
  }
}

}  // namespace

bool is_function_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

Result<FunctionConfig> parse_function_config(std::string_view text, std::string name,
                                             std::string directory,
                                             std::span<const std::string> files,
                                             std::string_view file) {
  auto read = asl::read_json(text);
  if (!read) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}: {}: {}", file, read.error().where, read.error().message),
                 std::string(file)};
  }
  const Value& document = *read;
  if (!document.is_object()) {
    return Error{ErrorCode::kInvalid, fmt::format("{}: must be an object", file),
                 std::string(file)};
  }

  ConfigReader reader(document, file);
  for (const asl::Member& member : document.members()) {
    const std::string_view field = member.key.as_string();
    if (std::find(kFields.begin(), kFields.end(), field) == kFields.end()) {
      reader.problem(field,
                     "is no field of function.json; there are runtime, handler, timeout, memory, "
                     "environment, concurrency, command and comment");
    }
  }

  FunctionConfig config;
  const auto guessed = guess_function_config(name, directory, files);
  if (const Value* runtime = document.find("runtime"); runtime != nullptr) {
    const auto kind = runtime->is_string() ? runtime_kind(runtime->as_string()) : std::nullopt;
    if (kind) {
      config.runtime = *kind;
      config.runtime_name = runtime->as_string() == "shell" ? "provided" : runtime->as_string();
    } else {
      reader.problem("runtime", fmt::format("must be python3.N, nodejsN.x, provided, provided.al2, "
                                            "provided.al2023 or shell, not {}",
                                            asl::to_json(*runtime)));
    }
  } else if (guessed) {
    config.runtime = guessed->runtime;
    config.runtime_name = guessed->runtime_name;
  } else if (document.find("command") != nullptr) {
    config.runtime = RuntimeKind::kProvided;
    config.runtime_name = "provided";
  } else {
    reader.problem("runtime", "is missing, and no file of the function tells it");
  }

  if (auto handler = reader.text("handler")) {
    config.handler = std::move(*handler);
  } else {
    config.handler = default_handler(config.runtime, files);
  }
  if (config.runtime != RuntimeKind::kProvided && config.handler.find('.') == std::string::npos) {
    reader.problem("handler", fmt::format("must be MODULE.FUNCTION, not \"{}\"", config.handler));
  }
  if (auto timeout = reader.integer("timeout", 1, kFunctionTimeoutMax.count())) {
    config.timeout = std::chrono::seconds(*timeout);
  }
  if (auto memory = reader.integer("memory", kFunctionMemoryMinMb, kFunctionMemoryMaxMb)) {
    config.memory_mb = static_cast<int>(*memory);
  }
  if (auto concurrency = reader.integer("concurrency", 0, kFunctionConcurrencyMax)) {
    config.concurrency = static_cast<int>(*concurrency);
  }
  read_environment(document, reader, config);
  read_command(document, reader, config);

  if (!reader.problems().empty()) {
    return Error{ErrorCode::kInvalid, reader.problems(), std::string(file)};
  }
  config.name = std::move(name);
  config.directory = std::move(directory);
  return config;
}

std::optional<FunctionConfig> guess_function_config(std::string name, std::string directory,
                                                    std::span<const std::string> files) {
  FunctionConfig config;
  config.name = std::move(name);
  config.directory = std::move(directory);
  if (has_file(files, "lambda_function.py") || has_file(files, "index.py")) {
    config.runtime = RuntimeKind::kPython;
    config.runtime_name = "python3";
  } else if (has_file(files, "index.mjs") || has_file(files, "index.js")) {
    config.runtime = RuntimeKind::kNode;
    config.runtime_name = "nodejs";
  } else if (has_file(files, "bootstrap")) {
    config.runtime = RuntimeKind::kProvided;
    config.runtime_name = "provided";
  } else {
    return std::nullopt;
  }
  config.handler = default_handler(config.runtime, files);
  return config;
}

}  // namespace pawl::connectors
