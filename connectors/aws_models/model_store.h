// ModelStore: the API models of all services that may be called, read when they are first needed.
#pragma once

#include "base/result.h"
#include "connectors/aws_models/api_model.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors {

// A directory has SERVICE/VERSION/service-2.json, of which the newest version counts, or
// SERVICE.json; each also with .gz. Debian's python3-botocore installs all of AWS's under
// /usr/lib/python3/dist-packages/botocore/data.
class ModelStore {
 public:
  static constexpr std::size_t kModelBytesMax = std::size_t{64} << 20;
  static constexpr std::size_t kFilesMax = 10'000;

  // `directory` empty: only the models that pawl ships, which otherwise count for what the
  // directory does not have.
  explicit ModelStore(std::string directory) : directory_(std::move(directory)) {}

  // The model of a service as aws-sdk resources name it ("sqs", "databasemigration"). On a fiber of
  // any shard; suspends: files are read and parsed by helper threads. kNotFound: nobody has it.
  Result<std::shared_ptr<const ApiModel>> find(std::string_view sdk_id);

 private:
  Result<std::shared_ptr<const ApiModel>> load(const std::string& sdk_id);
  void index_directory();

  const std::string directory_;
  std::mutex mutex_;  // of the maps; never held while a file is read, or across a suspension
  std::map<std::string, std::shared_ptr<const ApiModel>, std::less<>> models_;
  std::optional<std::map<std::string, std::string, std::less<>>> files_;  // path by service
};

}  // namespace pawl::connectors
