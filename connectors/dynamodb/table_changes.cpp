// UpdateTable. Settings change at once. An index that is made is written from its creation on, and
// filled with the items that were there before in bounded decisions behind that; an index that goes
// is unreachable at once, and its rows are erased behind it.
#include "connectors/dynamodb/service.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/fiber/shard.h"
#include "runtime/log/log.h"
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

// Items that one decision puts into an index.
constexpr std::size_t kFilledAtOnce = 1000;

// Definitions of before and of the call, those of the call first.
Value joined_definitions(const Value& record, const Value& input) {
  std::vector<Value> all;
  for (const Value* listed :
       {input.find("AttributeDefinitions"), record.find("AttributeDefinitions")}) {
    if (listed == nullptr || !listed->is_array()) continue;
    for (const Value& one : listed->items()) {
      const std::string_view name = text_of(one, "AttributeName");
      const bool known = std::any_of(all.begin(), all.end(), [&](const Value& other) {
        return text_of(other, "AttributeName") == name;
      });
      if (!known) all.push_back(one);
    }
  }
  return Value::array(std::move(all));
}

// Without those that no key names any more.
Value used_definitions(const Value& definitions, const Table& table) {
  std::vector<Value> used;
  for (const Value& one : definitions.items()) {
    const std::string_view name = text_of(one, "AttributeName");
    const auto names = [&](const IndexSchema& schema) {
      return schema.partition.name == name || (schema.sort && schema.sort->name == name);
    };
    if (names(table.primary) || std::any_of(table.indexes.begin(), table.indexes.end(), names)) {
      used.push_back(one);
    }
  }
  return Value::array(std::move(used));
}

struct Indexes {
  std::vector<Value> listed;  // GlobalSecondaryIndexes as they shall be
  std::int64_t next_slot = 0;
  std::string made;                   // its name; empty: none
  std::optional<std::size_t> erased;  // its slot
};

std::vector<Value>::iterator named(std::vector<Value>& listed, std::string_view name) {
  return std::find_if(listed.begin(), listed.end(),
                      [&](const Value& one) { return text_of(one, "IndexName") == name; });
}

// Applies GlobalSecondaryIndexUpdates.
std::optional<Error> change_indexes(const Value& updates, const Table& table, Indexes& indexes) {
  for (const Value& update : updates.items()) {
    if (!update.is_object() || update.size() != 1) {
      return validation("One of Create, Update or Delete is required for each index update");
    }
    const std::string_view kind = update.members()[0].key.as_string();
    const Value& what = update.members()[0].value;
    const std::string name(text_of(what, "IndexName"));
    const auto found = named(indexes.listed, name);
    if (kind == "Create") {
      if (found != indexes.listed.end()) {
        return validation(fmt::format("Attempting to create an index which already exists"));
      }
      // As AWS: one at a time.
      if (!indexes.made.empty() || indexes.erased) {
        return Error{"LimitExceededException",
                     "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                     "simultaneously per table",
                     400,
                     {}};
      }
      if (indexes.next_slot >= static_cast<std::int64_t>(kIndexSlotsMax)) {
        return Error{"LimitExceededException", "The table had too many indexes.", 400, {}};
      }
      ObjectBuilder made(what);
      made.set("Slot", Value::integer(indexes.next_slot++));
      made.set("IndexStatus", Value::string("CREATING"));
      indexes.listed.push_back(std::move(made).build());
      indexes.made = name;
      continue;
    }
    if (found == indexes.listed.end()) {
      return Error{"ResourceNotFoundException",
                   "Requested resource not found: Index: " + name + " not found",
                   400,
                   {}};
    }
    if (kind == "Update") {
      ObjectBuilder changed(*found);
      if (const Value* units = what.find("ProvisionedThroughput")) {
        changed.set("ProvisionedThroughput", *units);
      }
      *found = std::move(changed).build();
    } else if (kind == "Delete") {
      if (!indexes.made.empty() || indexes.erased) {
        return Error{"LimitExceededException",
                     "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                     "simultaneously per table",
                     400,
                     {}};
      }
      indexes.erased = table.index(name)->slot;
      indexes.listed.erase(found);
    } else {
      return validation("One of Create, Update or Delete is required for each index update");
    }
  }
  return std::nullopt;
}

// Every index with its slot written down, from when they were places in a list.
Indexes indexes_of(const Table& table) {
  Indexes out;
  std::size_t highest = 0;
  for (const IndexSchema& schema : table.indexes) highest = std::max(highest, schema.slot + 1);
  const Value* next = table.record.find("NextSlot");
  out.next_slot =
      next != nullptr && next->is_int() ? next->as_int() : static_cast<std::int64_t>(highest);
  if (const Value* listed = table.record.find("GlobalSecondaryIndexes");
      listed != nullptr && listed->is_array()) {
    for (const Value& one : listed->items()) {
      ObjectBuilder slotted(one);
      const IndexSchema* schema = table.index(text_of(one, "IndexName"));
      slotted.set("Slot", Value::integer(static_cast<std::int64_t>(schema->slot)));
      out.listed.push_back(std::move(slotted).build());
    }
  }
  return out;
}

}  // namespace

Answer update_table(DynamoDb& dynamodb, const aws::Call& call) {
  const Value& input = call.input;
  const std::string name = table_name(text_of(input, "TableName"));
  constexpr std::string_view kSettings[] = {"BillingMode", "DeletionProtectionEnabled",
                                            "ProvisionedThroughput", "TableClass"};
  const Value* updates = input.find("GlobalSecondaryIndexUpdates");
  const Value* stream = input.find("StreamSpecification");
  bool says_something =
      (updates != nullptr && updates->is_array() && updates->size() > 0) || stream != nullptr;
  for (const std::string_view member : kSettings) {
    says_something = says_something || input.find(member) != nullptr;
  }
  std::string made;
  std::optional<std::string> erased;
  Answer answer = table_not_found(name);
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        answer = table_not_found(name);
        made.clear();
        erased.reset();
        const TableRef table = find_table(change, name);
        if (!table) return;
        if (!says_something) {
          answer = validation(
              "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
              "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
          return;
        }
        ObjectBuilder record(table->record);
        for (const std::string_view member : kSettings) {
          if (const Value* value = input.find(member)) record.set(member, *value);
        }
        if (text_of(input, "BillingMode") == "PAY_PER_REQUEST") {
          record.erase("ProvisionedThroughput");
        }
        if (stream != nullptr) {
          if (auto wrong = set_stream(dynamodb, change, *stream, record)) {
            answer = *std::move(wrong);
            return change.discard();
          }
        }
        if (updates != nullptr && updates->is_array()) {
          Indexes indexes = indexes_of(*table);
          if (auto wrong = change_indexes(*updates, *table, indexes)) {
            answer = *std::move(wrong);
            return change.discard();
          }
          record.set("GlobalSecondaryIndexes", Value::array(std::move(indexes.listed)));
          record.set("NextSlot", Value::integer(indexes.next_slot));
          record.set("AttributeDefinitions", joined_definitions(table->record, input));
          made = indexes.made;
          if (indexes.erased) erased = keys::index(table->id, *indexes.erased);
        }
        Value kept = std::move(record).build();
        const Result<Table> changed = read_table(kept);
        if (!changed) {
          answer = validation(changed.error().message);
          return change.discard();
        }
        if (updates != nullptr) {
          ObjectBuilder trimmed(kept);
          trimmed.set("AttributeDefinitions",
                      used_definitions(*kept.find("AttributeDefinitions"), *changed));
          kept = std::move(trimmed).build();
        }
        put_json(change, keys::table(name), kept);
        if (!made.empty()) {
          change.when_durable(
              [&dynamodb, name, index = made] { dynamodb.fill_index(name, index); });
        }
        ObjectBuilder out;
        out.set("TableDescription", describe_table_record(dynamodb, kept, "UPDATING"));
        answer = std::move(out).build();
      })) {
    return *std::move(failed);
  }
  // A Task leaves the rows: they are unreachable, and cost only their space.
  if (erased && call.joined == nullptr) {
    if (Status done = erase_range(dynamodb.ledger(), *erased); !done) {
      return aws::store_error(done.error());
    }
  }
  return answer;
}

namespace {

// One decision: the next items into the index. Empty `from`: all are in. False: there is no such
// index any more.
Result<bool> fill_step(Ledger& ledger, const std::string& name, const std::string& index,
                       std::string& from) {
  bool there = true;
  std::string next;
  Status filled = ledger.commit([&](Change& change) {
    next.clear();
    const TableRef table = find_table(change, name);
    const IndexSchema* schema = table ? table->index(index) : nullptr;
    there = schema != nullptr && schema->backfilling;
    if (!there) return;
    const std::string range = keys::items(table->id);
    std::vector<Value> items;
    change.scan(from.empty() ? range : from, runtime::prefix_end(range),
                [&](std::string_view key, std::string_view row) {
                  if (items.size() >= kFilledAtOnce) {
                    next = key;
                    return false;
                  }
                  std::optional<Value> item = read_json_row(change, key, row);
                  if (!item) return false;
                  items.push_back(*std::move(item));
                  return true;
                });
    for (const Value& item : items) index_item(change, *table, *schema, item);
    if (!next.empty()) return;
    std::vector<Value> listed;
    for (const Value& one : table->record.find("GlobalSecondaryIndexes")->items()) {
      ObjectBuilder shown(one);
      if (text_of(one, "IndexName") == index) shown.erase("IndexStatus");
      listed.push_back(std::move(shown).build());
    }
    ObjectBuilder record(table->record);
    record.set("GlobalSecondaryIndexes", Value::array(std::move(listed)));
    put_json(change, keys::table(name), std::move(record).build());
  });
  if (!filled) return std::move(filled).error();
  from = std::move(next);
  return there;
}

}  // namespace

void DynamoDb::fill_index(const std::string& table, const std::string& index) {
  ledger_.shard().spawn_when_possible([this, table, index, hold = ledger_.shard().hold_time()] {
    std::string from;
    do {
      const Result<bool> there = fill_step(ledger_, table, index, from);
      if (!there) {
        // After the next start, or when the index is deleted and made again.
        return runtime::log().error("The index {} of {} could not be filled: {}", index, table,
                                    there.error().message);
      }
      if (!*there) return;
    } while (!from.empty() && !ledger_.shard().stopping());
  });
}

Status DynamoDb::open() {
  std::vector<std::pair<std::string, std::string>> unfinished;
  bool expires = false;
  Status read = ledger_.read([&](Change& change) {
    change.scan(keys::kTables, runtime::prefix_end(keys::kTables),
                [&](std::string_view key, std::string_view row) {
                  const std::optional<Value> record = read_json_row(change, key, row);
                  if (!record) return false;
                  const Result<Table> table = read_table(*record);
                  if (!table) return true;
                  expires = expires || !text_of(*record, "TimeToLiveAttribute").empty();
                  for (const IndexSchema& schema : table->indexes) {
                    if (schema.backfilling) unfinished.emplace_back(table->name, schema.name);
                  }
                  return true;
                });
  });
  if (!read) return read;
  for (const auto& [table, index] : unfinished) fill_index(table, index);
  if (expires) erase_what_expires();
  return {};
}

}  // namespace pawl::connectors::dynamodb
