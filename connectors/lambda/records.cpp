#include "connectors/lambda/records.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "runtime/store/encoding.h"

#include <charconv>

namespace pawl::connectors {

using asl::ObjectBuilder;
using asl::Value;

namespace {
constexpr std::uint8_t kVersion = 2;  // 1 had no version and extras

std::string prefix_of(std::string_view kind, std::string_view name) {
  return std::string(kind).append(name) + '\0';
}
}  // namespace

Value FunctionRecord::extra(std::string_view member) const {
  const Value* value = extras.is_object() ? extras.find(member) : nullptr;
  return value == nullptr ? Value() : *value;
}

void FunctionRecord::set_extra(std::string_view member, Value value) {
  ObjectBuilder members(extras.is_object() ? extras : Value::object({}));
  if (value.is_undefined()) {
    members.erase(member);
  } else {
    members.set(member, std::move(value));
  }
  extras = std::move(members).build();
}

std::string encode(const FunctionRecord& record) {
  runtime::Encoder out(kVersion);
  out.string(record.name).string(record.directory).string(record.code_sha256);
  out.varint(static_cast<std::uint64_t>(record.code_bytes));
  out.string(record.modified).string(record.revision).string(asl::to_json(record.settings));
  out.string(record.version);
  out.string(record.extras.is_object() ? asl::to_json(record.extras) : "{}");
  return out.seal();
}

Result<FunctionRecord> decode_function(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  FunctionRecord record;
  record.name = in.string();
  record.directory = in.string();
  record.code_sha256 = in.string();
  record.code_bytes = static_cast<std::int64_t>(in.varint());
  record.modified = in.string();
  record.revision = in.string();
  const std::string_view settings = in.string();
  std::string_view extras = "{}";
  if (opened->version >= 2) {
    record.version = in.string();
    extras = in.string();
  }
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  Result<Value> read = asl::read_json(settings);
  if (!read) return std::move(read).error();
  record.settings = *std::move(read);
  read = asl::read_json(extras);
  if (!read) return std::move(read).error();
  record.extras = *std::move(read);
  return record;
}

namespace lambda_keys {
std::string function(std::string_view name) { return std::string(kFunctions).append(name); }
std::string versions(std::string_view name) { return prefix_of(kVersions, name); }
std::string version(std::string_view name, std::uint64_t number) {
  std::string key = versions(name);
  runtime::append_u64(key, number);
  return key;
}
std::string aliases(std::string_view name) { return prefix_of("Sla", name); }
std::string alias(std::string_view name, std::string_view alias) {
  return aliases(name).append(alias);
}
}  // namespace lambda_keys

std::optional<FunctionRecord> find_function(Change& change, std::string_view name,
                                            std::string_view version) {
  std::string key = lambda_keys::function(name);
  if (version != kLatest) {
    const std::optional<std::uint64_t> number = version_number(version);
    if (!number) return std::nullopt;
    key = lambda_keys::version(name, *number);
  }
  const auto record = change.get_remembered(key, decode_function);
  return record == nullptr ? std::nullopt : std::optional(*record);
}

std::optional<std::uint64_t> version_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failed != std::errc() || rest != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace pawl::connectors
