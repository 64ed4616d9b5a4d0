// pawl check: is what a data directory holds sound?
#include "asl/json/writer.h"
#include "cli/command.h"
#include "cli/data_directory.h"
#include "cli/outcome.h"
#include "cli/terminal.h"
#include "engine/store_check.h"
#include "runtime/store/leveldb_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

namespace pawl::cli {
namespace {

constexpr const char* kHelp = R"help(Examples:
  pawl check --data /var/lib/pawl
  pawl check --data /backup/pawl --json

Reads the files of the store with their checksums, which also covers the rows of embedded services; then the
engine's records, and for each execution whether its history has no gap, its name finds it, and what runs has
something to go on from. Files that are damaged are not opened; nothing is repaired. A server must not have the
directory open. Exit code 0: all is sound. 3: something is not. Then: do not delete anything, copy the
directory, restore the last backup.)help";

struct CheckOptions {
  std::string data;
  bool json = false;
};

asl::Value json_of(const std::vector<Error>& problems, const engine::StoreCheck& checked) {
  using asl::Value;
  std::vector<Value> listed;
  for (const Error& problem : problems) {
    asl::ObjectBuilder one;
    one.set("problem", Value::string(problem.message));
    one.set("where", Value::string(problem.where));
    listed.push_back(std::move(one).build());
  }
  asl::ObjectBuilder object;
  object.set("sound", Value::boolean(problems.empty()));
  object.set("records", Value::integer(static_cast<std::int64_t>(checked.records)));
  object.set("executions", Value::integer(static_cast<std::int64_t>(checked.executions)));
  object.set("events", Value::integer(static_cast<std::int64_t>(checked.events)));
  object.set("problems", Value::array(std::move(listed)));
  object.set("moreProblems", Value::boolean(checked.more_problems));
  return std::move(object).build();
}

// The records of a store whose files are sound. False: shown already that it cannot be opened.
bool check_records(const std::string& path, engine::StoreCheck& checked) {
  Result<DataDirectory> data = DataDirectory::open(path, false);
  if (!data) {
    show_error(data.error().message);
    return false;
  }
  const auto progress = [](std::uint64_t records) {
    if (err().interactive()) show_note(fmt::format("{} records ...", records));
  };
  Result<engine::StoreCheck> result = engine::check_store(data->store(), progress);
  if (!result) {
    show_error(result.error().message);
    return false;
  }
  checked = *std::move(result);
  return true;
}

int check(const CheckOptions& options) {
  if (options.data.empty()) {
    show_error("which directory? Give --data DIR");
    return kUsage;
  }
  std::error_code failed;
  if (!std::filesystem::is_directory(options.data, failed)) {
    show_error("there is no directory " + options.data);
    return kUsage;
  }
  if (runtime::leveldb_in_use(options.data)) {
    show_error("the store in " + options.data + " is in use by another pawl: stop that one first");
    return kEngineFailed;
  }
  // Without that file there is no store, or none that can be read: opening says which.
  std::vector<Error> problems;
  if (std::filesystem::exists(options.data + "/CURRENT", failed)) {
    problems = runtime::check_leveldb(options.data);
  }
  engine::StoreCheck checked;
  // Damaged files are not opened: that would change them.
  if (problems.empty()) {
    if (!check_records(options.data, checked)) return kEngineFailed;
    problems = checked.problems;
  }
  if (options.json) {
    if (!write_out(output_text(json_of(problems, checked)))) return kEngineFailed;
    return problems.empty() ? kOk : kEngineFailed;
  }
  for (const Error& problem : problems) {
    out().line(fmt::format("{}: {}", problem.where, problem.message));
  }
  if (checked.more_problems) out().line("... and others");
  if (problems.empty()) {
    out().line(fmt::format("{} is sound: {} records, {} executions, {} events", options.data,
                           checked.records, checked.executions, checked.events));
    return kOk;
  }
  show_error(
      fmt::format("{} is damaged. Do not delete anything: copy the directory, then restore "
                  "the last backup",
                  options.data));
  return kEngineFailed;
}

}  // namespace

Command add_check(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("check", "Look for damage in a data directory");
  auto options = std::make_shared<CheckOptions>();
  parser->add_option("--data", options->data, "The directory")->option_text("DIR");
  parser->add_flag("--json", options->json, "Print JSON");
  parser->footer(kHelp);
  return {parser, [options] { return check(*options); }};
}

}  // namespace pawl::cli
