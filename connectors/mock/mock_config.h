// The mock configuration of AWS's Step Functions Local, read and asked. Pure.
//
//   {"StateMachines":   {MACHINE: {"TestCases": {CASE: {STATE: RESPONSE}}}},
//    "MockedResponses": {RESPONSE: {"0": {"Return": ...}, "1-2": {"Throw": {"Error", "Cause"}}}}}
//
// A key of a response is the attempt it answers, 0 the first, or a range of attempts, both ends
// included. Attempts are $$.State.RetryCount: a state that is entered again begins at 0.
//
// Source: Step Functions Developer Guide, "Configuration file for mocked service integrations".
#pragma once

#include "base/result.h"
#include "engine/task.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pawl::connectors {

struct MockReturn {
  std::string output;  // JSON text: asked for by any shard
};
using MockAnswer = std::variant<MockReturn, engine::Failure>;

class MockConfig {
 public:
  // kInvalid lists every problem, a line each, as "FILE: /pointer/to/place: what is wrong". Members
  // other than those above are ignored at the top and in a machine, and refused in a response.
  static Result<MockConfig> parse(std::string_view text, std::string_view file);

  // What the mock answers for this attempt. Empty: the state is not mocked in that test case, it
  // runs for real. A mocked state without an answer for the attempt fails with States.Runtime.
  std::optional<MockAnswer> respond(std::string_view machine, std::string_view test_case,
                                    std::string_view state, std::int64_t attempt) const;

  // Machine and state of everything that the test case mocks.
  std::vector<std::pair<std::string, std::string>> mocked_states(std::string_view test_case) const;
  // The test cases of any machine, sorted, without repetition.
  std::vector<std::string> test_cases() const;

 private:
  struct Response {
    std::int64_t first = 0;
    std::int64_t last = 0;
    MockAnswer answer;
  };
  using Responses = std::vector<Response>;                           // ascending, disjoint
  using TestCase = std::map<std::string, std::string, std::less<>>;  // state -> response name
  using Machine = std::map<std::string, TestCase, std::less<>>;

  friend class MockReader;
  const Responses* find(std::string_view machine, std::string_view test_case,
                        std::string_view state) const;

  std::map<std::string, Machine, std::less<>> machines_;
  std::map<std::string, Responses, std::less<>> responses_;
};

}  // namespace pawl::connectors
