#include "connectors/aws_models/model_store.h"

#include "runtime/compress/decompress.h"
#include "runtime/files/blocking.h"
#include "runtime/log/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

namespace pawl::connectors {
namespace {

namespace fs = std::filesystem;

// The first bytes of a model usually say whose it is.
constexpr std::size_t kHeadBytes = 4'096;

bool ends_with_any(const std::string& name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::string_view end) { return name.ends_with(end); });
}

// At most `bytes_max` bytes of the file, decompressed.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kIo, "cannot read " + path, path};
  std::string out;
  runtime::Decompressor decompressor;
  const auto sink = [&](std::string_view piece) -> Status {
    out.append(piece.substr(0, bytes_max - std::min(bytes_max, out.size())));
    if (out.size() >= bytes_max) return Error{ErrorCode::kLimit, path + " is too large", path};
    return {};
  };
  std::string buffer(64 * 1024, '\0');
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto count = static_cast<std::size_t>(file.gcount());
    if (count == 0) break;
    if (Status fed = decompressor.feed(std::string_view(buffer).substr(0, count), sink); !fed) {
      if (fed.error().code == ErrorCode::kLimit) return out;  // its beginning was asked for
      return std::move(fed).error();
    }
  }
  if (Status finished = decompressor.finish(sink);
      !finished && finished.error().code != ErrorCode::kLimit) {
    return std::move(finished).error();
  }
  return out;
}

// The text of "serviceId" (or "endpointPrefix") as it stands in a model's metadata; empty: not
// here.
std::string text_in(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\"";
  std::size_t at = json.find(key);
  if (at == std::string_view::npos) return {};
  at = json.find_first_not_of(" \t\r\n:", at + key.size());
  if (at == std::string_view::npos || json[at] != '"') return {};
  const std::size_t end = json.find('"', at + 1);
  return end == std::string_view::npos ? std::string()
                                       : std::string(json.substr(at + 1, end - at - 1));
}

std::string service_of(const std::string& path) {
  for (const std::size_t bytes : {kHeadBytes, ModelStore::kModelBytesMax}) {
    const Result<std::string> head = read_file(path, bytes);
    if (!head) return {};
    const std::string id = text_in(*head, "serviceId");
    if (!id.empty()) return sdk_service_id(id);
    if (bytes == kHeadBytes && head->size() < bytes) break;
  }
  const Result<std::string> whole = read_file(path, ModelStore::kModelBytesMax);
  return whole ? sdk_service_id(text_in(*whole, "endpointPrefix")) : std::string();
}

}  // namespace

// On a helper thread.
void ModelStore::index_directory() {
  std::map<std::string, std::string, std::less<>> files;
  std::error_code failed;
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, failed)) {
    if (paths.size() >= kFilesMax) break;
    if (entry.is_regular_file(failed)) {
      if (ends_with_any(entry.path().filename(), {".json", ".json.gz"})) {
        paths.push_back(entry.path());
      }
      continue;
    }
    std::string newest;
    for (const fs::directory_entry& version : fs::directory_iterator(entry.path(), failed)) {
      for (const char* name : {"service-2.json", "service-2.json.gz"}) {
        const std::string path = version.path() / name;
        if (fs::is_regular_file(path, failed) && path > newest) newest = path;
      }
    }
    if (!newest.empty()) paths.push_back(newest);
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const std::string service = service_of(path);
    if (!service.empty()) files[service] = path;
  }
  runtime::log().debug("{} API models in {}", files.size(), directory_);
  const std::scoped_lock lock(mutex_);
  files_ = std::move(files);
}

// On a helper thread.
Result<std::shared_ptr<const ApiModel>> ModelStore::load(const std::string& sdk_id) {
  std::string path;
  if (!directory_.empty()) {
    bool indexed = false;
    {
      const std::scoped_lock lock(mutex_);
      indexed = files_.has_value();
    }
    if (!indexed) index_directory();
    const std::scoped_lock lock(mutex_);
    if (const auto found = files_->find(sdk_id); found != files_->end()) path = found->second;
  }
  if (path.empty()) {
    const std::string_view shipped = shipped_model_text(sdk_id);
    if (!shipped.empty()) return ApiModel::parse(shipped);
    return Error{ErrorCode::kNotFound,
                 fmt::format("there is no API model of the service '{}'{}", sdk_id,
                             directory_.empty() ? ": name a directory of models with --models"
                                                : " in " + directory_),
                 ""};
  }
  Result<std::string> text = read_file(path, kModelBytesMax);
  if (!text) return std::move(text).error();
  auto model = ApiModel::parse(*text);
  if (!model) return Error{model.error().code, path + ": " + model.error().message, path};
  return model;
}

Result<std::shared_ptr<const ApiModel>> ModelStore::find(std::string_view sdk_id) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = models_.find(sdk_id); found != models_.end()) return found->second;
  }
  Result<std::shared_ptr<const ApiModel>> model = Error{};
  const Status ran = runtime::run_blocking([&, id = std::string(sdk_id)] { model = load(id); });
  if (!ran) return ran.error();
  if (!model) return model;
  const std::scoped_lock lock(mutex_);
  return models_.emplace(sdk_id, *std::move(model)).first->second;
}

}  // namespace pawl::connectors
