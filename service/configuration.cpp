#include "service/configuration.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"

#include <algorithm>
#include <charconv>

namespace pawl::service {

namespace {

using asl::ObjectBuilder;
using asl::Value;

Value millis(runtime::WallTime time) { return Value::integer(time.time_since_epoch().count()); }

runtime::WallTime time_of(const Value* value) {
  return runtime::WallTime(
      std::chrono::milliseconds(value != nullptr && value->is_int() ? value->as_int() : 0));
}

std::uint32_t number_of(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  return member != nullptr && member->is_int() ? static_cast<std::uint32_t>(member->as_int()) : 0;
}

void put_settings(const Settings& settings, ObjectBuilder& out) {
  out.set("logging", settings.logging);
  out.set("tracing", settings.tracing);
  out.set("encryption", settings.encryption);
}

Settings read_settings(const Value& object) {
  Settings settings = default_settings();
  if (const Value* logging = object.find("logging")) settings.logging = *logging;
  if (const Value* tracing = object.find("tracing")) settings.tracing = *tracing;
  if (const Value* encryption = object.find("encryption")) settings.encryption = *encryption;
  return settings;
}

Value encode_version(const Version& version) {
  ObjectBuilder out;
  out.set("number", Value::integer(version.number));
  out.set("revision", Value::integer(version.revision));
  out.set("revisionId", Value::string(version.revision_id));
  out.set("date", millis(version.date));
  out.set("description", Value::string(version.description));
  put_settings(version.settings, out);
  return std::move(out).build();
}

Value encode_alias(const Alias& alias) {
  ObjectBuilder out;
  out.set("name", Value::string(alias.name));
  out.set("description", Value::string(alias.description));
  std::vector<Value> routes;
  for (const Route& route : alias.routes) {
    ObjectBuilder item;
    item.set("version", Value::integer(route.version));
    item.set("weight", Value::integer(route.weight));
    routes.push_back(std::move(item).build());
  }
  out.set("routes", Value::array(std::move(routes)));
  out.set("created", millis(alias.creation_date));
  out.set("updated", millis(alias.update_date));
  return std::move(out).build();
}

std::span<const Value> items_of(const Value& object, std::string_view name) {
  const Value* list = object.find(name);
  return list != nullptr && list->is_array() ? list->items() : std::span<const Value>();
}

Alias read_alias(const Value& item) {
  Alias alias{std::string(text_of(item, "name")),
              std::string(text_of(item, "description")),
              {},
              time_of(item.find("created")),
              time_of(item.find("updated"))};
  for (const Value& route : items_of(item, "routes")) {
    alias.routes.push_back({number_of(route, "version"), number_of(route, "weight")});
  }
  return alias;
}

}  // namespace

std::string encode_configuration(const Configuration& configuration) {
  ObjectBuilder out;
  put_settings(configuration.settings, out);
  out.set("tags", tags_value(configuration.tags));
  out.set("revisionId", Value::string(configuration.revision_id));
  out.set("versionsMade", Value::integer(configuration.versions_made));
  std::vector<Value> versions;
  for (const Version& version : configuration.versions) versions.push_back(encode_version(version));
  out.set("versions", Value::array(std::move(versions)));
  std::vector<Value> revisions;
  for (const RevisionNote& note : configuration.revisions) {
    ObjectBuilder item;
    item.set("revision", Value::integer(note.revision));
    item.set("revisionId", Value::string(note.revision_id));
    item.set("date", millis(note.date));
    revisions.push_back(std::move(item).build());
  }
  out.set("revisions", Value::array(std::move(revisions)));
  std::vector<Value> aliases;
  for (const Alias& alias : configuration.aliases) aliases.push_back(encode_alias(alias));
  out.set("aliases", Value::array(std::move(aliases)));
  out.set("createdPublished", Value::boolean(configuration.created_published));
  out.set("createdDescription", Value::string(configuration.created_description));
  return asl::to_json(std::move(out).build());
}

Configuration decode_configuration(std::string_view text) {
  Configuration configuration;
  configuration.settings = default_settings();
  if (text.empty()) return configuration;
  const Result<Value> read = asl::read_json(text);
  if (!read || !read->is_object()) return configuration;  // not ours: another program's machine
  configuration.settings = read_settings(*read);
  for (const Value& tag : items_of(*read, "tags")) {
    configuration.tags.push_back(
        {std::string(text_of(tag, "key")), std::string(text_of(tag, "value"))});
  }
  configuration.revision_id = text_of(*read, "revisionId");
  configuration.versions_made = number_of(*read, "versionsMade");
  for (const Value& item : items_of(*read, "versions")) {
    configuration.versions.push_back(
        {number_of(item, "number"), number_of(item, "revision"),
         std::string(text_of(item, "revisionId")), time_of(item.find("date")),
         std::string(text_of(item, "description")), read_settings(item)});
  }
  for (const Value& item : items_of(*read, "revisions")) {
    configuration.revisions.push_back({number_of(item, "revision"),
                                       std::string(text_of(item, "revisionId")),
                                       time_of(item.find("date"))});
  }
  for (const Value& item : items_of(*read, "aliases")) {
    configuration.aliases.push_back(read_alias(item));
  }
  const Value* published = read->find("createdPublished");
  configuration.created_published =
      published != nullptr && published->is_bool() && published->as_bool();
  configuration.created_description = text_of(*read, "createdDescription");
  return configuration;
}

const Version* find_version(const Configuration& configuration, std::string_view number) {
  std::uint32_t wanted = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), wanted);
  if (error != std::errc() || end != number.data() + number.size()) return nullptr;
  for (const Version& version : configuration.versions) {
    if (version.number == wanted) return &version;
  }
  return nullptr;
}

const Alias* find_alias(const Configuration& configuration, std::string_view name) {
  for (const Alias& alias : configuration.aliases) {
    if (alias.name == name) return &alias;
  }
  return nullptr;
}

const Version* version_of_revision(const Configuration& configuration, std::uint32_t revision) {
  for (auto it = configuration.versions.rbegin(); it != configuration.versions.rend(); ++it) {
    if (it->revision == revision && it->revision_id == configuration.revision_id) return &*it;
  }
  return nullptr;
}

const RevisionNote* find_note(const Configuration& configuration, std::uint32_t revision) {
  for (auto it = configuration.revisions.rbegin(); it != configuration.revisions.rend(); ++it) {
    if (it->revision == revision) return &*it;
  }
  return nullptr;
}

void note_revision(Configuration& configuration, std::uint32_t revision, runtime::WallTime date) {
  auto& notes = configuration.revisions;
  // Only the last id of an engine revision is asked for.
  if (!notes.empty() && notes.back().revision == revision) notes.pop_back();
  notes.push_back({revision, configuration.revision_id, date});
  if (notes.size() > kRevisionNotesMax) notes.erase(notes.begin());
}

Checked<const Version*> publish_version(Configuration& configuration, std::uint32_t revision,
                                        std::string_view description, runtime::WallTime date,
                                        std::size_t max) {
  if (configuration.versions.size() >= max) {
    return ApiError{"ServiceQuotaExceededException",
                    "The state machine has the largest number of versions that is allowed: " +
                        std::to_string(max)};
  }
  configuration.versions.push_back({++configuration.versions_made, revision,
                                    configuration.revision_id, date, std::string(description),
                                    configuration.settings});
  return &configuration.versions.back();
}

Settings default_settings() {
  Settings settings;
  ObjectBuilder logging;
  logging.set("level", Value::string("OFF"));
  logging.set("includeExecutionData", Value::boolean(false));
  settings.logging = std::move(logging).build();
  settings.tracing = std::move(ObjectBuilder().set("enabled", Value::boolean(false))).build();
  settings.encryption =
      std::move(ObjectBuilder().set("type", Value::string("AWS_OWNED_KEY"))).build();
  return settings;
}

namespace {

const Value* given(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  return member != nullptr && !member->is_null() ? member : nullptr;
}

ApiError invalid_logging(std::string_view problem) {
  return {"InvalidLoggingConfiguration", "Invalid Logging Configuration: " + std::string(problem)};
}

bool is_log_group(const Value& destination) {
  const Value* group = given(destination, "cloudWatchLogsLogGroup");
  const Value* arn = group == nullptr ? nullptr : given(*group, "logGroupArn");
  if (arn == nullptr) return false;
  const std::string_view text = arn->as_string();
  return text.starts_with("arn:") && text.find(":logs:") != std::string_view::npos &&
         text.find(":log-group:") != std::string_view::npos && text.ends_with(":*");
}

std::optional<ApiError> apply_logging(const Value& input, Value& logging) {
  const Value* level = given(input, "level");
  const Value* include = given(input, "includeExecutionData");
  const Value* destinations = given(input, "destinations");
  const bool off = level == nullptr || level->as_string() == "OFF";
  const std::size_t count = destinations == nullptr ? 0 : destinations->size();
  if ((!off && count != 1) || count > 1) {
    return invalid_logging("Must specify exactly one Log Destination.");
  }
  if (count == 1 && !is_log_group(destinations->items()[0])) {
    return invalid_logging("Log Destination not found.");
  }
  ObjectBuilder out;
  out.set("level", level != nullptr ? *level : Value::string("OFF"));
  out.set("includeExecutionData", include != nullptr ? *include : Value::boolean(false));
  if (destinations != nullptr) out.set("destinations", *destinations);
  logging = std::move(out).build();
  return std::nullopt;
}

std::optional<ApiError> apply_encryption(const Value& input, Value& encryption) {
  const Value* key = given(input, "kmsKeyId");
  const bool own = input.find("type")->as_string() == "AWS_OWNED_KEY";
  if (own == (key != nullptr)) {
    return ApiError{"InvalidEncryptionConfiguration",
                    own ? "Invalid Encryption Configuration: kmsKeyId must not be set for the type "
                          "AWS_OWNED_KEY"
                        : "Invalid Encryption Configuration: kmsKeyId must be set for the type "
                          "CUSTOMER_MANAGED_KMS_KEY"};
  }
  ObjectBuilder out;
  out.set("type", *input.find("type"));
  if (key != nullptr) {
    constexpr std::int64_t kReuseSecondsDefault = 300;
    const Value* reuse = given(input, "kmsDataKeyReusePeriodSeconds");
    out.set("kmsKeyId", *key);
    out.set("kmsDataKeyReusePeriodSeconds",
            reuse != nullptr ? *reuse : Value::integer(kReuseSecondsDefault));
  }
  encryption = std::move(out).build();
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> apply_settings(const Value& input, Settings& settings) {
  if (const Value* logging = given(input, "loggingConfiguration")) {
    if (auto refused = apply_logging(*logging, settings.logging)) return refused;
  }
  if (const Value* tracing = given(input, "tracingConfiguration")) {
    const Value* enabled = given(*tracing, "enabled");
    settings.tracing =
        std::move(
            ObjectBuilder().set("enabled", enabled != nullptr ? *enabled : Value::boolean(false)))
            .build();
  }
  if (const Value* encryption = given(input, "encryptionConfiguration")) {
    if (auto refused = apply_encryption(*encryption, settings.encryption)) return refused;
  }
  return std::nullopt;
}

bool same_settings(const Settings& a, const Settings& b) {
  return asl::equal(a.logging, b.logging) && asl::equal(a.tracing, b.tracing) &&
         asl::equal(a.encryption, b.encryption);
}

}  // namespace pawl::service
