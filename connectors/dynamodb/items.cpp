// Items, one by one and in batches.
#include "connectors/dynamodb/legacy.h"
#include "connectors/dynamodb/service.h"
#include "connectors/dynamodb/value.h"

#include <fmt/format.h>

#include <set>

namespace pawl::connectors::dynamodb {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

// ConditionExpression or Expected of a write; nothing: unconditional.
std::variant<std::optional<Condition>, Error> read_condition(const Value& input,
                                                             Expressions& expressions) {
  const Value* expression = input.find("ConditionExpression");
  const Value* expected = input.find("Expected");
  if (expression != nullptr && expected != nullptr) {
    return validation(
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}");
  }
  if (expression != nullptr && expression->is_string()) {
    Result<Condition> read = expressions.condition(expression->as_string(), "ConditionExpression");
    if (!read) return validation(read.error().message);
    return std::optional<Condition>(*std::move(read));
  }
  if (expected != nullptr && expected->size() > 0) {
    Result<Condition> read =
        legacy_condition(*expected, text_of(input, "ConditionalOperator") == "OR");
    if (!read) return validation(read.error().message);
    return std::optional<Condition>(*std::move(read));
  }
  return std::optional<Condition>();
}

// ExpressionAttributeValues with every value checked. Undefined: none.
Result<Value> checked_values(const Value& input) {
  const Value* values = input.find("ExpressionAttributeValues");
  if (values == nullptr) return Value();
  if (values->size() == 0) {
    return pawl::Error{ErrorCode::kInvalid, "ExpressionAttributeValues must not be empty", ""};
  }
  Result<Value> checked = checked_item(*values);
  if (!checked) {
    return pawl::Error{
        ErrorCode::kInvalid,
        "ExpressionAttributeValues contains invalid value: " + checked.error().message, ""};
  }
  return checked;
}

// The attributes of `item` among `names`; undefined if there are none.
Value only(const Value& item, const std::set<std::string>& names) {
  ObjectBuilder out;
  if (!item.is_undefined()) {
    for (const Member& member : item.members()) {
      if (names.contains(std::string(member.key.as_string()))) out.set(member.key, member.value);
    }
  }
  return out.size() == 0 ? Value() : std::move(out).build();
}

Value returned(const Written& written, std::string_view wanted) {
  if (wanted == "ALL_OLD") return written.before;
  if (wanted == "ALL_NEW") return written.after;
  if (wanted == "UPDATED_OLD") return only(written.before, written.changed);
  if (wanted == "UPDATED_NEW") return only(written.after, written.changed);
  return {};
}

Error condition_failed(const Value& input, const Written& written) {
  Error error{"ConditionalCheckFailedException", "The conditional request failed", 400, {}};
  if (text_of(input, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD" &&
      !written.before.is_undefined()) {
    error.details = std::move(ObjectBuilder().set("Item", written.before)).build();
  }
  return error;
}

// Whether a write has to know what was there. Where it need not, it does not read: a new item is
// looked for in every level of the store before it is known to be new.
bool needs_before(const Table& table, std::string_view kind, const Value& input, bool conditional) {
  if (kind != "Put" || conditional || !table.indexes.empty() || table.stream != 0) return true;
  const std::string_view capacity = text_of(input, "ReturnConsumedCapacity");
  return text_of(input, "ReturnValues") == "ALL_OLD" || (!capacity.empty() && capacity != "NONE");
}

// PutItem, UpdateItem, DeleteItem.
Answer write(DynamoDb& dynamodb, const aws::Call& call, std::string_view kind) {
  const std::string_view wanted = text_of(call.input, "ReturnValues");
  const bool known = wanted.empty() || wanted == "NONE" || wanted == "ALL_OLD" ||
                     (kind == "Update" &&
                      (wanted == "ALL_NEW" || wanted == "UPDATED_OLD" || wanted == "UPDATED_NEW"));
  if (!known) return validation("ReturnValues can only be ALL_OLD or NONE");
  Answer answer;
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        const TableRef table = find_table(change, text_of(call.input, "TableName"));
        if (!table) {
          answer = resource_not_found();
          return;
        }
        auto one = write_one(dynamodb, change, *table, kind, call.input);
        if (auto* error = std::get_if<Error>(&one)) {
          answer = std::move(*error);
          return;
        }
        const Written& written = std::get<Written>(one);
        if (written.condition_failed) {
          answer = condition_failed(call.input, written);
          return;
        }
        ObjectBuilder out;
        if (const Value attributes = returned(written, wanted); !attributes.is_undefined()) {
          out.set("Attributes", attributes);
        }
        const std::size_t bytes =
            std::max(written.before.is_undefined() ? 0 : bytes_of_item(written.before),
                     written.after.is_undefined() ? 0 : bytes_of_item(written.after));
        add_capacity(call.input, *table, bytes, true, out);
        answer = std::move(out).build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

}  // namespace

std::variant<Written, Error> write_one(DynamoDb& dynamodb, Change& change, const Table& table,
                                       std::string_view kind, const Value& input) {
  const Result<Value> values = checked_values(input);
  if (!values) return validation(values.error().message);
  Expressions expressions(input.find("ExpressionAttributeNames"),
                          values->is_undefined() ? nullptr : &*values);
  const Value* given = input.find(kind == "Put" ? "Item" : "Key");
  if (given == nullptr) {
    return validation(
        fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                    "constraint: Member must not be null",
                    kind == "Put" ? "item" : "key"));
  }
  const Result<Value> named = checked_item(*given);
  if (!named) return validation(named.error().message);
  if (Status checked = kind == "Put" ? check_item_keys(table, *named) : check_key(table, *named);
      !checked) {
    return validation(checked.error().message);
  }
  auto condition = read_condition(input, expressions);
  if (auto* error = std::get_if<Error>(&condition)) return std::move(*error);
  std::vector<UpdateAction> actions;
  if (kind == "Update") {
    const std::string_view text = text_of(input, "UpdateExpression");
    const Value* legacy = input.find("AttributeUpdates");
    if (!text.empty() && legacy != nullptr) {
      return validation(
          "Can not use both expression and non-expression parameters in the same request: "
          "Non-expression parameters: {AttributeUpdates} Expression parameters: "
          "{UpdateExpression}");
    }
    if (input.find("UpdateExpression") != nullptr) {
      Result<std::vector<UpdateAction>> read = expressions.update(text);
      if (!read) return validation(read.error().message);
      actions = *std::move(read);
    } else if (legacy != nullptr) {
      Result<std::vector<UpdateAction>> read = legacy_update(*legacy);
      if (!read) return validation(read.error().message);
      actions = *std::move(read);
    }
    for (const UpdateAction& action : actions) {
      const std::string& name = action.path[0].name;
      if (name == table.primary.partition.name ||
          (table.primary.sort && name == table.primary.sort->name)) {
        return validation(
            fmt::format("One or more parameter values were invalid: Cannot update "
                        "attribute {}. This attribute is part of the key",
                        name));
      }
    }
  }
  if (Status used = expressions.all_used(); !used) return validation(used.error().message);

  Written written;
  const auto& wanted = std::get<std::optional<Condition>>(condition);
  std::optional<Value> before;
  if (needs_before(table, kind, input, wanted.has_value())) {
    before = read_item(change, table, *named);
  }
  if (before) written.before = *before;
  if (wanted && !matches(*wanted, before ? *before : Value::object({}))) {
    written.condition_failed = true;
    return written;
  }
  if (kind == "ConditionCheck") return written;
  if (kind == "Put") {
    written.after = *named;
  } else if (kind == "Update") {
    Result<Value> updated = apply_update(actions, before ? *before : *named, written.changed);
    if (!updated) return validation(updated.error().message);
    written.after = *std::move(updated);
    if (Status checked = check_item_keys(table, written.after); !checked) {
      return validation(checked.error().message);
    }
  }
  if (!written.after.is_undefined() && bytes_of_item(written.after) > kItemBytesMax) {
    return validation(kind == "Put" ? "Item size has exceeded the maximum allowed size"
                                    : "Item size to update has exceeded the maximum allowed size");
  }
  if (before || !written.after.is_undefined()) {
    write_item(change, table, before ? &*before : nullptr,
               written.after.is_undefined() ? nullptr : &written.after);
    record_change(dynamodb, change, table, before ? &*before : nullptr,
                  written.after.is_undefined() ? nullptr : &written.after);
  }
  return written;
}

Answer put_item(DynamoDb& dynamodb, const aws::Call& call) { return write(dynamodb, call, "Put"); }
Answer update_item(DynamoDb& dynamodb, const aws::Call& call) {
  return write(dynamodb, call, "Update");
}
Answer delete_item(DynamoDb& dynamodb, const aws::Call& call) {
  return write(dynamodb, call, "Delete");
}

Answer get_item(DynamoDb& dynamodb, const aws::Call& call) {
  Expressions expressions(call.input.find("ExpressionAttributeNames"), nullptr);
  auto projection = read_projection(call.input, expressions);
  if (auto* error = std::get_if<Error>(&projection)) return std::move(*error);
  if (Status used = expressions.all_used(); !used) return validation(used.error().message);
  const auto& paths = std::get<std::vector<Path>>(projection);
  Answer answer = resource_not_found();
  Status read = dynamodb.ledger().read([&](Change& change) {
    const TableRef table = find_table(change, text_of(call.input, "TableName"));
    if (!table) return;
    const Value* given = call.input.find("Key");
    const Result<Value> key =
        given == nullptr ? Result<Value>(Value::object({})) : checked_item(*given);
    if (!key) {
      answer = validation(key.error().message);
      return;
    }
    if (Status checked = check_key(*table, *key); !checked) {
      answer = validation(checked.error().message);
      return;
    }
    const std::optional<Value> item = read_item(change, *table, *key);
    ObjectBuilder out;
    if (item && !is_expired(*table, *item, dynamodb.ledger().now())) {
      out.set("Item", paths.empty() ? *item : project(*item, paths));
    }
    add_capacity(call.input, *table, item ? bytes_of_item(*item) : 0, false, out);
    answer = std::move(out).build();
  });
  if (!read) return aws::store_error(read.error());
  return answer;
}

// --- batches ---

Answer batch_get_item(DynamoDb& dynamodb, const aws::Call& call) {
  const Value* wanted = call.input.find("RequestItems");
  if (wanted == nullptr || !wanted->is_object() || wanted->size() == 0) {
    return validation(
        "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy "
        "constraint: Member must have length greater than or equal to 1");
  }
  std::size_t count = 0;
  for (const Member& member : wanted->members()) {
    const Value* listed = member.value.find("Keys");
    if (listed != nullptr) count += listed->size();
  }
  if (count == 0 || count > kBatchGetMax) {
    return validation("Too many items requested for the BatchGetItem call");
  }
  Answer answer = resource_not_found();
  constexpr std::size_t kResponseBytesMax = 16 * 1024 * 1024;  // AWS
  Status read = dynamodb.ledger().read([&](Change& change) {
    ObjectBuilder responses;
    ObjectBuilder unprocessed;
    std::size_t bytes = 0;
    for (const Member& member : wanted->members()) {
      const TableRef table = find_table(change, member.key.as_string());
      if (!table) {
        answer = resource_not_found();
        return;
      }
      Expressions expressions(member.value.find("ExpressionAttributeNames"), nullptr);
      auto projection = read_projection(member.value, expressions);
      if (auto* error = std::get_if<Error>(&projection)) {
        answer = std::move(*error);
        return;
      }
      const auto& paths = std::get<std::vector<Path>>(projection);
      std::vector<Value> items;
      std::vector<Value> left;
      std::set<std::string> seen;
      const Value* listed = member.value.find("Keys");
      for (const Value& given : listed->items()) {
        const Result<Value> key = checked_item(given);
        const Status checked = key ? check_key(*table, *key) : Status(key.error());
        if (!checked) {
          answer = validation(checked.error().message);
          return;
        }
        if (!seen.insert(*key_bytes(table->primary, *key)).second) {
          answer = validation("Provided list of item keys contains duplicates");
          return;
        }
        if (bytes > kResponseBytesMax) {
          left.push_back(given);
          continue;
        }
        const std::optional<Value> item = read_item(change, *table, *key);
        if (!item || is_expired(*table, *item, dynamodb.ledger().now())) continue;
        bytes += bytes_of_item(*item);
        items.push_back(paths.empty() ? *item : project(*item, paths));
      }
      responses.set(member.key, Value::array(std::move(items)));
      if (!left.empty()) {
        ObjectBuilder rest(member.value);
        rest.set("Keys", Value::array(std::move(left)));
        unprocessed.set(member.key, std::move(rest).build());
      }
    }
    ObjectBuilder out;
    out.set("Responses", std::move(responses).build());
    out.set("UnprocessedKeys", std::move(unprocessed).build());
    answer = std::move(out).build();
  });
  if (!read) return aws::store_error(read.error());
  return answer;
}

Answer batch_write_item(DynamoDb& dynamodb, const aws::Call& call) {
  const Value* wanted = call.input.find("RequestItems");
  std::size_t count = 0;
  if (wanted != nullptr && wanted->is_object()) {
    for (const Member& member : wanted->members()) count += member.value.size();
  }
  if (count == 0) {
    return validation("The batch write request list for a table cannot be null or empty");
  }
  if (count > kBatchWriteMax) {
    return validation("Too many items requested for the BatchWriteItem call");
  }
  Answer answer = resource_not_found();
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        answer = Value::object({});
        // All checks come before the first write: a decision that is refused writes nothing.
        std::set<std::string> seen;
        struct Step {
          TableRef table;
          std::string kind;
          Value input;
        };
        std::vector<Step> steps;
        for (const Member& member : wanted->members()) {
          const TableRef table = find_table(change, member.key.as_string());
          if (!table) {
            answer = resource_not_found();
            return;
          }
          for (const Value& one : member.value.items()) {
            const Value* put = one.find("PutRequest");
            const Value* erase = one.find("DeleteRequest");
            if ((put == nullptr) == (erase == nullptr)) {
              answer = validation(
                  "Supplied AttributeValue has more than one datatypes set, must "
                  "contain exactly one of the supported datatypes");
              return;
            }
            const Value* item = put != nullptr ? put->find("Item") : erase->find("Key");
            const Result<Value> checked =
                item == nullptr ? Result<Value>(Value::object({})) : checked_item(*item);
            Status fits = checked ? (put != nullptr ? check_item_keys(*table, *checked)
                                                    : check_key(*table, *checked))
                                  : Status(checked.error());
            if (!fits) {
              answer = validation(fits.error().message);
              return;
            }
            if (bytes_of_item(*checked) > kItemBytesMax) {
              answer = validation("Item size has exceeded the maximum allowed size");
              return;
            }
            if (!seen.insert(table->name + '\0' + *key_bytes(table->primary, *checked)).second) {
              answer = validation("Provided list of item keys contains duplicates");
              return;
            }
            steps.push_back(
                {table, put != nullptr ? "Put" : "Delete", put != nullptr ? *put : *erase});
          }
        }
        for (const Step& step : steps) {
          const auto written = write_one(dynamodb, change, *step.table, step.kind, step.input);
          if (const auto* error = std::get_if<Error>(&written)) answer = *error;
        }
        if (std::holds_alternative<Error>(answer)) return;
        answer = std::move(ObjectBuilder().set("UnprocessedItems", Value::object({}))).build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

}  // namespace pawl::connectors::dynamodb
