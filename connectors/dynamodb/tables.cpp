#include "connectors/dynamodb/tables.h"

#include "connectors/dynamodb/value.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

namespace pawl::connectors::dynamodb {

using asl::ObjectBuilder;
using asl::Value;

namespace {

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message), ""}; }

Result<IndexSchema> read_schema(const Value& described, const Value& definitions) {
  IndexSchema schema;
  schema.name = text_of(described, "IndexName");
  const auto type_of_name = [&](std::string_view name) -> std::string {
    if (!definitions.is_array()) return {};
    for (const Value& one : definitions.items()) {
      if (text_of(one, "AttributeName") == name) return std::string(text_of(one, "AttributeType"));
    }
    return {};
  };
  const Value* parts = described.find("KeySchema");
  if (parts == nullptr || !parts->is_array() || parts->size() == 0 || parts->size() > 2) {
    return invalid(
        "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: "
        "Member must have length between 1 and 2");
  }
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const Value& part = parts->items()[i];
    KeyName key{std::string(text_of(part, "AttributeName")), ""};
    key.type = type_of_name(key.name);
    if (key.type != "S" && key.type != "N" && key.type != "B") {
      return invalid(
          fmt::format("One or more parameter values were invalid: Some index key "
                      "attributes are not defined in AttributeDefinitions. Keys: [{}], "
                      "AttributeDefinitions: []",
                      key.name));
    }
    const std::string_view kind = text_of(part, "KeyType");
    if (i == 0 && kind == "HASH") {
      schema.partition = std::move(key);
    } else if (i == 1 && kind == "RANGE") {
      schema.sort = std::move(key);
    } else {
      return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    }
  }
  if (const Value* projection = described.find("Projection"); projection != nullptr) {
    if (const auto type = text_of(*projection, "ProjectionType"); !type.empty()) {
      schema.projection = type;
    }
    if (const Value* more = projection->find("NonKeyAttributes"); more != nullptr) {
      for (const Value& name : more->items()) {
        if (name.is_string()) schema.included.emplace_back(name.as_string());
      }
    }
  }
  return schema;
}

}  // namespace

const IndexSchema* Table::index(std::string_view index_name) const {
  for (const IndexSchema& schema : indexes) {
    if (schema.name == index_name) return &schema;
  }
  return nullptr;
}

namespace keys {

namespace {
std::string of_table(std::string_view kind, std::uint64_t table) {
  std::string key(kind);
  runtime::append_u64(key, table);
  return key;
}
}  // namespace

std::string table(std::string_view name) { return std::string(kTables).append(name); }
std::string items(std::uint64_t table) { return of_table("Sdi", table); }
std::string indexes(std::uint64_t table) { return of_table("Sdx", table); }
std::string index(std::uint64_t table, std::size_t slot) {
  return indexes(table) + static_cast<char>(slot);
}
std::string escaped(std::string_view part) {
  std::string out;
  out.reserve(part.size() + 2);
  for (const char c : part) {
    out += c;
    if (c == '\0') out += '\xFF';
  }
  out += '\0';
  out += '\1';
  return out;
}

}  // namespace keys

Result<Table> read_table(const Value& record) {
  Table table;
  table.record = record;
  table.name = text_of(record, "TableName");
  if (const Value* id = record.find("Number"); id != nullptr && id->is_int()) {
    table.id = static_cast<std::uint64_t>(id->as_int());
  }
  if (const Value* stream = record.find("StreamNumber"); stream != nullptr && stream->is_int()) {
    table.stream = static_cast<std::uint64_t>(stream->as_int());
  }
  const Value* definitions = record.find("AttributeDefinitions");
  const Value none;
  Result<IndexSchema> primary = read_schema(record, definitions == nullptr ? none : *definitions);
  if (!primary) return std::move(primary).error();
  table.primary = *std::move(primary);
  table.primary.name.clear();
  for (const auto& [member, global] :
       {std::pair<std::string_view, bool>{"LocalSecondaryIndexes", false},
        {"GlobalSecondaryIndexes", true}}) {
    const Value* listed = record.find(member);
    if (listed == nullptr || !listed->is_array()) continue;
    for (const Value& one : listed->items()) {
      Result<IndexSchema> schema = read_schema(one, definitions == nullptr ? none : *definitions);
      if (!schema) return std::move(schema).error();
      schema->global = global;
      // Tables from before indexes could change have none: places in this order.
      const Value* slot = one.find("Slot");
      schema->slot = slot != nullptr && slot->is_int() ? static_cast<std::size_t>(slot->as_int())
                                                       : table.indexes.size();
      schema->backfilling = text_of(one, "IndexStatus") == "CREATING";
      if (schema->name.empty() || table.index(schema->name) != nullptr) {
        return invalid("One or more parameter values were invalid: Duplicate index name: " +
                       schema->name);
      }
      if (!global && schema->partition.name != table.primary.partition.name) {
        return invalid(
            "One or more parameter values were invalid: Table KeySchema does not have a "
            "range key, which is required when specifying a LocalSecondaryIndex");
      }
      table.indexes.push_back(*std::move(schema));
    }
  }
  if (table.indexes.size() > kIndexesMax) {
    return invalid("One or more parameter values were invalid: Too many secondary indexes");
  }
  return table;
}

namespace {
Result<Table> decode_table(std::string_view row, std::string_view key) {
  const Result<Value> record = decode_json_row(row, key);
  if (!record) return record.error();
  Result<Table> table = read_table(*record);
  if (table) return table;
  return Error{ErrorCode::kCorrupt, table.error().message, runtime::printable_key(key)};
}
}  // namespace

TableRef find_table(Change& change, std::string_view named) {
  if (const std::size_t slash = named.rfind('/');
      named.starts_with("arn:") && slash != std::string_view::npos) {
    named.remove_prefix(slash + 1);
  }
  return change.get_remembered(keys::table(named), decode_table);
}

std::optional<std::string> key_bytes(const IndexSchema& schema, const Value& item) {
  const Value* partition = item.find(schema.partition.name);
  if (partition == nullptr || type_of(*partition) != schema.partition.type) return std::nullopt;
  std::string bytes = keys::escaped(sort_key_of(*partition));
  if (!schema.sort) return bytes;
  const Value* sort = item.find(schema.sort->name);
  if (sort == nullptr || type_of(*sort) != schema.sort->type) return std::nullopt;
  return bytes + keys::escaped(sort_key_of(*sort));
}

Value key_of(const IndexSchema& schema, const Value& item) {
  ObjectBuilder key;
  if (const Value* partition = item.find(schema.partition.name)) {
    key.set(schema.partition.name, *partition);
  }
  if (schema.sort) {
    if (const Value* sort = item.find(schema.sort->name)) key.set(schema.sort->name, *sort);
  }
  return std::move(key).build();
}

Status check_key(const Table& table, const Value& key) {
  const std::size_t parts = table.primary.sort ? 2 : 1;
  if (!key.is_object() || key.size() != parts || !key_bytes(table.primary, key)) {
    return invalid("The provided key element does not match the schema");
  }
  for (const asl::Member& member : key.members()) {
    if (type_of(member.value) != "N" && content_of(member.value).as_string().empty()) {
      return invalid(
          fmt::format("One or more parameter values are not valid. The AttributeValue for "
                      "a key attribute cannot contain an empty string value. Key: {}",
                      member.key.as_string()));
    }
  }
  return {};
}

Status check_item_keys(const Table& table, const Value& item) {
  const auto check = [&](const KeyName& key, bool required) -> Status {
    const Value* value = item.find(key.name);
    if (value == nullptr) {
      if (!required) return {};
      return invalid(
          fmt::format("One or more parameter values were invalid: Missing the key {} in "
                      "the item",
                      key.name));
    }
    if (type_of(*value) != key.type) {
      return invalid(
          fmt::format("One or more parameter values were invalid: Type mismatch for {} {} "
                      "expected: {} actual: {}",
                      required ? "key" : "Index Key", key.name, key.type, type_of(*value)));
    }
    if (key.type != "N" && content_of(*value).as_string().empty()) {
      return invalid(
          fmt::format("One or more parameter values are not valid. The AttributeValue for "
                      "a key attribute cannot contain an empty string value. Key: {}",
                      key.name));
    }
    return {};
  };
  if (Status checked = check(table.primary.partition, true); !checked) return checked;
  if (table.primary.sort) {
    if (Status checked = check(*table.primary.sort, true); !checked) return checked;
  }
  for (const IndexSchema& schema : table.indexes) {
    if (Status checked = check(schema.partition, false); !checked) return checked;
    if (schema.sort) {
      if (Status checked = check(*schema.sort, false); !checked) return checked;
    }
  }
  return {};
}

void write_item(Change& change, const Table& table, const Value* before, const Value* after) {
  const std::optional<std::string> key =
      key_bytes(table.primary, after != nullptr ? *after : *before);
  PAWL_ASSERT(key.has_value());  // callers check
  const std::string row = keys::items(table.id) + *key;
  for (const IndexSchema& schema : table.indexes) {
    const std::string prefix = keys::index(table.id, schema.slot);
    const auto place = [&](const Value* item) -> std::optional<std::string> {
      if (item == nullptr) return std::nullopt;
      const std::optional<std::string> bytes = key_bytes(schema, *item);
      return bytes ? std::optional<std::string>(prefix + *bytes + *key) : std::nullopt;
    };
    const std::optional<std::string> old_place = place(before);
    const std::optional<std::string> new_place = place(after);
    if (old_place && old_place != new_place) change.erase(*old_place);
    if (new_place && old_place != new_place) change.put(*new_place, row);
  }
  if (after != nullptr) {
    put_json(change, row, *after);
  } else {
    change.erase(row);
  }
}

void index_item(Change& change, const Table& table, const IndexSchema& schema, const Value& item) {
  const std::optional<std::string> key = key_bytes(table.primary, item);
  const std::optional<std::string> own = key_bytes(schema, item);
  if (!key || !own) return;
  change.put(keys::index(table.id, schema.slot) + *own + *key, keys::items(table.id) + *key);
}

std::optional<Value> read_item(Change& change, const Table& table, const Value& key) {
  const std::optional<std::string> bytes = key_bytes(table.primary, key);
  if (!bytes) return std::nullopt;
  return get_json(change, keys::items(table.id) + *bytes);
}

}  // namespace pawl::connectors::dynamodb
