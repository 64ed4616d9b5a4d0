// A distributed Map: its children are executions, its parent shows the run.
#include "engine/map_run/map_run.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/map_run/child_name.h"
#include "runtime/fiber/shard.h"
#include "runtime/store/testing/faulty_store.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

#include <map>
#include <set>

namespace pawl::engine::testing {

namespace {

// A machine with one distributed Map; `more` are further fields of the state.
std::string machine(const std::string& states, const std::string& more = "",
                    const std::string& type = "STANDARD") {
  return R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L","ItemProcessor":{"ProcessorConfig":{
    "Mode":"DISTRIBUTED","ExecutionType":")" +
         type + R"("},"StartAt":"T","States":)" + states + "}" + more + R"(,"End":true}}})";
}

const std::string kPass = R"({"T":{"Type":"Pass","End":true}})";
const std::string kTask =
    R"({"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","End":true}})";

ExecutionNumber start(FakeWorld& world, Engine& engine, const std::string& definition,
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

std::pair<ExecutionNumber, MapRunRecord> run_of(Engine& engine, ExecutionNumber number) {
  const auto runs = engine.map_runs(number, {}, 10);
  REQUIRE(runs.has_value());
  REQUIRE_FALSE(runs->empty());
  return runs->front();
}

std::vector<ExecutionDescription> children_of(Engine& engine, ExecutionNumber run) {
  const auto children = engine.list(list_of_map_run(run), {}, {}, 1'000);
  REQUIRE(children.has_value());
  return *children;
}

int rows(const runtime::Store& store, std::string_view kind) {
  int count = 0;
  for (auto it = store.scan(kind, keys::prefix_end(kind)); it->valid(); it->next()) ++count;
  return count;
}

// Items that are true fail until `healed`.
void fail_bad(FakeWorld& world, const bool& healed) {
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

std::string reader(const std::string& config,
                   const std::string& parameters = R"("Bucket":"b","Key":"k")",
                   const std::string& resource = "getObject") {
  return R"(,"ItemReader":{"Resource":"arn:aws:states:::s3:)" + resource + R"(","ReaderConfig":{)" +
         config + R"(},"Parameters":{)" + parameters + "}}";
}

}  // namespace

TEST_CASE("children are executions with histories of their own", "[engine][map-run]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine,
              machine(R"({"T":{"Type":"Pass","Parameters":{"v.$":"$.v","id.$":"$$.Execution.Id",
          "name.$":"$$.StateMachine.Name"},"End":true}})",
                      R"(,"ItemSelector":{"v.$":"$$.Map.Item.Value","i.$":"$$.Map.Item.Index",
          "s.$":"$$.Map.Item.Source"})"),
              "[7,8,9]");
    const auto result = world.wait_until_ended(engine, number);
    REQUIRE(result.record.status == ExecutionStatus::kSucceeded);
    const auto [run, record] = run_of(engine, number);
    CHECK(record.status == MapRunStatus::kSucceeded);
    CHECK(record.stage == MapRunStage::kOver);
    CHECK(record.items.succeeded == 3);
    CHECK(record.executions.started == 3);
    CHECK(engine.find_map_run("m", "L", record.name).value_or(0) == run);
    CHECK(world.history(engine, number) ==
          std::vector<std::string>{"1<-0 ExecutionStarted", "2<-0 MapStateEntered",
                                   "3<-2 MapStateStarted", "4<-3 MapRunStarted",
                                   "5<-4 MapRunSucceeded", "6<-5 MapStateSucceeded",
                                   "7<-5 MapStateExited", "8<-7 ExecutionSucceeded"});
    const auto children = children_of(engine, run);
    REQUIRE(children.size() == 3);
    const auto output = asl::read_json(*result.output);
    REQUIRE(output.has_value());
    for (std::size_t i = 0; i < 3; ++i) {
      const auto child = engine.describe(children[2 - i].number);  // newest first
      REQUIRE(child.has_value());
      CHECK(child->arn ==
            "arn:aws:states:us-east-1:123456789012:execution:m/L:" + child->record.name);
      CHECK(child->state_machine_arn == "arn:aws:states:us-east-1:123456789012:stateMachine:m/L");
      CHECK(child->input == R"({"v":)" + std::to_string(7 + i) + R"(,"i":)" + std::to_string(i) +
                                R"(,"s":"STATE_DATA"})");
      CHECK(output->items()[i].find("id")->as_string() == child->arn);
      CHECK(output->items()[i].find("name")->as_string() == "m/L");
      CHECK(engine.find_child("m", "L", child->record.name).value_or(0) == child->number);
      CHECK(world.history(engine, child->number) ==
            std::vector<std::string>{"1<-0 ExecutionStarted", "2<-0 PassStateEntered",
                                     "3<-2 PassStateExited", "4<-3 ExecutionSucceeded"});
    }
    CHECK(engine.list("m", {}, {}, 10)->size() == 1);  // children are not the machine's
    CHECK_FALSE(engine.find_child("m", "X", children[0].record.name).has_value());
    CHECK(rows(*world.store, "d") == 0);
    CHECK(rows(*world.store, "f") == 0);
  });
}

TEST_CASE("names carry their number", "[engine][map-run]") {
  runtime::SeededRandom random(1);
  for (const ExecutionNumber number :
       {ExecutionNumber{1}, ~ExecutionNumber{0}, ExecutionNumber{0x0123456789ABCDEF}}) {
    const std::string name = name_with_number(number, random);
    CHECK(name.size() == 36);
    CHECK(name[14] == '4');
    CHECK(number_in_name(name) == number);
  }
  CHECK_FALSE(number_in_name("no"));
  CHECK_FALSE(number_in_name(std::string(36, 'a')));
}

TEST_CASE("no items, objects as items, nested distributed Maps", "[engine][map-run]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    CHECK(world.execute(engine, machine(kPass), "[]").output == "[]");
    CHECK(world
              .execute(engine, machine(kPass, R"(,"ItemSelector":{"k.$":"$$.Map.Item.Key",
                         "v.$":"$$.Map.Item.Value"})"),
                       R"({"a":1,"b":2})")
              .output == R"([{"k":"a","v":1},{"k":"b","v":2}])");
    CHECK(world
              .execute(engine, machine(R"({"T":{"Type":"Map","ItemProcessor":{"ProcessorConfig":{
                         "Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"U",
                         "States":{"U":{"Type":"Pass","End":true}}},"End":true}})"),
                       "[[1,2],[],[3]]")
              .output == "[[1,2],[],[3]]");
  });
}

TEST_CASE("no more children at once than the Map allows", "[engine][map-run]") {
  FakeWorld world;
  int running = 0;
  int most = 0;
  world.tasks.answer = [&](const TaskRequest& request) {
    most = std::max(most, ++running);
    runtime::sleep_for(std::chrono::seconds(1));
    --running;
    return succeed_with(request.parameters.text());
  };
  world.run([&](Engine& engine) {
    std::string items = "[0";
    for (int i = 1; i < 40; ++i) items += "," + std::to_string(i);
    const auto result =
        world.execute(engine, machine(kTask, R"(,"MaxConcurrency":7)"), items + "]");
    CHECK(result.output == items + "]");
    CHECK(most == 7);
    world.limits.distributed_concurrency = 3;
  });
  world.run([&](Engine& engine) {
    most = 0;
    CHECK(world.execute(engine, machine(kTask), "[1,2,3,4,5]").output == "[1,2,3,4,5]");
    CHECK(most == 3);
  });
}

TEST_CASE("failures are counted against what is tolerated", "[engine][map-run]") {
  FakeWorld world;
  const bool healed = false;
  fail_bad(world, healed);
  world.run([&](Engine& engine) {
    const std::string items = R"(["bad","a","bad2","b"])";
    CHECK(world.execute(engine, machine(kTask, R"(,"ToleratedFailureCount":2)"), items).output ==
          R"(["a","b"])");
    CHECK(world.execute(engine, machine(kTask, R"(,"ToleratedFailurePercentage":50)"), items)
              .output == R"(["a","b"])");
    const auto failed =
        world.execute(engine, machine(kTask, R"(,"ToleratedFailureCount":1)"), items);
    CHECK(failed.record.failure.error == "States.ExceedToleratedFailureThreshold");
    const auto history = world.history(engine, failed.number);
    CHECK(std::vector<std::string>(history.end() - 3, history.end()) ==
          std::vector<std::string>{"5<-4 MapRunFailed", "6<-5 MapStateFailed",
                                   "7<-6 ExecutionFailed"});
  });
}

TEST_CASE("when too many fail the others are stopped", "[engine][map-run]") {
  FakeWorld world;
  world.tasks.answer = [&](const TaskRequest& request) {
    const bool bad = request.parameters.text() == "0";
    runtime::sleep_for(std::chrono::seconds(bad ? 1 : 500));
    return bad ? fail_with("Bad", "at once") : succeed_with("1");
  };
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine, machine(kTask, R"(,"MaxConcurrency":3)"), "[0,1,2,3,4]");
    const auto result = world.wait_until_ended(engine, number);
    CHECK(result.record.failure.error == "States.ExceedToleratedFailureThreshold");
    const auto [run, record] = run_of(engine, number);
    CHECK(record.status == MapRunStatus::kFailed);
    CHECK(record.executions.failed == 1);
    CHECK(record.executions.aborted == 2);
    CHECK(record.executions.started == 3);
    CHECK(engine.list(list_of_map_run(run), ExecutionStatus::kAborted, {}, 10)->size() == 2);
  });
}

TEST_CASE("a stopped parent stops its children, also after a crash", "[engine][map-run]") {
  for (const bool crash : {false, true}) {
    FakeWorld world;
    ExecutionNumber number = 0;
    world.run([&](Engine& engine) {
      number = start(world, engine, machine(R"({"T":{"Type":"Wait","Seconds":5000,"End":true}})"),
                     "[1,2,3]");
      runtime::sleep_for(std::chrono::seconds(5));
      REQUIRE(engine.stop(number, {"Stop", "it"}).has_value());
      if (!crash) runtime::sleep_for(std::chrono::seconds(1));
    });
    world.run([&](Engine& engine) {
      runtime::sleep_for(std::chrono::seconds(1));
      const auto [run, record] = run_of(engine, number);
      CHECK(record.status == MapRunStatus::kAborted);
      CHECK(record.stage == MapRunStage::kOver);
      CHECK(record.executions.aborted == 3);
      CHECK(rows(*world.store, "d") == 0);
      CHECK(rows(*world.store, "t") == 0);
    });
  }
}

TEST_CASE("items go to children in batches", "[engine][map-run]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    CHECK(world
              .execute(engine,
                       machine(kPass, R"(,"ItemsPath":"$.items","ItemBatcher":{"MaxItemsPerBatch":2,
                         "BatchInput":{"f.$":"$.factor"}})"),
                       R"({"items":[1,2,3],"factor":5})")
              .output ==
          R"([{"BatchInput":{"f":5},"Items":[1,2]},{"BatchInput":{"f":5},"Items":[3]}])");
    // {"Items":["aaaa","bbbb"]} has 25 bytes.
    const auto by_bytes = [&](int bytes) {
      return *world
                  .execute(engine,
                           machine(kPass, R"(,"ItemBatcher":{"MaxInputBytesPerBatch":)" +
                                              std::to_string(bytes) + "}"),
                           R"(["aaaa","bbbb","cccc"])")
                  .output;
    };
    CHECK(by_bytes(25) == R"([{"Items":["aaaa","bbbb"]},{"Items":["cccc"]}])");
    CHECK(by_bytes(24) == R"([{"Items":["aaaa"]},{"Items":["bbbb"]},{"Items":["cccc"]}])");
    CHECK(by_bytes(1) == R"([{"Items":["aaaa"]},{"Items":["bbbb"]},{"Items":["cccc"]}])");
  });
}

TEST_CASE("results that are too large fail the run", "[engine][map-run]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) {
    return succeed_with("\"" + std::string(100'000, 'x') + "\"");
  };
  world.run([&](Engine& engine) {
    CHECK(world.execute(engine, machine(kTask), "[1,2]").record.status ==
          ExecutionStatus::kSucceeded);
    const auto result = world.execute(engine, machine(kTask), "[1,2,3]");
    CHECK(result.record.failure.error == "States.DataLimitExceeded");
    CHECK(run_of(engine, result.number).second.status == MapRunStatus::kFailed);
  });
}

TEST_CASE("an ItemReader reads an object in parts", "[engine][map-run][reader]") {
  for (const std::size_t part : {std::size_t{0}, std::size_t{3}, std::size_t{1'000}}) {
    FakeWorld world;
    FakeBucket bucket;
    bucket.part = part;
    bucket.objects["k"] = "Col1,Col2\nValue1,Value2\nValue3,Value4\nValue5,Value6\n";
    bucket.serve(world);
    world.run([&](Engine& engine) {
      const auto number = start(
          world, engine,
          machine(kPass,
                  reader(R"("InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","MaxItems":2)") +
                      R"(,"ItemSelector":{"v.$":"$$.Map.Item.Value","s.$":"$$.Map.Item.Source"})"),
          "{}");
      CHECK(world.wait_until_ended(engine, number).output ==
            R"([{"v":{"Col1":"Value1","Col2":"Value2"},"s":"S3://b/k"},)"
            R"({"v":{"Col1":"Value3","Col2":"Value4"},"s":"S3://b/k"}])");
      CHECK(run_of(engine, number).second.total_items == 2);
      runtime::sleep_for(std::chrono::seconds(1));
      CHECK(rows(*world.store, "i") == 0);  // gone with the run
    });
  }
}

TEST_CASE("an ItemReader lists, flattens, and follows manifests", "[engine][map-run][reader]") {
  FakeWorld world;
  FakeBucket bucket;
  bucket.objects = {{"d/1", "[1,2]"},
                    {"d/2", "[3]"},
                    {"d/3", "[]"},
                    {"inv", R"({"sourceBucket":"s","destinationBucket":"arn:aws:s3:::b",
                      "fileFormat":"CSV","fileSchema":"Bucket, Key","files":[{"key":"inv1"}]})"},
                    {"inv1", "\"s\",\"a\"\n\"s\",\"b\"\n"},
                    {"athena", "s3://b/l1\ns3://b/l2\n"},
                    {"l1", "{\"x\":1}\n"},
                    {"l2", "{\"x\":2}\n"},
                    {"deep", R"({"a":{"items":[5,6]}})"},
                    {"empty", ""}};
  bucket.serve(world);
  world.run([&](Engine& engine) {
    const auto read = [&](const std::string& fields) {
      const auto result = world.execute(engine, machine(kPass, fields), "{}");
      return result.output.value_or(result.record.failure.cause.value_or("?"));
    };
    CHECK(
        read(reader("", R"("Bucket":"b","Prefix":"d/")", "listObjectsV2")) ==
        R"([{"Etag":"\"e\"","LastModified":1767225600,"Key":"d/1","Size":5,"StorageClass":"STANDARD"},)"
        R"({"Etag":"\"e\"","LastModified":1767225600,"Key":"d/2","Size":3,"StorageClass":"STANDARD"},)"
        R"({"Etag":"\"e\"","LastModified":1767225600,"Key":"d/3","Size":2,"StorageClass":"STANDARD"}])");
    CHECK(read(reader(R"("InputType":"JSON","Transformation":"LOAD_AND_FLATTEN")",
                      R"("Bucket":"b","Prefix":"d/")", "listObjectsV2")) == "[1,2,3]");
    CHECK(read(reader(R"("InputType":"MANIFEST")", R"("Bucket":"b","Key":"inv")")) ==
          R"([{"Bucket":"s","Key":"a"},{"Bucket":"s","Key":"b"}])");
    CHECK(read(reader(R"("InputType":"JSONL","ManifestType":"ATHENA_DATA")",
                      R"("Bucket":"b","Key":"athena")")) == R"([{"x":1},{"x":2}])");
    CHECK(read(reader(R"("InputType":"JSON","ItemsPointer":"/a/items")",
                      R"("Bucket":"b","Key":"deep")")) == "[5,6]");
    CHECK(read(reader(R"("InputType":"JSON","MaxItems":2)", R"("Bucket":"b","Prefix":"d/")",
                      "listObjectsV2"))
              .find("\"d/3\"") == std::string::npos);
    CHECK(read(reader(R"("InputType":"JSONL")", R"("Bucket":"b","Key":"empty")")) == "[]");
    CHECK(read(reader(R"("InputType":"PARQUET")")).starts_with("Reading Parquet is not supported"));
  });
}

TEST_CASE("a reader that fails fails the run", "[engine][map-run][reader]") {
  FakeWorld world;
  FakeBucket bucket;
  bucket.objects["k"] = R"({"not":"an array of items"})";
  bucket.objects["n"] = "7";
  bucket.serve(world);
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine,
              machine(kPass, reader(R"("InputType":"JSON")", R"("Bucket":"b","Key":"n")")), "{}");
    const auto failed = world.wait_until_ended(engine, number);
    CHECK(failed.record.failure.error == "States.ItemReaderFailed");
    CHECK(failed.record.failure.cause == "Attempting to map over non-iterable node.");
    CHECK(world.history(engine, number) ==
          std::vector<std::string>{"1<-0 ExecutionStarted", "2<-0 MapStateEntered",
                                   "3<-2 MapStateStarted", "4<-3 MapRunStarted",
                                   "5<-4 MapRunFailed", "6<-5 MapStateFailed",
                                   "7<-6 ExecutionFailed"});
    // A redrive begins a run of its own.
    bucket.objects["n"] = "[7]";
    REQUIRE(engine.redrive(number, {}).has_value());
    CHECK(world.wait_until_ended(engine, number).output == "[7]");
    CHECK(engine.map_runs(number, {}, 10)->size() == 2);
    CHECK(world
              .execute(engine,
                       machine(kPass, reader(R"("InputType":"JSON")", R"("Bucket":"b","Key":"x")")),
                       "{}")
              .record.failure.cause == "The specified key does not exist.");
    CHECK(world
              .execute(engine, machine(kPass, reader(R"("InputType":"JSON","MaxItemsPath":"$.n")")),
                       R"({"n":-1})")
              .record.failure.cause == "field MaxItems must be positive");
    CHECK(world
              .execute(engine, machine(kPass, reader(R"("InputType":"JSON","MaxItemsPath":"$.n")")),
                       R"({"n":1.5})")
              .record.failure.error == "States.Runtime");
  });
}

TEST_CASE("a ResultWriter exports what became of the children", "[engine][map-run][writer]") {
  FakeWorld world;
  FakeBucket bucket;
  world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
    if (request.resource->service == "s3") return bucket.call(request);
    return request.parameters.text() == "0" ? fail_with("Bad", "zero")
                                            : succeed_with(request.parameters.text());
  };
  const std::string writer = R"(,"ToleratedFailureCount":1,"ResultWriter":{
    "Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"out"})";
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, machine(kTask, writer + "}"), "[0,1,[2,3]]");
    const auto result = world.wait_until_ended(engine, number);
    const auto [run, record] = run_of(engine, number);
    const std::string folder = "out/" + record.name + "/";
    CHECK(result.output == R"({"MapRunArn":")" + engine.map_run_arn(record) +
                               R"(","ResultWriterDetails":{"Bucket":"b","Key":")" + folder +
                               R"(manifest.json"}})");
    const auto succeeded = asl::read_json(bucket.objects[folder + "SUCCEEDED_0.json"]);
    const auto failed = asl::read_json(bucket.objects[folder + "FAILED_0.json"]);
    REQUIRE(succeeded.has_value());
    REQUIRE(failed.has_value());
    REQUIRE(succeeded->size() == 2);
    CHECK(succeeded->items()[1].find("Output")->as_string() == "[2,3]");
    CHECK(succeeded->items()[1].find("Status")->as_string() == "SUCCEEDED");
    REQUIRE(failed->size() == 1);
    CHECK(failed->items()[0].find("Error")->as_string() == "Bad");
    CHECK(failed->items()[0].find("Input")->as_string() == "0");
    const auto manifest = asl::read_json(bucket.objects[folder + "manifest.json"]);
    REQUIRE(manifest.has_value());
    CHECK(manifest->find("MapRunArn")->as_string() == engine.map_run_arn(record));
    CHECK(asl::to_json(*manifest->find("ResultFiles")->find("SUCCEEDED")->items()[0].find("Key")) ==
          "\"" + folder + "SUCCEEDED_0.json\"");

    const auto flat = world.execute(
        engine,
        machine(kTask,
                writer + R"(,"WriterConfig":{"OutputType":"JSONL","Transformation":"FLATTEN"}})"),
        "[1,[2,3]]");
    const std::string flat_folder = "out/" + run_of(engine, flat.number).second.name + "/";
    CHECK(bucket.objects[flat_folder + "SUCCEEDED_0.jsonl"] == "1\n2\n3\n");
    // Without an export the form is that of the state's output.
    CHECK(world
              .execute(engine,
                       machine(kTask, R"(,"ResultWriter":{"WriterConfig":{"OutputType":"JSON",
                         "Transformation":"FLATTEN"}})"),
                       "[1,[2,3]]")
              .output == "[1,2,3]");
  });
}

TEST_CASE("an export that fails fails the run; a redrive exports again",
          "[engine][map-run][writer]") {
  FakeWorld world;
  bool healed = false;
  world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
    if (request.resource->service != "s3") return succeed_with(request.parameters.text());
    return healed ? succeed_with("{}") : fail_with("S3.S3Exception", "Access Denied");
  };
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, machine(kTask, R"(,"ResultWriter":{
      "Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b"}})"),
                              "[1,2]");
    const auto failed = world.wait_until_ended(engine, number);
    CHECK(failed.record.failure.error == "States.ResultWriterFailed");
    CHECK(failed.record.failure.cause == "Access Denied");
    healed = true;
    const std::size_t calls = world.tasks.keys.size();
    REQUIRE(engine.redrive(number, {}).has_value());
    CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kSucceeded);
    CHECK(world.tasks.keys.size() == calls + 2);  // one file and the manifest: no child again
    CHECK(engine.map_runs(number, {}, 10)->size() == 1);
  });
}

TEST_CASE("a redrive runs the children again that did not succeed", "[engine][map-run][redrive]") {
  for (const std::string type : {"STANDARD", "EXPRESS"}) {
    INFO(type);
    FakeWorld world;
    bool healed = false;
    fail_bad(world, healed);
    ExecutionNumber number = 0;
    world.run([&](Engine& engine) {
      number = start(world, engine, machine(kTask, R"(,"MaxConcurrency":2)", type),
                     R"(["a","bad","b","c"])");
      CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kFailed);
    });
    world.run([&](Engine& engine) {
      healed = true;
      const auto before = run_of(engine, number);
      world.tasks.keys.clear();
      REQUIRE(engine.redrive(number, {}).has_value());
      const auto result = world.wait_until_ended(engine, number);
      CHECK(result.output == R"(["a","bad","b","c"])");
      const auto [run, record] = run_of(engine, number);
      CHECK(run == before.first);
      CHECK(record.status == MapRunStatus::kSucceeded);
      CHECK(record.redrive_count == 1);
      CHECK(record.items.succeeded == 4);
      CHECK(record.items.failed == 0);
      CHECK(record.items.pending_redrive == 0);
      CHECK(record.items.running() == 0);
      // Those that had succeeded are not run again.
      CHECK(world.tasks.keys.size() == 4 - before.second.items.succeeded);
      std::map<std::string, int> types;
      for (const asl::Value& event : world.events(engine, number)) {
        ++types[std::string(event.find("type")->as_string())];
      }
      CHECK(types["MapRunStarted"] == 1);
      CHECK(types["MapRunRedriven"] == 1);
      CHECK(types["MapRunSucceeded"] == 1);
      int redriven = 0;
      for (const auto& child : children_of(engine, run)) {
        if (child.record.redrive_count > 0) ++redriven;
      }
      CHECK((redriven > 0) == (type == "STANDARD"));
      CHECK(rows(*world.store, "d") == 0);
    });
  }
}

TEST_CASE("a stopped run is redriven where it stood", "[engine][map-run][redrive]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest& request) {
    runtime::sleep_for(std::chrono::seconds(10));
    return succeed_with(request.parameters.text());
  };
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine, machine(kTask, R"(,"MaxConcurrency":2)"), "[1,2,3,4,5]");
    runtime::sleep_for(std::chrono::seconds(15));  // 1 and 2 are through
    REQUIRE(engine.stop(number, {}).has_value());
    REQUIRE(engine.redrive(number, {}).has_value());  // while its children are being stopped
    CHECK(world.wait_until_ended(engine, number).output == "[1,2,3,4,5]");
    const auto [run, record] = run_of(engine, number);
    CHECK(record.executions.succeeded == 5);
    CHECK(record.executions.started == 5);
  });
}

TEST_CASE("a child cannot be redriven by itself", "[engine][map-run][redrive]") {
  FakeWorld world;
  const bool healed = false;
  fail_bad(world, healed);
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine, machine(kTask, R"(,"ToleratedFailureCount":1)"), R"(["bad"])");
    world.wait_until_ended(engine, number);
    const auto children = children_of(engine, run_of(engine, number).first);
    CHECK_FALSE(engine.redrive(children[0].number, {}).has_value());
  });
}

TEST_CASE("a running run can be changed", "[engine][map-run]") {
  FakeWorld world;
  const bool healed = false;
  fail_bad(world, healed);
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, machine(kTask, R"(,"MaxConcurrency":1)"),
                              R"(["a","b","bad","c","d","e"])");
    runtime::sleep_for(std::chrono::milliseconds(1'500));
    const auto run = run_of(engine, number).first;
    REQUIRE(engine
                .update_map_run(run, {.max_concurrency = 4,
                                      .tolerated_count = 1,
                                      .tolerated_percentage = std::nullopt})
                .has_value());
    CHECK(world.wait_until_ended(engine, number).output == R"(["a","b","c","d","e"])");
    CHECK(engine.update_map_run(run, {}).error().code == ErrorCode::kInvalid);
    CHECK(engine.update_map_run(12345, {}).error().code == ErrorCode::kNotFound);
  });
}

TEST_CASE("many children, few in memory", "[engine][map-run]") {
  FakeWorld world;
  world.limits.resting_executions = 8;
  world.limits.distributed_concurrency = 64;
  world.run([&](Engine& engine) {
    std::string items = "[0";
    for (int i = 1; i < 3'000; ++i) items += "," + std::to_string(i);
    items += "]";
    const auto result =
        world.execute(engine, machine(R"({"T":{"Type":"Wait","Seconds":1,"End":true}})"), items);
    CHECK(result.output == items);
  });
}

TEST_CASE("a crash at any write of a Map Run changes nothing but the time",
          "[engine][map-run][crash]") {
  struct Scenario {
    std::string name;
    std::string type;
    std::string more;
    std::string input;
    std::string output;
  };
  const Scenario scenarios[] = {
      {"standard children", "STANDARD", R"(,"MaxConcurrency":2)", R"(["a","b","c"])",
       R"(["a","b","c"])"},
      {"express children", "EXPRESS", R"(,"MaxConcurrency":2)", R"(["a","b","c"])",
       R"(["a","b","c"])"},
      {"items from S3, in batches", "STANDARD",
       reader(R"("InputType":"JSON")") + R"(,"ItemBatcher":{"MaxItemsPerBatch":2})", "{}",
       R"([{"Items":["x","y"]},{"Items":["z"]}])"},
  };
  for (const Scenario& scenario : scenarios) {
    for (std::uint64_t nth = 1; nth < 14; ++nth) {
      INFO(scenario.name << ", crash at write " << nth);
      FakeWorld world;
      FakeBucket bucket;
      bucket.objects["k"] = R"(["x","y","z"])";
      world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
        runtime::sleep_for(std::chrono::seconds(1));
        if (request.resource->service == "s3") return bucket.call(request);
        return succeed_with(request.parameters.text());
      };
      const std::unique_ptr<runtime::Store> kept = std::move(world.store);
      auto faulty = std::make_unique<runtime::FaultyStore>(*kept);
      runtime::FaultyStore& store = *faulty;
      world.store = std::move(faulty);
      StartRequest request;
      request.machine = "m";
      request.name = "one";
      request.input = scenario.input;
      world.run([&](Engine& engine) {
        world.create(engine, "m", machine(kTask, scenario.more, scenario.type));
        store.fail_write(nth, runtime::WriteFault::kBefore);
        static_cast<void>(engine.start(request));
        runtime::sleep_for(std::chrono::seconds(60));
      });
      store.heal();
      REQUIRE(store.reopen().has_value());
      world.run([&](Engine& engine) {
        const Result<StartResult> started = engine.start(request);
        const ExecutionNumber number =
            started ? started->number : engine.find("m", "one").value_or(0);
        REQUIRE(number != 0);
        CHECK(world.wait_until_ended(engine, number).output == scenario.output);
        const auto [run, record] = run_of(engine, number);
        CHECK(record.items.succeeded == 3);
        CHECK(record.items.running() == 0);
        CHECK(record.executions.started == record.executions.succeeded);
        CHECK(children_of(engine, run).size() == record.executions.started);
        EventId expected = 1;
        for (const asl::Value& event : world.events(engine, number)) {
          CHECK(event.find("id")->as_int() == expected++);
        }
        runtime::sleep_for(std::chrono::seconds(1));
        CHECK(rows(*world.store, "d") == 0);
      });
    }
  }
}

}  // namespace pawl::engine::testing
