#include "connectors/embedded/resources.h"

#include "asl/json/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace pawl::connectors {
namespace {

namespace fs = std::filesystem;
using asl::Member;
using asl::Value;

const ResourceKind* find_kind(std::string_view member) {
  for (const ResourceKind& kind : kResourceKinds) {
    if (kind.member == member) return &kind;
  }
  return nullptr;
}

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message), ""}; }

class Checker {
 public:
  explicit Checker(const std::string& path) : path_(path) {}

  void add(const std::string& place, std::string_view what) {
    problems_ += fmt::format("{}{}: {}: {}", problems_.empty() ? "" : "\n", path_,
                             place.empty() ? "/" : place, what);
  }
  Status result() const {
    if (problems_.empty()) return {};
    return invalid(problems_);
  }

  void entry(const ResourceKind& kind, const Value& entry, const std::string& place) {
    if (!entry.is_object()) return add(place, "must be an object");
    if (text_of(entry, kind.name).empty()) {
      add(place, fmt::format("{} is required, a text", kind.name));
    }
    const Value* contents = kind.contents.empty() ? nullptr : entry.find(kind.contents);
    if (contents == nullptr) return;
    const std::string below = fmt::format("{}/{}", place, kind.contents);
    if (!contents->is_array()) return add(below, "must be a list");
    for (std::size_t i = 0; i < contents->size(); ++i) {
      const std::string at = fmt::format("{}/{}", below, i);
      const Value& one = contents->items()[i];
      if (!one.is_object()) {
        add(at, "must be an object");
      } else if (kind.contents == "Objects") {
        object(one, at);
      }
    }
  }

 private:
  void object(const Value& one, const std::string& place) {
    if (text_of(one, "Key").empty()) add(place, "Key is required, a text");
    const Value* body = one.find("Body");
    const Value* file = one.find("File");
    if ((body == nullptr) == (file == nullptr)) {
      add(place, "one of Body (a text) and File (a path) is required");
    }
    if (body != nullptr && !body->is_string()) add(place + "/Body", "must be a text");
    if (file == nullptr) return;
    if (!file->is_string() || file->as_string().empty()) {
      return add(place + "/File", "must be a path");
    }
    const fs::path path(file->as_string());
    const bool leaves =
        std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
    if (path.is_absolute() || leaves) {
      add(place + "/File", "must lie below the directory of the declaration");
    }
  }

  const std::string& path_;
  std::string problems_;
};

}  // namespace

Result<std::string> read_resource_file(const std::string& name, std::size_t bytes_max) {
  const fs::path path(name);
  std::error_code code;
  const auto size = fs::file_size(path, code);
  if (code) {
    return Error{
        code == std::errc::no_such_file_or_directory ? ErrorCode::kNotFound : ErrorCode::kIo,
        fmt::format("{}: {}", path.string(), code.message()), path.string()};
  }
  if (size > bytes_max) {
    return Error{ErrorCode::kLimit,
                 fmt::format("{}: it has {} bytes; {} at most", path.string(), size, bytes_max),
                 path.string()};
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file && !file.eof()) {
    return Error{ErrorCode::kIo, path.string() + ": it cannot be read", path.string()};
  }
  return text;
}

Status check_resources(const std::string& text, const std::string& path) {
  Checker checker(path);
  const Result<Value> document = asl::read_json(text, {.max_bytes = kResourceBytesMax});
  if (!document) {
    return invalid(
        fmt::format("{}: {}{}", path, document.error().message,
                    document.error().where.empty() ? "" : " (at " + document.error().where + ")"));
  }
  if (!document->is_object()) {
    checker.add("",
                "must be an object with lists: Tables, Queues, Buckets, Topics, EventBuses, "
                "Rules, Secrets");
    return checker.result();
  }
  std::size_t count = 0;
  for (const Member& member : document->members()) {
    const std::string name(member.key.as_string());
    const std::string place = "/" + name;
    const ResourceKind* kind = find_kind(name);
    if (kind == nullptr) {
      checker.add(place,
                  "there is no such kind of resource; there are Tables, Queues, Buckets, "
                  "Topics, EventBuses, Rules, Secrets");
      continue;
    }
    if (!member.value.is_array()) {
      checker.add(place, "must be a list");
      continue;
    }
    count += member.value.size();
    for (std::size_t i = 0; i < member.value.size(); ++i) {
      checker.entry(*kind, member.value.items()[i], fmt::format("{}/{}", place, i));
    }
  }
  if (count > kResourcesMax) {
    checker.add("", fmt::format("has {} resources; {} at most", count, kResourcesMax));
  }
  return checker.result();
}

Result<Resources> read_resources(const std::string& path) {
  Result<std::string> text = read_resource_file(path, kResourceBytesMax);
  if (!text) return std::move(text).error();
  if (Status checked = check_resources(*text, path); !checked) return std::move(checked).error();
  Resources resources;
  resources.path = path;
  resources.directory = fs::absolute(fs::path(path)).parent_path().string();
  resources.text = *std::move(text);
  return resources;
}

}  // namespace pawl::connectors
