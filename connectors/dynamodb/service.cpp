#include "connectors/dynamodb/service.h"

#include "asl/json/writer.h"
#include "connectors/dynamodb/number.h"
#include "connectors/dynamodb/value.h"

#include <utility>

namespace pawl::connectors::dynamodb {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"ConditionalCheckFailedException", "ConditionalCheckFailedException"},
    {"DuplicateItemException", "DuplicateItemException"},
    {"IdempotentParameterMismatchException", "IdempotentParameterMismatchException"},
    {"InternalServerError", "InternalServerErrorException"},
    {"ExpiredIteratorException", "ExpiredIteratorException"},
    {"ItemCollectionSizeLimitExceededException", "ItemCollectionSizeLimitExceededException"},
    {"LimitExceededException", "LimitExceededException"},
    {"ProvisionedThroughputExceededException", "ProvisionedThroughputExceededException"},
    {"RequestLimitExceeded", "RequestLimitExceededException"},
    {"ResourceInUseException", "ResourceInUseException"},
    {"ResourceNotFoundException", "ResourceNotFoundException"},
    {"TransactionCanceledException", "TransactionCanceledException"},
    {"TransactionConflictException", "TransactionConflictException"},
    {"TransactionInProgressException", "TransactionInProgressException"},
};
constexpr std::string_view kDateMembers[] = {"CreationDateTime"};
constexpr std::string_view kHeaders[] = {"Server",      "Connection",     "x-amzn-RequestId",
                                         "x-amz-crc32", "Content-Length", "Date",
                                         "Content-Type"};
constexpr aws::Profile kProfile{.endpoint = "dynamodb",
                                .resource = "dynamodb",
                                .sdk = "dynamodb",
                                .prefix = "DynamoDB",
                                .base_exception = "AmazonDynamoDBException",
                                .service = "AmazonDynamoDBv2",
                                .sdk_prefix = "DynamoDb",
                                .sdk_base_exception = "DynamoDbException",
                                .sdk_service = "DynamoDb",
                                .extended_request_id = false,
                                .exceptions = kExceptions,
                                .text_members = {},
                                .date_members = kDateMembers,
                                .headers = kHeaders,
                                .content_type = "application/x-amz-json-1.0"};

struct Entry {
  std::string_view name;
  Operation operation;
};
constexpr Entry kOperations[] = {
    {"BatchGetItem", batch_get_item},
    {"BatchWriteItem", batch_write_item},
    {"CreateTable", create_table},
    {"DeleteItem", delete_item},
    {"DeleteTable", delete_table},
    {"DescribeLimits", describe_limits},
    {"DescribeStream", describe_stream},
    {"DescribeTable", describe_table},
    {"DescribeTimeToLive", describe_time_to_live},
    {"GetItem", get_item},
    {"GetRecords", get_records},
    {"GetShardIterator", get_shard_iterator},
    {"ListStreams", list_streams},
    {"ListTables", list_tables},
    {"ListTagsOfResource", list_tags_of_resource},
    {"PutItem", put_item},
    {"Query", query},
    {"Scan", scan},
    {"TagResource", tag_resource},
    {"TransactGetItems", transact_get_items},
    {"TransactWriteItems", transact_write_items},
    {"UntagResource", untag_resource},
    {"UpdateItem", update_item},
    {"UpdateTable", update_table},
    {"UpdateTimeToLive", update_time_to_live},
};

}  // namespace

const aws::Profile& DynamoDb::profile() const { return kProfile; }

std::string DynamoDb::body_of(const aws::Call& /*call*/, const Value& answer) const {
  return asl::to_json(answer);
}

bool DynamoDb::decides(std::string_view operation) const {
  return operation == "BatchWriteItem" || operation == "DeleteItem" || operation == "PutItem" ||
         operation == "TransactWriteItems" || operation == "UpdateItem";
}

Answer DynamoDb::call(const aws::Call& call) {
  for (const Entry& entry : kOperations) {
    if (entry.name == call.operation) return entry.operation(*this, call);
  }
  return Error{"UnknownOperationException", "The operation is not offered.", 400, {}};
}

std::optional<Error> DynamoDb::apply(const aws::Call& call, const Ledger::Decide& decide) {
  if (Status applied = ledger_.apply(decide, call.joined); !applied) {
    if (applied.error().code == ErrorCode::kLimit) {
      return Error{"ProvisionedThroughputExceededException",
                   "The level of configured provisioned throughput for the table was exceeded. "
                   "Consider increasing your provisioning level with the UpdateTable API.",
                   400,
                   {}};
    }
    return aws::store_error(applied.error());
  }
  return std::nullopt;
}

Error validation(std::string message) {
  return {"ValidationException", std::move(message), 400, {}};
}
Error resource_not_found() {
  return {"ResourceNotFoundException", "Requested resource not found", 400, {}};
}

bool is_expired(const Table& table, const Value& item, runtime::WallTime now) {
  const std::string_view name = text_of(table.record, "TimeToLiveAttribute");
  if (name.empty()) return false;
  const Value* at = item.find(name);
  if (at == nullptr || type_of(*at) != "N") return false;
  const Result<Number> seconds = Number::parse(content_of(*at).as_string());
  const Result<Number> current = Number::parse(
      std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()));
  // What seems to be five years old is no date that somebody meant, as AWS has it.
  constexpr std::chrono::hours kAgeMax{24 * 365 * 5};
  const Result<Number> oldest = Number::parse(std::to_string(
      std::chrono::floor<std::chrono::seconds>(now - kAgeMax).time_since_epoch().count()));
  return seconds && current && oldest && Number::compare(*seconds, *current) < 0 &&
         Number::compare(*oldest, *seconds) < 0;
}

std::variant<std::vector<Path>, Error> read_projection(const Value& input,
                                                       Expressions& expressions) {
  std::vector<Path> paths;
  if (const std::string_view text = text_of(input, "ProjectionExpression"); !text.empty()) {
    Result<std::vector<Path>> read = expressions.projection(text);
    if (!read) return validation(read.error().message);
    return *std::move(read);
  }
  if (const Value* names = input.find("AttributesToGet"); names != nullptr && names->is_array()) {
    for (const Value& name : names->items()) {
      if (name.is_string()) paths.push_back({{std::string(name.as_string()), std::nullopt}});
    }
  }
  return paths;
}

void add_capacity(const Value& input, const Table& table, std::size_t bytes, bool write,
                  ObjectBuilder& out) {
  const std::string_view asked = text_of(input, "ReturnConsumedCapacity");
  if (asked != "TOTAL" && asked != "INDEXES") return;
  constexpr std::size_t kReadUnit = 4096;
  constexpr std::size_t kWriteUnit = 1024;
  const std::size_t unit = write ? kWriteUnit : kReadUnit;
  double units = static_cast<double>(std::max<std::size_t>(1, (bytes + unit - 1) / unit));
  const Value* consistent = input.find("ConsistentRead");
  const bool strong = consistent != nullptr && consistent->is_bool() && consistent->as_bool();
  if (!write && !strong) units /= 2;
  ObjectBuilder capacity;
  capacity.set("CapacityUnits", Value::number(units));
  if (asked == "INDEXES") {
    capacity.set("Table",
                 std::move(ObjectBuilder().set("CapacityUnits", Value::number(units))).build());
  }
  capacity.set("TableName", Value::string(table.name));
  out.set("ConsumedCapacity", std::move(capacity).build());
}

}  // namespace pawl::connectors::dynamodb
