// Whether a mocked result is one that the API behind a Task could answer.
//
// Source: developer guide, "Mock validation modes"; texts of the recorded cases of
// test_state/field_validation_mode*. Members that the model does not know are ignored; the shapes'
// patterns are not checked: what the service says of them is not recorded.
#pragma once

#include "asl/json/value.h"
#include "asl/model/definition.h"
#include "connectors/aws_models/aws_models.h"

#include <optional>
#include <string>

namespace pawl::service {

// The service and operation whose answer `resource` gives as its result: for .sync the operation
// that Step Functions polls. Empty where nothing is checked: functions and activities by their ARN,
// HTTP, API Gateway, calls into a Kubernetes cluster, callbacks (the result is what the caller of
// SendTaskSuccess says), and services that the shipped models do not have.
struct MockedApi {
  connectors::AwsService service;
  std::uint32_t output = 0;
};
std::optional<MockedApi> mocked_api(const asl::Resource& resource);

// What is wrong with `result`: "Field 'StatusCode' must be a number". `strict`: required members
// must be there.
std::optional<std::string> schema_problem(const MockedApi& api, const asl::Value& result,
                                          bool strict);

}  // namespace pawl::service
