#include "service/logs/logs_api.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "service/page_token.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace pawl::service {

namespace {

using asl::ObjectBuilder;
using asl::Value;

constexpr std::size_t kListMax = 50;
constexpr std::size_t kEventsPageMax = 10'000;
constexpr std::size_t kNameMax = 512;

ApiError invalid_parameter(std::string message) {
  return {"InvalidParameterException", std::move(message)};
}
ApiError no_group() {
  return {"ResourceNotFoundException", "The specified log group does not exist."};
}
ApiError no_stream() {
  return {"ResourceNotFoundException", "The specified log stream does not exist."};
}
ApiError store_error(const Error& error) {
  if (error.code == ErrorCode::kLimit) {
    return {"LimitExceededException", "Resource limit exceeded."};
  }
  return {"ServiceUnavailableException", "The service cannot complete the request.", 503};
}

Value millis(runtime::WallTime time) { return Value::integer(time.time_since_epoch().count()); }
Value text(std::string_view value) { return Value::string(value); }

class Call {
 public:
  Call(LogsApi& api, engine::Engine& engine, const Value& input)
      : api_(api), engine_(engine), input_(input) {}

  std::string_view string(std::string_view name) const { return asl::text_of(input_, name); }
  std::int64_t integer(std::string_view name, std::int64_t absent) const {
    const Value* member = input_.find(name);
    return member != nullptr && member->is_int() ? member->as_int() : absent;
  }
  bool flag(std::string_view name) const {
    const Value* member = input_.find(name);
    return member != nullptr && member->is_bool() && member->as_bool();
  }
  const Value* list(std::string_view name) const {
    const Value* member = input_.find(name);
    return member != nullptr && member->is_array() ? member : nullptr;
  }
  std::size_t limit(std::size_t most) const {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(
        integer("limit", static_cast<std::int64_t>(most)), 1, static_cast<std::int64_t>(most)));
  }
  LogStore& store() { return api_.store(); }
  LogsApi& api() { return api_; }
  runtime::WallTime now() const { return engine_.options().clock->wall_now(); }

  // The group that the call names, by name or ARN.
  std::string group_name() const {
    std::string_view name = string("logGroupName");
    if (name.empty()) {
      name = string("logGroupIdentifier");
      const std::size_t at = name.find(":log-group:");
      if (at != std::string_view::npos) name = name.substr(at + 11);
      if (name.ends_with(":*")) name.remove_suffix(2);
    }
    return std::string(name);
  }

 private:
  LogsApi& api_;
  engine::Engine& engine_;
  const Value& input_;
};

bool is_name(std::string_view name, bool group) {
  if (name.empty() || name.size() > kNameMax) return false;
  return std::all_of(name.begin(), name.end(), [group](char c) {
    if (!group) return c != ':' && c != '*' && c != '\0';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::string_view("_-/.#").find(c) != std::string_view::npos;
  });
}

std::optional<ApiError> require_group(Call& call, const std::string& group) {
  const auto found = call.store().group(group);
  if (!found) return store_error(found.error());
  if (!*found) return no_group();
  return std::nullopt;
}

std::optional<ApiError> require_stream(Call& call, const std::string& group,
                                       std::string_view stream) {
  if (auto refused = require_group(call, group)) return refused;
  const auto found = call.store().has_stream(group, stream);
  if (!found) return store_error(found.error());
  if (!*found) return no_stream();
  return std::nullopt;
}

Answer done(const Status& status) {
  if (!status) return store_error(status.error());
  return empty_answer();
}

// --- groups ------------------------------------------------------------------------------------

Answer create_log_group(Call& call) {
  const std::string name(call.string("logGroupName"));
  if (!is_name(name, true)) {
    return invalid_parameter("1 validation error detected: Value '" + name +
                             "' at 'logGroupName' failed to satisfy constraint: Member must "
                             "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+");
  }
  const auto known = call.store().group(name);
  if (!known) return store_error(known.error());
  if (*known) {
    return ApiError{"ResourceAlreadyExistsException", "The specified log group already exists"};
  }
  return done(call.store().put_group({name, call.now(), 0}));
}

Answer delete_log_group(Call& call) {
  const std::string name(call.string("logGroupName"));
  if (auto refused = require_group(call, name)) return *refused;
  return done(call.store().erase_group(name));
}

Answer describe_log_groups(Call& call) {
  const std::string prefix(call.string("logGroupNamePrefix"));
  const std::string pattern(call.string("logGroupNamePattern"));
  const std::string list = "DescribeLogGroups\n" + prefix + "\n" + pattern;
  std::string after;
  if (const std::string_view token = call.string("nextToken"); !token.empty()) {
    auto cursor = read_page_token(token, list, call.now());
    if (!cursor) return invalid_parameter("The specified nextToken is invalid.");
    after = *std::move(cursor);
  }
  const std::size_t max = call.limit(kListMax);
  std::vector<Value> items;
  std::string last = after;
  bool more = true;
  while (more && items.size() < max) {
    const auto groups = call.store().groups(prefix, last, kListMax);
    if (!groups) return store_error(groups.error());
    more = groups->size() == kListMax;
    for (const LogGroup& group : *groups) {
      if (items.size() == max) {
        more = true;
        break;
      }
      last = group.name;
      if (group.name.find(pattern) == std::string::npos) continue;
      ObjectBuilder item;
      item.set("logGroupName", text(group.name));
      item.set("creationTime", millis(group.creation));
      if (group.retention_days > 0) {
        item.set("retentionInDays", Value::integer(group.retention_days));
      }
      item.set("metricFilterCount", Value::integer(0));
      item.set("arn", text(call.api().group_arn(group.name) + ":*"));
      item.set("storedBytes", Value::integer(0));
      item.set("logGroupClass", text("STANDARD"));
      item.set("logGroupArn", text(call.api().group_arn(group.name)));
      items.push_back(std::move(item).build());
    }
  }
  ObjectBuilder out;
  out.set("logGroups", Value::array(std::move(items)));
  if (more) out.set("nextToken", text(make_page_token(list, last, call.now())));
  return answer(std::move(out).build());
}

Answer put_retention_policy(Call& call) {
  const std::string name(call.string("logGroupName"));
  auto group = call.store().group(name);
  if (!group) return store_error(group.error());
  if (!*group) return no_group();
  (*group)->retention_days = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(call.integer("retentionInDays", 0), 0, 3653));
  return done(call.store().put_group(**group));
}

// --- streams -----------------------------------------------------------------------------------

Answer create_log_stream(Call& call) {
  const std::string group(call.string("logGroupName"));
  const std::string stream(call.string("logStreamName"));
  if (!is_name(stream, false)) return invalid_parameter("The log stream name is not valid.");
  if (auto refused = require_group(call, group)) return *refused;
  const auto known = call.store().has_stream(group, stream);
  if (!known) return store_error(known.error());
  if (*known) {
    return ApiError{"ResourceAlreadyExistsException", "The specified log stream already exists"};
  }
  return done(call.store().create_stream(group, stream));
}

Answer delete_log_stream(Call& call) {
  const std::string group(call.string("logGroupName"));
  const std::string stream(call.string("logStreamName"));
  if (auto refused = require_stream(call, group, stream)) return *refused;
  return done(call.store().erase_stream(group, stream));
}

Answer describe_log_streams(Call& call) {
  const std::string group = call.group_name();
  if (auto refused = require_group(call, group)) return *refused;
  const std::string prefix(call.string("logStreamNamePrefix"));
  const bool by_time = call.string("orderBy") == "LastEventTime";
  const bool descending = call.flag("descending");
  const std::string list = "DescribeLogStreams\n" + group + "\n" + prefix +
                           (by_time ? "\nt" : "\n") + (descending ? "d" : "");
  std::size_t skip = 0;
  if (const std::string_view token = call.string("nextToken"); !token.empty()) {
    const auto cursor = read_page_token(token, list, call.now());
    if (!cursor) return invalid_parameter("The specified nextToken is invalid.");
    std::from_chars(cursor->data(), cursor->data() + cursor->size(), skip);
  }
  auto streams = call.store().streams(group, prefix, "", LogStore::kStreamsMax);
  if (!streams) return store_error(streams.error());
  if (by_time) {
    std::stable_sort(streams->begin(), streams->end(), [](const LogStream& a, const LogStream& b) {
      return a.last_event.value_or(a.creation) < b.last_event.value_or(b.creation);
    });
  }
  if (descending) std::reverse(streams->begin(), streams->end());
  const std::size_t max = call.limit(kListMax);
  std::vector<Value> items;
  for (std::size_t i = skip; i < streams->size() && items.size() < max; ++i) {
    const LogStream& stream = (*streams)[i];
    ObjectBuilder item;
    item.set("logStreamName", text(stream.name));
    item.set("creationTime", millis(stream.creation));
    if (stream.first_event) item.set("firstEventTimestamp", millis(*stream.first_event));
    if (stream.last_event) item.set("lastEventTimestamp", millis(*stream.last_event));
    if (stream.last_ingestion) item.set("lastIngestionTime", millis(*stream.last_ingestion));
    item.set("arn", text(call.api().group_arn(group) + ":log-stream:" + stream.name));
    item.set("storedBytes", Value::integer(0));
    items.push_back(std::move(item).build());
  }
  ObjectBuilder out;
  const std::size_t end = skip + items.size();
  out.set("logStreams", Value::array(std::move(items)));
  if (end < streams->size()) {
    out.set("nextToken", text(make_page_token(list, std::to_string(end), call.now())));
  }
  return answer(std::move(out).build());
}

// --- events ------------------------------------------------------------------------------------

Answer put_log_events(Call& call) {
  const std::string group(call.string("logGroupName"));
  const std::string stream(call.string("logStreamName"));
  if (auto refused = require_stream(call, group, stream)) return *refused;
  const Value* list = call.list("logEvents");
  if (list == nullptr || list->size() == 0 || list->size() > kEventsPageMax) {
    return invalid_parameter("A request has between 1 and 10000 logEvents.");
  }
  std::vector<LogEvent> events;
  std::int64_t last = 0;
  for (const Value& item : list->items()) {
    const Value* timestamp = item.find("timestamp");
    const Value* message = item.find("message");
    if (timestamp == nullptr || !timestamp->is_int() || message == nullptr ||
        !message->is_string() || message->as_string().empty()) {
      return invalid_parameter("Each of the logEvents has a timestamp and a message.");
    }
    if (message->as_string().size() > LogStore::kMessageMax) {
      return invalid_parameter(
          "Log event too large: " + std::to_string(message->as_string().size()) +
          " bytes exceeds limit of " + std::to_string(LogStore::kMessageMax));
    }
    if (timestamp->as_int() < last) {
      return invalid_parameter(
          "Log events in a single PutLogEvents request must be in chronological order.");
    }
    last = timestamp->as_int();
    events.push_back({0,
                      runtime::WallTime(std::chrono::milliseconds(last)),
                      {},
                      std::string(message->as_string())});
  }
  const Status kept = call.store().append(group, stream, events);
  if (!kept) return store_error(kept.error());
  // Sequence tokens have no meaning any more, but older clients look for one.
  return answer(std::move(ObjectBuilder().set("nextSequenceToken", text("0"))).build());
}

struct Span {
  std::int64_t start = 0;
  std::int64_t end = 0;
  bool has(runtime::WallTime time) const {
    const std::int64_t at = time.time_since_epoch().count();
    return at >= start && at < end;
  }
};

Span span_of(const Call& call) {
  return {call.integer("startTime", 0),
          call.integer("endTime", std::numeric_limits<std::int64_t>::max())};
}

Value shown(const LogEvent& event) {
  ObjectBuilder item;
  item.set("timestamp", millis(event.timestamp));
  item.set("message", text(event.message));
  item.set("ingestionTime", millis(event.ingestion));
  return std::move(item).build();
}

// Tokens say direction and number: "f/5" reads on behind event 5, "b/1" back in front of event 1.
struct Direction {
  bool forward = true;
  std::uint64_t number = 0;
};

std::optional<Direction> read_direction(std::string_view token) {
  if (token.size() < 3 || (token[0] != 'f' && token[0] != 'b') || token[1] != '/') {
    return std::nullopt;
  }
  Direction direction{token[0] == 'f', 0};
  const auto [end, error] =
      std::from_chars(token.data() + 2, token.data() + token.size(), direction.number);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return direction;
}

Answer get_log_events(Call& call) {
  const std::string group = call.group_name();
  const std::string stream(call.string("logStreamName"));
  if (auto refused = require_stream(call, group, stream)) return *refused;
  const Span span = span_of(call);
  // Without a token: from the head, or the newest ones.
  Direction direction{call.flag("startFromHead"), 0};
  if (!direction.forward) direction.number = std::numeric_limits<std::uint64_t>::max();
  if (const std::string_view token = call.string("nextToken"); !token.empty()) {
    const auto read = read_direction(token);
    if (!read) return invalid_parameter("The specified nextToken is invalid.");
    direction = *read;
  }
  const std::size_t max = call.limit(kEventsPageMax);
  const auto events = direction.forward
                          ? call.store().events(group, stream, direction.number + 1, max)
                          : call.store().events_before(group, stream, direction.number, max);
  if (!events) return store_error(events.error());
  std::vector<Value> items;
  for (const LogEvent& event : *events) {
    if (span.has(event.timestamp)) items.push_back(shown(event));
  }
  // At an end the same token comes back: that is how clients know.
  std::uint64_t forward = direction.forward ? direction.number : 0;
  std::uint64_t backward = direction.forward ? direction.number + 1 : direction.number;
  if (!events->empty()) {
    forward = events->back().number;
    backward = events->front().number;
  } else if (!direction.forward) {
    forward =
        direction.number == std::numeric_limits<std::uint64_t>::max() ? 0 : direction.number - 1;
  }
  ObjectBuilder out;
  out.set("events", Value::array(std::move(items)));
  out.set("nextForwardToken", text("f/" + std::to_string(forward)));
  out.set("nextBackwardToken", text("b/" + std::to_string(backward)));
  return answer(std::move(out).build());
}

// Every term of a pattern of plain terms, quoted or not, is in the message.
bool matches(const std::string& message, std::string_view pattern) {
  while (!pattern.empty()) {
    if (pattern.front() == ' ') {
      pattern.remove_prefix(1);
      continue;
    }
    const bool quoted = pattern.front() == '"';
    if (quoted) pattern.remove_prefix(1);
    const std::size_t end = std::min(pattern.find(quoted ? '"' : ' '), pattern.size());
    if (message.find(pattern.substr(0, end)) == std::string::npos) return false;
    pattern.remove_prefix(std::min(pattern.size(), end + 1));
  }
  return true;
}

Answer filter_log_events(Call& call) {
  const std::string group = call.group_name();
  if (auto refused = require_group(call, group)) return *refused;
  const std::string_view pattern = call.string("filterPattern");
  if (!pattern.empty() && (pattern.front() == '{' || pattern.front() == '[')) {
    return invalid_parameter("Invalid filter pattern: only terms are supported here");
  }
  auto streams =
      call.store().streams(group, call.string("logStreamNamePrefix"), "", LogStore::kStreamsMax);
  if (!streams) return store_error(streams.error());
  if (const Value* names = call.list("logStreamNames")) {
    std::erase_if(*streams, [names](const LogStream& stream) {
      return std::none_of(names->items().begin(), names->items().end(), [&](const Value& name) {
        return name.is_string() && name.as_string() == stream.name;
      });
    });
  }
  // A page looks at this many events; it may be empty and have a token all the same, as on AWS.
  constexpr std::size_t kLookedAtMax = 20'000;
  const std::string list = "FilterLogEvents\n" + group + "\n" + std::string(pattern);
  std::string place;  // "STREAM\nNUMBER": behind which it goes on
  if (const std::string_view token = call.string("nextToken"); !token.empty()) {
    auto cursor = read_page_token(token, list, call.now());
    if (!cursor) return invalid_parameter("The specified nextToken is invalid.");
    place = *std::move(cursor);
  }
  const std::string last_stream = place.substr(0, place.find('\n'));
  std::uint64_t behind = 0;
  if (const std::size_t at = place.find('\n'); at != std::string::npos) {
    std::from_chars(place.data() + at + 1, place.data() + place.size(), behind);
  }
  const Span span = span_of(call);
  const std::size_t max = call.limit(kEventsPageMax);
  std::vector<std::pair<runtime::WallTime, Value>> found;
  std::size_t looked_at = 0;
  std::string next;
  for (const LogStream& stream : *streams) {
    if (stream.name < last_stream) continue;
    std::uint64_t number = stream.name == last_stream ? behind : 0;
    for (bool more = true; more && next.empty();) {
      const auto events = call.store().events(group, stream.name, number + 1, 1'000);
      if (!events) return store_error(events.error());
      more = !events->empty();
      for (const LogEvent& event : *events) {
        number = event.number;
        ++looked_at;
        if (span.has(event.timestamp) && matches(event.message, pattern)) {
          ObjectBuilder item(shown(event));
          item.set("logStreamName", text(stream.name));
          item.set("eventId", text(stream.name + "/" + std::to_string(event.number)));
          found.emplace_back(event.timestamp, std::move(item).build());
        }
        if (found.size() == max || looked_at == kLookedAtMax) {
          next = stream.name + "\n" + std::to_string(number);
          break;
        }
      }
      runtime::yield();
    }
    if (!next.empty()) break;
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Value> items;
  for (auto& [time, item] : found) items.push_back(std::move(item));
  ObjectBuilder out;
  out.set("events", Value::array(std::move(items)));
  out.set("searchedLogStreams", Value::array({}));
  if (!next.empty()) out.set("nextToken", text(make_page_token(list, next, call.now())));
  return answer(std::move(out).build());
}

constexpr std::pair<std::string_view, Answer (*)(Call&)> kOperations[] = {
    {"CreateLogGroup", create_log_group},
    {"CreateLogStream", create_log_stream},
    {"DeleteLogGroup", delete_log_group},
    {"DeleteLogStream", delete_log_stream},
    {"DeleteRetentionPolicy", put_retention_policy},
    {"DescribeLogGroups", describe_log_groups},
    {"DescribeLogStreams", describe_log_streams},
    {"FilterLogEvents", filter_log_events},
    {"GetLogEvents", get_log_events},
    {"PutLogEvents", put_log_events},
    {"PutRetentionPolicy", put_retention_policy},
};

}  // namespace

Answer LogsApi::call(std::string_view operation, std::string_view body) {
  for (const auto& [name, action] : kOperations) {
    if (name != operation) continue;
    const Result<Value> input = asl::read_json(body.empty() ? "{}" : body);
    if (!input || !input->is_object()) {
      return ApiError{"SerializationException", input
                                                    ? "The body of a request must be a JSON object."
                                                    : input.error().message};
    }
    Call call(*this, engine_, *input);
    return action(call);
  }
  return ApiError{"UnknownOperationException",
                  "The operation '" + std::string(operation) + "' is not offered."};
}

std::string LogsApi::group_arn(std::string_view group) const {
  const engine::EngineOptions& options = engine_.options();
  return "arn:" + options.partition + ":logs:" + options.region + ":" + options.account +
         ":log-group:" + std::string(group);
}

std::string LogsApi::group_of_destination(std::string_view arn) const {
  const std::string own = group_arn("");
  if (!arn.starts_with(own) || !arn.ends_with(":*")) return {};
  return std::string(arn.substr(own.size(), arn.size() - own.size() - 2));
}

std::string logs_error_body(const ApiError& error) {
  std::string body = "{\"__type\":";
  asl::write_json_string(error.code, body);
  body += ",\"message\":";
  asl::write_json_string(error.message, body);
  body += '}';
  return body;
}

}  // namespace pawl::service
