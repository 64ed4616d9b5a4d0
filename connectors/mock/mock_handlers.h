// MockHandlers: the handlers of one test case of a mock configuration in front of the real ones.
#pragma once

#include "base/result.h"
#include "connectors/mock/mock_config.h"
#include "engine/task.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::connectors {

// Answers find() for every state that the test case mocks, of whatever Resource it is, activities
// included, and leaves the others to `real`. A mocked task completes at once, also with .sync and
// .waitForTaskToken: its Return is the state's result as it is.
class MockHandlers final : public engine::TaskHandlers {
 public:
  // kNotFound when no machine of `config` has the test case. `real` must outlive this.
  static Result<std::unique_ptr<MockHandlers>> make(MockConfig config, std::string test_case,
                                                    engine::TaskHandlers& real);
  // `argument` is FILE#TestCase, as the option --mock takes it; reads the file. The errors name it.
  static Result<std::unique_ptr<MockHandlers>> open(std::string_view argument,
                                                    engine::TaskHandlers& real);
  ~MockHandlers() override;

  engine::TaskHandler* find(const asl::Resource& resource, std::string_view state_machine_name,
                            std::string_view state_name) override;

  const MockConfig& config() const { return config_; }
  const std::string& test_case() const { return test_case_; }
  // Whether the test case has a state of this machine; to warn when a name does not match.
  bool knows_machine(std::string_view state_machine_name) const;

 private:
  class Handler;
  MockHandlers(MockConfig config, std::string test_case, engine::TaskHandlers& real);

  MockConfig config_;
  std::string test_case_;
  engine::TaskHandlers& real_;
  // By machine and state; made once, because find() is asked on every shard's thread.
  std::map<std::string, std::map<std::string, std::unique_ptr<Handler>, std::less<>>, std::less<>>
      handlers_;
};

}  // namespace pawl::connectors
