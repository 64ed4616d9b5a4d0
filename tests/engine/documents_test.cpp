// Documents: large parts that several of an execution's documents share are stored once, and read
// back as what they were.
#include "engine/documents.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/history.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

#include <fmt/format.h>

namespace pawl::engine::testing {

namespace {

asl::Value json(const std::string& text) { return *asl::read_json(text); }

std::string letters(std::size_t count, char letter = 'x') {
  return "\"" + std::string(count, letter) + "\"";
}

std::string records(int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) {
    text += fmt::format(R"({}{{"id":{},"name":"item {}"}})", i == 0 ? "" : ",", i, i);
  }
  return text + "]";
}

// Bytes of all history records.
std::size_t history_bytes(Engine& engine, ExecutionNumber number) {
  std::size_t bytes = 0;
  const std::string first = keys::history(number, 0);
  const auto rows = engine.options().store->scan(first, runtime::prefix_end(first.substr(0, 9)));
  for (; rows->valid(); rows->next()) bytes += rows->value().size();
  return bytes;
}

constexpr const char* kMarks = R"({"StartAt":"A","States":{
  "A":{"Type":"Pass","Result":1,"ResultPath":"$.mark","Next":"B"},
  "B":{"Type":"Pass","Result":2,"ResultPath":"$.mark","Next":"C"},
  "C":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f",
       "ResultPath":"$.task","Next":"D"},
  "D":{"Type":"Pass","Result":4,"ResultPath":"$.mark","End":true}}})";

}  // namespace

TEST_CASE("a document that shares nothing large is composed of its text alone",
          "[engine][documents]") {
  const asl::Value value = json(R"({"a":[1,2.5,null,true,"\u00e4\"\n"],"b":{}})");
  const Composition composition = compose(value, StoredParts());
  CHECK(composition.text == asl::to_json(value));
  CHECK(composition.holes.empty());
  CHECK(composition.parts.empty());
}

TEST_CASE("large parts are found with their places, inner ones before those around them",
          "[engine][documents]") {
  const asl::Value value = json(R"({"small":1,"big":{"inner":)" + letters(kPartBytes) +
                                R"(},"list":)" + records(300) + "}");
  const Composition composition = compose(value, StoredParts());
  REQUIRE(composition.parts.size() == 3);
  CHECK_FALSE(composition.parts[0].outermost);
  CHECK(composition.parts[1].outermost);
  CHECK(composition.parts[2].outermost);
  for (const Composition::Part& part : composition.parts) {
    CHECK(composition.text.substr(part.offset, part.size) == asl::to_json(part.value));
  }
}

TEST_CASE("stored parts become holes, and what is cut out becomes one in its place",
          "[engine][documents]") {
  const asl::Value one = json(letters(kPartBytes, 'a'));
  const asl::Value two = json(letters(kPartBytes, 'b'));
  const asl::Value three = json(letters(kPartBytes, 'c'));
  const std::string whole =
      "---" + asl::to_json(one) + asl::to_json(two) + "--" + asl::to_json(three);
  const auto at = [&](const asl::Value& part) {
    const std::string text = asl::to_json(part);
    return TextRange{{7}, whole.find(text), text.size()};
  };
  StoredParts stored;
  stored.add(one, at(one));
  stored.add(three, at(three));
  const asl::Value document = asl::Value::array({one, two, three, one, asl::Value::integer(4)});
  Composition composition = compose(document, stored);
  REQUIRE(composition.holes.size() == 3);
  REQUIRE(composition.parts.size() == 1);
  composition.cut(composition.parts[0], at(two));
  CHECK(composition.text == "[,,,,4]");
  const auto text =
      assemble(encode_composition(composition), [&](PayloadRef ref) -> Result<std::string_view> {
        CHECK(ref.place == 7);
        return std::string_view(whole);
      });
  REQUIRE(text.has_value());
  CHECK(*text == asl::to_json(document));
  CHECK_FALSE(asl::exceeds_bytes(document, text->size(), &stored));
  CHECK(asl::exceeds_bytes(document, text->size() - 1, &stored));
}

TEST_CASE("only the newest large parts are remembered", "[engine][documents]") {
  StoredParts stored;
  std::vector<asl::Value> values;
  for (std::size_t i = 0; i <= kPartsMax; ++i) {
    values.push_back(json(letters(kPartBytes)));
    stored.add(values.back(), {{1}, i, kPartBytes});
  }
  CHECK(stored.find(values.front()) == nullptr);
  REQUIRE(stored.find(values.back()) != nullptr);
  CHECK(stored.find(values.back())->offset == kPartsMax);
}

TEST_CASE("a composition that names what is not there is refused", "[engine][documents]") {
  const std::string whole = "0123456789";
  const WholeText text = [&](PayloadRef) -> Result<std::string_view> {
    return std::string_view(whole);
  };
  const auto composition = [](std::uint64_t offset, std::uint64_t size) {
    Composition made;
    made.text = "[]";
    made.holes.push_back({1, {{3}, offset, size}});
    return encode_composition(made);
  };
  CHECK(*assemble(composition(2, 8), text) == "[23456789]");
  CHECK(assemble(composition(2, 9), text).error().code == ErrorCode::kCorrupt);
  CHECK(assemble(composition(11, 0), text).error().code == ErrorCode::kCorrupt);
  CHECK(assemble(composition(1, ~std::uint64_t{0}), text).error().code == ErrorCode::kCorrupt);
  CHECK(assemble("", text).error().code == ErrorCode::kCorrupt);
  // Many holes that show one large document: the bound on what is read.
  const std::string large(std::size_t{1} << 20, 'x');
  Composition bomb;
  bomb.text = "[]";
  for (int i = 0; i < 65; ++i) bomb.holes.push_back({1, {{3}, 0, large.size()}});
  const auto read = assemble(encode_composition(bomb), [&](PayloadRef) -> Result<std::string_view> {
    return std::string_view(large);
  });
  CHECK(read.error().code == ErrorCode::kCorrupt);
}

TEST_CASE("256 KiB that pass through states are stored once, and read back whole",
          "[engine][documents]") {
  // As pawl writes it; with blanks, so that its parts are not found in it; one long text.
  const std::string compact = R"({"records":)" + records(6000) + "}";
  const std::string blanks = R"({ "records" : )" + records(6000) + "}";
  const std::string text = R"({"blob":)" + letters(200'000) + "}";
  // Eight texts that begin alike: where one begins says little of where it is.
  std::string alike = "{";
  for (int i = 0; i < 8; ++i) {
    const std::string one = letters(20'000);
    alike += fmt::format("{}\"{}\":{}{}\"", i == 0 ? "" : ",", i, one.substr(0, one.size() - 1), i);
  }
  alike += "}";
  const auto row = GENERATE_COPY(
      table<std::string, double>({{compact, 1.1}, {blanks, 2.1}, {text, 1.1}, {alike, 1.1}}));
  const std::string& input = std::get<0>(row);
  const double times = std::get<1>(row);
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) { return succeed_with("7"); };
  ExecutionNumber number = 0;
  std::vector<asl::Value> events;
  const std::string data =
      asl::to_json(json(input)).substr(0, asl::to_json(json(input)).size() - 1);
  world.run([&](Engine& engine) {
    const ExecutionDescription ended = world.execute(engine, kMarks, input);
    number = ended.number;
    CHECK(ended.record.status == ExecutionStatus::kSucceeded);
    CHECK(ended.output == data + R"(,"mark":4,"task":7})");
    events = world.events(engine, number);
    CHECK(static_cast<double>(history_bytes(engine, number)) <
          times * static_cast<double>(input.size()));
  });
  // A new process sees the same.
  world.run([&](Engine& engine) {
    CHECK(engine.describe(number)->output == data + R"(,"mark":4,"task":7})");
    const auto again = world.events(engine, number);
    REQUIRE(again.size() == events.size());
    for (std::size_t i = 0; i < events.size(); ++i) CHECK(asl::equal(again[i], events[i]));
  });
  std::vector<std::string> outputs;
  for (const asl::Value& event : events) {
    const asl::Value* details = event.find("stateExitedEventDetails");
    if (details != nullptr) outputs.emplace_back(details->find("output")->as_string());
  }
  CHECK(outputs == std::vector<std::string>{data + R"(,"mark":1})", data + R"(,"mark":2})",
                                            data + R"(,"mark":2,"task":7})",
                                            data + R"(,"mark":4,"task":7})"});
}

TEST_CASE("an execution that goes on from the store composes on", "[engine][documents]") {
  FakeWorld world;
  world.limits.resting_executions = 0;
  const std::string input = R"({"records":)" + records(3000) + "}";
  world.run([&](Engine& engine) {
    const ExecutionDescription ended = world.execute(engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Result":1,"ResultPath":"$.mark","Next":"W"},
      "W":{"Type":"Wait","Seconds":10,"Next":"B"},
      "B":{"Type":"Pass","Result":2,"ResultPath":"$.mark","Next":"C"},
      "C":{"Type":"Pass","Result":3,"ResultPath":"$.more","End":true}}})",
                                                     input);
    const std::string data = input.substr(0, input.size() - 1);
    CHECK(ended.output == data + R"(,"mark":2,"more":3})");
    CHECK(history_bytes(engine, ended.number) < 2 * input.size());
  });
}

TEST_CASE("a history is the same as values and as text, in pages of any size", "[engine]") {
  const bool reverse = GENERATE(false, true);
  const bool data = GENERATE(false, true);
  const std::size_t max = GENERATE(1, 5, 1000);
  FakeWorld world;
  world.limits.turn_events = 7;
  world.tasks.answer = [](const TaskRequest&) { return succeed_with(R"({"a":"\"b\""})"); };
  world.run([&](Engine& engine) {
    const ExecutionDescription ended = world.execute(engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Assign":{"v":{"x":[1,2]}},"Next":"T"},
      "T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f",
           "TimeoutSeconds":5,"Next":"M"},
      "M":{"Type":"Map","ItemsPath":"$$.Execution.Input.items","End":true,
           "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}})",
                                                     R"({"items":[1,2,3,"four"]})");
    REQUIRE(ended.record.status == ExecutionStatus::kSucceeded);
    const auto all = engine.history(ended.number, {}, SIZE_MAX, reverse, data);
    REQUIRE(all.has_value());
    REQUIRE(all->events.size() > 20);
    std::string text = "[";
    std::optional<HistoryCursor> next = HistoryCursor();
    while (next) {
      std::string page;
      const auto written =
          engine.write_history(ended.number, *next, max, SIZE_MAX, reverse, data, page);
      REQUIRE(written.has_value());
      if (text.size() > 1) text += ',';
      text += page;
      next = *written;
    }
    CHECK(text + "]" == asl::to_json(asl::Value::array(all->events)));
    // A bound on the bytes: one event at least, none after it is reached.
    std::string one;
    const auto more = engine.write_history(ended.number, {}, 1000, 1, reverse, data, one);
    REQUIRE(more.has_value());
    CHECK(one == asl::to_json(all->events.front()));
    CHECK(more->has_value());
  });
}

}  // namespace pawl::engine::testing
