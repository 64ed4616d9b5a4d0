#include "connectors/embedded/json_rows.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "runtime/store/encoding.h"

namespace pawl::connectors {

namespace {
constexpr std::uint8_t kVersion = 1;
}

Result<asl::Value> decode_json_row(std::string_view row, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, row, kVersion);
  if (!opened) return opened.error();
  Result<asl::Value> value = asl::read_json(opened->payload);
  if (value) return value;
  return Error{ErrorCode::kCorrupt, value.error().message, runtime::printable_key(key)};
}

std::optional<asl::Value> read_json_row(Change& change, std::string_view key,
                                        std::string_view row) {
  Result<asl::Value> value = decode_json_row(row, key);
  if (value) return *std::move(value);
  change.fail(std::move(value).error());
  return std::nullopt;
}

std::optional<asl::Value> get_json(Change& change, std::string_view key) {
  const std::optional<std::string> row = change.get(key);
  if (!row) return std::nullopt;
  return read_json_row(change, key, *row);
}

void put_json(Change& change, std::string_view key, const asl::Value& value) {
  change.put(key, runtime::seal_record(kVersion, asl::to_json(value)));
}

}  // namespace pawl::connectors
