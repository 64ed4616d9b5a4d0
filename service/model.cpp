// The inputs of all operations: stepfunctions-service-2.json as tables.
#include "service/constraints.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pawl::service {

namespace {

constexpr bool kRequired = true;
constexpr bool kOptional = false;

// --- patterns ---

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_printable_ascii(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

// Letters, digits, "_", "-" and "."; not digits alone.
bool is_alias_name(std::string_view text) {
  bool other_than_digit = false;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!digit && !letter && c != '_' && c != '-' && c != '.') return false;
    other_than_digit = other_than_digit || !digit;
  }
  return other_than_digit;
}

// --- shapes ---
// Enum values stand in the order in which the service lists them where that is recorded
// (ExecutionStatus), else in the model's.

constexpr Shape kName{.type = ShapeType::kString, .min = 1, .max = 80, .quota = Quota::kName};
constexpr Shape kTagKey{.type = ShapeType::kString, .min = 1, .max = 128};
constexpr Shape kTagValue{.type = ShapeType::kString, .max = 256};
constexpr MemberShape kTagMembers[] = {
    {"key", &kTagKey, kOptional},
    {"value", &kTagValue, kOptional},
};
constexpr Shape kTag{.name = "Tag", .type = ShapeType::kStructure, .members = kTagMembers};
constexpr Shape kTagList{.type = ShapeType::kList, .element = &kTag};
constexpr Shape kKmsKeyId{.type = ShapeType::kString, .min = 1, .max = 2048};
constexpr Shape kKmsDataKeyReusePeriodSeconds{.type = ShapeType::kInteger, .min = 60, .max = 900};
constexpr std::string_view kEncryptionTypeValues[] = {"AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"};
constexpr Shape kEncryptionType{.type = ShapeType::kString, .values = kEncryptionTypeValues};
constexpr MemberShape kEncryptionConfigurationMembers[] = {
    {"kmsKeyId", &kKmsKeyId, kOptional},
    {"kmsDataKeyReusePeriodSeconds", &kKmsDataKeyReusePeriodSeconds, kOptional},
    {"type", &kEncryptionType, kRequired},
};
constexpr Shape kEncryptionConfiguration{.name = "EncryptionConfiguration",
                                         .type = ShapeType::kStructure,
                                         .members = kEncryptionConfigurationMembers};
constexpr Shape kDefinition{.type = ShapeType::kString,
                            .min = 1,
                            .max = 1048576,
                            .quota = Quota::kDefinition,
                            .sensitive = true};
constexpr Shape kArn{.type = ShapeType::kString, .min = 1, .max = 256, .quota = Quota::kArn};
constexpr std::string_view kStateMachineTypeValues[] = {"STANDARD", "EXPRESS"};
constexpr Shape kStateMachineType{.type = ShapeType::kString, .values = kStateMachineTypeValues};
constexpr std::string_view kLogLevelValues[] = {"ALL", "ERROR", "FATAL", "OFF"};
constexpr Shape kLogLevel{.type = ShapeType::kString, .values = kLogLevelValues};
constexpr Shape kIncludeExecutionData{.type = ShapeType::kBoolean};
constexpr MemberShape kCloudWatchLogsLogGroupMembers[] = {
    {"logGroupArn", &kArn, kOptional},
};
constexpr Shape kCloudWatchLogsLogGroup{.name = "CloudWatchLogsLogGroup",
                                        .type = ShapeType::kStructure,
                                        .members = kCloudWatchLogsLogGroupMembers};
constexpr MemberShape kLogDestinationMembers[] = {
    {"cloudWatchLogsLogGroup", &kCloudWatchLogsLogGroup, kOptional},
};
constexpr Shape kLogDestination{
    .name = "LogDestination", .type = ShapeType::kStructure, .members = kLogDestinationMembers};
constexpr Shape kLogDestinationList{.type = ShapeType::kList, .element = &kLogDestination};
constexpr MemberShape kLoggingConfigurationMembers[] = {
    {"level", &kLogLevel, kOptional},
    {"includeExecutionData", &kIncludeExecutionData, kOptional},
    {"destinations", &kLogDestinationList, kOptional},
};
constexpr Shape kLoggingConfiguration{.name = "LoggingConfiguration",
                                      .type = ShapeType::kStructure,
                                      .members = kLoggingConfigurationMembers};
constexpr Shape kEnabled{.type = ShapeType::kBoolean};
constexpr MemberShape kTracingConfigurationMembers[] = {
    {"enabled", &kEnabled, kOptional},
};
constexpr Shape kTracingConfiguration{.name = "TracingConfiguration",
                                      .type = ShapeType::kStructure,
                                      .members = kTracingConfigurationMembers};
constexpr Shape kPublish{.type = ShapeType::kBoolean};
constexpr Shape kVersionDescription{.type = ShapeType::kString, .max = 256, .sensitive = true};
constexpr Shape kAliasDescription{.type = ShapeType::kString, .max = 256, .sensitive = true};
constexpr Shape kCharacterRestrictedName{.type = ShapeType::kString,
                                         .min = 1,
                                         .max = 80,
                                         .pattern = R"(^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$)",
                                         .matches = is_alias_name};
constexpr Shape kVersionWeight{.type = ShapeType::kInteger, .max = 100};
constexpr MemberShape kRoutingConfigurationListItemMembers[] = {
    {"stateMachineVersionArn", &kArn, kRequired},
    {"weight", &kVersionWeight, kRequired},
};
constexpr Shape kRoutingConfigurationListItem{.name = "RoutingConfigurationListItem",
                                              .type = ShapeType::kStructure,
                                              .members = kRoutingConfigurationListItemMembers};
constexpr Shape kRoutingConfigurationList{
    .type = ShapeType::kList, .min = 1, .max = 2, .element = &kRoutingConfigurationListItem};
constexpr Shape kLongArn{.type = ShapeType::kString, .min = 1, .max = 2000, .quota = Quota::kArn};
constexpr std::string_view kIncludedDataValues[] = {"ALL_DATA", "METADATA_ONLY"};
constexpr Shape kIncludedData{.type = ShapeType::kString, .values = kIncludedDataValues};
constexpr Shape kPageSize{.type = ShapeType::kInteger, .max = 1000};
constexpr Shape kReverseOrder{.type = ShapeType::kBoolean};
constexpr Shape kPageToken{.type = ShapeType::kString, .min = 1, .max = 1024};
constexpr Shape kIncludeExecutionDataGetExecutionHistory{.type = ShapeType::kBoolean};
constexpr std::string_view kExecutionStatusValues[] = {"SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE",
                                                       "ABORTED",   "FAILED",    "RUNNING"};
constexpr Shape kExecutionStatus{.type = ShapeType::kString, .values = kExecutionStatusValues};
constexpr Shape kListExecutionsPageToken{.type = ShapeType::kString, .min = 1, .max = 3096};
constexpr std::string_view kExecutionRedriveFilterValues[] = {"REDRIVEN", "NOT_REDRIVEN"};
constexpr Shape kExecutionRedriveFilter{.type = ShapeType::kString,
                                        .values = kExecutionRedriveFilterValues};
constexpr Shape kRevisionId{.type = ShapeType::kString};
constexpr Shape kClientToken{.type = ShapeType::kString,
                             .min = 1,
                             .max = 64,
                             .pattern = R"([!-~]+)",
                             .matches = is_printable_ascii};
constexpr Shape kTaskToken{.type = ShapeType::kString, .min = 1, .max = 2048};
constexpr Shape kSensitiveError{
    .type = ShapeType::kString, .max = 256, .quota = Quota::kError, .sensitive = true};
constexpr Shape kSensitiveCause{
    .type = ShapeType::kString, .max = 32768, .quota = Quota::kCause, .sensitive = true};
constexpr Shape kSensitiveData{
    .type = ShapeType::kString, .max = 262144, .quota = Quota::kPayload, .sensitive = true};
constexpr Shape kTraceHeader{
    .type = ShapeType::kString, .max = 256, .pattern = R"(\p{ASCII}*)", .matches = is_ascii};
constexpr std::string_view kInspectionLevelValues[] = {"INFO", "DEBUG", "TRACE"};
constexpr Shape kInspectionLevel{.type = ShapeType::kString, .values = kInspectionLevelValues};
constexpr Shape kRevealSecrets{.type = ShapeType::kBoolean};
constexpr Shape kTestStateStateName{
    .type = ShapeType::kString, .min = 1, .max = 80, .quota = Quota::kStateName, .sensitive = true};
constexpr MemberShape kMockErrorOutputMembers[] = {
    {"error", &kSensitiveError, kOptional},
    {"cause", &kSensitiveCause, kOptional},
};
constexpr Shape kMockErrorOutput{
    .name = "MockErrorOutput", .type = ShapeType::kStructure, .members = kMockErrorOutputMembers};
constexpr std::string_view kMockResponseValidationModeValues[] = {"STRICT", "PRESENT", "NONE"};
constexpr Shape kMockResponseValidationMode{.type = ShapeType::kString,
                                            .values = kMockResponseValidationModeValues};
constexpr MemberShape kMockInputMembers[] = {
    {"result", &kSensitiveData, kOptional},
    {"errorOutput", &kMockErrorOutput, kOptional},
    {"fieldValidationMode", &kMockResponseValidationMode, kOptional},
};
constexpr Shape kMockInput{
    .name = "MockInput", .type = ShapeType::kStructure, .members = kMockInputMembers};
constexpr Shape kRetrierRetryCount{.type = ShapeType::kInteger};
constexpr Shape kMapIterationFailureCount{.type = ShapeType::kInteger};
constexpr MemberShape kTestStateConfigurationMembers[] = {
    {"retrierRetryCount", &kRetrierRetryCount, kOptional},
    {"errorCausedByState", &kTestStateStateName, kOptional},
    {"mapIterationFailureCount", &kMapIterationFailureCount, kOptional},
    {"mapItemReaderData", &kSensitiveData, kOptional},
};
constexpr Shape kTestStateConfiguration{.name = "TestStateConfiguration",
                                        .type = ShapeType::kStructure,
                                        .members = kTestStateConfigurationMembers};
constexpr Shape kTagKeyList{.type = ShapeType::kList, .element = &kTagKey};
constexpr Shape kMaxConcurrency{.type = ShapeType::kInteger};
constexpr Shape kToleratedFailurePercentage{.type = ShapeType::kFloat, .max = 100};
constexpr Shape kToleratedFailureCount{.type = ShapeType::kInteger};
constexpr std::string_view kValidateStateMachineDefinitionSeverityValues[] = {"ERROR", "WARNING"};
constexpr Shape kValidateStateMachineDefinitionSeverity{
    .type = ShapeType::kString, .values = kValidateStateMachineDefinitionSeverityValues};
constexpr Shape kValidateStateMachineDefinitionMaxResult{.type = ShapeType::kInteger, .max = 100};

// --- operations ---

constexpr MemberShape kCreateActivityInput[] = {
    {"name", &kName, kRequired},
    {"tags", &kTagList, kOptional},
    {"encryptionConfiguration", &kEncryptionConfiguration, kOptional},
};
constexpr MemberShape kCreateStateMachineInput[] = {
    {"name", &kName, kRequired},
    {"definition", &kDefinition, kRequired},
    {"roleArn", &kArn, kRequired},
    {"type", &kStateMachineType, kOptional},
    {"loggingConfiguration", &kLoggingConfiguration, kOptional},
    {"tags", &kTagList, kOptional},
    {"tracingConfiguration", &kTracingConfiguration, kOptional},
    {"publish", &kPublish, kOptional},
    {"versionDescription", &kVersionDescription, kOptional},
    {"encryptionConfiguration", &kEncryptionConfiguration, kOptional},
};
constexpr MemberShape kCreateStateMachineAliasInput[] = {
    {"description", &kAliasDescription, kOptional},
    {"name", &kCharacterRestrictedName, kRequired},
    {"routingConfiguration", &kRoutingConfigurationList, kRequired},
};
constexpr MemberShape kDeleteActivityInput[] = {
    {"activityArn", &kArn, kRequired},
};
constexpr MemberShape kDeleteStateMachineInput[] = {
    {"stateMachineArn", &kArn, kRequired},
};
constexpr MemberShape kDeleteStateMachineAliasInput[] = {
    {"stateMachineAliasArn", &kArn, kRequired},
};
constexpr MemberShape kDeleteStateMachineVersionInput[] = {
    {"stateMachineVersionArn", &kLongArn, kRequired},
};
constexpr MemberShape kDescribeActivityInput[] = {
    {"activityArn", &kArn, kRequired},
};
constexpr MemberShape kDescribeExecutionInput[] = {
    {"executionArn", &kArn, kRequired},
    {"includedData", &kIncludedData, kOptional},
};
constexpr MemberShape kDescribeMapRunInput[] = {
    {"mapRunArn", &kLongArn, kRequired},
};
constexpr MemberShape kDescribeStateMachineInput[] = {
    {"stateMachineArn", &kArn, kRequired},
    {"includedData", &kIncludedData, kOptional},
};
constexpr MemberShape kDescribeStateMachineAliasInput[] = {
    {"stateMachineAliasArn", &kArn, kRequired},
};
constexpr MemberShape kDescribeStateMachineForExecutionInput[] = {
    {"executionArn", &kArn, kRequired},
    {"includedData", &kIncludedData, kOptional},
};
constexpr MemberShape kGetActivityTaskInput[] = {
    {"activityArn", &kArn, kRequired},
    {"workerName", &kName, kOptional},
};
constexpr MemberShape kGetExecutionHistoryInput[] = {
    {"executionArn", &kArn, kRequired},
    {"maxResults", &kPageSize, kOptional},
    {"reverseOrder", &kReverseOrder, kOptional},
    {"nextToken", &kPageToken, kOptional},
    {"includeExecutionData", &kIncludeExecutionDataGetExecutionHistory, kOptional},
};
constexpr MemberShape kListActivitiesInput[] = {
    {"maxResults", &kPageSize, kOptional},
    {"nextToken", &kPageToken, kOptional},
};
constexpr MemberShape kListExecutionsInput[] = {
    {"stateMachineArn", &kArn, kOptional}, {"statusFilter", &kExecutionStatus, kOptional},
    {"maxResults", &kPageSize, kOptional}, {"nextToken", &kListExecutionsPageToken, kOptional},
    {"mapRunArn", &kLongArn, kOptional},   {"redriveFilter", &kExecutionRedriveFilter, kOptional},
};
constexpr MemberShape kListMapRunsInput[] = {
    {"executionArn", &kArn, kRequired},
    {"maxResults", &kPageSize, kOptional},
    {"nextToken", &kPageToken, kOptional},
};
constexpr MemberShape kListStateMachineAliasesInput[] = {
    {"stateMachineArn", &kArn, kRequired},
    {"nextToken", &kPageToken, kOptional},
    {"maxResults", &kPageSize, kOptional},
};
constexpr MemberShape kListStateMachineVersionsInput[] = {
    {"stateMachineArn", &kArn, kRequired},
    {"nextToken", &kPageToken, kOptional},
    {"maxResults", &kPageSize, kOptional},
};
constexpr MemberShape kListStateMachinesInput[] = {
    {"maxResults", &kPageSize, kOptional},
    {"nextToken", &kPageToken, kOptional},
};
constexpr MemberShape kListTagsForResourceInput[] = {
    {"resourceArn", &kArn, kRequired},
};
constexpr MemberShape kPublishStateMachineVersionInput[] = {
    {"stateMachineArn", &kArn, kRequired},
    {"revisionId", &kRevisionId, kOptional},
    {"description", &kVersionDescription, kOptional},
};
constexpr MemberShape kRedriveExecutionInput[] = {
    {"executionArn", &kArn, kRequired},
    {"clientToken", &kClientToken, kOptional},
};
constexpr MemberShape kSendTaskFailureInput[] = {
    {"taskToken", &kTaskToken, kRequired},
    {"error", &kSensitiveError, kOptional},
    {"cause", &kSensitiveCause, kOptional},
};
constexpr MemberShape kSendTaskHeartbeatInput[] = {
    {"taskToken", &kTaskToken, kRequired},
};
constexpr MemberShape kSendTaskSuccessInput[] = {
    {"taskToken", &kTaskToken, kRequired},
    {"output", &kSensitiveData, kRequired},
};
constexpr MemberShape kStartExecutionInput[] = {
    {"stateMachineArn", &kArn, kRequired},
    {"name", &kName, kOptional},
    {"input", &kSensitiveData, kOptional},
    {"traceHeader", &kTraceHeader, kOptional},
};
constexpr MemberShape kStartSyncExecutionInput[] = {
    {"stateMachineArn", &kArn, kRequired},       {"name", &kName, kOptional},
    {"input", &kSensitiveData, kOptional},       {"traceHeader", &kTraceHeader, kOptional},
    {"includedData", &kIncludedData, kOptional},
};
constexpr MemberShape kStopExecutionInput[] = {
    {"executionArn", &kArn, kRequired},
    {"error", &kSensitiveError, kOptional},
    {"cause", &kSensitiveCause, kOptional},
};
constexpr MemberShape kTagResourceInput[] = {
    {"resourceArn", &kArn, kRequired},
    {"tags", &kTagList, kRequired},
};
constexpr MemberShape kTestStateInput[] = {
    {"definition", &kDefinition, kRequired},
    {"roleArn", &kArn, kOptional},
    {"input", &kSensitiveData, kOptional},
    {"inspectionLevel", &kInspectionLevel, kOptional},
    {"revealSecrets", &kRevealSecrets, kOptional},
    {"variables", &kSensitiveData, kOptional},
    {"stateName", &kTestStateStateName, kOptional},
    {"mock", &kMockInput, kOptional},
    {"context", &kSensitiveData, kOptional},
    {"stateConfiguration", &kTestStateConfiguration, kOptional},
};
constexpr MemberShape kUntagResourceInput[] = {
    {"resourceArn", &kArn, kRequired},
    {"tagKeys", &kTagKeyList, kRequired},
};
constexpr MemberShape kUpdateMapRunInput[] = {
    {"mapRunArn", &kLongArn, kRequired},
    {"maxConcurrency", &kMaxConcurrency, kOptional},
    {"toleratedFailurePercentage", &kToleratedFailurePercentage, kOptional},
    {"toleratedFailureCount", &kToleratedFailureCount, kOptional},
};
constexpr MemberShape kUpdateStateMachineInput[] = {
    {"stateMachineArn", &kArn, kRequired},
    {"definition", &kDefinition, kOptional},
    {"roleArn", &kArn, kOptional},
    {"loggingConfiguration", &kLoggingConfiguration, kOptional},
    {"tracingConfiguration", &kTracingConfiguration, kOptional},
    {"publish", &kPublish, kOptional},
    {"versionDescription", &kVersionDescription, kOptional},
    {"encryptionConfiguration", &kEncryptionConfiguration, kOptional},
};
constexpr MemberShape kUpdateStateMachineAliasInput[] = {
    {"stateMachineAliasArn", &kArn, kRequired},
    {"description", &kAliasDescription, kOptional},
    {"routingConfiguration", &kRoutingConfigurationList, kOptional},
};
constexpr MemberShape kValidateStateMachineDefinitionInput[] = {
    {"definition", &kDefinition, kRequired},
    {"type", &kStateMachineType, kOptional},
    {"severity", &kValidateStateMachineDefinitionSeverity, kOptional},
    {"maxResults", &kValidateStateMachineDefinitionMaxResult, kOptional},
};

constexpr OperationShape kOperations[] = {
    {"CreateActivity", kCreateActivityInput},
    {"CreateStateMachine", kCreateStateMachineInput},
    {"CreateStateMachineAlias", kCreateStateMachineAliasInput},
    {"DeleteActivity", kDeleteActivityInput},
    {"DeleteStateMachine", kDeleteStateMachineInput},
    {"DeleteStateMachineAlias", kDeleteStateMachineAliasInput},
    {"DeleteStateMachineVersion", kDeleteStateMachineVersionInput},
    {"DescribeActivity", kDescribeActivityInput},
    {"DescribeExecution", kDescribeExecutionInput},
    {"DescribeMapRun", kDescribeMapRunInput},
    {"DescribeStateMachine", kDescribeStateMachineInput},
    {"DescribeStateMachineAlias", kDescribeStateMachineAliasInput},
    {"DescribeStateMachineForExecution", kDescribeStateMachineForExecutionInput},
    {"GetActivityTask", kGetActivityTaskInput},
    {"GetExecutionHistory", kGetExecutionHistoryInput},
    {"ListActivities", kListActivitiesInput},
    {"ListExecutions", kListExecutionsInput},
    {"ListMapRuns", kListMapRunsInput},
    {"ListStateMachineAliases", kListStateMachineAliasesInput},
    {"ListStateMachineVersions", kListStateMachineVersionsInput},
    {"ListStateMachines", kListStateMachinesInput},
    {"ListTagsForResource", kListTagsForResourceInput},
    {"PublishStateMachineVersion", kPublishStateMachineVersionInput},
    {"RedriveExecution", kRedriveExecutionInput},
    {"SendTaskFailure", kSendTaskFailureInput},
    {"SendTaskHeartbeat", kSendTaskHeartbeatInput},
    {"SendTaskSuccess", kSendTaskSuccessInput},
    {"StartExecution", kStartExecutionInput},
    {"StartSyncExecution", kStartSyncExecutionInput},
    {"StopExecution", kStopExecutionInput},
    {"TagResource", kTagResourceInput},
    {"TestState", kTestStateInput},
    {"UntagResource", kUntagResourceInput},
    {"UpdateMapRun", kUpdateMapRunInput},
    {"UpdateStateMachine", kUpdateStateMachineInput},
    {"UpdateStateMachineAlias", kUpdateStateMachineAliasInput},
    {"ValidateStateMachineDefinition", kValidateStateMachineDefinitionInput},
};

}  // namespace

std::span<const OperationShape> operation_shapes() { return kOperations; }

}  // namespace pawl::service
