// The calls of a Map Run to S3, through whatever handler serves arn:aws:states:::s3:*.
//
// getObject is asked for parts of an object (Range), with IfMatch from the second part on; its
// answer holds Body, ContentRange where the server cut, and ETag. Body is the bytes themselves, or
// base64 of them where ContentLength says that they are fewer: bytes that are no text. A handler
// that knows no Range answers everything at once, without ContentRange.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"
#include "engine/task.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace pawl::engine {

inline constexpr std::size_t kObjectPartBytes = std::size_t{8} << 20;

class S3Calls {
 public:
  // Makes the rows durable that an answer carries (an embedded S3). May suspend.
  using Commit = std::function<Status(const JoinedWrites&)>;
  // `request` is the frame of every call: resource and parameters are set by each. Suspends in
  // every call.
  S3Calls(TaskHandlers& handlers, TaskRequest request, std::string state_machine, Commit commit);

  // One call. kInvalid: it failed, the message is the cause, `where` the error. Other errors are
  // those of the store.
  Result<asl::Value> call(std::string_view action, asl::Value parameters);

  // The bytes of an object, decompressed if they are gzip or Zstandard. `parameters`: Bucket, Key,
  // ... of getObject.
  using Sink = std::function<Status(std::string_view)>;
  Status read_object(const asl::Value& parameters, const Sink& sink);

  // The entries of a bucket, page by page. `parameters`: of listObjectsV2.
  Status list_objects(const asl::Value& parameters,
                      const std::function<Status(const asl::Value&)>& entry);

 private:
  TaskHandlers& handlers_;
  TaskRequest request_;
  std::string state_machine_;
  Commit commit_;
  std::size_t calls_ = 0;
};

}  // namespace pawl::engine
