// Query and Scan: pages of a table or an index, in the order of its keys.
#include "connectors/dynamodb/legacy.h"
#include "connectors/dynamodb/service.h"
#include "connectors/dynamodb/value.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

namespace pawl::connectors::dynamodb {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

// What both have in common.
struct PageRequest {
  std::optional<Condition> filter;
  std::vector<Path> projection;
  std::size_t limit = 0;  // 0: by size alone
  bool backward = false;
  bool count_only = false;
};

struct Source {
  const IndexSchema* schema = nullptr;
  bool is_index = false;
  bool whole_items = false;  // also what the index does not have: Select ALL_ATTRIBUTES
  std::string prefix;        // of its rows
};

std::variant<Source, Error> source_of(const Table& table, const Value& input) {
  Source source;
  const std::string_view name = text_of(input, "IndexName");
  if (name.empty()) {
    source.schema = &table.primary;
    source.prefix = keys::items(table.id);
    return source;
  }
  for (const IndexSchema& schema : table.indexes) {
    if (schema.name != name) continue;
    if (schema.backfilling) {
      return validation(
          fmt::format("Cannot read from backfilling global secondary index: {}", name));
    }
    source.schema = &schema;
    source.is_index = true;
    source.prefix = keys::index(table.id, schema.slot);
    source.whole_items = text_of(input, "Select") == "ALL_ATTRIBUTES";
    if (source.whole_items && schema.global && schema.projection != "ALL") {
      return validation(fmt::format(
          "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported "
          "for global secondary index {} because its projection type is not ALL",
          name));
    }
    const Value* consistent = input.find("ConsistentRead");
    if (source.schema->global && consistent != nullptr && consistent->is_bool() &&
        consistent->as_bool()) {
      return validation("Consistent reads are not supported on global secondary indexes");
    }
    return source;
  }
  return validation(fmt::format("The table does not have the specified index: {}", name));
}

// The attributes that an index has of an item.
Value projected_by(const Table& table, const IndexSchema& schema, const Value& item) {
  if (schema.name.empty() || schema.projection == "ALL") return item;
  std::set<std::string> names(schema.included.begin(), schema.included.end());
  for (const IndexSchema* one : {&table.primary, &schema}) {
    names.insert(one->partition.name);
    if (one->sort) names.insert(one->sort->name);
  }
  ObjectBuilder out;
  for (const Member& member : item.members()) {
    if (names.contains(std::string(member.key.as_string()))) out.set(member.key, member.value);
  }
  return std::move(out).build();
}

// The row of an ExclusiveStartKey.
std::variant<std::string, Error> start_row(const Table& table, const Source& source,
                                           const Value& given) {
  const Error wrong = validation(
      "The provided starting key is invalid: The provided key element does not match the schema");
  const Result<Value> key = checked_item(given);
  if (!key) return validation(key.error().message);
  const std::optional<std::string> primary = key_bytes(table.primary, *key);
  if (!primary) return wrong;
  if (!source.is_index) return source.prefix + *primary;
  const std::optional<std::string> own = key_bytes(*source.schema, *key);
  if (!own) return wrong;
  return source.prefix + *own + *primary;
}

Value last_key(const Table& table, const Source& source, const Value& item) {
  ObjectBuilder key(key_of(table.primary, item));
  if (source.is_index) {
    const Value own = key_of(*source.schema, item);
    for (const Member& member : own.members()) key.set(member.key, member.value);
  }
  return std::move(key).build();
}

// One page of the rows of [from, to). `accepts`: the key condition, where the range says not all.
Answer read_page(DynamoDb& dynamodb, Change& change, const Table& table, const Source& source,
                 const Value& input, const PageRequest& page, const std::string& from,
                 const std::string& to, const std::function<bool(const Value& item)>& accepts) {
  std::vector<Value> items;
  std::size_t scanned = 0;
  std::size_t matched = 0;
  std::size_t bytes = 0;
  Value last;
  bool more = false;
  const auto visit = [&](std::string_view row_key, std::string_view row) {
    if ((page.limit > 0 && scanned >= page.limit) || bytes >= kPageBytesMax) {
      more = true;
      return false;
    }
    std::optional<Value> item;
    if (source.is_index) {
      item = get_json(change, row);
    } else {
      item = read_json_row(change, row_key, row);
    }
    if (!item) return false;  // a row that does not read has failed the decision
    // Rows of other segments cost their reading too, and a page must end.
    bytes += bytes_of_item(*item);
    last = *item;
    if (!accepts(*item)) return true;
    ++scanned;
    if (is_expired(table, *item, dynamodb.ledger().now())) return true;
    const Value seen = source.whole_items ? *item : projected_by(table, *source.schema, *item);
    if (page.filter && !matches(*page.filter, seen)) return true;
    ++matched;
    if (!page.count_only) {
      items.push_back(page.projection.empty() ? seen : project(seen, page.projection));
    }
    return true;
  };
  if (page.backward) {
    change.scan_back(from, to, visit);
  } else {
    change.scan(from, to, visit);
  }
  ObjectBuilder out;
  if (!page.count_only) out.set("Items", Value::array(std::move(items)));
  out.set("Count", Value::integer(static_cast<std::int64_t>(matched)));
  out.set("ScannedCount", Value::integer(static_cast<std::int64_t>(scanned)));
  if (more) out.set("LastEvaluatedKey", last_key(table, source, last));
  add_capacity(input, table, bytes, false, out);
  return std::move(out).build();
}

std::optional<Error> read_page_request(const Value& input, Expressions& expressions,
                                       std::string_view legacy_filter, PageRequest& page) {
  if (const Value* limit = input.find("Limit"); limit != nullptr) {
    if (!limit->is_int() || limit->as_int() < 1) {
      return validation(
          "1 validation error detected: Value at 'limit' failed to satisfy constraint: "
          "Member must have value greater than or equal to 1");
    }
    page.limit = static_cast<std::size_t>(limit->as_int());
  }
  if (const std::string_view text = text_of(input, "FilterExpression"); !text.empty()) {
    Result<Condition> read = expressions.condition(text, "FilterExpression");
    if (!read) return validation(read.error().message);
    page.filter = *std::move(read);
  } else if (const Value* legacy = input.find(legacy_filter);
             legacy != nullptr && legacy->size() > 0) {
    Result<Condition> read =
        legacy_condition(*legacy, text_of(input, "ConditionalOperator") == "OR");
    if (!read) return validation(read.error().message);
    page.filter = *std::move(read);
  }
  auto projection = read_projection(input, expressions);
  if (auto* error = std::get_if<Error>(&projection)) return std::move(*error);
  page.projection = std::get<std::vector<Path>>(std::move(projection));
  page.count_only = text_of(input, "Select") == "COUNT";
  return std::nullopt;
}

// --- key conditions ---

bool is_path_to(const Operand& operand, std::string_view name) {
  const auto* path = std::get_if<Path>(&operand.what);
  return path != nullptr && path->size() == 1 && (*path)[0].name == name;
}
const Value* value_in(const Operand& operand) { return std::get_if<Value>(&operand.what); }

struct KeyRange {
  std::string from;
  std::string to;
};

// What a condition on the sort key leaves of the partition's rows.
std::optional<KeyRange> sort_range(const Condition& condition, const KeyName& sort,
                                   const std::string& partition) {
  const KeyRange whole{partition, runtime::prefix_end(partition)};
  for (std::size_t i = 1; i < condition.operands.size(); ++i) {
    const Value* value = value_in(condition.operands[i]);
    if (value == nullptr || type_of(*value) != sort.type) return std::nullopt;
  }
  if (condition.operands.size() < 2) return std::nullopt;
  const std::string raw = sort_key_of(*value_in(condition.operands[1]));
  const std::string at = partition + keys::escaped(raw);
  const std::string past = runtime::prefix_end(at);
  if (condition.kind == Condition::Kind::kBetween) {
    const std::string high =
        partition + keys::escaped(sort_key_of(*value_in(condition.operands[2])));
    return KeyRange{at, runtime::prefix_end(high)};
  }
  if (condition.kind == Condition::Kind::kFunction) {
    if (condition.name != "begins_with" || sort.type == "N") return std::nullopt;
    std::string begin = keys::escaped(raw);
    begin.resize(begin.size() - 2);  // without its end
    return KeyRange{partition + begin, runtime::prefix_end(partition + begin)};
  }
  if (condition.kind != Condition::Kind::kCompare) return std::nullopt;
  if (condition.name == "=") return KeyRange{at, past};
  if (condition.name == "<") return KeyRange{whole.from, at};
  if (condition.name == "<=") return KeyRange{whole.from, past};
  if (condition.name == ">") return KeyRange{past, whole.to};
  if (condition.name == ">=") return KeyRange{at, whole.to};
  return std::nullopt;
}

std::variant<KeyRange, Error> key_range(const Condition& condition, const Source& source) {
  const IndexSchema& schema = *source.schema;
  std::vector<const Condition*> parts;
  if (condition.kind == Condition::Kind::kAnd) {
    for (const Condition& one : condition.conditions) parts.push_back(&one);
  } else {
    parts.push_back(&condition);
  }
  const Value* partition = nullptr;
  const Condition* sort = nullptr;
  for (const Condition* part : parts) {
    if (part->operands.empty())
      return validation("Invalid operator used in KeyConditionExpression");
    const bool equals = part->kind == Condition::Kind::kCompare && part->name == "=";
    if (equals && is_path_to(part->operands[0], schema.partition.name) &&
        value_in(part->operands[1]) != nullptr && partition == nullptr) {
      partition = value_in(part->operands[1]);
    } else if (schema.sort && is_path_to(part->operands[0], schema.sort->name) && sort == nullptr) {
      sort = part;
    } else {
      return validation("Query key condition not supported");
    }
  }
  if (partition == nullptr) {
    return validation(
        fmt::format("Query condition missed key schema element: {}", schema.partition.name));
  }
  const Error mismatch = validation(
      "One or more parameter values were invalid: Condition parameter type does not match schema "
      "type");
  if (type_of(*partition) != schema.partition.type) return mismatch;
  const std::string prefix = source.prefix + keys::escaped(sort_key_of(*partition));
  if (sort == nullptr) return KeyRange{prefix, runtime::prefix_end(prefix)};
  std::optional<KeyRange> range = sort_range(*sort, *schema.sort, prefix);
  if (!range) return mismatch;
  return *std::move(range);
}

// The key attribute that a filter names: a query chooses by keys in another place.
// NOLINTNEXTLINE(misc-no-recursion): depth of conditions is bounded
std::optional<std::string> names_key(const Condition& condition, const IndexSchema& schema) {
  for (const Condition& one : condition.conditions) {
    if (auto name = names_key(one, schema)) return name;
  }
  for (const Operand& operand : condition.operands) {
    const auto* path = std::get_if<Path>(&operand.what);
    if (path == nullptr || path->empty()) continue;
    const std::string& name = (*path)[0].name;
    if (name == schema.partition.name || (schema.sort && name == schema.sort->name)) return name;
  }
  return std::nullopt;
}

// Values of expressions, checked. Undefined: none.
Result<Value> expression_values(const Value& input) {
  const Value* values = input.find("ExpressionAttributeValues");
  return values == nullptr ? Result<Value>(Value()) : checked_item(*values);
}

}  // namespace

Answer query(DynamoDb& dynamodb, const aws::Call& call) {
  const Value& input = call.input;
  const Result<Value> values = expression_values(input);
  if (!values) return validation(values.error().message);
  Expressions expressions(input.find("ExpressionAttributeNames"),
                          values->is_undefined() ? nullptr : &*values);
  PageRequest page;
  if (auto wrong = read_page_request(input, expressions, "QueryFilter", page)) {
    return *std::move(wrong);
  }
  const Value* forward = input.find("ScanIndexForward");
  page.backward = forward != nullptr && forward->is_bool() && !forward->as_bool();
  Result<Condition> key_condition = pawl::Error{ErrorCode::kInvalid, "", ""};
  if (const std::string_view text = text_of(input, "KeyConditionExpression"); !text.empty()) {
    key_condition = expressions.condition(text, "KeyConditionExpression");
  } else if (const Value* legacy = input.find("KeyConditions"); legacy != nullptr) {
    key_condition = legacy_condition(*legacy, false);
  } else {
    return validation(
        "Either the KeyConditions or KeyConditionExpression parameter must be "
        "specified in the request.");
  }
  if (!key_condition) return validation(key_condition.error().message);
  if (Status used = expressions.all_used(); !used) return validation(used.error().message);

  Answer answer = resource_not_found();
  Status read = dynamodb.ledger().read([&](Change& change) {
    const TableRef table = find_table(change, text_of(input, "TableName"));
    if (!table) return;
    auto found = source_of(*table, input);
    if (auto* error = std::get_if<Error>(&found)) {
      answer = std::move(*error);
      return;
    }
    const Source& source = std::get<Source>(found);
    if (page.filter && names_key(*page.filter, *source.schema)) {
      answer = validation(
          "Filter Expression can only contain non-primary key attributes: Primary key attribute: " +
          *names_key(*page.filter, *source.schema));
      return;
    }
    auto ranged = key_range(*key_condition, source);
    if (auto* error = std::get_if<Error>(&ranged)) {
      answer = std::move(*error);
      return;
    }
    auto [from, to] = std::get<KeyRange>(ranged);
    if (const Value* start = input.find("ExclusiveStartKey"); start != nullptr) {
      auto row = start_row(*table, source, *start);
      if (auto* error = std::get_if<Error>(&row)) {
        answer = std::move(*error);
        return;
      }
      if (page.backward) {
        to = std::min(to, std::get<std::string>(row));
      } else {
        from = std::max(from, std::get<std::string>(row) + '\0');
      }
    }
    answer = read_page(dynamodb, change, *table, source, input, page, from, to,
                       [](const Value&) { return true; });
  });
  if (!read) return aws::store_error(read.error());
  return answer;
}

Answer scan(DynamoDb& dynamodb, const aws::Call& call) {
  const Value& input = call.input;
  const Result<Value> values = expression_values(input);
  if (!values) return validation(values.error().message);
  Expressions expressions(input.find("ExpressionAttributeNames"),
                          values->is_undefined() ? nullptr : &*values);
  PageRequest page;
  if (auto wrong = read_page_request(input, expressions, "ScanFilter", page)) {
    return *std::move(wrong);
  }
  if (Status used = expressions.all_used(); !used) return validation(used.error().message);
  std::uint32_t segment = 0;
  std::uint32_t segments = 1;
  const Value* segment_member = input.find("Segment");
  const Value* total = input.find("TotalSegments");
  if (segment_member != nullptr && total != nullptr && segment_member->is_int() &&
      total->is_int()) {
    constexpr std::int64_t kSegmentsMax = 1'000'000;  // AWS
    if (total->as_int() < 1 || total->as_int() > kSegmentsMax || segment_member->as_int() < 0 ||
        segment_member->as_int() >= total->as_int()) {
      return validation(
          "The Segment parameter is zero-based and must be less than parameter "
          "TotalSegments");
    }
    segment = static_cast<std::uint32_t>(segment_member->as_int());
    segments = static_cast<std::uint32_t>(total->as_int());
  }
  Answer answer = resource_not_found();
  Status read = dynamodb.ledger().read([&](Change& change) {
    const TableRef table = find_table(change, text_of(input, "TableName"));
    if (!table) return;
    auto found = source_of(*table, input);
    if (auto* error = std::get_if<Error>(&found)) {
      answer = std::move(*error);
      return;
    }
    const Source& source = std::get<Source>(found);
    std::string from = source.prefix;
    if (const Value* start = input.find("ExclusiveStartKey"); start != nullptr) {
      auto row = start_row(*table, source, *start);
      if (auto* error = std::get_if<Error>(&row)) {
        answer = std::move(*error);
        return;
      }
      from = std::get<std::string>(row) + '\0';
    }
    answer = read_page(dynamodb, change, *table, source, input, page, from,
                       runtime::prefix_end(source.prefix), [&](const Value& item) {
                         if (segments == 1) return true;
                         const Value* key = item.find(table->primary.partition.name);
                         return key != nullptr &&
                                runtime::crc32c(sort_key_of(*key)) % segments == segment;
                       });
  });
  if (!read) return aws::store_error(read.error());
  return answer;
}

}  // namespace pawl::connectors::dynamodb
