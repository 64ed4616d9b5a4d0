#include "cli/data_directory.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "cli/text_input.h"
#include "runtime/store/leveldb_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <initializer_list>
#include <utility>
#include <vector>

namespace pawl::cli {
namespace {

namespace fs = std::filesystem;
using asl::Value;

constexpr int kVersion = 1;

std::string settings_path(const std::string& directory) {
  return (fs::path(directory) / "pawl.json").string();
}

Result<std::map<std::string, MachineSetup>> read_settings(const std::string& path) {
  std::map<std::string, MachineSetup> machines;
  const Result<std::string> text = read_text(path);
  if (!text && text.error().code == ErrorCode::kNotFound) return machines;
  if (!text) return text.error();
  const Result<Value> settings = asl::read_json(*text);
  const Value* listed = settings ? settings->find("machines") : nullptr;
  if (listed == nullptr || !listed->is_object()) {
    return Error{ErrorCode::kCorrupt, path + ": not written by pawl; remove it and say --functions",
                 path};
  }
  for (const asl::Member& member : listed->members()) {
    MachineSetup& setup = machines[std::string(member.key.as_string())];
    setup.definition = text_of(member.value, "definition");
    setup.tasks.functions = text_of(member.value, "functions");
    setup.tasks.mock = text_of(member.value, "mock");
  }
  return machines;
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const std::string& path, bool create) {
  std::error_code code;
  const fs::path parent = fs::absolute(path).parent_path();
  if (create) fs::create_directories(parent, code);
  if (code)
    return Error{ErrorCode::kIo, fmt::format("{}: {}", parent.string(), code.message()), ""};

  runtime::LevelDbOptions options;
  options.path = path;
  options.create_if_missing = create;
  Result<std::unique_ptr<runtime::Store>> store = runtime::open_leveldb(options);
  if (!store) {
    Error error = std::move(store).error();
    if (error.code == ErrorCode::kUnavailable) {
      error.message += "; stop it first, or ask it: a `pawl serve` answers with its API";
    }
    return error;
  }
  DataDirectory directory;
  directory.path_ = path;
  directory.store_ = *std::move(store);
  Result<std::map<std::string, MachineSetup>> machines = read_settings(settings_path(path));
  if (!machines) return std::move(machines).error();
  directory.machines_ = *std::move(machines);
  return directory;
}

Status DataDirectory::remember(const std::string& machine, const MachineSetup& setup) {
  machines_[machine] = setup;
  asl::ObjectBuilder listed;
  for (const auto& [name, one] : machines_) {
    asl::ObjectBuilder entry;
    const std::initializer_list<std::pair<std::string_view, const std::string*>> members = {
        {"definition", &one.definition},
        {"functions", &one.tasks.functions},
        {"mock", &one.tasks.mock}};
    for (const auto& [key, value] : members) {
      if (!value->empty()) entry.set(key, Value::string(*value));
    }
    listed.set(name, std::move(entry).build());
  }
  asl::ObjectBuilder settings;
  settings.set("version", Value::integer(kVersion));
  settings.set("machines", std::move(listed).build());
  return replace_file(settings_path(path_),
                      asl::to_pretty_json(std::move(settings).build()) + "\n");
}

std::string absolute_path(const std::string& path) {
  return path.empty() ? "" : fs::absolute(path).lexically_normal().string();
}

TaskSetup absolute_setup(const TaskSetup& setup) {
  const std::size_t hash = setup.mock.find('#');
  TaskSetup absolute;
  absolute.functions = absolute_path(setup.functions);
  if (hash != std::string::npos) {
    absolute.mock = absolute_path(setup.mock.substr(0, hash)) + setup.mock.substr(hash);
  }
  return absolute;
}

}  // namespace pawl::cli
