// Transactions: all or nothing, in one decision.
#include "asl/json/writer.h"
#include "connectors/aws/digest.h"
#include "connectors/dynamodb/service.h"
#include "connectors/dynamodb/value.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <set>
#include <vector>

namespace pawl::connectors::dynamodb {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

struct Reason {
  std::string code = "None";
  std::string message;
  Value item;  // undefined: none
};

Error cancelled(const std::vector<Reason>& reasons) {
  std::string codes;
  std::vector<Value> shown;
  for (const Reason& reason : reasons) {
    codes += (codes.empty() ? "" : ", ") + reason.code;
    ObjectBuilder one;
    one.set("Code", Value::string(reason.code));
    if (!reason.message.empty()) one.set("Message", Value::string(reason.message));
    if (!reason.item.is_undefined()) one.set("Item", reason.item);
    shown.push_back(std::move(one).build());
  }
  Error error{"TransactionCanceledException",
              fmt::format("Transaction cancelled, please refer cancellation reasons for specific "
                          "reasons [{}]",
                          codes),
              400,
              {}};
  error.details =
      std::move(ObjectBuilder().set("CancellationReasons", Value::array(std::move(shown)))).build();
  return error;
}

std::optional<Error> check_count(const Value* items) {
  if (items != nullptr && items->is_array() && items->size() > 0 &&
      items->size() <= kTransactionMax) {
    return std::nullopt;
  }
  return validation(
      "1 validation error detected: Value at 'transactItems' failed to satisfy "
      "constraint: Member must have length between 1 and 100");
}

// --- tokens: a transaction that comes again within ten minutes happens once ---

constexpr std::int64_t kTokenMillis = 10 * 60 * 1000;  // AWS

std::string token_key(std::string_view token) { return std::string("Sdk").append(token); }
std::string token_expiry_key(std::int64_t until, std::string_view token) {
  std::string key("Sdl");
  runtime::append_u64(key, static_cast<std::uint64_t>(until));
  return key.append(token);
}

enum class TokenState { kNew, kDone, kMismatch };

// What is known of the token; if nothing, it is known from now on. `request`: all else that the
// call says.
TokenState take_token(Change& change, std::string_view token, const std::string& request,
                      std::int64_t now) {
  const std::string digest = aws::to_hex(aws::checksum_of(aws::Checksum::kSha256, request));
  if (const std::optional<Value> known = get_json(change, token_key(token))) {
    const std::int64_t until = known->find("Until")->as_int();
    if (until > now) {
      return text_of(*known, "Request") == digest ? TokenState::kDone : TokenState::kMismatch;
    }
    change.erase(token_expiry_key(until, token));
  }
  // Those that are over go as new ones come: a few at a time.
  constexpr std::size_t kAtOnce = 4;
  std::vector<std::string> over;
  change.scan("Sdl", token_expiry_key(now, {}), [&](std::string_view key, std::string_view) {
    over.emplace_back(key);
    return over.size() < kAtOnce;
  });
  for (const std::string& key : over) {
    change.erase(key);
    const std::string old = key.substr(3 + sizeof(std::uint64_t));
    if (old != token) change.erase(token_key(old));
  }
  ObjectBuilder row;
  row.set("Request", Value::string(digest));
  row.set("Until", Value::integer(now + kTokenMillis));
  put_json(change, token_key(token), std::move(row).build());
  change.put(token_expiry_key(now + kTokenMillis, token), {});
  return TokenState::kNew;
}

}  // namespace

Answer transact_write_items(DynamoDb& dynamodb, const aws::Call& call) {
  const Value* items = call.input.find("TransactItems");
  if (auto wrong = check_count(items)) return *std::move(wrong);
  constexpr std::size_t kTokenBytesMax = 36;  // AWS
  const std::string_view token = text_of(call.input, "ClientRequestToken");
  if (token.size() > kTokenBytesMax) {
    return validation("ClientRequestToken must be at most 36 characters long");
  }
  const std::string request = token.empty() ? std::string() : asl::to_json(*items);
  Answer answer = Value::object({});
  if (auto failed = dynamodb.apply(call, [&](Change& change) {
        answer = Value::object({});
        if (!token.empty()) {
          const std::int64_t now = dynamodb.ledger().now().time_since_epoch().count();
          const TokenState state = take_token(change, token, request, now);
          if (state == TokenState::kMismatch) {
            answer = Error{"IdempotentParameterMismatchException",
                           "The request token was used with other parameters.",
                           400,
                           {}};
          }
          if (state != TokenState::kNew) return;
        }
        std::vector<Reason> reasons;
        std::set<std::string> seen;
        bool any_failed = false;
        for (const Value& item : items->items()) {
          if (!item.is_object() || item.size() != 1) {
            answer =
                validation("TransactItems can only contain one of Check, Put, Update or Delete");
            return change.discard();
          }
          const Member& member = item.members()[0];
          const std::string_view kind = member.key.as_string();
          if (kind != "Put" && kind != "Update" && kind != "Delete" && kind != "ConditionCheck") {
            answer =
                validation("TransactItems can only contain one of Check, Put, Update or Delete");
            return change.discard();
          }
          const TableRef table = find_table(change, text_of(member.value, "TableName"));
          if (!table) {
            answer = resource_not_found();
            return change.discard();
          }
          auto one = write_one(dynamodb, change, *table, kind, member.value);
          if (auto* error = std::get_if<Error>(&one)) {
            answer = std::move(*error);
            return change.discard();
          }
          const Value* key = member.value.find(kind == "Put" ? "Item" : "Key");
          const Result<Value> checked = checked_item(*key);
          if (!seen.insert(table->name + '\0' + *key_bytes(table->primary, *checked)).second) {
            answer =
                validation("Transaction request cannot include multiple operations on one item");
            return change.discard();
          }
          const Written& written = std::get<Written>(one);
          Reason reason;
          if (written.condition_failed) {
            any_failed = true;
            reason.code = "ConditionalCheckFailed";
            reason.message = "The conditional request failed";
            if (text_of(member.value, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD") {
              reason.item = written.before;
            }
          }
          reasons.push_back(std::move(reason));
        }
        if (!any_failed) return;
        answer = cancelled(reasons);
        change.discard();
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer transact_get_items(DynamoDb& dynamodb, const aws::Call& call) {
  const Value* items = call.input.find("TransactItems");
  if (auto wrong = check_count(items)) return *std::move(wrong);
  Answer answer = Value::object({});
  Status read = dynamodb.ledger().read([&](Change& change) {
    std::vector<Value> responses;
    for (const Value& item : items->items()) {
      const Value* get = item.find("Get");
      if (get == nullptr) {
        answer = validation("TransactItems must contain Get");
        return;
      }
      const TableRef table = find_table(change, text_of(*get, "TableName"));
      if (!table) {
        answer = resource_not_found();
        return;
      }
      Expressions expressions(get->find("ExpressionAttributeNames"), nullptr);
      auto projection = read_projection(*get, expressions);
      if (auto* error = std::get_if<Error>(&projection)) {
        answer = std::move(*error);
        return;
      }
      const auto& paths = std::get<std::vector<Path>>(projection);
      const Value* given = get->find("Key");
      const Result<Value> key =
          given == nullptr ? Result<Value>(Value::object({})) : checked_item(*given);
      const Status checked = key ? check_key(*table, *key) : Status(key.error());
      if (!checked) {
        answer = validation(checked.error().message);
        return;
      }
      const std::optional<Value> found = read_item(change, *table, *key);
      ObjectBuilder response;
      if (found) response.set("Item", paths.empty() ? *found : project(*found, paths));
      responses.push_back(std::move(response).build());
    }
    answer =
        std::move(ObjectBuilder().set("Responses", Value::array(std::move(responses)))).build();
  });
  if (!read) return aws::store_error(read.error());
  return answer;
}

}  // namespace pawl::connectors::dynamodb
