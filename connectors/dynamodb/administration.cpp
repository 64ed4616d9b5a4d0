// Tables: made, described, listed, deleted. They are ACTIVE at once.
#include "connectors/dynamodb/service.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors::dynamodb {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

bool is_table_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

std::string arn_of(DynamoDb& dynamodb, std::string_view table) {
  const engine::EngineOptions& options = dynamodb.ledger().engine().options();
  return fmt::format("arn:{}:dynamodb:{}:{}:table/{}", options.partition, options.region,
                     options.account, table);
}

// As DescribeTable shows it. Items are not counted: AWS's figure is hours old as well.
Value describe(DynamoDb& dynamodb, const Value& record, std::string_view status) {
  const std::string arn = arn_of(dynamodb, text_of(record, "TableName"));
  ObjectBuilder out;
  for (const std::string_view name :
       {"AttributeDefinitions", "TableName", "KeySchema", "CreationDateTime"}) {
    if (const Value* value = record.find(name)) out.set(name, *value);
  }
  out.set("TableStatus", Value::string(status));
  const bool on_demand = text_of(record, "BillingMode") == "PAY_PER_REQUEST";
  const Value* given = record.find("ProvisionedThroughput");
  ObjectBuilder throughput;
  throughput.set("NumberOfDecreasesToday", Value::integer(0));
  for (const std::string_view name : {"ReadCapacityUnits", "WriteCapacityUnits"}) {
    const Value* units = given == nullptr ? nullptr : given->find(name);
    throughput.set(name, units == nullptr ? Value::integer(0) : *units);
  }
  out.set("ProvisionedThroughput", std::move(throughput).build());
  out.set("TableSizeBytes", Value::integer(0));
  out.set("ItemCount", Value::integer(0));
  out.set("TableArn", Value::string(arn));
  out.set("TableId", *record.find("TableId"));
  if (on_demand) {
    out.set(
        "BillingModeSummary",
        std::move(ObjectBuilder().set("BillingMode", Value::string("PAY_PER_REQUEST"))).build());
  }
  for (const std::string_view member : {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}) {
    const Value* listed = record.find(member);
    if (listed == nullptr || listed->size() == 0) continue;
    std::vector<Value> shown;
    for (const Value& index : listed->items()) {
      ObjectBuilder one(index);
      if (member == "GlobalSecondaryIndexes") one.set("IndexStatus", Value::string("ACTIVE"));
      one.set("IndexSizeBytes", Value::integer(0));
      one.set("ItemCount", Value::integer(0));
      one.set("IndexArn",
              Value::string(fmt::format("{}/index/{}", arn, text_of(index, "IndexName"))));
      shown.push_back(std::move(one).build());
    }
    out.set(member, Value::array(std::move(shown)));
  }
  out.set("DeletionProtectionEnabled", Value::boolean(false));
  return std::move(out).build();
}

Error table_not_found(std::string_view name) {
  return {"ResourceNotFoundException",
          fmt::format("Requested resource not found: Table: {} not found", name),
          400,
          {}};
}

std::string name_of(std::string_view named) {
  const std::size_t slash = named.rfind('/');
  return std::string(named.starts_with("arn:") && slash != std::string_view::npos
                         ? named.substr(slash + 1)
                         : named);
}

}  // namespace

Answer create_table(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string name = name_of(text_of(call.input, "TableName"));
  if (!is_table_name(name)) {
    return validation(
        "TableName must be at least 3 characters long and at most 255 characters long");
  }
  ObjectBuilder record;
  record.set("TableName", Value::string(name));
  for (const std::string_view member :
       {"AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema",
        "LocalSecondaryIndexes", "ProvisionedThroughput", "Tags"}) {
    if (const Value* value = call.input.find(member)) record.set(member, *value);
  }
  const auto created = dynamodb.ledger().now().time_since_epoch().count();
  record.set("CreationDateTime", Value::number(static_cast<double>(created) / 1000));
  record.set("TableId", Value::string(dynamodb.ledger().new_id()));
  Value whole = std::move(record).build();
  if (const Result<Table> table = read_table(whole); !table) {
    return validation(table.error().message);
  }
  Answer answer = Value::object({});
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        const std::string key = keys::table(name);
        if (change.get(key)) {
          answer = Error{"ResourceInUseException", "Table already exists: " + name, 400, {}};
          return;
        }
        // A number that no table had before: rows of a deleted one may still be on their way out.
        std::int64_t number = 1;
        constexpr std::string_view kCounter = "Sdn";
        if (const std::optional<Value> last = get_json(change, kCounter))
          number = last->as_int() + 1;
        put_json(change, kCounter, Value::integer(number));
        ObjectBuilder numbered(whole);
        numbered.set("Number", Value::integer(number));
        const Value kept = std::move(numbered).build();
        put_json(change, key, kept);
        // ACTIVE by the time anybody asks.
        answer =
            std::move(ObjectBuilder().set("TableDescription", describe(dynamodb, kept, "CREATING")))
                .build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer delete_table(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string name = name_of(text_of(call.input, "TableName"));
  Answer answer = table_not_found(name);
  std::uint64_t id = 0;
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        answer = table_not_found(name);
        const std::optional<Table> table = find_table(change, name);
        if (!table) return;
        id = table->id;
        change.erase(keys::table(name));
        answer = std::move(ObjectBuilder().set("TableDescription",
                                               describe(dynamodb, table->record, "DELETING")))
                     .build();
      })) {
    return *std::move(failed);
  }
  // Its rows, in bounded decisions. Unreachable already; a Task leaves them.
  if (id == 0 || call.joined != nullptr) return answer;
  constexpr std::size_t kErasedAtOnce = 10'000;
  std::string index_rows = keys::index(id, 0);
  index_rows.pop_back();
  for (const std::string& range : {keys::items(id), index_rows}) {
    for (bool more = true; more;) {
      Status erased = dynamodb.ledger().commit([&](Change& change) {
        std::vector<std::string> rows;
        change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view) {
          rows.emplace_back(key);
          return rows.size() < kErasedAtOnce;
        });
        more = rows.size() >= kErasedAtOnce;
        for (const std::string& key : rows) change.erase(key);
      });
      if (!erased) return aws::store_error(erased.error());
    }
  }
  return answer;
}

Answer describe_table(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string name = name_of(text_of(call.input, "TableName"));
  std::optional<Table> table;
  Status read = dynamodb.ledger().read([&](Change& change) { table = find_table(change, name); });
  if (!read) return aws::store_error(read.error());
  if (!table) return table_not_found(name);
  return std::move(ObjectBuilder().set("Table", describe(dynamodb, table->record, "ACTIVE")))
      .build();
}

Answer list_tables(DynamoDb& dynamodb, const aws::Call& call) {
  constexpr std::int64_t kPage = 100;
  const Value* limit = call.input.find("Limit");
  const std::int64_t max = limit != nullptr && limit->is_int()
                               ? std::clamp(limit->as_int(), std::int64_t{1}, kPage)
                               : kPage;
  const std::string_view start = text_of(call.input, "ExclusiveStartTableName");
  const std::string from = start.empty() ? std::string(keys::kTables) : keys::table(start) + '\0';
  std::vector<Value> names;
  bool more = false;
  Status read = dynamodb.ledger().read([&](Change& change) {
    change.scan(from, runtime::prefix_end(keys::kTables),
                [&](std::string_view key, std::string_view) {
                  if (static_cast<std::int64_t>(names.size()) >= max) {
                    more = true;
                    return false;
                  }
                  names.push_back(Value::string(key.substr(keys::kTables.size())));
                  return true;
                });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  if (more) out.set("LastEvaluatedTableName", names.back());
  out.set("TableNames", Value::array(std::move(names)));
  return std::move(out).build();
}

Answer update_time_to_live(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string name = name_of(text_of(call.input, "TableName"));
  const Value* wanted = call.input.find("TimeToLiveSpecification");
  if (wanted == nullptr || text_of(*wanted, "AttributeName").empty()) {
    return validation("TimeToLiveSpecification must have an AttributeName");
  }
  const Value* enabled = wanted->find("Enabled");
  Answer answer = table_not_found(name);
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        answer = table_not_found(name);
        const std::optional<Table> table = find_table(change, name);
        if (!table) return;
        ObjectBuilder record(table->record);
        if (enabled != nullptr && enabled->is_bool() && enabled->as_bool()) {
          record.set("TimeToLiveAttribute", *wanted->find("AttributeName"));
        } else {
          record.erase("TimeToLiveAttribute");
        }
        put_json(change, keys::table(name), std::move(record).build());
        answer = std::move(ObjectBuilder().set("TimeToLiveSpecification", *wanted)).build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer describe_time_to_live(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string name = name_of(text_of(call.input, "TableName"));
  std::optional<Table> table;
  Status read = dynamodb.ledger().read([&](Change& change) { table = find_table(change, name); });
  if (!read) return aws::store_error(read.error());
  if (!table) return table_not_found(name);
  ObjectBuilder description;
  const std::string_view attribute = text_of(table->record, "TimeToLiveAttribute");
  if (!attribute.empty()) description.set("AttributeName", Value::string(attribute));
  description.set("TimeToLiveStatus", Value::string(attribute.empty() ? "DISABLED" : "ENABLED"));
  return std::move(ObjectBuilder().set("TimeToLiveDescription", std::move(description).build()))
      .build();
}

}  // namespace pawl::connectors::dynamodb
