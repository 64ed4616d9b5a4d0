// What the tests of connectors share.
#pragma once

#include "base/assert.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"
#include "runtime/fiber/shard.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <unistd.h>

namespace pawl::connectors::test {

// A directory that is removed with everything in it.
class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "pawl-test-XXXXXX").string();
    PAWL_ASSERT(mkdtemp(name.data()) != nullptr);
    path_ = std::filesystem::canonical(name).string();
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

  // Writes `name` (directories are made); programs can be executed.
  void write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }

 private:
  std::string path_;
};

// Runs `body` on a fiber of `shard`, which then stops.
inline void run_on(runtime::Shard& shard, const std::function<void()>& body) {
  shard.run([&] {
    body();
    shard.stop();
  });
}

inline const asl::Resource& invoke_resource() {
  static const asl::Resource resource = {"arn:aws:states:::lambda:invoke",
                                         asl::ResourceKind::kIntegration,
                                         asl::IntegrationPattern::kRequestResponse,
                                         "lambda",
                                         "invoke",
                                         "invoke"};
  return resource;
}

inline asl::Resource direct_resource(const std::string& function) {
  asl::Resource resource;
  resource.arn = "arn:aws:lambda:us-east-1:123456789012:function:" + function;
  resource.kind = asl::ResourceKind::kLambdaFunction;
  return resource;
}

inline engine::TaskRequest request_for(const asl::Resource& resource, std::string parameters) {
  engine::TaskRequest request;
  request.resource = &resource;
  request.parameters = asl::Payload::of_text(std::move(parameters));
  request.execution_arn = "arn:aws:states:us-east-1:123456789012:execution:m:e";
  request.execution_name = "e";
  request.state_machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
  request.state_name = "S";
  request.region = "us-east-1";
  request.account = "123456789012";
  request.idempotency_key = request.execution_arn + "/3";
  return request;
}

}  // namespace pawl::connectors::test
