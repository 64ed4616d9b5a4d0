// A distributed Map's items from S3, and its results to S3.
#include "tests/engine/map_run_world.h"

namespace pawl::engine::testing {

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

}  // namespace pawl::engine::testing
