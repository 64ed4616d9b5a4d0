#include "service/logs/log_store.h"

#include "runtime/store/encoding.h"

#include <algorithm>

namespace pawl::service {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kGroups = "Slg";
constexpr std::string_view kStreams = "Sls";
constexpr std::string_view kEvents = "Sle";
constexpr std::size_t kPageBytesMax = std::size_t{1} << 20;

std::string group_key(std::string_view group) { return std::string(kGroups).append(group); }

std::string stream_prefix(std::string_view group) {
  std::string key(kStreams);
  key.append(group).push_back('\0');
  return key;
}

std::string stream_key(std::string_view group, std::string_view stream) {
  return stream_prefix(group).append(stream);
}

std::string events_prefix(std::string_view group) {
  std::string key(kEvents);
  key.append(group).push_back('\0');
  return key;
}

std::string events_prefix(std::string_view group, std::string_view stream) {
  std::string key = events_prefix(group);
  key.append(stream).push_back('\0');
  return key;
}

std::string event_key(const std::string& prefix, std::uint64_t number) {
  std::string key = prefix;
  runtime::append_u64(key, number);
  return key;
}

std::uint64_t millis(runtime::WallTime time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count()));
}

runtime::WallTime time_of(std::uint64_t millis) {
  return runtime::WallTime(std::chrono::milliseconds(millis));
}

Result<LogEvent> decode_event(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  LogEvent event;
  event.number = runtime::Decoder(key.substr(key.size() - 8)).u64();
  event.timestamp = time_of(in.varint());
  event.ingestion = time_of(in.varint());
  event.message = std::string(in.string());
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return event;
}

}  // namespace

// --- groups ------------------------------------------------------------------------------------

Result<std::vector<LogGroup>> LogStore::groups(std::string_view prefix, std::string_view after,
                                               std::size_t max) const {
  std::vector<LogGroup> groups;
  const std::string begin =
      after >= prefix && !after.empty() ? group_key(after) + '\0' : group_key(prefix);
  const auto rows = engine_.options().store->scan(begin, runtime::prefix_end(group_key(prefix)));
  for (; rows->valid() && groups.size() < max; rows->next()) {
    const Result<runtime::OpenedRecord> opened =
        runtime::open_record(rows->key(), rows->value(), kVersion);
    if (!opened) return opened.error();
    runtime::Decoder in(opened->payload);
    LogGroup group;
    group.name = std::string(rows->key().substr(kGroups.size()));
    group.creation = time_of(in.varint());
    group.retention_days = static_cast<std::uint32_t>(in.varint_max(0xFFFFFFFF));
    if (Status finished = in.finished(rows->key()); !finished) return std::move(finished).error();
    groups.push_back(std::move(group));
  }
  if (Status read = rows->status(); !read) return std::move(read).error();
  return groups;
}

Result<std::optional<LogGroup>> LogStore::group(std::string_view name) const {
  Result<std::vector<LogGroup>> found = groups(name, "", 1);
  if (!found) return std::move(found).error();
  if (found->empty() || found->front().name != name) return std::optional<LogGroup>();
  return std::optional<LogGroup>(std::move(found->front()));
}

Status LogStore::put_group(const LogGroup& group) {
  const auto known = engine_.options().store->get(group_key(group.name));
  if (!known) return known.error();
  if (!*known) {
    const Result<std::vector<LogGroup>> all = groups("", "", kGroupsMax);
    if (!all) return all.error();
    if (all->size() >= kGroupsMax) {
      return Error{ErrorCode::kLimit, "There are too many log groups.", group.name};
    }
  }
  runtime::Batch batch;
  runtime::Encoder out(kVersion);
  out.varint(millis(group.creation));
  out.varint(group.retention_days);
  batch.put(group_key(group.name), out.seal());
  return commit(batch, true);
}

Status LogStore::erase_group(std::string_view group) {
  // In portions: a group may be large.
  const Result<std::vector<LogStream>> all = streams(group, "", "", kStreamsMax + 1);
  if (!all) return all.error();
  for (const LogStream& stream : *all) {
    if (Status erased = erase_stream(group, stream.name); !erased) return erased;
  }
  runtime::Batch batch;
  batch.erase(group_key(group));
  return commit(batch, true);
}

// --- streams -----------------------------------------------------------------------------------

Result<std::vector<LogStream>> LogStore::streams(std::string_view group, std::string_view prefix,
                                                 std::string_view after, std::size_t max) const {
  const runtime::Store& store = *engine_.options().store;
  std::vector<LogStream> streams;
  const std::string all = stream_prefix(group);
  const std::string begin = after >= prefix && !after.empty() ? stream_key(group, after) + '\0'
                                                              : stream_key(group, prefix);
  const auto rows = store.scan(begin, runtime::prefix_end(stream_key(group, prefix)));
  for (; rows->valid() && streams.size() < max; rows->next()) {
    const Result<runtime::OpenedRecord> opened =
        runtime::open_record(rows->key(), rows->value(), kVersion);
    if (!opened) return opened.error();
    runtime::Decoder in(opened->payload);
    LogStream stream;
    stream.name = std::string(rows->key().substr(all.size()));
    stream.creation = time_of(in.varint());
    if (Status finished = in.finished(rows->key()); !finished) return std::move(finished).error();
    const std::string events = events_prefix(group, stream.name);
    if (const auto first = store.scan(events, runtime::prefix_end(events)); first->valid()) {
      const Result<LogEvent> event = decode_event(first->value(), first->key());
      if (!event) return event.error();
      stream.first_event = event->timestamp;
    }
    if (const auto last = store.scan_back(events, runtime::prefix_end(events)); last->valid()) {
      const Result<LogEvent> event = decode_event(last->value(), last->key());
      if (!event) return event.error();
      stream.last_event = event->timestamp;
      stream.last_ingestion = event->ingestion;
    }
    streams.push_back(std::move(stream));
  }
  if (Status read = rows->status(); !read) return std::move(read).error();
  return streams;
}

Result<bool> LogStore::has_stream(std::string_view group, std::string_view stream) const {
  const auto row = engine_.options().store->get(stream_key(group, stream));
  if (!row) return row.error();
  return row->has_value();
}

namespace {

std::string stream_record(runtime::WallTime creation) {
  runtime::Encoder out(kVersion);
  out.varint(millis(creation));
  return out.seal();
}

}  // namespace

Status LogStore::create_stream(std::string_view group, std::string_view stream) {
  const Result<std::vector<LogStream>> all = streams(group, "", "", kStreamsMax);
  if (!all) return all.error();
  if (all->size() >= kStreamsMax) {
    // The one that was made first makes room.
    const auto oldest = std::min_element(
        all->begin(), all->end(),
        [](const LogStream& a, const LogStream& b) { return a.creation < b.creation; });
    if (Status erased = erase_stream(group, oldest->name); !erased) return erased;
  }
  runtime::Batch batch;
  batch.put(stream_key(group, stream), stream_record(engine_.options().clock->wall_now()));
  return commit(batch, true);
}

Status LogStore::erase_stream(std::string_view group, std::string_view stream) {
  constexpr std::size_t kAtOnce = 10'000;
  const std::string prefix = events_prefix(group, stream);
  next_.erase(prefix);
  for (;;) {
    runtime::Batch batch;
    std::size_t erased = 0;
    const auto rows = engine_.options().store->scan(prefix, runtime::prefix_end(prefix));
    for (; rows->valid() && erased < kAtOnce; rows->next(), ++erased) {
      batch.erase(std::string(rows->key()));
    }
    if (Status read = rows->status(); !read) return read;
    const bool last = erased < kAtOnce;
    if (last) batch.erase(stream_key(group, stream));
    if (Status committed = commit(batch, true); !committed) return committed;
    if (last) return {};
  }
}

// --- events ------------------------------------------------------------------------------------

Result<std::vector<LogEvent>> LogStore::events(std::string_view group, std::string_view stream,
                                               std::uint64_t from, std::size_t max) const {
  const std::string prefix = events_prefix(group, stream);
  const auto rows =
      engine_.options().store->scan(event_key(prefix, from), runtime::prefix_end(prefix));
  std::vector<LogEvent> events;
  std::size_t bytes = 0;
  for (; rows->valid() && events.size() < max && bytes < kPageBytesMax; rows->next()) {
    Result<LogEvent> event = decode_event(rows->value(), rows->key());
    if (!event) return std::move(event).error();
    bytes += event->message.size();
    events.push_back(*std::move(event));
  }
  if (Status read = rows->status(); !read) return std::move(read).error();
  return events;
}

Result<std::vector<LogEvent>> LogStore::events_before(std::string_view group,
                                                      std::string_view stream, std::uint64_t before,
                                                      std::size_t max) const {
  const std::string prefix = events_prefix(group, stream);
  const auto rows = engine_.options().store->scan_back(prefix, event_key(prefix, before));
  std::vector<LogEvent> events;
  std::size_t bytes = 0;
  for (; rows->valid() && events.size() < max && bytes < kPageBytesMax; rows->next()) {
    Result<LogEvent> event = decode_event(rows->value(), rows->key());
    if (!event) return std::move(event).error();
    bytes += event->message.size();
    events.push_back(*std::move(event));
  }
  if (Status read = rows->status(); !read) return std::move(read).error();
  std::reverse(events.begin(), events.end());
  return events;
}

Result<std::uint64_t> LogStore::next_number(const std::string& prefix) {
  if (const auto known = next_.find(prefix); known != next_.end()) return known->second;
  const auto last = engine_.options().store->scan_back(prefix, runtime::prefix_end(prefix));
  if (last->valid()) return runtime::Decoder(last->key().substr(prefix.size())).u64() + 1;
  if (Status read = last->status(); !read) return std::move(read).error();
  return std::uint64_t{1};
}

namespace {

// The beginning of `text`, UTF-8, that fits into `max` bytes.
std::string_view cut_at_character(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  while (max > 0 && continues(text[max])) --max;
  return text.substr(0, max);
}

}  // namespace

Status LogStore::append(std::string_view group, std::string_view stream,
                        const std::vector<LogEvent>& events) {
  const std::string prefix = events_prefix(group, stream);
  Result<std::uint64_t> number = next_number(prefix);
  if (!number) return std::move(number).error();
  if (const Result<bool> known = has_stream(group, stream); !known) {
    return known.error();
  } else if (!*known) {
    if (Status made = create_stream(group, stream); !made) return made;
  }
  runtime::Batch batch;
  const runtime::WallTime now = engine_.options().clock->wall_now();
  for (const LogEvent& event : events) {
    runtime::Encoder out(kVersion);
    out.varint(millis(event.timestamp));
    out.varint(millis(now));
    out.string(cut_at_character(event.message, kMessageMax));
    batch.put(event_key(prefix, *number), out.seal());
    if (*number > kEventsMax) batch.erase(event_key(prefix, *number - kEventsMax));
    ++*number;
  }
  // What is forgotten must be in the store, which is asked for it next time.
  constexpr std::size_t kRemembered = 10'000;
  const bool forget = next_.size() >= kRemembered;
  if (Status appended = commit(batch, forget); !appended) {
    next_.erase(prefix);
    return appended;
  }
  if (forget) next_.clear();
  next_[prefix] = *number;
  return {};
}

Status LogStore::commit(const runtime::Batch& batch, bool wait) {
  return wait ? engine_.commit(batch) : engine_.append(batch, [](const Status&) {});
}

}  // namespace pawl::service
