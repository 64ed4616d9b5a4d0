// What a declaration says, made: by the services' own operations.
#include "asl/json/reader.h"
#include "connectors/embedded/resources.h"
#include "connectors/embedded/services.h"
#include "runtime/files/blocking.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace pawl::connectors {
namespace {

using asl::ObjectBuilder;
using asl::Value;

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message), ""}; }

// Errors of create calls that say: it is there.
bool is_there_already(std::string_view code) {
  constexpr std::string_view kCodes[] = {"BucketAlreadyExists", "BucketAlreadyOwnedByYou",
                                         "ResourceAlreadyExistsException",
                                         "ResourceExistsException", "ResourceInUseException"};
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

  Status make(const ResourceKind& kind, const Value& entry, const std::string& place) {
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

  aws::Service& service_of(const ResourceKind& kind) {
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

  Status put_into(const ResourceKind& kind, const Value& entry, const Value& one,
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
        const std::filesystem::path path(resources_.directory);
        content = read_resource_file((path / std::string(file)).string(), kResourceFileBytesMax);
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

Status make_resources(EmbeddedServices& services, const Resources& resources) {
  const Result<Value> document = asl::read_json(resources.text, {.max_bytes = kResourceBytesMax});
  if (!document) return document.error();
  Maker maker(services, resources);
  for (const ResourceKind& kind : kResourceKinds) {
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
