// DynamoDB, embedded: tables with their indexes as rows of the engine's store.
//
//   number.h, value.h   attribute values
//   expression.h        expressions (expression_parser.cpp reads, reserved_words.h)
//   legacy.h            the parameters that came before expressions
//   tables.h            schemas, keys, rows
//   administration.cpp  tables: made, described, listed, deleted; TTL, tags
//   table_changes.cpp   UpdateTable: indexes that come and go
//   streams.cpp         what changed, as DynamoDB Streams shows it
//   expiry.cpp          items that have outlived their TimeToLive attribute
//   items.cpp           put, get, update, delete, in batches too
//   queries.cpp         query, scan
//   transactions.cpp    all or nothing
//
// A condition and its write are one decision; a write of a Task happens once, with the Task's
// commit. Indexes are written with their items, so that reading them is consistent too. Capacity is
// counted and never enforced. Backups, PartiQL and global tables are not offered.
//
// Source: the API model (dynamodb.json); developer guide; recorded cases
// services/dynamodb_task_service, aws_sdk_task_service, error_handling/task_service_dynamodb.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/dynamodb/expression.h"
#include "connectors/dynamodb/tables.h"
#include "connectors/embedded/ledger.h"
#include "runtime/fiber/shard.h"

#include <chrono>
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
inline constexpr std::size_t kTagsMax = 50;
inline constexpr std::int64_t kStreamAgeMillis = 24 * 60 * 60 * 1000;
inline constexpr std::size_t kStreamRecordsMax = 1000;  // of one GetRecords

// How long after a look at all items for expired ones the next begins. AWS promises "a few days".
inline constexpr std::chrono::hours kSweepPause{1};
// Of one look: rows, and their bytes, before others have their turn.
inline constexpr std::size_t kSweptRowsMax = 500;
inline constexpr std::size_t kSweptBytesMax = 1'048'576;

class DynamoDb final : public aws::Service {
 public:
  explicit DynamoDb(Ledger& ledger) : ledger_(ledger) {}

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  bool decides(std::string_view operation) const override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;

  // Goes on with indexes that were being filled, and with erasing what expires. Once, on a fiber of
  // the ledger's shard.
  Status open();

  Ledger& ledger() { return ledger_; }
  // Writes the rows of an index that UpdateTable made, on a fiber of its own.
  void fill_index(const std::string& table, const std::string& index);
  // Erases expired items from time to time, for as long as a table has TimeToLive. On the ledger's
  // shard; does nothing when it does so already.
  void erase_what_expires();
  std::optional<aws::Error> apply(const aws::Call& call, const Ledger::Decide& decide);

 private:
  void sweep();

  Ledger& ledger_;
  bool sweeping_ = false;
  runtime::TimerHandle next_sweep_;
};

using Operation = aws::Answer (*)(DynamoDb& dynamodb, const aws::Call& call);

// administration.cpp
aws::Answer create_table(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer delete_table(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer describe_table(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer list_tables(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer describe_limits(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer tag_resource(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer untag_resource(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer list_tags_of_resource(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer update_time_to_live(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer describe_time_to_live(DynamoDb& dynamodb, const aws::Call& call);
// table_changes.cpp
aws::Answer update_table(DynamoDb& dynamodb, const aws::Call& call);
// streams.cpp
aws::Answer list_streams(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer describe_stream(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer get_shard_iterator(DynamoDb& dynamodb, const aws::Call& call);
aws::Answer get_records(DynamoDb& dynamodb, const aws::Call& call);
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
std::variant<Written, aws::Error> write_one(DynamoDb& dynamodb, Change& change, const Table& table,
                                            std::string_view kind, const asl::Value& input);
// Tells the table's stream, if it has one, as part of the same decision. Nothing changed: nothing
// is told. Either may be null. By kExpiry: the record names the service as who did it.
enum class ChangedBy { kCaller, kExpiry };
void record_change(DynamoDb& dynamodb, Change& change, const Table& table, const asl::Value* before,
                   const asl::Value* after, ChangedBy who = ChangedBy::kCaller);
std::string table_arn(DynamoDb& dynamodb, std::string_view table);
// The table that a name or an ARN names.
std::string table_name(std::string_view named);
aws::Error table_not_found(std::string_view name);
// TableDescription. `status`: of the table.
asl::Value describe_table_record(DynamoDb& dynamodb, const asl::Value& record,
                                 std::string_view status);
// The next number of a table or stream: never one that was used before.
std::int64_t next_number(Change& change);
// Gives the table a new stream, as StreamSpecification asks, or ends the one it has.
std::optional<aws::Error> set_stream(DynamoDb& dynamodb, Change& change, const asl::Value& wanted,
                                     asl::ObjectBuilder& record);
// Erases rows in bounded decisions.
Status erase_range(Ledger& ledger, const std::string& prefix);
// ProjectionExpression or AttributesToGet of `input`, applied.
std::variant<std::vector<Path>, aws::Error> read_projection(const asl::Value& input,
                                                            Expressions& expressions);
// ConsumedCapacity, when `input` asks for it.
void add_capacity(const asl::Value& input, const Table& table, std::size_t bytes, bool write,
                  asl::ObjectBuilder& out);

}  // namespace pawl::connectors::dynamodb
