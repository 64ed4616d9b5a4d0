#include "service/test_state/mock_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace pawl::service {

namespace {

using connectors::AwsMember;
using connectors::AwsService;
using connectors::AwsShape;
using connectors::AwsType;

// Optimized integrations whose service has another id in the models.
constexpr std::pair<std::string_view, std::string_view> kServices[] = {
    {"states", "sfn"},
    {"events", "eventbridge"},
    {"elasticmapreduce", "emr"},
    {"emr-containers", "emrcontainers"},
    {"emr-serverless", "emrserverless"},
};

// What Step Functions asks until a job is over.
struct Poll {
  std::string_view service;
  std::string_view action;
  std::string_view polled;
};
constexpr Poll kPolls[] = {
    {"states", "startExecution", "DescribeExecution"},
    {"athena", "startQueryExecution", "GetQueryExecution"},
    {"batch", "submitJob", "DescribeJobs"},
    {"codebuild", "startBuild", "BatchGetBuilds"},
    {"codebuild", "startBuildBatch", "BatchGetBuildBatches"},
    {"codebuild", "retryBuildBatch", "BatchGetBuildBatches"},
    {"databrew", "startJobRun", "DescribeJobRun"},
    {"ecs", "runTask", "DescribeTasks"},
    {"eks", "createCluster", "DescribeCluster"},
    {"eks", "deleteCluster", "DescribeCluster"},
    {"eks", "createNodegroup", "DescribeNodegroup"},
    {"eks", "deleteNodegroup", "DescribeNodegroup"},
    {"eks", "createFargateProfile", "DescribeFargateProfile"},
    {"eks", "deleteFargateProfile", "DescribeFargateProfile"},
    {"elasticmapreduce", "createCluster", "DescribeCluster"},
    {"elasticmapreduce", "terminateCluster", "DescribeCluster"},
    {"elasticmapreduce", "addStep", "DescribeStep"},
    {"emr-containers", "startJobRun", "DescribeJobRun"},
    {"emr-containers", "deleteVirtualCluster", "DescribeVirtualCluster"},
    {"emr-serverless", "createApplication", "GetApplication"},
    {"emr-serverless", "startApplication", "GetApplication"},
    {"emr-serverless", "stopApplication", "GetApplication"},
    {"emr-serverless", "deleteApplication", "GetApplication"},
    {"emr-serverless", "startJobRun", "GetJobRun"},
    {"glue", "startJobRun", "GetJobRun"},
    {"mediaconvert", "createJob", "GetJob"},
    {"sagemaker", "createHyperParameterTuningJob", "DescribeHyperParameterTuningJob"},
    {"sagemaker", "createLabelingJob", "DescribeLabelingJob"},
    {"sagemaker", "createProcessingJob", "DescribeProcessingJob"},
    {"sagemaker", "createTrainingJob", "DescribeTrainingJob"},
    {"sagemaker", "createTransformJob", "DescribeTransformJob"},
};

std::string_view model_of(std::string_view service) {
  constexpr std::string_view kSdk = "aws-sdk:";
  if (service.starts_with(kSdk)) return service.substr(kSdk.size());
  for (const auto& [integration, id] : kServices) {
    if (integration == service) return id;
  }
  return service;
}

std::string_view operation_of(const asl::Resource& resource) {
  if (resource.pattern != asl::IntegrationPattern::kSync) return resource.api_action;
  for (const Poll& poll : kPolls) {
    if (poll.service == resource.service && poll.action == resource.api_action) return poll.polled;
  }
  return {};
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// As the Java SDK calls it, whose names aws-sdk integrations show: "DBInstances" is "DbInstances",
// "KMSKeyARN" is "KmsKeyArn".
std::string sdk_name(std::string_view member) {
  std::string name = connectors::integration_name(member);
  for (std::size_t i = 1; i < member.size(); ++i) {
    const bool word_begins = i + 1 < member.size() && is_lower(member[i + 1]);
    if (is_upper(member[i]) && is_upper(member[i - 1]) && !word_begins) {
      name[i] = static_cast<char>(member[i] - 'A' + 'a');
    }
  }
  return name;
}

// Whether a size, length or number keeps within its shape's bounds.
std::optional<std::string_view> bound_problem(const AwsShape& shape, double size, bool number) {
  if (shape.min && size < *shape.min) {
    return number ? "is less than the minimum value" : "is smaller than the minimum length";
  }
  if (shape.max && size > *shape.max) {
    return number ? "exceeds the maximum value" : "exceeds the maximum length";
  }
  return std::nullopt;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

// What is wrong with the value itself, its parts left aside.
std::optional<std::string_view> value_problem(const AwsShape& shape, const asl::Value& value) {
  switch (shape.type) {
    case AwsType::kString:
    case AwsType::kBlob:
      if (!value.is_string()) return "must be a string";
      return bound_problem(shape, static_cast<double>(characters(value.as_string())), false);
    case AwsType::kTimestamp:
      return value.is_string() ? std::nullopt : std::optional<std::string_view>("must be a string");
    case AwsType::kEnum:
      if (!value.is_string()) return "must be a string";
      if (std::find(shape.values.begin(), shape.values.end(), value.as_string()) ==
          shape.values.end()) {
        return "is not an expected value";
      }
      return std::nullopt;
    case AwsType::kInteger:
    case AwsType::kFloat:
      if (!value.is_number()) return "must be a number";
      return bound_problem(shape, value.as_double(), true);
    case AwsType::kBoolean:
      return value.is_bool() ? std::nullopt : std::optional<std::string_view>("must be a boolean");
    case AwsType::kList:
      if (!value.is_array()) return "must be an array";
      return bound_problem(shape, static_cast<double>(value.size()), false);
    case AwsType::kMap:
      if (!value.is_object()) return "must be an object";
      return bound_problem(shape, static_cast<double>(value.size()), false);
    case AwsType::kStructure:
      return value.is_object() ? std::nullopt
                               : std::optional<std::string_view>("must be an object");
  }
  return std::nullopt;
}

// A value that is still to be looked at. The walk has a list of its own: a mock nests deeper than a
// fiber's stack would like.
struct Pending {
  std::uint32_t shape = 0;
  const asl::Value* value = nullptr;
  std::string name;  // of the member that holds it
};

}  // namespace

std::optional<MockedApi> mocked_api(const asl::Resource& resource) {
  if (resource.kind != asl::ResourceKind::kIntegration ||
      resource.pattern == asl::IntegrationPattern::kWaitForTaskToken ||
      resource.service == "http" || resource.service == "apigateway" ||
      (resource.service == "eks" &&
       (resource.api_action == "call" || resource.api_action == "runJob"))) {
    return std::nullopt;
  }
  std::optional<AwsService> service = AwsService::find(model_of(resource.service));
  if (!service) return std::nullopt;
  const connectors::AwsOperation* operation = service->operation(operation_of(resource));
  if (operation == nullptr || !operation->output) return std::nullopt;
  const std::uint32_t output = *operation->output;
  return MockedApi{*std::move(service), output};
}

std::optional<std::string> schema_problem(const MockedApi& api, const asl::Value& result,
                                          bool strict) {
  std::vector<Pending> pending;
  pending.push_back({api.output, &result, ""});
  while (!pending.empty()) {
    const Pending next = std::move(pending.back());
    pending.pop_back();
    const AwsShape& shape = api.service.shape(next.shape);
    if (const auto problem = value_problem(shape, *next.value)) {
      return fmt::format("Field '{}' {}", next.name, *problem);
    }
    const std::size_t first = pending.size();
    if (shape.type == AwsType::kStructure) {
      for (const AwsMember& member : shape.members) {
        std::string name = connectors::integration_name(member.name);
        const asl::Value* value = next.value->find(name);
        if (value == nullptr) {
          std::string other = sdk_name(member.name);
          value = next.value->find(other);
          if (value != nullptr) name = std::move(other);
        }
        if (value != nullptr) {
          pending.push_back({member.shape, value, std::move(name)});
        } else if (strict && member.required) {
          return fmt::format("Required field '{}' is missing", name);
        }
      }
    } else if (shape.type == AwsType::kList) {
      for (const asl::Value& item : next.value->items()) {
        pending.push_back({shape.element, &item, next.name});
      }
    } else if (shape.type == AwsType::kMap) {
      for (const asl::Member& member : next.value->members()) {
        pending.push_back({shape.element, &member.value, std::string(member.key.as_string())});
      }
    }
    // The last one pushed is the next one looked at.
    std::reverse(pending.begin() + static_cast<std::ptrdiff_t>(first), pending.end());
  }
  return std::nullopt;
}

}  // namespace pawl::service
