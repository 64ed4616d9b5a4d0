// DynamoDB, embedded: tables with their indexes as rows of the engine's store.
//
//   number.h, value.h   attribute values     expression.h  expressions (expression_parser.cpp
//   reads) tables.h            schemas, keys, rows  legacy.h      the parameters that came before
//   expressions administration.cpp  tables               items.cpp     put, get, update, delete, in
//   batches too queries.cpp         query, scan          transactions.cpp
//
// A condition and its write are one decision; a write of a Task happens once, with the Task's
// commit. Indexes are written with their items, so that reading them is consistent too. Capacity is
// counted and never enforced. Streams, backups and global tables are not offered.
//
// Source: the API model (dynamodb.json); developer guide; recorded cases
// services/dynamodb_task_service, aws_sdk_task_service, error_handling/task_service_dynamodb.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/dynamodb/expression.h"
#include "connectors/dynamodb/tables.h"
#include "connectors/embedded/ledger.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::dynamodb {

// AWS's quotas.
inline constexpr std::size_t kPageBytesMax = 1'048'576;
inline constexpr std::size_t kBatchGetMax = 100;
inline constexpr std::size_t kBatchWriteMax = 25;
inline constexpr std::size_t kTransactionMax = 100;
inline constexpr std::size_t kTablesMax = 2500;

class DynamoDb final : public aws::Service {
 public:
  explicit DynamoDb(Ledger& ledger) : ledger_(ledger) {}

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;

  Ledger& ledger() { return ledger_; }
  std::optional<aws::Error> apply(const aws::Call& call, const Ledger::Decide& decide);

 private:
  Ledger& ledger_;
};

using Operation = aws::Answer (*)(DynamoDb& dynamodb, const aws::Call& call);

// administration.cpp
aws::Answer create_table(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer delete_table(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer describe_table(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer list_tables(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer update_time_to_live(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer describe_time_to_live(DynamoDb& dynamodb, const aws::Call& call);
// items.cpp
aws::Answer put_item(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer get_item(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer update_item(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer delete_item(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer batch_get_item(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer batch_write_item(DynamoDb& dynamodb, const aws::Call& call);
// queries.cpp
aws::Answer query(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer scan(DynamoDb& dynamodb, const aws::Call& call);
// transactions.cpp
aws::Answer transact_get_items(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer transact_write_items(DynamoDb& dynamodb, const aws::Call& call);

// --- shared by the operations ---

aws::Error validation(std::string message);
aws::Error resource_not_found();
// An item that has outlived its TimeToLive attribute is not shown.
bool is_expired(const Table& table, const asl::Value& item, runtime::WallTime now);

// One write, checked and decided: of PutItem, UpdateItem, DeleteItem and of transactions.
struct Written {
  asl::Value before;  // undefined: there was none
  asl::Value after;   // undefined: there is none
  std::set<std::string> changed;
  bool condition_failed = false;
};
std::variant<Written, aws::Error> write_one(Change& change, const Table& table,
                                            std::string_view kind, const asl::Value& input);
// ProjectionExpression or AttributesToGet of `input`, applied.
std::variant<std::vector<Path>, aws::Error> read_projection(const asl::Value& input,
                                                            Expressions& expressions);
// ConsumedCapacity, when `input` asks for it.
void add_capacity(const asl::Value& input, const Table& table, std::size_t bytes, bool write,
                  asl::ObjectBuilder& out);

}  // namespace pawl::connectors::dynamodb
