// Every constraint of AWS's model, violated one by one and in pairs: data/api_constraints.json,
// made by tools/api_constraints.py, decides what is sent and what the answer must be. It knows
// nothing of the tables in service/model.cpp.
#include "service/constraints.h"
#include "tests/service/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace pawl::service::test {

namespace {

using asl::ObjectBuilder;
using asl::Value;

Value read_model() {
  std::ifstream file(PAWL_SOURCE "/tests/service/data/api_constraints.json");
  std::ostringstream text;
  text << file.rdbuf();
  const auto model = asl::read_json(text.str());
  REQUIRE(model.has_value());
  return *model;
}

std::string_view type_of(const Value& shape) { return shape.find("type")->as_string(); }

std::optional<std::int64_t> number_of(const Value& shape, std::string_view name) {
  const Value* value = shape.find(name);
  if (value == nullptr) return std::nullopt;
  return value->as_int();
}

bool is_required(const Value& structure, std::string_view member) {
  for (const Value& name : structure.find("required")->items()) {
    if (name.as_string() == member) return true;
  }
  return false;
}

Value text(std::string_view value) { return Value::string(std::string(value)); }

// A value that no constraint forbids; of a structure, the required members alone.
Value allowed(const Value& shape) {
  const std::string_view type = type_of(shape);
  if (type == "string") {
    if (const Value* values = shape.find("enum")) return values->items()[0];
    const auto min = static_cast<std::size_t>(number_of(shape, "min").value_or(0));
    return text(std::string(std::max<std::size_t>(min, 1), 'x'));
  }
  if (type == "integer") return Value::integer(number_of(shape, "min").value_or(0));
  if (type == "float") return Value::number(0.5);
  if (type == "boolean") return Value::boolean(false);
  if (type == "list") {
    std::vector<Value> items;
    for (std::int64_t i = 0; i < std::max<std::int64_t>(number_of(shape, "min").value_or(0), 1);
         ++i) {
      items.push_back(allowed(*shape.find("element")));
    }
    return Value::array(std::move(items));
  }
  ObjectBuilder object;
  for (const auto& [name, member] : shape.find("members")->members()) {
    if (is_required(shape, name.as_string())) object.set(name.as_string(), allowed(member));
  }
  return std::move(object).build();
}

Value with(const Value& object, std::string_view name, Value value) {
  ObjectBuilder builder(object);
  builder.set(name, std::move(value));
  return std::move(builder).build();
}

Value without(const Value& object, std::string_view name) {
  ObjectBuilder builder;
  for (const auto& [key, value] : object.members()) {
    if (key.as_string() != name) builder.set(key.as_string(), value);
  }
  return std::move(builder).build();
}

// What is wrong with an input, and where.
struct Violation {
  Value input;
  std::string message;  // of one violation; empty: SerializationException
};

std::string failed(const std::string& subject, const std::string& path, const std::string& what) {
  return fmt::format("Value{} at '{}' failed to satisfy constraint: Member must {}", subject, path,
                     what);
}

// Makes the whole input from the value of one place in it.
using Around = std::function<Value(Value)>;

class Sweep {
 public:
  explicit Sweep(const Value& input) {
    structure(input, "", [](Value value) { return value; });
  }
  const std::vector<Violation>& violations() const { return violations_; }

 private:
  void structure(const Value& shape, const std::string& path, const Around& around) {
    const Value base = allowed(shape);
    for (const auto& [key, member] : shape.find("members")->members()) {
      const std::string name(key.as_string());
      const std::string place = path.empty() ? name : path + "." + name;
      if (is_required(shape, name)) {
        const std::string message = failed(" null", place, "not be null");
        violations_.push_back({around(without(base, name)), message});
        violations_.push_back({around(with(base, name, Value::null())), message});
      }
      value(member, place, [&around, base, name](Value inner) {
        return around(with(base, name, std::move(inner)));
      });
    }
  }

  void value(const Value& shape, const std::string& path, const Around& around) {
    wrong_types(type_of(shape), around);
    if (type_of(shape) == "structure") return structure(shape, path, around);
    if (type_of(shape) == "list") return list(shape, path, around);
    if (type_of(shape) == "string") return string(shape, path, around);
    if (type_of(shape) == "boolean") return;
    const bool real = type_of(shape) == "float";
    const auto out_of_range = [&](std::int64_t bound, bool above) {
      Value wrong = real ? Value::number(static_cast<double>(bound) + (above ? 0.5 : -0.5))
                         : Value::integer(bound + (above ? 1 : -1));
      const std::string subject = fmt::format(" '{}'", asl::to_json(wrong));
      violations_.push_back(
          {around(std::move(wrong)), failed(subject, path,
                                            fmt::format("have value {} than or equal to {}",
                                                        above ? "less" : "greater", bound))});
    };
    if (const auto min = number_of(shape, "min")) out_of_range(*min, false);
    if (const auto max = number_of(shape, "max")) out_of_range(*max, true);
  }

  void string(const Value& shape, const std::string& path, const Around& around) {
    const bool sensitive = shape.find("sensitive") != nullptr;
    const auto wrong = [&](const std::string& given, const std::string& what) {
      violations_.push_back(
          {around(text(given)), failed(sensitive ? "" : fmt::format(" '{}'", given), path, what)});
    };
    const Value* values = shape.find("enum");
    const auto max = number_of(shape, "max");
    if (max) {
      wrong(std::string(static_cast<std::size_t>(*max) + 1, 'x'),
            fmt::format("have length less than or equal to {}", *max));
    }
    const Value* pattern = shape.find("pattern");
    if (number_of(shape, "min").value_or(0) > 0) {
      // What is empty misses its pattern as well.
      const std::string what =
          fmt::format("have length greater than or equal to {}", *number_of(shape, "min"));
      if (pattern == nullptr) {
        wrong("", what);
      } else {
        violations_.push_back({around(text("")), ""});
        violations_.back().message =
            failed(" ''", path, what) + "; " + failed(" ''", path, pattern_text(*pattern));
      }
    }
    if (pattern != nullptr) {
      wrong(pattern->as_string() == "\\p{ASCII}*" ? "\xC3\xA9" : "a b", pattern_text(*pattern));
    }
    if (values != nullptr) {
      std::vector<std::string> names;
      for (const Value& one : values->items()) names.emplace_back(one.as_string());
      // Recorded in another order than the model's.
      if (names.front() == "RUNNING" && names.size() == 6) {
        names = {"SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"};
      }
      for (const char* given : {"", "nonsense", "standard"}) {
        wrong(given, fmt::format("satisfy enum value set: [{}]", fmt::join(names, ", ")));
      }
    }
  }

  static std::string pattern_text(const Value& pattern) {
    return "satisfy regular expression pattern: " + std::string(pattern.as_string());
  }

  void list(const Value& shape, const std::string& path, const Around& around) {
    const Value& element = *shape.find("element");
    if (number_of(shape, "min").value_or(0) > 0) {
      violations_.push_back(
          {around(Value::array({})), failed(" '[]'", path,
                                            fmt::format("have length greater than or equal to {}",
                                                        *number_of(shape, "min")))});
    }
    if (const auto max = number_of(shape, "max")) {
      std::vector<Value> items(static_cast<std::size_t>(*max) + 1, allowed(element));
      std::vector<std::string> shown;
      for (const Value& item : items) shown.push_back(as_java(element, item));
      violations_.push_back({around(Value::array(items)),
                             failed(fmt::format(" '[{}]'", fmt::join(shown, ", ")), path,
                                    fmt::format("have length less than or equal to {}", *max))});
    }
    const Value good = allowed(element);
    value(element, path + ".2.member", [&around, good](Value inner) {
      return around(Value::array({good, std::move(inner)}));
    });
  }

  // "RoutingConfigurationListItem(stateMachineVersionArn=x, weight=0)" [rec].
  static std::string as_java(const Value& shape, const Value& value) {
    if (value.is_string()) return std::string(value.as_string());
    if (!value.is_object()) return asl::to_json(value);
    std::vector<std::string> members;
    // In the order of the model, which the file has by name: the recorded shapes agree.
    for (const auto& [name, member] : value.members()) {
      members.push_back(
          fmt::format("{}={}", name.as_string(),
                      as_java(*shape.find("members")->find(name.as_string()), member)));
    }
    return fmt::format("{}({})", shape.find("name")->as_string(), fmt::join(members, ", "));
  }

  void wrong_types(std::string_view type, const Around& around) {
    const std::pair<std::string_view, Value> values[] = {
        {"string", text("x")},         {"integer", Value::integer(1)},
        {"float", Value::number(1.5)}, {"boolean", Value::boolean(true)},
        {"list", Value::array({})},    {"structure", Value::object({})},
    };
    for (const auto& [kind, value] : values) {
      if (kind == type || (type == "float" && kind == "integer")) continue;
      violations_.push_back({around(value), ""});
    }
  }

  std::vector<Violation> violations_;
};

// Of an ARN member: what may stand there, and none of it is there.
std::vector<std::string> arns() {
  const std::string ours = "arn:aws:states:us-east-1:123456789012:";
  return {"nonsense",
          "arn:aws:s3:::bucket",
          ours,
          ours + "stateMachine",
          ours + "stateMachine:",
          ours + "stateMachine:none",
          ours + "stateMachine:none:7",
          ours + "stateMachine:none:PROD",
          ours + "stateMachine:none/Label",
          ours + "stateMachine:none:7:8:9",
          "arn:aws:states:eu-west-3:123456789012:stateMachine:none",
          "arn:aws:states:us-east-1:999999999999:stateMachine:none",
          ours + "execution:none:none",
          ours + "execution:none",
          ours + "execution:none/Label:none",
          ours + "express:none:none:none",
          ours + "mapRun:none/Label:none",
          ours + "activity:none",
          ours + "activity:none:more",
          ours + "nonsense:none"};
}

bool is_declared(std::string_view name, const Value& operation, const std::string& error) {
  if (error == "ValidationException") return true;  // of the framework: any operation's
  // The model declares none that says it; this is what its sister ListStateMachineAliases declares.
  if (name == "ListStateMachineVersions" && error == "StateMachineDoesNotExist") return true;
  for (const Value& one : operation.find("errors")->items()) {
    if (one.as_string() == error) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("the tables have the operations of the model", "[service][sweep]") {
  const Value model = read_model();
  std::vector<std::string> names;
  for (const auto& [name, operation] : model.members()) names.emplace_back(name.as_string());
  std::vector<std::string> ours;
  for (const OperationShape& one : operation_shapes()) ours.emplace_back(one.name);
  CHECK(ours == names);
}

TEST_CASE("each constraint of each operation is refused in the service's words",
          "[service][sweep]") {
  const Value model = read_model();
  World().run([&](Client& client) {
    std::size_t sent = 0;
    for (const auto& [name, operation] : model.members()) {
      const Sweep sweep(*operation.find("input"));
      for (const Violation& one : sweep.violations()) {
        const Reply reply = client(name.as_string(), asl::to_json(one.input));
        ++sent;
        INFO(name.as_string() << " " << asl::to_json(one.input).substr(0, 500));
        INFO(reply.text.substr(0, 1000));
        CHECK(reply.status == 400);
        if (one.message.empty()) {
          CHECK(reply.error() == "SerializationException");
          CHECK(reply.message().find("can not be converted to") != std::string::npos);
        } else {
          CHECK(reply.error() == "ValidationException");
          const int count = one.message.find("; Value") == std::string::npos ? 1 : 2;
          CHECK(reply.message() == fmt::format("{} validation error{} detected: {}", count,
                                               count == 1 ? "" : "s", one.message));
        }
      }
    }
    CHECK(sent > 900);
  });
}

TEST_CASE("two violations are told together", "[service][sweep]") {
  const Value model = read_model();
  World().run([&](Client& client) {
    for (const auto& [name, operation] : model.members()) {
      const Value& input = *operation.find("input");
      // Everything that is required is missing, and every other member of a bounded length is long.
      std::vector<std::string> expected;
      Value wrong = Value::object({});
      for (const auto& [key, member] : input.find("members")->members()) {
        const std::string place(key.as_string());
        if (is_required(input, place)) {
          expected.push_back(failed(" null", place, "not be null"));
        } else if (const auto max = number_of(member, "max"); max && type_of(member) == "string") {
          const std::string longer(static_cast<std::size_t>(*max) + 1, 'x');
          wrong = with(wrong, place, text(longer));
          const bool sensitive = member.find("sensitive") != nullptr;
          expected.push_back(failed(sensitive ? "" : " '" + longer + "'", place,
                                    fmt::format("have length less than or equal to {}", *max)));
        }
      }
      if (expected.size() < 2) continue;
      const Reply reply = client(name.as_string(), asl::to_json(wrong));
      INFO(name.as_string() << " " << reply.text.substr(0, 1000));
      CHECK(reply.error() == "ValidationException");
      CHECK(reply.message().starts_with(
          fmt::format("{} validation errors detected: ", expected.size())));
      for (const std::string& one : expected) {
        CHECK(reply.message().find(one) != std::string::npos);
      }
    }
  });
}

TEST_CASE("ARNs of nothing, and of the wrong thing, get an error that the operation declares",
          "[service][sweep]") {
  const Value model = read_model();
  World().run([&](Client& client) {
    for (const auto& [name, operation] : model.members()) {
      const Value& input = *operation.find("input");
      for (const auto& [key, member] : input.find("members")->members()) {
        const std::string place(key.as_string());
        if (!place.ends_with("Arn")) continue;
        for (const std::string& arn : arns()) {
          Value body = with(allowed(input), place, text(arn));
          // An update of nothing is refused for that alone.
          if (input.find("members")->find("description") != nullptr) {
            body = with(body, "description", text("d"));
          }
          const Reply reply = client(name.as_string(), asl::to_json(body));
          INFO(name.as_string() << " " << place << " " << arn << " " << reply.text);
          if (reply.status == 200) continue;  // deleting what is not there
          CHECK(reply.status == 400);
          CHECK(is_declared(name.as_string(), operation, reply.error()));
          if (arn == "nonsense" && is_required(input, place)) {
            CHECK(reply.error() == "InvalidArn");
            CHECK(reply.message() == "Invalid Arn: 'Invalid ARN prefix: nonsense'");
          }
        }
      }
    }
  });
}

TEST_CASE("tokens of nothing get an error that the operation declares", "[service][sweep]") {
  const Value model = read_model();
  World().run([&](Client& client) {
    const std::string machine = client.create("m");
    const std::string execution = client.start(machine);
    for (const auto& [name, operation] : model.members()) {
      const Value& input = *operation.find("input");
      for (const char* place : {"nextToken", "taskToken"}) {
        if (input.find("members")->find(place) == nullptr) continue;
        for (const char* token : {"x", "====", "AAAA", "\xC3\xA9", "../../etc"}) {
          Value body = with(allowed(input), place, text(token));
          for (const auto& [member, arn] :
               {std::pair("stateMachineArn", machine), std::pair("executionArn", execution)}) {
            if (input.find("members")->find(member) != nullptr)
              body = with(body, member, text(arn));
          }
          if (body.find("output") != nullptr) body = with(body, "output", text("{}"));
          const Reply reply = client(name.as_string(), asl::to_json(body));
          INFO(name.as_string() << " " << token << " " << reply.text);
          CHECK(reply.status == 400);
          CHECK(reply.error() == "InvalidToken");
        }
      }
    }
  });
}

TEST_CASE("names have no character that the service forbids", "[service][sweep]") {
  std::vector<std::string> wrong;
  for (const char c : std::string(" <>{}[]?*\"#%\\^|~`$&,;:/\t\n\r\x01\x1f\x7f")) {
    wrong.push_back(std::string("a") + c + "b");
  }
  for (const char* text : {"a\xC2\x80", "a\xC2\x9F", "a\xEF\xBF\xBE", "a\xEF\xBF\xBF",
                           "a\xF4\x8F\xBF\xBF", "a\xC2\xA0", "a\xE3\x80\x80"}) {
    wrong.emplace_back(text);
  }
  World().run([&](Client& client) {
    const std::string machine = client.create("m");
    for (const std::string& name : wrong) {
      const Reply replies[] = {
          client("CreateActivity", {{"name", name}}),
          client("CreateStateMachine", {{"name", name}, {"definition", kPass}, {"roleArn", kRole}}),
          client("StartExecution", {{"stateMachineArn", machine}, {"name", name}}),
      };
      for (const Reply& reply : replies) {
        INFO(asl::to_json(text(name)) << " " << reply.text);
        CHECK(reply.error() == "InvalidName");
        CHECK(reply.message() == "Invalid Name: '" + name + "'");
      }
    }
    CHECK(client("CreateActivity", {{"name", "\xC3\xA9t\xC3\xA9-_.!()'+=@"}}).status == 200);
  });
}

}  // namespace pawl::service::test
