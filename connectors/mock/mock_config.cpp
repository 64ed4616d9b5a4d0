#include "connectors/mock/mock_config.h"

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace pawl::connectors {

using asl::Value;

namespace {

// A member's name as a step of a JSON pointer (RFC 6901).
std::string step(std::string_view name) {
  std::string text = "/";
  for (const char c : name) {
    if (c == '~') {
      text += "~0";
    } else if (c == '/') {
      text += "~1";
    } else {
      text += c;
    }
  }
  return text;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

// Walks the file once and notes what is wrong on the way.
class MockReader {
 public:
  explicit MockReader(std::string_view file) : file_(file) {}

  MockConfig read(const Value& document) {
    MockConfig config;
    if (const Value* responses = object(document, "", "MockedResponses")) {
      for (const asl::Member& member : responses->members()) {
        const std::string name(member.key.as_string());
        config.responses_[name] = read_responses(member.value, "/MockedResponses" + step(name));
      }
    }
    if (const Value* machines = object(document, "", "StateMachines")) {
      for (const asl::Member& member : machines->members()) {
        const std::string name(member.key.as_string());
        config.machines_[name] = read_machine(member.value, "/StateMachines" + step(name), config);
      }
    }
    return config;
  }

  const std::string& problems() const { return problems_; }

 private:
  void problem(std::string_view place, std::string_view what) {
    if (!problems_.empty()) problems_ += '\n';
    problems_ += fmt::format("{}: {}: {}", file_, place.empty() ? "/" : place, what);
  }

  // The object `field` of `value`, or nullptr and a problem.
  const Value* object(const Value& value, const std::string& place, std::string_view field) {
    if (!value.is_object()) {
      problem(place, "must be an object");
      return nullptr;
    }
    const Value* found = value.find(field);
    if (found == nullptr) {
      problem(place, fmt::format("has no \"{}\"", field));
    } else if (!found->is_object()) {
      problem(place + step(field), "must be an object");
      found = nullptr;
    }
    return found;
  }

  MockConfig::Machine read_machine(const Value& value, const std::string& place,
                                   const MockConfig& config) {
    MockConfig::Machine machine;
    const Value* cases = object(value, place, "TestCases");
    if (cases == nullptr) return machine;
    for (const asl::Member& test_case : cases->members()) {
      const std::string_view name = test_case.key.as_string();
      const std::string at = place + "/TestCases" + step(name);
      if (!test_case.value.is_object()) {
        problem(at, "must be an object of state names and response names");
        continue;
      }
      MockConfig::TestCase& states = machine[std::string(name)];
      for (const asl::Member& state : test_case.value.members()) {
        const std::string where = at + step(state.key.as_string());
        if (!state.value.is_string()) {
          problem(where, "must be the name of a mocked response");
        } else if (config.responses_.count(state.value.as_string()) == 0) {
          problem(where, fmt::format("there is no mocked response \"{}\" in MockedResponses",
                                     state.value.as_string()));
        } else {
          states.emplace(state.key.as_string(), state.value.as_string());
        }
      }
    }
    return machine;
  }

  MockConfig::Responses read_responses(const Value& value, const std::string& place) {
    MockConfig::Responses responses;
    if (!value.is_object() || value.size() == 0) {
      problem(place, "must be an object of attempts (\"0\", \"1-2\") and what each answers");
      return responses;
    }
    for (const asl::Member& member : value.members()) {
      const std::string_view key = member.key.as_string();
      const std::string at = place + step(key);
      const auto dash = key.find('-');
      const auto first = parse_number(key.substr(0, dash));
      const auto last = dash == std::string_view::npos ? first : parse_number(key.substr(dash + 1));
      if (!first || !last || *last < *first) {
        problem(at, "must be named by an attempt, \"0\", or a range of attempts, \"1-2\"");
        continue;
      }
      if (auto answer = read_answer(member.value, at)) {
        responses.push_back({*first, *last, *std::move(answer)});
      }
    }
    std::sort(responses.begin(), responses.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 1; i < responses.size(); ++i) {
      if (responses[i].first <= responses[i - 1].last) {
        problem(place, fmt::format("attempt {} is answered twice", responses[i].first));
      }
    }
    return responses;
  }

  std::optional<MockAnswer> read_answer(const Value& value, const std::string& place) {
    if (!value.is_object() || value.size() != 1 ||
        (value.find("Return") == nullptr && value.find("Throw") == nullptr)) {
      problem(place, "must have either \"Return\" or \"Throw\", and nothing else");
      return std::nullopt;
    }
    if (const Value* output = value.find("Return")) return MockReturn{asl::to_json(*output)};
    return read_throw(*value.find("Throw"), place + "/Throw");
  }

  std::optional<MockAnswer> read_throw(const Value& value, const std::string& place) {
    if (!value.is_object()) {
      problem(place, "must be an object with \"Error\" and \"Cause\"");
      return std::nullopt;
    }
    engine::Failure failure;
    for (const asl::Member& member : value.members()) {
      const std::string_view field = member.key.as_string();
      if (field != "Error" && field != "Cause") {
        problem(place + step(field), "is no member of \"Throw\": it has \"Error\" and \"Cause\"");
      } else if (!member.value.is_string()) {
        problem(place + step(field), "must be a text");
      } else {
        (field == "Error" ? failure.error : failure.cause) = std::string(member.value.as_string());
      }
    }
    if (value.find("Error") == nullptr) problem(place, "has no \"Error\"");
    return failure;
  }

  std::string_view file_;
  std::string problems_;
};

Result<MockConfig> MockConfig::parse(std::string_view text, std::string_view file) {
  auto document = asl::read_json(text);
  if (!document) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}: {}: {}", file, document.error().where, document.error().message),
                 document.error().where};
  }
  MockReader reader(file);
  MockConfig config = reader.read(*document);
  if (!reader.problems().empty()) {
    return Error{ErrorCode::kInvalid, reader.problems(), std::string(file)};
  }
  return config;
}

const MockConfig::Responses* MockConfig::find(std::string_view machine, std::string_view test_case,
                                              std::string_view state) const {
  const auto found_machine = machines_.find(machine);
  if (found_machine == machines_.end()) return nullptr;
  const auto found_case = found_machine->second.find(test_case);
  if (found_case == found_machine->second.end()) return nullptr;
  const auto found_state = found_case->second.find(state);
  if (found_state == found_case->second.end()) return nullptr;
  const auto responses = responses_.find(found_state->second);
  PAWL_ASSERT(responses != responses_.end());
  return &responses->second;
}

std::optional<MockAnswer> MockConfig::respond(std::string_view machine, std::string_view test_case,
                                              std::string_view state, std::int64_t attempt) const {
  const Responses* responses = find(machine, test_case, state);
  if (responses == nullptr) return std::nullopt;
  for (const Response& response : *responses) {
    if (response.first <= attempt && attempt <= response.last) return response.answer;
  }
  return engine::Failure{
      "States.Runtime",
      fmt::format("No mocked response definition for state '{}' and retry number '{}'", state,
                  attempt)};
}

std::vector<std::string> MockConfig::test_cases() const {
  std::set<std::string> names;
  for (const auto& [machine, cases] : machines_) {
    for (const auto& [name, states] : cases) names.insert(name);
  }
  return {names.begin(), names.end()};
}

std::vector<std::pair<std::string, std::string>> MockConfig::mocked_states(
    std::string_view test_case) const {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [machine, cases] : machines_) {
    const auto states = cases.find(test_case);
    if (states == cases.end()) continue;
    for (const auto& [state, response] : states->second) found.emplace_back(machine, state);
  }
  return found;
}

}  // namespace pawl::connectors
