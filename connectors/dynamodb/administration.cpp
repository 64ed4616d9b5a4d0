// Tables: made, described, listed, deleted. They are ACTIVE at once.
#include "connectors/dynamodb/service.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
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

// Definitions of attributes that no key names.
std::optional<Error> unused_definitions(const Value& record) {
  std::set<std::string> used;
  const auto add = [&used](const Value& owner) {
    if (const Value* parts = owner.find("KeySchema"); parts != nullptr && parts->is_array()) {
      for (const Value& part : parts->items()) used.emplace(text_of(part, "AttributeName"));
    }
  };
  add(record);
  for (const std::string_view member : {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}) {
    const Value* listed = record.find(member);
    if (listed == nullptr || !listed->is_array()) continue;
    for (const Value& one : listed->items()) add(one);
  }
  const Value* definitions = record.find("AttributeDefinitions");
  if (definitions == nullptr || !definitions->is_array()) return std::nullopt;
  for (const Value& one : definitions->items()) {
    if (used.contains(std::string(text_of(one, "AttributeName")))) continue;
    return validation(fmt::format(
        "One or more parameter values were invalid: Some AttributeDefinitions are not used. Not "
        "used: [{}]",
        text_of(one, "AttributeName")));
  }
  return std::nullopt;
}

std::optional<Error> check_capacity(const Value& input) {
  const Value* given = input.find("ProvisionedThroughput");
  if (text_of(input, "BillingMode") == "PAY_PER_REQUEST") {
    if (given == nullptr) return std::nullopt;
    return validation(
        "One or more parameter values were invalid: Neither ReadCapacityUnits nor "
        "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
  }
  const auto is_given = [given](std::string_view member) {
    const Value* units = given == nullptr ? nullptr : given->find(member);
    return units != nullptr && units->is_int() && units->as_int() > 0;
  };
  if (is_given("ReadCapacityUnits") && is_given("WriteCapacityUnits")) return std::nullopt;
  return validation(
      "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must "
      "both be specified when BillingMode is PROVISIONED");
}

}  // namespace

std::string table_arn(DynamoDb& dynamodb, std::string_view table) {
  const engine::EngineOptions& options = dynamodb.ledger().engine().options();
  return fmt::format("arn:{}:dynamodb:{}:{}:table/{}", options.partition, options.region,
                     options.account, table);
}

namespace {
bool is_protected(const Value& record) {
  const Value* value = record.find("DeletionProtectionEnabled");
  return value != nullptr && value->is_bool() && value->as_bool();
}
}  // namespace

// As DescribeTable shows it. Items are not counted: AWS's figure is hours old as well.
Value describe_table_record(DynamoDb& dynamodb, const Value& record, std::string_view status) {
  const std::string arn = table_arn(dynamodb, text_of(record, "TableName"));
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
      one.erase("Slot");
      if (member == "GlobalSecondaryIndexes" && index.find("IndexStatus") == nullptr) {
        one.set("IndexStatus", Value::string("ACTIVE"));
      }
      if (text_of(index, "IndexStatus") == "CREATING") {
        one.set("Backfilling", Value::boolean(true));
      }
      one.set("IndexSizeBytes", Value::integer(0));
      one.set("ItemCount", Value::integer(0));
      one.set("IndexArn",
              Value::string(fmt::format("{}/index/{}", arn, text_of(index, "IndexName"))));
      shown.push_back(std::move(one).build());
    }
    out.set(member, Value::array(std::move(shown)));
  }
  if (const Value* stream = record.find("StreamSpecification"); stream != nullptr) {
    out.set("StreamSpecification", *stream);
  }
  // Also of a stream that has ended.
  if (const std::string_view label = text_of(record, "StreamLabel"); !label.empty()) {
    out.set("LatestStreamLabel", Value::string(label));
    out.set("LatestStreamArn", Value::string(fmt::format("{}/stream/{}", arn, label)));
  }
  out.set("DeletionProtectionEnabled", Value::boolean(is_protected(record)));
  return std::move(out).build();
}

Error table_not_found(std::string_view name) {
  return {"ResourceNotFoundException",
          fmt::format("Requested resource not found: Table: {} not found", name),
          400,
          {}};
}

std::string table_name(std::string_view named) {
  const std::size_t slash = named.rfind('/');
  return std::string(named.starts_with("arn:") && slash != std::string_view::npos
                         ? named.substr(slash + 1)
                         : named);
}

std::int64_t next_number(Change& change) {
  // Rows of a deleted table may still be on their way out.
  constexpr std::string_view kCounter = "Sdn";
  std::int64_t number = 1;
  if (const std::optional<Value> last = get_json(change, kCounter)) number = last->as_int() + 1;
  put_json(change, kCounter, Value::integer(number));
  return number;
}

Status erase_range(Ledger& ledger, const std::string& prefix) {
  constexpr std::size_t kErasedAtOnce = 10'000;
  for (bool more = true; more;) {
    Status erased = ledger.commit([&](Change& change) {
      std::vector<std::string> rows;
      change.scan(prefix, runtime::prefix_end(prefix), [&](std::string_view key, std::string_view) {
        rows.emplace_back(key);
        return rows.size() < kErasedAtOnce;
      });
      more = rows.size() >= kErasedAtOnce;
      for (const std::string& key : rows) change.erase(key);
    });
    if (!erased) return erased;
  }
  return {};
}

Answer create_table(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string name = table_name(text_of(call.input, "TableName"));
  if (!is_table_name(name)) {
    return validation(
        "TableName must be at least 3 characters long and at most 255 characters long");
  }
  ObjectBuilder record;
  record.set("TableName", Value::string(name));
  for (const std::string_view member :
       {"AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema",
        "DeletionProtectionEnabled", "LocalSecondaryIndexes", "ProvisionedThroughput", "Tags"}) {
    if (const Value* value = call.input.find(member)) record.set(member, *value);
  }
  const auto created = dynamodb.ledger().now().time_since_epoch().count();
  record.set("CreationDateTime", Value::number(static_cast<double>(created) / 1000));
  record.set("TableId", Value::string(dynamodb.ledger().new_id()));
  Value whole = std::move(record).build();
  if (const Result<Table> table = read_table(whole); !table) {
    return validation(table.error().message);
  }
  if (auto wrong = unused_definitions(whole)) return *std::move(wrong);
  if (auto wrong = check_capacity(call.input)) return *std::move(wrong);
  Answer answer = Value::object({});
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        const std::string key = keys::table(name);
        if (change.get(key)) {
          answer = Error{"ResourceInUseException", "Table already exists: " + name, 400, {}};
          return;
        }
        ObjectBuilder numbered(whole);
        numbered.set("Number", Value::integer(next_number(change)));
        const Value* stream = call.input.find("StreamSpecification");
        const Value* enabled = stream == nullptr ? nullptr : stream->find("StreamEnabled");
        if (enabled != nullptr && enabled->is_bool() && enabled->as_bool()) {
          if (auto wrong = set_stream(dynamodb, change, *stream, numbered)) {
            answer = *std::move(wrong);
            return change.discard();
          }
        }
        const Value kept = std::move(numbered).build();
        put_json(change, key, kept);
        // ACTIVE by the time anybody asks.
        answer = std::move(ObjectBuilder().set("TableDescription",
                                               describe_table_record(dynamodb, kept, "CREATING")))
                     .build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer delete_table(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string name = table_name(text_of(call.input, "TableName"));
  Answer answer = table_not_found(name);
  std::uint64_t id = 0;
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        answer = table_not_found(name);
        const TableRef table = find_table(change, name);
        if (!table) return;
        if (is_protected(table->record)) {
          answer = validation(
              "Resource cannot be deleted as it is currently protected against deletion. Disable "
              "deletion protection first.");
          return;
        }
        id = table->id;
        // What its stream has stays for those that read it.
        ObjectBuilder record(table->record);
        if (table->stream != 0) {
          static_cast<void>(set_stream(dynamodb, change, Value::object({}), record));
        }
        change.erase(keys::table(name));
        answer = std::move(ObjectBuilder().set(
                               "TableDescription",
                               describe_table_record(dynamodb, table->record, "DELETING")))
                     .build();
      })) {
    return *std::move(failed);
  }
  // Its rows, in bounded decisions. Unreachable already; a Task leaves them.
  if (id == 0 || call.joined != nullptr) return answer;
  for (const std::string& range : {keys::items(id), keys::indexes(id)}) {
    if (Status erased = erase_range(dynamodb.ledger(), range); !erased) {
      return aws::store_error(erased.error());
    }
  }
  return answer;
}

Answer describe_table(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string name = table_name(text_of(call.input, "TableName"));
  TableRef table;
  Status read = dynamodb.ledger().read([&](Change& change) { table = find_table(change, name); });
  if (!read) return aws::store_error(read.error());
  if (!table) return table_not_found(name);
  return std::move(
             ObjectBuilder().set("Table", describe_table_record(dynamodb, table->record, "ACTIVE")))
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
  const std::string name = table_name(text_of(call.input, "TableName"));
  const Value* wanted = call.input.find("TimeToLiveSpecification");
  if (wanted == nullptr || text_of(*wanted, "AttributeName").empty()) {
    return validation("TimeToLiveSpecification must have an AttributeName");
  }
  const Value* enabled = wanted->find("Enabled");
  Answer answer = table_not_found(name);
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        answer = table_not_found(name);
        const TableRef table = find_table(change, name);
        if (!table) return;
        const bool is_on = !text_of(table->record, "TimeToLiveAttribute").empty();
        const bool wants = enabled != nullptr && enabled->is_bool() && enabled->as_bool();
        if (is_on == wants) {
          answer =
              validation(fmt::format("TimeToLive is already {}", is_on ? "enabled" : "disabled"));
          return;
        }
        ObjectBuilder record(table->record);
        if (enabled != nullptr && enabled->is_bool() && enabled->as_bool()) {
          record.set("TimeToLiveAttribute", *wanted->find("AttributeName"));
          change.when_durable([&dynamodb] { dynamodb.erase_what_expires(); });
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
  const std::string name = table_name(text_of(call.input, "TableName"));
  TableRef table;
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

Answer describe_limits(DynamoDb& /*dynamodb*/, const aws::Call& /*call*/) {
  constexpr std::int64_t kUnits = 40'000;  // AWS's default quota
  ObjectBuilder out;
  for (const std::string_view member :
       {"AccountMaxReadCapacityUnits", "AccountMaxWriteCapacityUnits", "TableMaxReadCapacityUnits",
        "TableMaxWriteCapacityUnits"}) {
    out.set(member, Value::integer(kUnits));
  }
  return std::move(out).build();
}

namespace {

// Runs `change_tags` on the tags of the table that ResourceArn names.
Answer about_tags(DynamoDb& dynamodb, const aws::Call& call,
                  const std::function<void(std::map<std::string, std::string>&)>& change_tags) {
  const std::string name = table_name(text_of(call.input, "ResourceArn"));
  const Error missing{"ResourceNotFoundException",
                      fmt::format("Requested resource not found: ResourcArn: {} not found",
                                  text_of(call.input, "ResourceArn")),
                      400,
                      {}};
  Answer answer = missing;
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        answer = missing;
        const TableRef table = find_table(change, name);
        if (!table) return;
        std::map<std::string, std::string> tags;
        if (const Value* before = table->record.find("Tags");
            before != nullptr && before->is_array()) {
          for (const Value& tag : before->items()) {
            tags[std::string(text_of(tag, "Key"))] = text_of(tag, "Value");
          }
        }
        const auto known = tags;
        change_tags(tags);
        if (tags.size() > kTagsMax) {
          answer = validation("Too many tags");
          return;
        }
        std::vector<Value> shown;
        for (const auto& [key, value] : tags) {
          ObjectBuilder tag;
          tag.set("Key", Value::string(key)).set("Value", Value::string(value));
          shown.push_back(std::move(tag).build());
        }
        Value listed = Value::array(std::move(shown));
        if (tags != known) {
          ObjectBuilder record(table->record);
          record.set("Tags", listed);
          put_json(change, keys::table(table->name), std::move(record).build());
        }
        answer = call.operation == "ListTagsOfResource"
                     ? std::move(ObjectBuilder().set("Tags", std::move(listed))).build()
                     : Value::object({});
      })) {
    return *std::move(failed);
  }
  return answer;
}

}  // namespace

Answer tag_resource(DynamoDb& dynamodb, const aws::Call& call) {
  return about_tags(dynamodb, call, [&](std::map<std::string, std::string>& tags) {
    const Value* given = call.input.find("Tags");
    if (given == nullptr || !given->is_array()) return;
    for (const Value& tag : given->items()) {
      tags[std::string(text_of(tag, "Key"))] = text_of(tag, "Value");
    }
  });
}

Answer untag_resource(DynamoDb& dynamodb, const aws::Call& call) {
  return about_tags(dynamodb, call, [&](std::map<std::string, std::string>& tags) {
    const Value* names = call.input.find("TagKeys");
    if (names == nullptr || !names->is_array()) return;
    for (const Value& name : names->items()) {
      if (name.is_string()) tags.erase(std::string(name.as_string()));
    }
  });
}

Answer list_tags_of_resource(DynamoDb& dynamodb, const aws::Call& call) {
  return about_tags(dynamodb, call, [](std::map<std::string, std::string>&) {});
}

}  // namespace pawl::connectors::dynamodb
