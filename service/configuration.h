// What the API keeps with a state machine and the engine has no use for: logging, tracing,
// encryption, tags, revision ids and versions. One JSON text in the machine's record.
#pragma once

#include "asl/json/value.h"
#include "engine/machines.h"
#include "runtime/clock/clock.h"
#include "service/errors.h"
#include "service/tags.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::service {

// What an update can change besides definition and role.
struct Settings {
  asl::Value logging;  // as DescribeStateMachine shows them, defaults filled in
  asl::Value tracing;
  asl::Value encryption;
};

// Which API revision an engine revision (definition and role) was last part of.
struct RevisionNote {
  std::uint32_t revision = 0;
  std::string revision_id;  // empty: never updated
  runtime::WallTime date{};
};

// A published, immutable state machine version.
struct Version {
  std::uint32_t number = 0;
  std::uint32_t revision = 0;  // the engine's
  std::string revision_id;
  runtime::WallTime date{};
  std::string description;
  Settings settings;
};

// A name for one version, or for two that share the executions by weight.
struct Route {
  std::uint32_t version = 0;
  std::int64_t weight = 0;  // percent

  bool operator==(const Route&) const = default;
};
struct Alias {
  std::string name;
  std::string description;
  std::vector<Route> routes;  // one or two, of weight 100 together
  runtime::WallTime creation_date{};
  runtime::WallTime update_date{};
};

struct Configuration {
  Settings settings;
  Tags tags;
  std::string revision_id;              // of the API; empty until the first change
  std::uint32_t versions_made = 0;      // numbers are never used again
  std::vector<Version> versions;        // oldest first
  std::vector<RevisionNote> revisions;  // newest last, at most kRevisionNotesMax
  std::vector<Alias> aliases;           // oldest first

  // As CreateStateMachine was asked, for its idempotency.
  bool created_published = false;
  std::string created_description;
};

inline constexpr std::size_t kRevisionNotesMax = 1000;  // older executions show no revision id

std::string encode_configuration(const Configuration& configuration);
// Machines that were made without the API (pawl run) have an empty text: all defaults.
Configuration decode_configuration(std::string_view text);

const Version* find_version(const Configuration& configuration, std::string_view number);
const Alias* find_alias(const Configuration& configuration, std::string_view name);
// The newest version of the current API revision, if it was published.
const Version* version_of_revision(const Configuration& configuration, std::uint32_t revision);
const RevisionNote* find_note(const Configuration& configuration, std::uint32_t revision);
// Notes that `revision` now goes by the configuration's revision id.
void note_revision(Configuration& configuration, std::uint32_t revision, runtime::WallTime date);
// Appends a version; ServiceQuotaExceededException past `max` versions.
Checked<const Version*> publish_version(Configuration& configuration, std::uint32_t revision,
                                        std::string_view description, runtime::WallTime date,
                                        std::size_t max);

// Replaces those settings that `input` (of CreateStateMachine or UpdateStateMachine) has.
// InvalidLoggingConfiguration, InvalidEncryptionConfiguration.
std::optional<ApiError> apply_settings(const asl::Value& input, Settings& settings);
bool same_settings(const Settings& a, const Settings& b);
Settings default_settings();

}  // namespace pawl::service
