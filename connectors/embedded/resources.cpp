#include "connectors/embedded/resources.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/embedded/services.h"
#include "runtime/files/blocking.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

namespace pawl::connectors {
namespace {

namespace fs = std::filesystem;
using asl::Member;
using asl::ObjectBuilder;
using asl::Value;

// One kind of resource.
struct Kind {
  std::string_view member;
  std::string_view name;       // of an entry, required
  std::string_view operation;  // that makes one
  std::string_view contents;   // a list beside it; empty: none
};
// In this order: what comes later may name what came before.
constexpr Kind kKinds[] = {
    {"Queues", "QueueName", "CreateQueue", ""},
    {"Tables", "TableName", "CreateTable", "Items"},
    {"Buckets", "Bucket", "CreateBucket", "Objects"},
    {"Topics", "Name", "CreateTopic", "Subscriptions"},
    {"EventBuses", "Name", "CreateEventBus", ""},
    {"Rules", "Name", "PutRule", "Targets"},
    {"Secrets", "Name", "CreateSecret", ""},
};

const Kind* find_kind(std::string_view member) {
  for (const Kind& kind : kKinds) {
    if (kind.member == member) return &kind;
  }
  return nullptr;
}

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message), ""}; }

class Checker {
 public:
  explicit Checker(const std::string& path) : path_(path) {}

  void add(const std::string& place, std::string_view what) {
    problems_ += fmt::format("{}{}: {}: {}", problems_.empty() ? "" : "\n", path_,
                             place.empty() ? "/" : place, what);
  }
  Status result() const {
    if (problems_.empty()) return {};
    return invalid(problems_);
  }

  void entry(const Kind& kind, const Value& entry, const std::string& place) {
    if (!entry.is_object()) return add(place, "must be an object");
    if (text_of(entry, kind.name).empty()) {
      add(place, fmt::format("{} is required, a text", kind.name));
    }
    const Value* contents = kind.contents.empty() ? nullptr : entry.find(kind.contents);
    if (contents == nullptr) return;
    const std::string below = fmt::format("{}/{}", place, kind.contents);
    if (!contents->is_array()) return add(below, "must be a list");
    for (std::size_t i = 0; i < contents->size(); ++i) {
      const std::string at = fmt::format("{}/{}", below, i);
      const Value& one = contents->items()[i];
      if (!one.is_object()) {
        add(at, "must be an object");
      } else if (kind.contents == "Objects") {
        object(one, at);
      }
    }
  }

 private:
  void object(const Value& one, const std::string& place) {
    if (text_of(one, "Key").empty()) add(place, "Key is required, a text");
    const Value* body = one.find("Body");
    const Value* file = one.find("File");
    if ((body == nullptr) == (file == nullptr)) {
      add(place, "one of Body (a text) and File (a path) is required");
    }
    if (body != nullptr && !body->is_string()) add(place + "/Body", "must be a text");
    if (file == nullptr) return;
    if (!file->is_string() || file->as_string().empty()) {
      return add(place + "/File", "must be a path");
    }
    const fs::path path(file->as_string());
    const bool leaves = std::any_of(path.begin(), path.end(),
                                    [](const fs::path& part) { return part == ".."; });
    if (path.is_absolute() || leaves) {
      add(place + "/File", "must lie below the directory of the declaration");
    }
  }

  const std::string& path_;
  std::string problems_;
};

Result<std::string> read_file(const fs::path& path, std::size_t bytes_max) {
  std::error_code code;
  const auto size = fs::file_size(path, code);
  if (code) {
    return Error{code == std::errc::no_such_file_or_directory ? ErrorCode::kNotFound
                                                              : ErrorCode::kIo,
                 fmt::format("{}: {}", path.string(), code.message()), path.string()};
  }
  if (size > bytes_max) {
    return Error{ErrorCode::kLimit,
                 fmt::format("{}: it has {} bytes; {} at most", path.string(), size, bytes_max),
                 path.string()};
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file && !file.eof()) {
    return Error{ErrorCode::kIo, path.string() + ": it cannot be read", path.string()};
  }
  return text;
}

// Errors of create calls that say: it is there.
bool is_there_already(std::string_view code) {
  constexpr std::string_view kCodes[] = {"BucketAlreadyExists", "BucketAlreadyOwnedByYou",
                                         "ResourceAlreadyExistsException", "ResourceExistsException",
                                         "ResourceInUseException"};
  return std::find(std::begin(kCodes), std::end(kCodes), code) != std::end(kCodes);
}

Value without(const Value& object, std::string_view member) {
  ObjectBuilder out(object);
  out.erase(member);
  return std::move(out).build();
}

class Maker {
 public:
  Maker(EmbeddedServices& services, const Resources& resources)
      : services_(services), resources_(resources) {}

  Status make(const Kind& kind, const Value& entry, const std::string& place) {
    Value input = kind.contents.empty() ? entry : without(entry, kind.contents);
    if (kind.member == "Tables") input = with_billing(input);
    aws::Answer made = call(service_of(kind), kind.operation, input);
    bool is_new = true;
    if (const auto* error = std::get_if<aws::Error>(&made)) {
      if (!is_there_already(error->code)) return refused(place, *error);
      is_new = false;
    }
    const Value* contents = kind.contents.empty() ? nullptr : entry.find(kind.contents);
    if (contents == nullptr) return {};
    // Subscriptions and targets are the same again; what was put into a table or bucket may have
    // changed since, and is left alone.
    const bool repeatable = kind.member == "Topics" || kind.member == "Rules";
    if (!is_new && !repeatable) return {};
    if (kind.member == "Rules") {
      ObjectBuilder targets;
      targets.set("Rule", *entry.find("Name")).set("Targets", *contents);
      if (const Value* bus = entry.find("EventBusName")) targets.set("EventBusName", *bus);
      return done(call(services_.events(), "PutTargets", std::move(targets).build()),
                  place + "/Targets");
    }
    for (std::size_t i = 0; i < contents->size(); ++i) {
      const std::string at = fmt::format("{}/{}/{}", place, kind.contents, i);
      if (Status put = put_into(kind, entry, contents->items()[i], at); !put) return put;
    }
    return {};
  }

 private:
  static Value with_billing(const Value& input) {
    if (input.find("BillingMode") != nullptr || input.find("ProvisionedThroughput") != nullptr) {
      return input;
    }
    ObjectBuilder out(input);
    out.set("BillingMode", Value::string("PAY_PER_REQUEST"));
    return std::move(out).build();
  }

  aws::Service& service_of(const Kind& kind) {
    if (kind.member == "Tables") return services_.dynamodb();
    if (kind.member == "Queues") return services_.sqs();
    if (kind.member == "Buckets") return services_.s3();
    if (kind.member == "Topics") return services_.sns();
    if (kind.member == "Secrets") return services_.secrets();
    return services_.events();
  }

  aws::Answer call(aws::Service& service, std::string_view operation, Value input) {
    aws::Call call;
    call.operation = operation;
    call.input = std::move(input);
    call.request_id = services_.ledger().new_id();
    return service.call(call);
  }

  Status put_into(const Kind& kind, const Value& entry, const Value& one,
                  const std::string& place) {
    if (kind.member == "Tables") {
      ObjectBuilder input;
      input.set("TableName", *entry.find("TableName")).set("Item", one);
      return done(call(services_.dynamodb(), "PutItem", std::move(input).build()), place);
    }
    if (kind.member == "Topics") {
      const engine::EngineOptions& options = services_.ledger().engine().options();
      ObjectBuilder input(one);
      input.set("TopicArn",
                Value::string(fmt::format("arn:{}:sns:{}:{}:{}", options.partition, options.region,
                                          options.account, text_of(entry, "Name"))));
      return done(call(services_.sns(), "Subscribe", std::move(input).build()), place);
    }
    return put_object(*entry.find("Bucket"), one, place);
  }

  Status put_object(const Value& bucket, const Value& one, const std::string& place) {
    std::string bytes(text_of(one, "Body"));
    if (const std::string_view file = text_of(one, "File"); !file.empty()) {
      Result<std::string> content = std::string();
      Status ran = runtime::run_blocking([&] {
        content = read_file(fs::path(resources_.directory) / std::string(file),
                            kResourceFileBytesMax);
      });
      if (!ran) return ran;
      if (!content) return at(place, content.error().message);
      bytes = *std::move(content);
    }
    s3::BodyWriter writer = services_.s3().new_body(aws::Checksum::kCrc32);
    if (Status written = writer.write(bytes); !written) return written;
    Result<std::shared_ptr<s3::StoredBody>> stored = writer.finish();
    if (!stored) return std::move(stored).error();
    ObjectBuilder input(without(without(one, "Body"), "File"));
    input.set("Bucket", bucket);
    aws::Call put;
    put.operation = "PutObject";
    put.input = std::move(input).build();
    put.request_id = services_.ledger().new_id();
    s3::Request request{put, *std::move(stored)};
    return done(services_.s3().serve(request), place);
  }

  Status done(const aws::Answer& answer, const std::string& place) const {
    const auto* error = std::get_if<aws::Error>(&answer);
    return error == nullptr ? Status() : refused(place, *error);
  }
  Status refused(const std::string& place, const aws::Error& error) const {
    return at(place, fmt::format("{}: {}", error.code, error.message));
  }
  Status at(const std::string& place, std::string_view what) const {
    return invalid(fmt::format("{}: {}: {}", resources_.path, place, what));
  }

  EmbeddedServices& services_;
  const Resources& resources_;
};

}  // namespace

Status check_resources(const std::string& text, const std::string& path) {
  Checker checker(path);
  const Result<Value> document = asl::read_json(text, {.max_bytes = kResourceBytesMax});
  if (!document) {
    return invalid(fmt::format("{}: {}{}", path, document.error().message,
                               document.error().where.empty()
                                   ? ""
                                   : " (at " + document.error().where + ")"));
  }
  if (!document->is_object()) {
    checker.add("", "must be an object with lists: Tables, Queues, Buckets, Topics, EventBuses, "
                    "Rules, Secrets");
    return checker.result();
  }
  std::size_t count = 0;
  for (const Member& member : document->members()) {
    const std::string name(member.key.as_string());
    const std::string place = "/" + name;
    const Kind* kind = find_kind(name);
    if (kind == nullptr) {
      checker.add(place, "there is no such kind of resource; there are Tables, Queues, Buckets, "
                         "Topics, EventBuses, Rules, Secrets");
      continue;
    }
    if (!member.value.is_array()) {
      checker.add(place, "must be a list");
      continue;
    }
    count += member.value.size();
    for (std::size_t i = 0; i < member.value.size(); ++i) {
      checker.entry(*kind, member.value.items()[i], fmt::format("{}/{}", place, i));
    }
  }
  if (count > kResourcesMax) {
    checker.add("", fmt::format("has {} resources; {} at most", count, kResourcesMax));
  }
  return checker.result();
}

Result<Resources> read_resources(const std::string& path) {
  Result<std::string> text = read_file(path, kResourceBytesMax);
  if (!text) return std::move(text).error();
  if (Status checked = check_resources(*text, path); !checked) return std::move(checked).error();
  Resources resources;
  resources.path = path;
  resources.directory = fs::absolute(fs::path(path)).parent_path().string();
  resources.text = *std::move(text);
  return resources;
}

Status make_resources(EmbeddedServices& services, const Resources& resources) {
  const Result<Value> document =
      asl::read_json(resources.text, {.max_bytes = kResourceBytesMax});
  if (!document) return document.error();
  Maker maker(services, resources);
  for (const Kind& kind : kKinds) {
    const Value* listed = document->find(kind.member);
    if (listed == nullptr) continue;
    for (std::size_t i = 0; i < listed->size(); ++i) {
      if (Status made = maker.make(kind, listed->items()[i], fmt::format("/{}/{}", kind.member, i));
          !made) {
        return made;
      }
    }
  }
  return {};
}

}  // namespace pawl::connectors
