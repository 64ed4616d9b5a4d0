#include "connectors/s3/service.h"
#include "tests/connectors/embedded_world.h"

#include <filesystem>

namespace pawl::connectors::test {

namespace {

std::string s3(EmbeddedWorld& world, const std::string& operation, const std::string& input) {
  return world.ask(world.services().s3(), operation, input);
}

std::size_t files_in(const std::string& directory) {
  std::error_code code;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory, code)) {
    count += entry.is_regular_file() ? 1 : 0;
  }
  return count;
}

std::string put(const std::string& key, const std::string& body) {
  return R"({"Bucket":"data","Key":")" + key + R"(","Body":")" + body + R"("})";
}

}  // namespace

TEST_CASE("what a Task puts another gets, with the members that were recorded",
          "[connectors][s3]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    s3(world, "CreateBucket", R"({"Bucket":"data"})");
    const auto stored = world.task("aws-sdk:s3:putObject",
                                   R"({"Bucket":"data","Key":"k","Body":{"Dict":"Value"}})");
    REQUIRE(stored.output.has_value());
    CHECK(*stored.output ==
          R"({"ChecksumCRC32":"hnEfWw==","ChecksumType":"FULL_OBJECT",)"
          R"("ETag":"\"49e31cee5aec8faf3345893addb14346\"","ServerSideEncryption":"AES256"})");
    const auto read = world.task("aws-sdk:s3:getObject", R"({"Bucket":"data","Key":"k"})");
    REQUIRE(read.output.has_value());
    CHECK(*read.output ==
          R"({"AcceptRanges":"bytes","Body":"{\"Dict\":\"Value\"}","ContentLength":16,)"
          R"("ETag":"\"49e31cee5aec8faf3345893addb14346\"",)"
          R"("LastModified":"2026-01-01T00:00:00.000Z","ContentType":"text/plain; charset=UTF-8",)"
          R"("Metadata":{},"ServerSideEncryption":"AES256"})");
    // As the readers of a distributed Map name it.
    CHECK(world.task("s3:getObject", R"({"Bucket":"data","Key":"k"})").output == read.output);
  });
}

TEST_CASE("a missing object fails the Task with the SDK's class and cause", "[connectors][s3]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    s3(world, "CreateBucket", R"({"Bucket":"data"})");
    const auto failed = world.task("aws-sdk:s3:getObject", R"({"Bucket":"data","Key":"no"})");
    CHECK(failed.record.failure.error == "S3.NoSuchKeyException");
    CHECK(failed.record.failure.cause->starts_with(
        "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: "));
    CHECK(failed.record.failure.cause->find(", Extended Request ID: ") != std::string::npos);
    CHECK(world.task("aws-sdk:s3:getObject", R"({"Bucket":"other","Key":"no"})")
              .record.failure.error == "S3.NoSuchBucketException");
  });
}

TEST_CASE("lists come in pages, and group by delimiter", "[connectors][s3]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    s3(world, "CreateBucket", R"({"Bucket":"data"})");
    for (const char* key : {"a", "dir/1", "dir/2", "dir0", "z"})
      s3(world, "PutObject", put(key, "x"));
    const auto keys_of = [](const std::string& text) {
      const auto page = *asl::read_json(text);
      std::string keys;
      if (const asl::Value* contents = page.find("Contents")) {
        for (const asl::Value& item : contents->items()) {
          keys.append(item.find("Key")->as_string()).append(" ");
        }
      }
      if (const asl::Value* prefixes = page.find("CommonPrefixes")) {
        for (const asl::Value& item : prefixes->items()) {
          keys.append("[").append(item.find("Prefix")->as_string()).append("] ");
        }
      }
      return keys;
    };
    CHECK(keys_of(s3(world, "ListObjectsV2", R"({"Bucket":"data"})")) == "a dir/1 dir/2 dir0 z ");
    CHECK(keys_of(s3(world, "ListObjectsV2", R"({"Bucket":"data","Prefix":"dir/"})")) ==
          "dir/1 dir/2 ");
    const std::string first =
        s3(world, "ListObjectsV2", R"({"Bucket":"data","Delimiter":"/","MaxKeys":2})");
    CHECK(keys_of(first) == "a [dir/] ");
    const std::string token(asl::read_json(first)->find("NextContinuationToken")->as_string());
    CHECK(keys_of(s3(world, "ListObjectsV2",
                     R"({"Bucket":"data","Delimiter":"/","ContinuationToken":")" + token +
                         R"("})")) == "dir0 z ");
  });
}

TEST_CASE("large objects are files beside the store, and go with their rows", "[connectors][s3]") {
  const TempDirectory directory;
  EmbeddedWorld world;
  world.directory = directory.path();
  const std::string objects = directory.path() + "/objects";
  const std::string large(s3::kRowBytesMax + 1, 'x');
  world.run([&](EmbeddedWorld& w) {
    s3(w, "CreateBucket", R"({"Bucket":"data"})");
    s3(w, "PutObject", put("small", "x"));
    CHECK(files_in(objects) == 0);
    s3(w, "PutObject", put("large", large));
    s3(w, "PutObject", put("large", large + "y"));
  });
  // A crash in the middle of an upload leaves a file that no row names.
  directory.write("objects/00000000000000000000000000000000", "lost");
  world.run([&](EmbeddedWorld& w) {
    while (files_in(objects) > 1) runtime::sleep_for(std::chrono::milliseconds(1));
    const std::string range =
        s3(w, "GetObject", R"({"Bucket":"data","Key":"large","Range":"bytes=-2"})");
    CHECK(asl::read_json(range)->find("Body")->as_string() == "xy");
    CHECK(asl::read_json(range)->find("ContentRange")->as_string() == "bytes 65536-65537/65538");
    s3(w, "DeleteObject", R"({"Bucket":"data","Key":"large"})");
    while (files_in(objects) > 0) runtime::sleep_for(std::chrono::milliseconds(1));
    CHECK(s3(w, "GetObject", R"({"Bucket":"data","Key":"large"})").starts_with("NoSuchKey"));
  });
}

TEST_CASE("an upload in parts becomes one object", "[connectors][s3]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    s3(world, "CreateBucket", R"({"Bucket":"data"})");
    const std::string created =
        s3(world, "CreateMultipartUpload", R"({"Bucket":"data","Key":"k"})");
    const std::string id(asl::read_json(created)->find("UploadId")->as_string());
    const std::string upload = R"("Bucket":"data","Key":"k","UploadId":")" + id + R"(")";
    const std::string first(s3::kPartBytesMin, 'a');
    const auto part = [&](int number, const std::string& body) {
      const std::string answer = s3(world, "UploadPart",
                                    "{" + upload + R"(,"PartNumber":)" + std::to_string(number) +
                                        R"(,"Body":")" + body + R"("})");
      std::string etag(asl::read_json(answer)->find("ETag")->as_string());
      return R"({"PartNumber":)" + std::to_string(number) + R"(,"ETag":"\)" +
             etag.substr(0, etag.size() - 1) + R"(\""})";
    };
    const std::string a = part(1, first);
    const std::string b = part(2, "bc");
    CHECK(s3(world, "DeleteBucket", R"({"Bucket":"data"})").starts_with("BucketNotEmpty"));
    CHECK(s3(world, "CompleteMultipartUpload",
             "{" + upload + R"(,"MultipartUpload":{"Parts":[)" + b + "," + a + "]}}")
              .starts_with("InvalidPartOrder"));
    const std::string completed =
        s3(world, "CompleteMultipartUpload",
           "{" + upload + R"(,"MultipartUpload":{"Parts":[)" + a + "," + b + "]}}");
    CHECK(completed.find(R"(-2\"")") != std::string::npos);
    const std::string end =
        s3(world, "GetObject", R"({"Bucket":"data","Key":"k","Range":"bytes=5242879-"})");
    CHECK(asl::read_json(end)->find("Body")->as_string() == "abc");
    CHECK(s3(world, "ListParts", "{" + upload + "}").starts_with("NoSuchUpload"));
  });
}

TEST_CASE("conditional writes and reads", "[connectors][s3]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    s3(world, "CreateBucket", R"({"Bucket":"data"})");
    const auto if_none = R"({"Bucket":"data","Key":"k","Body":"x","IfNoneMatch":"*"})";
    CHECK(s3(world, "PutObject", if_none).find("ETag") != std::string::npos);
    CHECK(s3(world, "PutObject", if_none).starts_with("PreconditionFailed"));
    CHECK(s3(world, "GetObject", R"({"Bucket":"data","Key":"k","IfMatch":"\"no\""})")
              .starts_with("PreconditionFailed"));
    CHECK(s3(world, "GetObject",
             R"({"Bucket":"data","Key":"k","IfNoneMatch":"9dd4e461268c8034f5c8564e155c67a6"})")
              .starts_with("NotModified"));
    CHECK(s3(world, "CopyObject", R"({"Bucket":"data","Key":"c","CopySource":"data/k"})")
              .find("9dd4e461268c8034f5c8564e155c67a6") != std::string::npos);
  });
}

}  // namespace pawl::connectors::test
