#include "engine/map_run/item_reader.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/time/timestamp.h"

#include <memory>
#include <string>
#include <utility>

namespace pawl::engine {

namespace {

using asl::Value;

constexpr std::size_t kPageBytes = 64 * 1024;
constexpr std::size_t kPageItems = 1'000;
constexpr std::size_t kManifestBytesMax = std::size_t{16} << 20;

Error invalid(std::string text) { return {ErrorCode::kInvalid, std::move(text), ""}; }

Value location(std::string_view bucket, std::string_view key) {
  return std::move(asl::ObjectBuilder()
                       .set("Bucket", Value::string(bucket))
                       .set("Key", Value::string(key)))
      .build();
}

// The parser of one object. Each has its own: a CSV file its own first row.
Result<std::unique_ptr<ItemParser>> make_item_parser(
    const asl::ItemReader& reader, const std::optional<std::vector<std::string>>& headers) {
  if (reader.input_type == "CSV") {
    return make_csv_parser({.delimiter = reader.csv_delimiter, .headers = headers});
  }
  if (reader.input_type == "JSONL") return make_json_lines_parser();
  if (reader.input_type == "JSON") return make_json_parser(reader.items_pointer);
  if (reader.input_type == "PARQUET") {
    return invalid("Reading Parquet is not supported; export the data as CSV or JSON Lines.");
  }
  return invalid("The ReaderConfig needs an InputType: CSV, JSON, JSONL or MANIFEST.");
}

// One reading: gathers items into pages, counts them, and knows when it is enough.
class Reading {
 public:
  Reading(const ReadOrder& order, S3Calls& calls, const PageSink& pages)
      : order_(order), reader_(*order.reader), calls_(calls), pages_(pages) {}

  Result<std::uint64_t> run() {
    // Recorded, with the text.
    if (order_.max_items < 0) return invalid("field MaxItems must be positive");
    limit_ = order_.max_items == 0
                 ? kMapRunItemsMax
                 : std::min<std::uint64_t>(static_cast<std::uint64_t>(order_.max_items),
                                           kMapRunItemsMax);
    Status read = reader_.resource.api_action == "listObjectsV2" ? read_list() : read_one();
    if (!read && !over_) return std::move(read).error();
    if (Status written = write_page(); !written) return std::move(written).error();
    return count_;
  }

 private:
  Status read_one() {
    const std::string bucket(text_of(order_.parameters, "Bucket"));
    const std::string key(text_of(order_.parameters, "Key"));
    if (reader_.manifest_type == "ATHENA_DATA") return read_athena();
    if (reader_.input_type == "MANIFEST" || reader_.manifest_type == "S3_INVENTORY") {
      return read_inventory();
    }
    return read_object(order_.parameters, bucket, key, reader_.csv_headers);
  }

  Status read_object(const Value& parameters, const std::string& bucket, const std::string& key,
                     const std::optional<std::vector<std::string>>& headers) {
    Result<std::unique_ptr<ItemParser>> made = make_item_parser(reader_, headers);
    if (!made) return std::move(made).error();
    return parse_object(parameters, bucket, key, **made);
  }

  Status parse_object(const Value& parameters, const std::string& bucket, const std::string& key,
                      ItemParser& parser) {
    if (Status turned = turn_page("S3://" + bucket + "/" + key); !turned) return turned;
    Status stored;
    const ItemSink sink = [&](RawItem item) {
      stored = add(std::move(item));
      return stored.has_value();
    };
    // An error that ends the reading early, for enough is enough, is none: see run().
    const auto after = [&](Status status) { return !stored ? stored : std::move(status); };
    Status read = calls_.read_object(
        parameters, [&](std::string_view bytes) { return after(parser.feed(bytes, sink)); });
    if (!read) return read;
    return after(parser.finish(sink));
  }

  Status read_list() {
    const std::string bucket(text_of(order_.parameters, "Bucket"));
    if (Status turned = turn_page("S3://" + bucket); !turned) return turned;
    return calls_.list_objects(order_.parameters, [&](const Value& entry) -> Status {
      if (!reader_.load_and_flatten) return add({std::nullopt, asl::to_json(listed(entry))});
      const std::string key(text_of(entry, "Key"));
      if (key.ends_with('/')) return {};  // a folder has no contents
      return read_object(location(bucket, key), bucket, key, reader_.csv_headers);
    });
  }

  // Recorded: members in this order, and `Etag`.
  static Value listed(const Value& entry) {
    asl::ObjectBuilder out;
    const auto copy = [&](std::string_view name, std::string_view from) {
      if (const Value* value = entry.find(from)) out.set(name, *value);
    };
    copy("Etag", "ETag");
    if (const Value* modified = entry.find("LastModified")) {
      const auto time = modified->is_string() ? asl::parse_timestamp(modified->as_string())
                                              : Result<asl::Timestamp>(invalid(""));
      out.set("LastModified",
              time ? Value::integer(
                         std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count())
                   : *modified);
    }
    copy("Key", "Key");
    copy("Size", "Size");
    copy("StorageClass", "StorageClass");
    return std::move(out).build();
  }

  Result<std::string> whole_object(const Value& parameters) {
    std::string text;
    const Status read = calls_.read_object(parameters, [&](std::string_view bytes) -> Status {
      if (text.size() + bytes.size() > kManifestBytesMax) {
        return invalid("The manifest is too large.");
      }
      text += bytes;
      return {};
    });
    if (!read) return read.error();
    return text;
  }

  // manifest.json of S3 Inventory: CSV files without a header row, their columns in fileSchema.
  Status read_inventory() {
    const Result<std::string> text = whole_object(order_.parameters);
    if (!text) return text.error();
    const Result<Value> manifest = asl::read_json(*text);
    if (!manifest || !manifest->is_object()) return invalid("The manifest is not a JSON object.");
    if (text_of(*manifest, "fileFormat") != "CSV") {
      return invalid("Of S3 inventories those in CSV format are supported.");
    }
    std::string bucket(text_of(*manifest, "destinationBucket"));
    if (const std::size_t at = bucket.rfind(':'); at != std::string::npos) bucket.erase(0, at + 1);
    if (bucket.empty()) bucket = text_of(order_.parameters, "Bucket");
    std::vector<std::string> columns;
    for (const char c : std::string(text_of(*manifest, "fileSchema")) + ",") {
      if (columns.empty()) columns.emplace_back();
      if (c == ',') {
        columns.emplace_back();
      } else if (c != ' ' || !columns.back().empty()) {
        columns.back() += c;
      }
    }
    while (!columns.empty() && columns.back().empty()) columns.pop_back();
    const Value* files = manifest->find("files");
    if (files == nullptr || !files->is_array()) return invalid("The manifest names no files.");
    for (const Value& file : files->items()) {
      const std::string key(text_of(file, "key"));
      const auto csv = make_csv_parser({.delimiter = ',', .headers = columns});
      if (Status read = parse_object(location(bucket, key), bucket, key, *csv); !read) return read;
    }
    return {};
  }

  // The manifest of an Athena UNLOAD: one s3:// address per line.
  Status read_athena() {
    const Result<std::string> text = whole_object(order_.parameters);
    if (!text) return text.error();
    std::string_view rest = *text;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '"')) {
        line.remove_suffix(1);
      }
      while (!line.empty() && line.front() == '"') line.remove_prefix(1);
      if (line.empty()) continue;
      constexpr std::string_view kScheme = "s3://";
      const std::size_t slash = line.find('/', kScheme.size());
      if (!line.starts_with(kScheme) || slash == std::string_view::npos) {
        return invalid("The manifest has a line that is no s3:// address.");
      }
      const std::string bucket(line.substr(kScheme.size(), slash - kScheme.size()));
      const std::string key(line.substr(slash + 1));
      if (Status read = read_object(location(bucket, key), bucket, key, reader_.csv_headers);
          !read) {
        return read;
      }
    }
    return {};
  }

  Status add(RawItem item) {
    page_bytes_ += item.json.size() + (item.key ? item.key->size() : 0);
    page_.items.push_back(std::move(item));
    ++count_;
    if (page_bytes_ >= kPageBytes || page_.items.size() >= kPageItems) {
      if (Status written = write_page(); !written) return written;
    }
    if (count_ < limit_) return {};
    over_ = true;
    return Error{ErrorCode::kCancelled, "Enough items were read.", ""};
  }

  Status turn_page(std::string source) {
    if (Status written = write_page(); !written) return written;
    page_.source = std::move(source);
    return {};
  }

  Status write_page() {
    if (page_.items.empty()) return {};
    Status written = pages_(page_, count_ - page_.items.size());
    page_.items.clear();
    page_bytes_ = 0;
    return written;
  }

  const ReadOrder& order_;
  const asl::ItemReader& reader_;
  S3Calls& calls_;
  const PageSink& pages_;
  std::uint64_t limit_ = 0;
  std::uint64_t count_ = 0;
  ItemPage page_;
  std::size_t page_bytes_ = 0;
  bool over_ = false;  // as many as wanted
};

}  // namespace

Result<std::uint64_t> read_items(const ReadOrder& order, S3Calls& calls, const PageSink& pages) {
  return Reading(order, calls, pages).run();
}

Result<asl::Payload> parse_item_data(const asl::ItemReader& reader, std::string_view data,
                                     std::int64_t max_items) {
  if (max_items < 0) return invalid("field MaxItems must be positive");
  // A listing is an array of its entries; a manifest is read by way of what it names.
  const bool listing = reader.resource.api_action == "listObjectsV2" && !reader.load_and_flatten;
  Result<std::unique_ptr<ItemParser>> parser =
      listing ? make_json_parser("") : make_item_parser(reader, reader.csv_headers);
  if (!parser) return std::move(parser).error();
  std::vector<Value> items;
  asl::ObjectBuilder members;
  bool keyed = false;
  Status broken;
  std::int64_t count = 0;
  std::size_t bytes = 0;
  const ItemSink sink = [&](const RawItem& raw) {
    if (max_items > 0 && count == max_items) return false;
    bytes += raw.json.size();
    if (bytes > kItemDataBytesMax) {
      broken = invalid("The items in the data are too large.");
      return false;
    }
    Result<Value> value = asl::read_json(raw.json);
    if (!value) {
      broken = value.error();
      return false;
    }
    ++count;
    keyed = raw.key.has_value();
    if (keyed) {
      members.set(*raw.key, *std::move(value));
    } else {
      items.push_back(*std::move(value));
    }
    return true;
  };
  if (Status fed = (*parser)->feed(data, sink); !fed) return std::move(fed).error();
  if (Status finished = (*parser)->finish(sink); !finished) return std::move(finished).error();
  if (!broken) return std::move(broken).error();
  return asl::Payload::of(keyed ? std::move(members).build() : Value::array(std::move(items)));
}

}  // namespace pawl::engine
