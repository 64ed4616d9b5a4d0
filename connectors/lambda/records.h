// Keys and records of the functions that clients make. Internal to connectors/lambda; drawn in
// docs/storage.md.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"
#include "connectors/embedded/ledger.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors {

inline constexpr std::string_view kLatest = "$LATEST";

// A function as it is now ($LATEST), or as it was when a version of it was published.
struct FunctionRecord {
  std::string name;
  std::string version{kLatest};  // or a number
  std::string directory;         // of its files, below the one of all functions
  std::string code_sha256;
  std::int64_t code_bytes = 0;
  std::string modified;
  std::string revision;
  // Runtime, Role, Handler, Timeout, MemorySize, Environment, Description, DeadLetterConfig.
  asl::Value settings;
  // Of $LATEST, what belongs to the function as a whole: Tags, Policy (statements),
  // ReservedConcurrentExecutions, EventInvokeConfigs (by qualifier), LastVersion,
  // PublishedRevision.
  asl::Value extras;

  asl::Value extra(std::string_view name) const;            // undefined if absent
  void set_extra(std::string_view name, asl::Value value);  // undefined: takes it away
};

std::string encode(const FunctionRecord& record);
Result<FunctionRecord> decode_function(std::string_view bytes, std::string_view key);

namespace lambda_keys {
inline constexpr std::string_view kFunctions = "Slf";
inline constexpr std::string_view kVersions = "Slv";
std::string function(std::string_view name);
std::string versions(std::string_view name);  // prefix of all
std::string version(std::string_view name, std::uint64_t number);
std::string aliases(std::string_view name);  // prefix of all
std::string alias(std::string_view name, std::string_view alias);
}  // namespace lambda_keys

// Within a decision; nothing: no such row. `version`: kLatest or a number.
std::optional<FunctionRecord> find_function(Change& change, std::string_view name,
                                            std::string_view version = kLatest);

// 1 to 20 digits that fit a version's number.
std::optional<std::uint64_t> version_number(std::string_view text);

}  // namespace pawl::connectors
