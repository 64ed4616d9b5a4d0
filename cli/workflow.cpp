#include "cli/workflow.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/parse/parse.h"
#include "cli/text_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

namespace pawl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kEndings = {".asl.json", ".asl.yaml", ".asl.yml"};

bool is_definition_name(std::string_view name) {
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [name](std::string_view ending) { return name.ends_with(ending); });
}

bool is_yaml_name(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

Result<std::string> definition_in(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code code;
  fs::directory_iterator entry(directory, code);
  for (; !code && entry != fs::directory_iterator(); entry.increment(code)) {
    if (is_definition_name(entry->path().filename().string()))
      found.push_back(entry->path().string());
  }
  if (code)
    return Error{ErrorCode::kIo, fmt::format("{}: {}", directory, code.message()), directory};
  std::sort(found.begin(), found.end());
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("{}: there is no definition in this directory; its name must end in "
                             ".asl.json or .asl.yaml",
                             directory),
                 directory};
  }
  return Error{ErrorCode::kInvalid,
               fmt::format("{}: there are several definitions; name one of them:\n    {}",
                           directory, fmt::join(found, "\n    ")),
               directory};
}

std::string if_there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code) ? path.string() : "";
}

}  // namespace

std::string machine_name(const std::string& path) {
  constexpr std::size_t kNameMax = 80;
  std::string name = fs::path(path).filename().string();
  for (const std::string_view ending : {".json", ".yaml", ".yml", ".asl"}) {
    if (name.size() > ending.size() && name.ends_with(ending)) {
      name.resize(name.size() - ending.size());
    }
  }
  for (char& c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
    if (!fits) c = '-';
  }
  return name.substr(0, kNameMax);
}

Result<asl::Value> read_definition(const std::string& path, std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool looks_like_json = first != std::string_view::npos && text[first] == '{';
  if (!is_yaml_name(path) && (looks_like_json || path.ends_with(".json"))) {
    if (Status valid = check_json(path, text); !valid) return std::move(valid).error();
    return asl::read_json(text);
  }
  Result<asl::Value> value = asl::read_yaml(text);
  if (value) return value;
  Error error = std::move(value).error();
  error.message = error.where.empty() ? fmt::format("{}: {}", path, error.message)
                                      : fmt::format("{}: {}: {}", path, error.where, error.message);
  return error;
}

Result<Workflow> open_workflow(const std::string& path) {
  std::error_code code;
  Workflow workflow;
  workflow.path = path;
  const bool is_directory = fs::is_directory(path, code);
  if (is_directory) {
    Result<std::string> found = definition_in(path);
    if (!found) return std::move(found).error();
    workflow.path = *std::move(found);
  }
  Result<std::string> text = read_text(workflow.path);
  if (!text) return std::move(text).error();
  Result<asl::Value> definition = read_definition(workflow.path, *text);
  if (!definition) return std::move(definition).error();

  workflow.name = machine_name(workflow.path == "-" ? "stdin" : workflow.path);
  workflow.definition = *definition;
  // JSON keeps its text, as it would reach AWS.
  const bool is_json = asl::read_json(*text).has_value();
  workflow.json = is_json ? *text : asl::to_pretty_json(*definition);
  workflow.text = *std::move(text);
  const fs::path around = fs::path(workflow.path).parent_path();
  if (is_directory) workflow.input_file = if_there(around / "input.json");
  workflow.functions = if_there(around / "functions");
  workflow.mocks = if_there(around / "mocks.json");
  workflow.resources = if_there(around / "resources.json");
  return workflow;
}

Result<std::string> resolve_mock(const std::string& argument, const Workflow& workflow) {
  const std::size_t hash = argument.find('#');
  if (hash != std::string::npos && hash > 0) return argument;
  std::error_code code;
  if (hash == std::string::npos && fs::is_regular_file(argument, code)) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("--mock {}: which test case? Write {}#CASE", argument, argument), ""};
  }
  const std::string test_case = hash == 0 ? argument.substr(1) : argument;
  if (workflow.mocks.empty()) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("--mock {}: there is no mocks.json beside {}; write FILE#{}", argument,
                             workflow.path, test_case),
                 ""};
  }
  return workflow.mocks + "#" + test_case;
}

}  // namespace pawl::cli
