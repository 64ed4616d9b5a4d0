#include "connectors/lambda/function_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

namespace pawl::connectors {
namespace {

namespace fs = std::filesystem;

// function.json is written by hand; a file beyond this is something else.
constexpr std::uintmax_t kConfigBytesMax = 1 << 20;

Error io_error(const fs::path& path, const std::error_code& code) {
  return Error{code == std::errc::no_such_file_or_directory ? ErrorCode::kNotFound : ErrorCode::kIo,
               fmt::format("{}: {}", path.string(), code.message()), path.string()};
}

Result<std::vector<std::string>> names_in(const fs::path& directory) {
  std::error_code code;
  std::vector<std::string> names;
  fs::directory_iterator entry(directory, code);
  for (; !code && entry != fs::directory_iterator(); entry.increment(code)) {
    names.push_back(entry->path().filename().string());
  }
  if (code) return io_error(directory, code);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> read_config(const fs::path& file) {
  std::error_code code;
  const std::uintmax_t bytes = fs::file_size(file, code);
  if (code) return io_error(file, code);
  if (bytes > kConfigBytesMax) {
    return Error{ErrorCode::kLimit, fmt::format("{}: larger than 1 MiB", file.string()),
                 file.string()};
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad() || !stream.is_open()) {
    return Error{ErrorCode::kIo, fmt::format("{}: cannot be read", file.string()), file.string()};
  }
  return text;
}

}  // namespace

Result<FunctionConfig> load_function(const std::string& directory) {
  std::error_code code;
  const fs::path root = fs::canonical(directory, code);
  if (code) return io_error(directory, code);
  auto files = names_in(root);
  if (!files) return files.error();

  const std::string name = root.filename().string();
  const fs::path file = root / "function.json";
  Result<FunctionConfig> config = [&]() -> Result<FunctionConfig> {
    if (std::binary_search(files->begin(), files->end(), "function.json")) {
      auto text = read_config(file);
      if (!text) return text.error();
      return parse_function_config(*text, name, root.string(), *files, file.string());
    }
    if (auto guessed = guess_function_config(name, root.string(), *files))
      return *std::move(guessed);
    return Error{
        ErrorCode::kNotFound,
        fmt::format("{}: neither function.json nor lambda_function.py, index.py, index.mjs, "
                    "index.js or bootstrap",
                    root.string()),
        root.string()};
  }();
  if (config && !is_function_name(name)) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("{}: a function's name has 1 to 64 letters, digits, - and _", root.string()),
        root.string()};
  }
  return config;
}

Result<std::vector<FunctionConfig>> load_functions(const std::string& directory) {
  auto names = names_in(directory);
  if (!names) return names.error();

  std::vector<FunctionConfig> functions;
  std::string problems;
  for (const std::string& name : *names) {
    std::error_code code;
    if (name.starts_with('.') || name.starts_with('_')) continue;
    if (!fs::is_directory(fs::path(directory) / name, code)) continue;
    if (functions.size() == kFunctionsMax) {
      return Error{ErrorCode::kLimit,
                   fmt::format("{}: more than {} functions", directory, kFunctionsMax), directory};
    }
    auto function = load_function((fs::path(directory) / name).string());
    if (function) {
      functions.push_back(*std::move(function));
    } else if (function.error().code != ErrorCode::kNotFound) {
      if (!problems.empty()) problems += '\n';
      problems += function.error().message;
    }
  }
  if (!problems.empty()) return Error{ErrorCode::kInvalid, problems, directory};
  return functions;
}

Result<std::vector<FunctionConfig>> load_functions(const std::vector<std::string>& directories) {
  std::vector<FunctionConfig> all;
  std::set<std::string> names;
  std::string problems;
  for (const std::string& directory : directories) {
    auto functions = load_functions(directory);
    if (!functions) {
      problems += (problems.empty() ? "" : "\n") + functions.error().message;
      continue;
    }
    for (FunctionConfig& function : *functions) {
      if (names.insert(function.name).second) all.push_back(std::move(function));
    }
  }
  if (!problems.empty()) return Error{ErrorCode::kInvalid, problems, ""};
  return all;
}

}  // namespace pawl::connectors
