// What the tests of distributed Maps share: machines of one Map, their children, a bucket.
#pragma once

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/map_run/map_run.h"
#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pawl::engine::testing {

// A machine with one distributed Map; `more` are further fields of the state.
inline std::string machine(const std::string& states, const std::string& more = "",
                           const std::string& type = "STANDARD") {
  return R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L","ItemProcessor":{"ProcessorConfig":{
    "Mode":"DISTRIBUTED","ExecutionType":")" +
         type + R"("},"StartAt":"T","States":)" + states + "}" + more + R"(,"End":true}}})";
}

inline const std::string kPass = R"({"T":{"Type":"Pass","End":true}})";
inline const std::string kTask =
    R"({"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","End":true}})";

inline ExecutionNumber start(FakeWorld& world, Engine& engine, const std::string& definition,
                             const std::string& input) {
  world.create(engine, "m", definition);
  StartRequest request;
  request.machine = "m";
  request.name = "one";
  request.input = input;
  const auto started = engine.start(request);
  INFO((started ? "" : started.error().message));
  REQUIRE(started.has_value());
  return started->number;
}

inline std::pair<ExecutionNumber, MapRunRecord> run_of(Engine& engine, ExecutionNumber number) {
  const auto runs = engine.map_runs(number, {}, 10);
  REQUIRE(runs.has_value());
  REQUIRE_FALSE(runs->empty());
  return runs->front();
}

inline std::vector<ExecutionDescription> children_of(Engine& engine, ExecutionNumber run) {
  const auto children = engine.list(list_of_map_run(run), {}, {}, 1'000);
  REQUIRE(children.has_value());
  return *children;
}

inline int rows(const runtime::Store& store, std::string_view kind) {
  int count = 0;
  for (auto it = store.scan(kind, keys::prefix_end(kind)); it->valid(); it->next()) ++count;
  return count;
}

// Items that are true fail until `healed`.
inline void fail_bad(FakeWorld& world, const bool& healed) {
  world.tasks.answer = [&healed](const TaskRequest& request) {
    runtime::sleep_for(std::chrono::seconds(1));
    const asl::Value& item = request.parameters.value();
    const bool bad = item.is_string() && item.as_string().starts_with("bad");
    return bad && !healed ? fail_with("Bad", "not yet") : succeed_with(request.parameters.text());
  };
}

// A bucket: getObject by Range, listObjectsV2 in pages of two, putObject.
struct FakeBucket {
  std::map<std::string, std::string> objects;
  std::size_t part = 0;  // 0: knows no Range
  int gets = 0;
  std::function<void()> on_get;

  Outcome call(const TaskRequest& request) {
    const asl::Value& in = request.parameters.value();
    const auto text = [&](std::string_view name) {
      const asl::Value* value = in.find(name);
      return value != nullptr ? std::string(value->as_string()) : std::string();
    };
    const std::string action = request.resource->api_action;
    if (action == "putObject") {
      objects[text("Key")] = text("Body");
      return succeed_with(R"({"ETag":"\"x\""})");
    }
    asl::ObjectBuilder out;
    if (action == "listObjectsV2") {
      const std::string after = text("ContinuationToken");
      std::vector<asl::Value> contents;
      std::string last;
      for (const auto& [key, body] : objects) {
        if (!key.starts_with(text("Prefix")) || (!after.empty() && key <= after)) continue;
        if (contents.size() == 2) {
          out.set("NextContinuationToken", asl::Value::string(last));
          break;
        }
        last = key;
        asl::ObjectBuilder entry;
        entry.set("Key", asl::Value::string(key));
        entry.set("LastModified", asl::Value::string("2026-01-01T00:00:00Z"));
        entry.set("ETag", asl::Value::string("\"e\""));
        entry.set("Size", asl::Value::integer(static_cast<std::int64_t>(body.size())));
        entry.set("StorageClass", asl::Value::string("STANDARD"));
        contents.push_back(std::move(entry).build());
      }
      out.set("Contents", asl::Value::array(std::move(contents)));
    } else {
      ++gets;
      if (on_get) on_get();
      const auto object = objects.find(text("Key"));
      if (object == objects.end()) {
        return fail_with("S3.NoSuchKeyException", "The specified key does not exist.");
      }
      std::string body = object->second;
      if (part != 0) {
        const std::size_t offset = std::stoull(text("Range").substr(6));
        if (offset >= body.size()) return fail_with("S3.S3Exception", "InvalidRange");
        if (offset > 0) CHECK(text("IfMatch") == "\"e\"");
        const std::string piece = body.substr(offset, part);
        out.set("ContentRange", asl::Value::string("bytes " + std::to_string(offset) + "-" +
                                                   std::to_string(offset + piece.size() - 1) + "/" +
                                                   std::to_string(body.size())));
        body = piece;
      }
      out.set("Body", asl::Value::string(body));
      out.set("ETag", asl::Value::string("\"e\""));
    }
    TaskSucceeded succeeded;
    succeeded.output = asl::Payload::of(std::move(out).build());
    return succeeded;
  }

  void serve(FakeWorld& world) {
    world.tasks.answer = [this](const TaskRequest& request) -> Outcome {
      if (request.resource->service == "s3") return call(request);
      return succeed_with(request.parameters.text());
    };
  }
};

inline std::string reader(const std::string& config,
                          const std::string& parameters = R"("Bucket":"b","Key":"k")",
                          const std::string& resource = "getObject") {
  return R"(,"ItemReader":{"Resource":"arn:aws:states:::s3:)" + resource + R"(","ReaderConfig":{)" +
         config + R"(},"Parameters":{)" + parameters + "}}";
}

}  // namespace pawl::engine::testing
