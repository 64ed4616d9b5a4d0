#include "engine/map_run/s3_calls.h"

#include "asl/parse/resource.h"
#include "base/base64.h"
#include "runtime/compress/decompress.h"

#include <charconv>
#include <optional>
#include <utility>

namespace pawl::engine {

namespace {

using asl::Value;

Value with(const Value& object, std::string_view name, Value value) {
  asl::ObjectBuilder out;
  for (const asl::Member& member : object.members()) {
    if (member.key.as_string() != name) out.set(member.key.as_string(), member.value);
  }
  out.set(name, std::move(value));
  return std::move(out).build();
}

// "bytes 0-8388607/10737418240": the whole size.
std::optional<std::uint64_t> total_of(std::string_view content_range) {
  const std::size_t slash = content_range.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = content_range.substr(slash + 1);
  std::uint64_t total = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), total);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return total;
}

}  // namespace

S3Calls::S3Calls(TaskHandlers& handlers, TaskRequest request, std::string state_machine,
                 Commit commit)
    : handlers_(handlers),
      request_(std::move(request)),
      state_machine_(std::move(state_machine)),
      commit_(std::move(commit)) {}

Result<Value> S3Calls::call(std::string_view action, Value parameters) {
  const auto resource = asl::parse_resource("arn:aws:states:::s3:" + std::string(action));
  PAWL_ASSERT(resource.has_value());
  TaskHandler* handler = handlers_.find(*resource, state_machine_, request_.state_name);
  if (handler == nullptr) {
    return Error{ErrorCode::kInvalid, "No connector serves the resource " + resource->arn + ".",
                 ""};
  }
  TaskRequest request = request_;
  request.resource = &*resource;
  request.parameters = asl::Payload::of(std::move(parameters));
  request.idempotency_key += "." + std::to_string(calls_++);
  Outcome outcome = handler->run(request);
  if (auto* succeeded = std::get_if<TaskSucceeded>(&outcome)) {
    if (Status kept = commit_(succeeded->writes); !kept) return std::move(kept).error();
    if (!succeeded->output.present()) return Value::object({});
    return succeeded->output.value();
  }
  if (auto* failed = std::get_if<TaskFailed>(&outcome)) {
    const Failure& failure = failed->failure;
    return Error{ErrorCode::kInvalid, failure.cause.value_or(failure.error.value_or("")),
                 failure.error.value_or("")};
  }
  return Error{ErrorCode::kInvalid, "The call of " + resource->arn + " gave no answer.", ""};
}

Status S3Calls::read_object(const Value& parameters, const Sink& sink) {
  runtime::Decompressor decompressor;
  const auto pass = [&](std::string_view bytes) -> Status {
    Status passed = decompressor.feed(bytes, sink);
    if (!passed && passed.error().code == ErrorCode::kCorrupt) {
      return Error{ErrorCode::kInvalid, passed.error().message, ""};
    }
    return passed;
  };
  Value wanted = parameters;
  std::uint64_t offset = 0;
  for (;;) {
    const std::string range =
        "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + kObjectPartBytes - 1);
    const Result<Value> answer = call("getObject", with(wanted, "Range", Value::string(range)));
    if (!answer) {
      // An object without bytes has no range that could be asked for.
      const bool empty =
          offset == 0 && (answer.error().where.find("InvalidRange") != std::string::npos ||
                          answer.error().message.find("InvalidRange") != std::string::npos);
      if (empty) break;
      return answer.error();
    }
    const Value* body = answer->find("Body");
    std::string_view bytes;
    if (body != nullptr && body->is_string()) bytes = body->as_string();
    // Bytes that are no text may come as base64: then the length does not fit.
    std::optional<std::string> decoded;
    const Value* length = answer->find("ContentLength");
    if (length != nullptr && length->is_int() &&
        length->as_int() != static_cast<std::int64_t>(bytes.size())) {
      decoded = from_base64(bytes);
      if (decoded && length->as_int() == static_cast<std::int64_t>(decoded->size())) {
        bytes = *decoded;
      }
    }
    if (Status passed = pass(bytes); !passed) return passed;
    offset += bytes.size();
    const std::optional<std::uint64_t> total = total_of(text_of(*answer, "ContentRange"));
    if (!total || offset >= *total || bytes.empty()) break;
    // The parts must be of one object: another one in its place is noticed.
    const std::string tag(text_of(*answer, "ETag"));
    if (!tag.empty()) wanted = with(wanted, "IfMatch", Value::string(tag));
  }
  Status finished = decompressor.finish(sink);
  if (!finished && finished.error().code == ErrorCode::kCorrupt) {
    return Error{ErrorCode::kInvalid, finished.error().message, ""};
  }
  return finished;
}

Status S3Calls::list_objects(const Value& parameters,
                             const std::function<Status(const Value&)>& entry) {
  Value wanted = parameters;
  for (;;) {
    const Result<Value> answer = call("listObjectsV2", wanted);
    if (!answer) return answer.error();
    const Value* contents = answer->find("Contents");
    if (contents != nullptr && contents->is_array()) {
      for (const Value& one : contents->items()) {
        if (Status taken = entry(one); !taken) return taken;
      }
    }
    const std::string next(text_of(*answer, "NextContinuationToken"));
    if (next.empty()) return {};
    wanted = with(wanted, "ContinuationToken", Value::string(next));
  }
}

}  // namespace pawl::engine
