#include "engine/map_run/result_writer.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/history.h"

#include <utility>
#include <vector>

namespace pawl::engine {

namespace {

using asl::Value;
using Transformation = asl::ResultWriter::Transformation;

class Writing {
 public:
  Writing(const WriteOrder& order, const runtime::Store& store, S3Calls& calls)
      : order_(order), store_(store), calls_(calls) {
    bucket_ = text_of(order.parameters, "Bucket");
    folder_ = text_of(order.parameters, "Prefix");
    if (!folder_.empty() && folder_.back() != '/') folder_ += '/';
    folder_ += order.map_run_arn.substr(order.map_run_arn.rfind(':') + 1) + "/";
  }

  Result<Value> run() {
    const Status passed = for_each_child(
        store_, order_.run, [this](const StoredChild& child) { return add_child(child); });
    if (!passed) return passed.error();
    for (File* file : {&succeeded_, &failed_}) {
      if (file->body.empty()) continue;
      if (Status written = flush(*file); !written) return std::move(written).error();
    }
    asl::ObjectBuilder files;
    files.set("FAILED", Value::array(std::move(failed_.written)));
    files.set("PENDING", Value::array({}));
    files.set("SUCCEEDED", Value::array(std::move(succeeded_.written)));
    asl::ObjectBuilder manifest;
    manifest.set("DestinationBucket", Value::string(bucket_));
    manifest.set("MapRunArn", Value::string(order_.map_run_arn));
    manifest.set("ResultFiles", std::move(files).build());
    const std::string key = folder_ + "manifest.json";
    if (Status put = put_object(key, asl::to_json(std::move(manifest).build())); !put) {
      return std::move(put).error();
    }
    asl::ObjectBuilder details;
    details.set("Bucket", Value::string(bucket_));
    details.set("Key", Value::string(key));
    return std::move(details).build();
  }

 private:
  struct File {
    std::string_view name;
    std::string body = {};
    std::size_t number = 0;
    std::vector<Value> written = {};  // entries of the manifest
  };

  // A child that failed is always shown whole.
  Status add_child(const StoredChild& child) {
    const bool succeeded = child.record.status == ExecutionStatus::kSucceeded;
    File& file = succeeded ? succeeded_ : failed_;
    if (!succeeded || order_.form.transformation == Transformation::kNone) {
      const Result<Value> all = result_with_metadata(store_, child, order_.arns);
      if (!all) return all.error();
      return add(file, asl::to_json(*all));
    }
    PayloadReader payloads(store_, child.number);
    Result<std::string> output = payloads.text(child.record.output);
    if (!output) return std::move(output).error();
    if (order_.form.transformation == Transformation::kFlatten) {
      const Result<Value> value = asl::read_json(*output);
      if (!value) return value.error();
      if (value->is_array()) {
        for (const Value& element : value->items()) {
          if (Status added = add(file, asl::to_json(element)); !added) return added;
        }
        return {};
      }
    }
    return add(file, *output);
  }

  Status add(File& file, std::string_view json) {
    if (order_.form.json_lines) {
      file.body.append(json).append("\n");
    } else {
      file.body.append(file.body.empty() ? "[" : ",").append(json);
    }
    return file.body.size() < kResultFileBytes ? Status() : flush(file);
  }

  Status flush(File& file) {
    if (!order_.form.json_lines) file.body += ']';
    std::string key = folder_;
    key.append(file.name).append("_").append(std::to_string(file.number++));
    key += order_.form.json_lines ? ".jsonl" : ".json";
    const std::size_t size = file.body.size();
    if (Status put = put_object(key, std::exchange(file.body, {})); !put) return put;
    asl::ObjectBuilder entry;
    entry.set("Key", Value::string(key));
    entry.set("Size", Value::integer(static_cast<std::int64_t>(size)));
    file.written.push_back(std::move(entry).build());
    return {};
  }

  Status put_object(const std::string& key, const std::string& body) {
    asl::ObjectBuilder parameters;
    parameters.set("Bucket", Value::string(bucket_));
    parameters.set("Key", Value::string(key));
    parameters.set("Body", Value::string(body));
    parameters.set("ContentType", Value::string("application/json"));
    const Result<Value> answer = calls_.call("putObject", std::move(parameters).build());
    return answer ? Status() : answer.error();
  }

  const WriteOrder& order_;
  const runtime::Store& store_;
  S3Calls& calls_;
  std::string bucket_;
  std::string folder_;  // with the slash
  File succeeded_{"SUCCEEDED"};
  File failed_{"FAILED"};
};

}  // namespace

Result<Value> write_results(const WriteOrder& order, const runtime::Store& store, S3Calls& calls) {
  return Writing(order, store, calls).run();
}

}  // namespace pawl::engine
