// LogsApi: the part of CloudWatch Logs that reads and writes log groups, over a LogStore, so that
// the clients people have show what executions log. X-Amz-Target: Logs_20140328.OPERATION.
//
// CreateLogGroup, DeleteLogGroup, DescribeLogGroups, PutRetentionPolicy, DeleteRetentionPolicy,
// CreateLogStream, DeleteLogStream, DescribeLogStreams, PutLogEvents, GetLogEvents, FilterLogEvents
// (patterns of plain terms).
//
// Source: API reference of Amazon CloudWatch Logs.
#pragma once

#include "asl/json/value.h"
#include "service/errors.h"
#include "service/logs/log_store.h"

#include <string>
#include <string_view>

namespace pawl::service {

class LogsApi {
 public:
  explicit LogsApi(engine::Engine& engine) : engine_(engine), store_(engine) {}

  // On a fiber of the engine's first shard; suspends. Bodies as of AWS JSON 1.1.
  Answer call(std::string_view operation, std::string_view body);

  LogStore& store() { return store_; }
  // "arn:aws:logs:us-east-1:123456789012:log-group:NAME"
  std::string group_arn(std::string_view group) const;
  // The group of a log destination's ARN ("...:log-group:NAME:*"); empty: it is none of ours.
  std::string group_of_destination(std::string_view arn) const;

 private:
  engine::Engine& engine_;
  LogStore store_;
};

// {"__type":"ResourceNotFoundException","message":"..."}: errors of this API have no name space.
std::string logs_error_body(const ApiError& error);

}  // namespace pawl::service
