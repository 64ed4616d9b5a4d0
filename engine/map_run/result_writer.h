// Writes the results of a Map Run to S3: files of the children by status, and a manifest.
//
// PREFIX/RUN/SUCCEEDED_0.json, FAILED_0.json, ... and manifest.json, which names them. A file is
// written when it has grown to kResultFileBytes, so that memory holds two of them at most.
//
// Source: developer guide, "ResultWriter (Map)"; `asl-facts` section 11.
#pragma once

#include "engine/map_run/child_result.h"
#include "engine/map_run/s3_calls.h"

#include <string>

namespace pawl::engine {

inline constexpr std::size_t kResultFileBytes = std::size_t{16} << 20;

struct WriteOrder {
  asl::Value parameters;  // evaluated: Bucket, Prefix
  ResultForm form;
  ChildArns arns;
  std::string map_run_arn;
  ExecutionNumber run = 0;
};

// Answers ResultWriterDetails: {"Bucket","Key"} of the manifest. kInvalid: the message is the cause
// of States.ResultWriterFailed; other errors are those of the store. Suspends.
Result<asl::Value> write_results(const WriteOrder& order, const runtime::Store& store,
                                 S3Calls& calls);

}  // namespace pawl::engine
