#include "connectors/mock/mock_handlers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace pawl::connectors {

class MockHandlers::Handler final : public engine::TaskHandler {
 public:
  Handler(const MockConfig& config, std::string machine, std::string test_case, std::string state)
      : config_(config),
        machine_(std::move(machine)),
        test_case_(std::move(test_case)),
        state_(std::move(state)) {}

  engine::Outcome run(const engine::TaskRequest& request) override {
    auto answer = config_.respond(machine_, test_case_, state_, request.attempt);
    PAWL_ASSERT(answer.has_value());
    if (auto* failure = std::get_if<engine::Failure>(&*answer)) {
      return engine::TaskFailed{std::move(*failure)};
    }
    return engine::TaskSucceeded{
        asl::Payload::of_text(std::move(std::get<MockReturn>(*answer).output)), {}};
  }

 private:
  const MockConfig& config_;
  const std::string machine_;
  const std::string test_case_;
  const std::string state_;
};

MockHandlers::MockHandlers(MockConfig config, std::string test_case, engine::TaskHandlers& real)
    : config_(std::move(config)), test_case_(std::move(test_case)), real_(real) {
  for (const auto& [machine, state] : config_.mocked_states(test_case_)) {
    handlers_[machine][state] = std::make_unique<Handler>(config_, machine, test_case_, state);
  }
}

MockHandlers::~MockHandlers() = default;

Result<std::unique_ptr<MockHandlers>> MockHandlers::make(MockConfig config, std::string test_case,
                                                         engine::TaskHandlers& real) {
  const auto known = config.test_cases();
  if (std::find(known.begin(), known.end(), test_case) == known.end()) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("no state machine has the test case \"{}\"; there are: {}", test_case,
                             fmt::join(known, ", ")),
                 ""};
  }
  return std::unique_ptr<MockHandlers>(
      new MockHandlers(std::move(config), std::move(test_case), real));
}

Result<std::unique_ptr<MockHandlers>> MockHandlers::open(std::string_view argument,
                                                         engine::TaskHandlers& real) {
  const auto hash = argument.rfind('#');
  if (hash == std::string_view::npos || hash == 0 || hash + 1 == argument.size()) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not FILE#TestCase", argument), ""};
  }
  const std::string file(argument.substr(0, hash));
  std::ifstream stream(file, std::ios::binary);
  if (!stream.is_open()) return Error{ErrorCode::kNotFound, file + ": cannot be opened", file};
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  if (stream.bad()) return Error{ErrorCode::kIo, file + ": cannot be read", file};

  auto config = MockConfig::parse(text, file);
  if (!config) return config.error();
  auto handlers = make(*std::move(config), std::string(argument.substr(hash + 1)), real);
  if (handlers) return handlers;
  Error error = handlers.error();
  error.message = file + ": " + error.message;
  error.where = file;
  return error;
}

engine::TaskHandler* MockHandlers::find(const asl::Resource& resource,
                                        std::string_view state_machine_name,
                                        std::string_view state_name) {
  // A child of a Distributed Map runs as "MACHINE/LABEL"; its states are the machine's.
  const auto machine = handlers_.find(state_machine_name.substr(0, state_machine_name.find('/')));
  if (machine != handlers_.end()) {
    const auto state = machine->second.find(state_name);
    if (state != machine->second.end()) return state->second.get();
  }
  return real_.find(resource, state_machine_name, state_name);
}

bool MockHandlers::knows_machine(std::string_view state_machine_name) const {
  return handlers_.count(state_machine_name) > 0;
}

}  // namespace pawl::connectors
