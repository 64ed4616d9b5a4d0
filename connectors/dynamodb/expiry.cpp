// Expiry: items that have outlived their TimeToLive attribute are hidden at once and erased some
// time later, as at AWS.
//
// A sweep looks at all items of the tables that have such an attribute, a bounded number at a time,
// so that what waits for this shard waits for no table. It reads without a decision; only what has
// expired is decided about, once more.
#include "connectors/dynamodb/service.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/log/log.h"
#include "runtime/store/encoding.h"

#include <utility>
#include <vector>

namespace pawl::connectors::dynamodb {

using asl::Value;

namespace {

Result<std::vector<std::string>> tables_with_expiry(const Ledger& ledger) {
  std::vector<std::string> names;
  Status read = ledger.read([&](Change& change) {
    change.scan(keys::kTables, runtime::prefix_end(keys::kTables),
                [&](std::string_view key, std::string_view row) {
                  const std::optional<Value> record = read_json_row(change, key, row);
                  if (!record) return false;
                  if (!text_of(*record, "TimeToLiveAttribute").empty()) {
                    names.emplace_back(text_of(*record, "TableName"));
                  }
                  return true;
                });
  });
  if (!read) return std::move(read).error();
  return names;
}

// The keys of expired items among the next rows of a table. `from` becomes where to go on; empty:
// there are no more.
Result<std::vector<std::string>> next_expired(const Ledger& ledger, const std::string& name,
                                              std::string& from) {
  std::vector<std::string> expired;
  std::string next;
  Status read = ledger.read([&](Change& change) {
    const TableRef table = find_table(change, name);
    if (!table) return;
    const std::string range = keys::items(table->id);
    std::size_t rows = 0;
    std::size_t bytes = 0;
    change.scan(from.empty() ? range : from, runtime::prefix_end(range),
                [&](std::string_view key, std::string_view row) {
                  if (rows >= kSweptRowsMax || bytes >= kSweptBytesMax) {
                    next = key;
                    return false;
                  }
                  ++rows;
                  bytes += row.size();
                  const std::optional<Value> item = read_json_row(change, key, row);
                  if (!item) return false;
                  if (is_expired(*table, *item, ledger.now())) expired.emplace_back(key);
                  return true;
                });
  });
  if (!read) return std::move(read).error();
  from = std::move(next);
  return expired;
}

// In one decision, with their index rows and what the stream tells. Whatever changed since it was
// looked at is looked at again.
Status erase_expired(DynamoDb& dynamodb, const std::string& name,
                     const std::vector<std::string>& expired) {
  return dynamodb.ledger().commit([&](Change& change) {
    const TableRef table = find_table(change, name);
    if (!table) return;
    for (const std::string& key : expired) {
      const std::optional<Value> item = get_json(change, key);
      if (!item || !is_expired(*table, *item, dynamodb.ledger().now())) continue;
      write_item(change, *table, &*item, nullptr);
      record_change(dynamodb, change, *table, &*item, nullptr, ChangedBy::kExpiry);
    }
  });
}

Status sweep_table(DynamoDb& dynamodb, const std::string& name) {
  std::string from;
  do {
    const Result<std::vector<std::string>> expired = next_expired(dynamodb.ledger(), name, from);
    if (!expired) return expired.error();
    if (!expired->empty()) {
      if (Status erased = erase_expired(dynamodb, name, *expired); !erased) return erased;
    }
    runtime::yield();
  } while (!from.empty() && !dynamodb.ledger().shard().stopping());
  return {};
}

}  // namespace

void DynamoDb::erase_what_expires() {
  if (std::exchange(sweeping_, true)) return;
  runtime::Shard& shard = ledger_.shard();
  next_sweep_ = shard.at(shard.clock().after(kSweepPause), [this] {
    ledger_.shard().spawn_when_possible([this, hold = ledger_.shard().hold_time()] { sweep(); });
  });
}

void DynamoDb::sweep() {
  const Result<std::vector<std::string>> tables = tables_with_expiry(ledger_);
  Status swept;
  if (!tables) swept = tables.error();
  for (std::size_t i = 0; swept && tables && i < tables->size(); ++i) {
    swept = sweep_table(*this, (*tables)[i]);
  }
  if (!swept) {
    runtime::log().warn("Expired items could not be erased, the next look is in an hour: {}",
                        swept.error().message);
  }
  sweeping_ = false;
  if (!tables || !tables->empty()) erase_what_expires();
}

}  // namespace pawl::connectors::dynamodb
