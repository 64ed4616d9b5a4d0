// Streams: every change of an item, in the decision that makes it, for a day. One shard for each
// stream, so that the order of all changes of a table is kept.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/mapping.h"
#include "connectors/dynamodb/service.h"
#include "connectors/embedded/json_rows.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace pawl::connectors::dynamodb {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::string_view kShard = "shardId-00000000000000000001-00000001";
constexpr std::size_t kRecordsBytesMax = 1'048'576;  // AWS, of one GetRecords
// Records that are too old go as new ones come, a few at a time.
constexpr int kDroppedAtOnce = 4;

// By table name and label: what a stream's ARN has.
std::string stream_key(std::string_view table, std::string_view label) {
  return std::string("Sdm").append(table) + '\0' + std::string(label);
}
std::string numbered(std::string_view kind, std::uint64_t stream) {
  std::string key(kind);
  runtime::append_u64(key, stream);
  return key;
}
std::string records_of(std::uint64_t stream) { return numbered("Sds", stream); }
std::string record_key(std::uint64_t stream, std::uint64_t sequence) {
  std::string key = records_of(stream);
  runtime::append_u64(key, sequence);
  return key;
}
std::string counter_key(std::uint64_t stream) { return numbered("Sdc", stream); }

std::string sequence_text(std::uint64_t sequence) { return fmt::format("{:021}", sequence); }
std::optional<std::uint64_t> sequence_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failed != std::errc() || rest != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

struct StreamName {
  std::string table;
  std::string label;
};
// Of ".../table/NAME/stream/LABEL".
std::optional<StreamName> read_arn(std::string_view arn) {
  constexpr std::string_view kTable = ":table/";
  constexpr std::string_view kStream = "/stream/";
  const std::size_t table = arn.find(kTable);
  if (table == std::string_view::npos) return std::nullopt;
  arn.remove_prefix(table + kTable.size());
  const std::size_t stream = arn.find(kStream);
  if (stream == std::string_view::npos) return std::nullopt;
  return StreamName{std::string(arn.substr(0, stream)),
                    std::string(arn.substr(stream + kStream.size()))};
}

Error no_stream(std::string_view arn) {
  return {"ResourceNotFoundException",
          fmt::format("Requested resource not found: Stream: {} not found", arn),
          400,
          {}};
}

std::optional<Value> find_stream(Change& change, std::string_view arn) {
  const std::optional<StreamName> name = read_arn(arn);
  if (!name) return std::nullopt;
  return get_json(change, stream_key(name->table, name->label));
}
std::uint64_t number_of(const Value& stream) {
  return static_cast<std::uint64_t>(stream.find("Number")->as_int());
}

// What a reader holds: a stream, and the record that comes next.
std::string iterator_of(std::string_view arn, std::uint64_t next) {
  return aws::to_base64(fmt::format("{}|{}", arn, next));
}

}  // namespace

std::optional<Error> set_stream(DynamoDb& dynamodb, Change& change, const Value& wanted,
                                ObjectBuilder& record) {
  const Value* enabled = wanted.find("StreamEnabled");
  const bool on = enabled != nullptr && enabled->is_bool() && enabled->as_bool();
  const Value before = ObjectBuilder(record).build();
  const bool was_on = before.find("StreamSpecification") != nullptr;
  const std::string table(text_of(before, "TableName"));
  if (on == was_on) {
    return validation(on ? "Table already has an enabled stream: TableName: " + table
                         : "Table has no stream to disable: TableName: " + table);
  }
  if (!on) {
    const std::string key = stream_key(table, text_of(before, "StreamLabel"));
    if (const std::optional<Value> stream = get_json(change, key)) {
      ObjectBuilder ended(*stream);
      ended.set("StreamStatus", Value::string("DISABLED"));
      put_json(change, key, std::move(ended).build());
    }
    record.erase("StreamSpecification");
    record.erase("StreamNumber");
    return std::nullopt;
  }
  const std::string_view view = text_of(wanted, "StreamViewType");
  constexpr std::string_view kViews[] = {"KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE",
                                         "OLD_IMAGE"};
  if (std::find(std::begin(kViews), std::end(kViews), view) == std::end(kViews)) {
    return validation("One or more parameter values were invalid: StreamViewType is required");
  }
  const double seconds =
      static_cast<double>(dynamodb.ledger().now().time_since_epoch().count()) / 1000;
  std::string label = aws::iso_date(seconds);
  if (label.ends_with('Z')) label.pop_back();
  const std::int64_t number = next_number(change);
  ObjectBuilder stream;
  stream.set("Number", Value::integer(number));
  stream.set("StreamArn",
             Value::string(fmt::format("{}/stream/{}", table_arn(dynamodb, table), label)));
  stream.set("StreamLabel", Value::string(label));
  stream.set("StreamStatus", Value::string("ENABLED"));
  stream.set("StreamViewType", Value::string(view));
  stream.set("CreationRequestDateTime", Value::number(seconds));
  stream.set("TableName", Value::string(table));
  stream.set("KeySchema", *before.find("KeySchema"));
  put_json(change, stream_key(table, label), std::move(stream).build());
  record.set("StreamSpecification", wanted);
  record.set("StreamLabel", Value::string(label));
  record.set("StreamNumber", Value::integer(number));
  return std::nullopt;
}

void record_change(DynamoDb& dynamodb, Change& change, const Table& table, const Value* before,
                   const Value* after, ChangedBy who) {
  if (table.stream == 0 || (before == nullptr && after == nullptr)) return;
  if (before != nullptr && after != nullptr && asl::equal(*before, *after)) return;
  const std::int64_t now = dynamodb.ledger().now().time_since_epoch().count();
  // The counter's row makes decisions about one stream wait for each other: what has the higher
  // number is never seen before what has the lower.
  const std::string counter = counter_key(table.stream);
  std::int64_t sequence = 1;
  if (const std::optional<Value> last = get_json(change, counter)) sequence = last->as_int() + 1;
  put_json(change, counter, Value::integer(sequence));

  const Value* specification = table.record.find("StreamSpecification");
  const std::string_view view =
      specification == nullptr ? std::string_view() : text_of(*specification, "StreamViewType");
  ObjectBuilder data;
  data.set("ApproximateCreationDateTime", Value::integer(now / 1000));
  data.set("Keys", key_of(table.primary, after != nullptr ? *after : *before));
  const bool shows_new = view == "NEW_IMAGE" || view == "NEW_AND_OLD_IMAGES";
  const bool shows_old = view == "OLD_IMAGE" || view == "NEW_AND_OLD_IMAGES";
  if (after != nullptr && shows_new) data.set("NewImage", *after);
  if (before != nullptr && shows_old) data.set("OldImage", *before);
  data.set("SequenceNumber", Value::string(sequence_text(static_cast<std::uint64_t>(sequence))));
  data.set("StreamViewType", Value::string(view));
  ObjectBuilder record;
  record.set("eventID", Value::string(fmt::format("{:016x}{:016x}", table.stream, sequence)));
  record.set("eventName", Value::string(before == nullptr  ? "INSERT"
                                        : after == nullptr ? "REMOVE"
                                                           : "MODIFY"));
  record.set("eventVersion", Value::string("1.1"));
  record.set("eventSource", Value::string("aws:dynamodb"));
  record.set("awsRegion", Value::string(dynamodb.ledger().engine().options().region));
  record.set("dynamodb", std::move(data).build());
  if (who == ChangedBy::kExpiry) {
    ObjectBuilder service;
    service.set("PrincipalId", Value::string("dynamodb.amazonaws.com"));
    service.set("Type", Value::string("Service"));
    record.set("userIdentity", std::move(service).build());
  }
  ObjectBuilder row;
  row.set("At", Value::integer(now)).set("Record", std::move(record).build());
  put_json(change, record_key(table.stream, static_cast<std::uint64_t>(sequence)),
           std::move(row).build());

  std::vector<std::string> old;
  const std::string range = records_of(table.stream);
  change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view text) {
    const std::optional<Value> one = read_json_row(change, key, text);
    if (!one || now - one->find("At")->as_int() < kStreamAgeMillis) return false;
    old.emplace_back(key);
    return old.size() < kDroppedAtOnce;
  });
  for (const std::string& key : old) change.erase(key);
}

// --- operations ---

Answer list_streams(DynamoDb& dynamodb, const aws::Call& call) {
  constexpr std::size_t kPage = 100;
  const std::string_view table = text_of(call.input, "TableName");
  const std::string prefix = table.empty() ? "Sdm" : stream_key(table, "");
  std::string from = prefix;
  if (const auto start = read_arn(text_of(call.input, "ExclusiveStartStreamArn"))) {
    from = std::max(from, stream_key(start->table, start->label) + '\0');
  }
  std::vector<Value> streams;
  std::string last;
  bool more = false;
  Status read = dynamodb.ledger().read([&](Change& change) {
    change.scan(from, runtime::prefix_end(prefix), [&](std::string_view key, std::string_view row) {
      if (streams.size() >= kPage) {
        more = true;
        return false;
      }
      const std::optional<Value> stream = read_json_row(change, key, row);
      if (!stream) return false;
      ObjectBuilder shown;
      for (const std::string_view member : {"StreamArn", "StreamLabel", "TableName"}) {
        shown.set(member, *stream->find(member));
      }
      last = text_of(*stream, "StreamArn");
      streams.push_back(std::move(shown).build());
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  out.set("Streams", Value::array(std::move(streams)));
  if (more) out.set("LastEvaluatedStreamArn", Value::string(last));
  return std::move(out).build();
}

Answer describe_stream(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string_view arn = text_of(call.input, "StreamArn");
  std::optional<Value> stream;
  std::int64_t last = 0;
  Status read = dynamodb.ledger().read([&](Change& change) {
    stream = find_stream(change, arn);
    if (!stream) return;
    if (const auto counted = get_json(change, counter_key(number_of(*stream)))) {
      last = counted->as_int();
    }
  });
  if (!read) return aws::store_error(read.error());
  if (!stream) return no_stream(arn);
  ObjectBuilder range;
  range.set("StartingSequenceNumber", Value::string(sequence_text(1)));
  if (text_of(*stream, "StreamStatus") == "DISABLED") {
    range.set("EndingSequenceNumber",
              Value::string(sequence_text(static_cast<std::uint64_t>(last))));
  }
  ObjectBuilder shard;
  shard.set("ShardId", Value::string(kShard));
  shard.set("SequenceNumberRange", std::move(range).build());
  ObjectBuilder description(*stream);
  description.erase("Number");
  description.set("Shards", Value::array({std::move(shard).build()}));
  return std::move(ObjectBuilder().set("StreamDescription", std::move(description).build()))
      .build();
}

Answer get_shard_iterator(DynamoDb& dynamodb, const aws::Call& call) {
  const std::string_view arn = text_of(call.input, "StreamArn");
  const std::string_view type = text_of(call.input, "ShardIteratorType");
  std::optional<std::uint64_t> next;
  bool there = false;
  Status read = dynamodb.ledger().read([&](Change& change) {
    const std::optional<Value> stream = find_stream(change, arn);
    there = stream.has_value() && text_of(call.input, "ShardId") == kShard;
    if (!there) return;
    const auto given = sequence_of(text_of(call.input, "SequenceNumber"));
    if (type == "TRIM_HORIZON") next = 1;
    if (type == "AT_SEQUENCE_NUMBER") next = given;
    if (type == "AFTER_SEQUENCE_NUMBER" && given) next = *given + 1;
    if (type == "LATEST") {
      const auto last = get_json(change, counter_key(number_of(*stream)));
      next = last ? static_cast<std::uint64_t>(last->as_int()) + 1 : 1;
    }
  });
  if (!read) return aws::store_error(read.error());
  if (!there) return no_stream(arn);
  if (!next) return validation("ShardIteratorType and SequenceNumber do not fit each other");
  return std::move(ObjectBuilder().set("ShardIterator", Value::string(iterator_of(arn, *next))))
      .build();
}

Answer get_records(DynamoDb& dynamodb, const aws::Call& call) {
  const auto iterator = aws::from_base64(text_of(call.input, "ShardIterator"));
  const std::size_t bar = iterator ? iterator->rfind('|') : std::string::npos;
  const auto position = bar == std::string::npos
                            ? std::nullopt
                            : sequence_of(std::string_view(*iterator).substr(bar + 1));
  if (!position) return validation("Invalid ShardIterator");
  const std::string arn = iterator->substr(0, bar);
  std::size_t limit = kStreamRecordsMax;
  if (const Value* given = call.input.find("Limit"); given != nullptr) {
    if (!given->is_int() || given->as_int() < 1 ||
        given->as_int() > static_cast<std::int64_t>(kStreamRecordsMax)) {
      return validation("Limit must be between 1 and 1000");
    }
    limit = static_cast<std::size_t>(given->as_int());
  }
  std::vector<Value> records;
  std::uint64_t next = *position;
  bool there = false;
  bool ended = false;
  Status read = dynamodb.ledger().read([&](Change& change) {
    const std::optional<Value> stream = find_stream(change, arn);
    there = stream.has_value();
    if (!there) return;
    const std::uint64_t number = number_of(*stream);
    ended = text_of(*stream, "StreamStatus") == "DISABLED";
    const std::string range = records_of(number);
    const std::int64_t oldest =
        dynamodb.ledger().now().time_since_epoch().count() - kStreamAgeMillis;
    std::size_t bytes = 0;
    change.scan(record_key(number, *position), runtime::prefix_end(range),
                [&](std::string_view key, std::string_view row) {
                  const bool full =  // one that is larger than a page comes alone
                      records.size() >= limit ||
                      (!records.empty() && bytes + row.size() > kRecordsBytesMax);
                  if (full) {
                    ended = false;
                    return false;
                  }
                  const std::optional<Value> one = read_json_row(change, key, row);
                  if (!one) return false;
                  runtime::Decoder sequence(key.substr(range.size()));
                  next = sequence.u64() + 1;
                  if (one->find("At")->as_int() < oldest) return true;
                  bytes += row.size();
                  ObjectBuilder shown(*one->find("Record"));
                  ObjectBuilder data(*one->find("Record")->find("dynamodb"));
                  data.set("SizeBytes", Value::integer(static_cast<std::int64_t>(row.size())));
                  shown.set("dynamodb", std::move(data).build());
                  records.push_back(std::move(shown).build());
                  return true;
                });
  });
  if (!read) return aws::store_error(read.error());
  if (!there) return no_stream(arn);
  ObjectBuilder out;
  out.set("Records", Value::array(std::move(records)));
  // A stream that was ended has an end.
  if (!ended) out.set("NextShardIterator", Value::string(iterator_of(arn, next)));
  return std::move(out).build();
}

}  // namespace pawl::connectors::dynamodb
