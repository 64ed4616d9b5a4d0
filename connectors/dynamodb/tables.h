// Tables: what a table's record says, and where its items lie. Pure, but for reading the record.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"
#include "connectors/embedded/ledger.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors::dynamodb {

inline constexpr std::size_t kIndexesMax = 25;  // AWS: 20 global, 5 local
// Indexes that a table ever had: a slot is one byte of their keys.
inline constexpr std::size_t kIndexSlotsMax = 255;

struct KeyName {
  std::string name;
  std::string type;  // S, N, B
};
struct IndexSchema {
  std::string name;  // empty: the table itself
  KeyName partition;
  std::optional<KeyName> sort;
  std::string projection = "ALL";  // KEYS_ONLY, INCLUDE
  std::vector<std::string> included;
  bool global = false;
  std::size_t slot = 0;      // of its rows' keys; an index that is made again has another
  bool backfilling = false;  // its rows are still being written: it cannot be read
};
struct Table {
  std::string name;
  std::uint64_t id = 0;
  IndexSchema primary;
  std::vector<IndexSchema> indexes;
  // Of the stream that hears of its changes; 0: there is none.
  std::uint64_t stream = 0;
  asl::Value record;  // as it is kept: see tables.cpp

  const IndexSchema* index(std::string_view index_name) const;
};

using TableRef = std::shared_ptr<const Table>;

namespace keys {
std::string table(std::string_view name);
inline constexpr std::string_view kTables = "Sdt";
std::string items(std::uint64_t table);                    // prefix of all its items
std::string index(std::uint64_t table, std::size_t slot);  // prefix of an index's rows
std::string indexes(std::uint64_t table);                  // prefix of those of all of them
// Bytes that sort as `part` does and end where it ends, so that others can follow.
std::string escaped(std::string_view part);
}  // namespace keys

// Within a decision; null: no such table. `named`: a name or an ARN.
TableRef find_table(Change& change, std::string_view named);
Result<Table> read_table(const asl::Value& record);

// The key attributes of an item for a schema; nothing when it has not all of them with the right
// types: then it is not in that index.
std::optional<std::string> key_bytes(const IndexSchema& schema, const asl::Value& item);
// Only the key attributes.
asl::Value key_of(const IndexSchema& schema, const asl::Value& item);
// Why `key` is not exactly a primary key of the table; ok: it is.
Status check_key(const Table& table, const asl::Value& key);
// Why `item` cannot be an item of the table: missing or mistyped keys.
Status check_item_keys(const Table& table, const asl::Value& item);

// Puts `after` in the place of `before` (either may be null), with its index rows.
void write_item(Change& change, const Table& table, const asl::Value* before,
                const asl::Value* after);
// Puts the rows that one index has of an item that is there already.
void index_item(Change& change, const Table& table, const IndexSchema& schema,
                const asl::Value& item);
std::optional<asl::Value> read_item(Change& change, const Table& table, const asl::Value& key);

}  // namespace pawl::connectors::dynamodb
