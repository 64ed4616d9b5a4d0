// Rows whose record is one JSON document: for what is small, seldom changes, and is shown as it is
// kept.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"
#include "connectors/embedded/ledger.h"

#include <optional>
#include <string_view>

namespace pawl::connectors {

// Within a decision; nothing: no such row. A row that does not read fails the decision.
std::optional<asl::Value> get_json(Change& change, std::string_view key);
void put_json(Change& change, std::string_view key, const asl::Value& value);
Result<asl::Value> decode_json_row(std::string_view row, std::string_view key);
// What a scan found. Nothing: it failed the decision.
std::optional<asl::Value> read_json_row(Change& change, std::string_view key, std::string_view row);

}  // namespace pawl::connectors
