#include "asl/validate/integrations.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace pawl::asl {
namespace {

enum Patterns : unsigned {
  kRequest = 0,  // every action has it
  kSync = 1,
  kToken = 2,
  kSync2 = 4,
};

struct Action {
  std::string_view service;
  std::string_view action;
  unsigned patterns = kRequest;
};

constexpr Action kActions[] = {
    {"apigateway", "invoke", kToken},
    {"athena", "getQueryExecution"},
    {"athena", "getQueryResults"},
    {"athena", "startQueryExecution", kSync},
    {"athena", "stopQueryExecution"},
    {"batch", "submitJob", kSync},
    {"bedrock", "createModelCustomizationJob", kSync},
    {"bedrock", "invokeModel", kToken},
    {"codebuild", "batchDeleteBuilds"},
    {"codebuild", "batchGetReports"},
    {"codebuild", "deleteBuildBatch"},
    {"codebuild", "retryBuildBatch", kSync},
    {"codebuild", "startBuild", kSync},
    {"codebuild", "startBuildBatch", kSync},
    {"codebuild", "stopBuild"},
    {"codebuild", "stopBuildBatch"},
    {"databrew", "startJobRun", kSync},
    {"dynamodb", "deleteItem"},
    {"dynamodb", "getItem"},
    {"dynamodb", "putItem"},
    {"dynamodb", "updateItem"},
    {"ecs", "runTask", kSync | kToken},
    {"eks", "call"},
    {"eks", "createCluster", kSync},
    {"eks", "createFargateProfile", kSync},
    {"eks", "createNodegroup", kSync},
    {"eks", "deleteCluster", kSync},
    {"eks", "deleteFargateProfile", kSync},
    {"eks", "deleteNodegroup", kSync},
    {"eks", "runJob", kSync | kToken},
    {"elasticmapreduce", "addStep", kSync},
    {"elasticmapreduce", "cancelStep"},
    {"elasticmapreduce", "createCluster", kSync},
    {"elasticmapreduce", "modifyInstanceFleetByName"},
    {"elasticmapreduce", "modifyInstanceGroupByName"},
    {"elasticmapreduce", "setClusterTerminationProtection"},
    {"elasticmapreduce", "terminateCluster", kSync},
    {"emr-containers", "createVirtualCluster"},
    {"emr-containers", "deleteVirtualCluster", kSync},
    {"emr-containers", "startJobRun", kSync},
    {"emr-serverless", "cancelJobRun", kSync},
    {"emr-serverless", "createApplication", kSync},
    {"emr-serverless", "deleteApplication", kSync},
    {"emr-serverless", "startApplication", kSync},
    {"emr-serverless", "startJobRun", kSync},
    {"emr-serverless", "stopApplication", kSync},
    {"events", "putEvents", kToken},
    {"glue", "startJobRun", kSync},
    {"http", "invoke"},
    {"lambda", "invoke", kToken},
    {"mediaconvert", "createJob", kSync},
    {"sagemaker", "createEndpoint"},
    {"sagemaker", "createEndpointConfig"},
    {"sagemaker", "createHyperParameterTuningJob", kSync},
    {"sagemaker", "createLabelingJob", kSync},
    {"sagemaker", "createModel"},
    {"sagemaker", "createProcessingJob", kSync},
    {"sagemaker", "createTrainingJob", kSync},
    {"sagemaker", "createTransformJob", kSync},
    {"sagemaker", "updateEndpoint"},
    {"sns", "publish", kToken},
    {"sqs", "sendMessage", kToken},
    {"states", "startExecution", kSync | kSync2 | kToken},
};

unsigned pattern_of(const Resource& resource) {
  switch (resource.pattern) {
    case IntegrationPattern::kRequestResponse:
      return kRequest;
    case IntegrationPattern::kWaitForTaskToken:
      return kToken;
    case IntegrationPattern::kSync:
      return resource.action.ends_with(":2") ? kSync2 : kSync;
  }
  return kRequest;
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// SERVICE in lower case, ACTION in camel case: the service compares both with case.
bool is_sdk_call(std::string_view service, std::string_view action) {
  return std::none_of(service.begin(), service.end(),
                      [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         !action.empty() && is_lower(action.front());
}

}  // namespace

bool is_known_integration(const Resource& resource) {
  const unsigned pattern = pattern_of(resource);
  const std::string_view sdk = "aws-sdk:";
  if (resource.service.starts_with(sdk)) {
    return (pattern & (kSync | kSync2)) == 0 &&
           is_sdk_call(std::string_view(resource.service).substr(sdk.size()), resource.api_action);
  }
  return std::any_of(std::begin(kActions), std::end(kActions), [&](const Action& known) {
    return known.service == resource.service && known.action == resource.api_action &&
           (known.patterns & pattern) == pattern;
  });
}

}  // namespace pawl::asl
