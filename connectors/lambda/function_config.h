// What a local function is: the contents of its function.json, or what its files suggest.
//
// The fields and their defaults are drawn in docs/functions.md. Pure: text in, value out; reading
// the directories is lambda/function_directory.h.
#pragma once

#include "base/result.h"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::connectors {

enum class RuntimeKind { kPython, kNode, kProvided };

// As Lambda's own limits.
inline constexpr std::chrono::seconds kFunctionTimeoutMax{900};
inline constexpr int kFunctionMemoryMinMb = 128;
inline constexpr int kFunctionMemoryMaxMb = 10240;
// Processes of one function at a time; each takes a listener, a few fibers and real memory.
inline constexpr int kFunctionConcurrencyMax = 1000;

struct FunctionConfig {
  std::string name;
  std::string version = "$LATEST";  // or a number
  std::string directory;  // absolute; the function's LAMBDA_TASK_ROOT and working directory
  RuntimeKind runtime = RuntimeKind::kProvided;
  std::string runtime_name;  // "python3.12", "nodejs20.x", "provided.al2023": as AWS knows it
  std::string handler;       // "module.function"; for kProvided whatever its bootstrap understands
  std::chrono::seconds timeout{3};
  int memory_mb = 128;
  int concurrency = 10;
  std::vector<std::pair<std::string, std::string>> environment;  // as written, in order
  std::vector<std::string> command;  // argv of a kProvided function; empty: ./bootstrap
};

// Reads function.json. kInvalid lists every problem, a line each, as "FILE: FIELD: what is wrong".
// `files` are the names in the function's directory: they supply a handler that is not given.
Result<FunctionConfig> parse_function_config(std::string_view text, std::string name,
                                             std::string directory,
                                             std::span<const std::string> files,
                                             std::string_view file);

// The function that `files` suggest without a function.json: lambda_function.py or index.py,
// index.mjs or index.js, bootstrap. Empty if there is none of them.
std::optional<FunctionConfig> guess_function_config(std::string name, std::string directory,
                                                    std::span<const std::string> files);

// Lambda's rule for a bare name: 1 to 64 of A-Z a-z 0-9 - and _.
bool is_function_name(std::string_view name);

}  // namespace pawl::connectors
