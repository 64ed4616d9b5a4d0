// Buckets, and lists of buckets and objects.
#include "connectors/aws/base64.h"
#include "connectors/s3/service.h"
#include "runtime/http/uri.h"
#include "runtime/store/encoding.h"

#include <algorithm>
#include <vector>

namespace pawl::connectors::s3 {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

// AWS's rules for names of general purpose buckets.
bool is_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (!is_letter_or_digit(name.front()) || !is_letter_or_digit(name.back())) return false;
  bool digits_and_dots = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (!is_letter_or_digit(c) && c != '-' && c != '.') return false;
    if (c == '.' && name[i + 1] == '.') return false;
    digits_and_dots = digits_and_dots && (c == '.' || (c >= '0' && c <= '9'));
  }
  const bool address = digits_and_dots && std::count(name.begin(), name.end(), '.') == 3;
  return !address && !name.starts_with("xn--") && !name.ends_with("-s3alias");
}

struct ListedObject {
  std::string key;
  ObjectRecord record;
};

// One page of a list: keys and common prefixes share its size, in their common order.
struct Page {
  std::vector<ListedObject> objects;
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string last;  // key or common prefix
};

struct Query {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string after;  // keys greater than this, and than the group that it names
  std::size_t max = 0;
};

std::variant<Page, Error> list_page(S3& s3, const Query& query) {
  const std::string base = keys::objects(query.bucket);
  const std::string end = runtime::prefix_end(base + query.prefix);
  std::string from = base + query.prefix;
  if (!query.after.empty()) {
    std::string next = base + query.after;
    // A common prefix stands for everything below it.
    const bool group = !query.delimiter.empty() && query.after.ends_with(query.delimiter) &&
                       query.after.size() > query.prefix.size();
    next = group ? runtime::prefix_end(next) : next + '\0';
    from = std::max(from, next);
  }
  Page page;
  bool bucket_there = false;
  Status read = s3.ledger().read([&](Change& change) {
    bucket_there = has_bucket(change, query.bucket);
    if (!bucket_there) return;
    bool more = query.max > 0;
    while (more) {
      more = false;
      change.scan(from, end, [&](std::string_view row_key, std::string_view row) {
        if (page.objects.size() + page.prefixes.size() >= query.max) {
          page.truncated = true;
          return false;
        }
        const std::string_view key = row_key.substr(base.size());
        const std::size_t cut = query.delimiter.empty()
                                    ? std::string_view::npos
                                    : key.find(query.delimiter, query.prefix.size());
        if (cut != std::string_view::npos) {
          page.prefixes.emplace_back(key.substr(0, cut + query.delimiter.size()));
          page.last = page.prefixes.back();
          from = runtime::prefix_end(base + page.last);
          more = true;
          return false;
        }
        Result<ObjectRecord> record = decode_object(row, row_key);
        if (!record) {
          change.fail(std::move(record).error());
          return false;
        }
        page.last = key;
        page.objects.push_back({std::string(key), *std::move(record)});
        return true;
      });
    }
  });
  if (!read) return aws::store_error(read.error());
  if (!bucket_there) return no_such_bucket();
  return page;
}

// What both generations of the list have in common.
struct ListRequest {
  Query query;
  std::int64_t max_keys = kListMax;
  bool url_encoded = false;
};

std::variant<ListRequest, Error> read_list(const Request& request) {
  ListRequest list;
  list.query.bucket = request.text("Bucket");
  list.query.prefix = request.text("Prefix");
  list.query.delimiter = request.text("Delimiter");
  list.url_encoded = request.text("EncodingType") == "url";
  if (request.has("EncodingType") && !list.url_encoded) {
    return invalid_argument("Invalid Encoding Method specified in Request");
  }
  if (request.has("MaxKeys")) {
    const auto number = request.number("MaxKeys");
    if (!number || *number < 0) {
      return invalid_argument("Argument maxKeys must be an integer between 0 and 2147483647");
    }
    list.max_keys = *number;
  }
  list.query.max = static_cast<std::size_t>(std::min(list.max_keys, kListMax));
  return list;
}

Value listed_text(std::string_view text, const ListRequest& list) {
  return Value::string(list.url_encoded ? runtime::percent_encode(text, "/") : std::string(text));
}

void describe_page(const Page& page, const ListRequest& list, bool with_owner, ObjectBuilder& out) {
  std::vector<Value> contents;
  for (const ListedObject& object : page.objects) {
    ObjectBuilder shown;
    if (object.record.checksum_kind != aws::Checksum::kNone) {
      shown.set("ChecksumAlgorithm",
                Value::array({Value::string(aws::checksum_name(object.record.checksum_kind))}));
      shown.set("ChecksumType",
                Value::string(object.record.checksum_is_composite ? "COMPOSITE" : "FULL_OBJECT"));
    }
    shown.set("ETag", Value::string(quoted_etag(object.record)));
    shown.set("Key", listed_text(object.key, list));
    shown.set("LastModified", Value::number(epoch_seconds(object.record.modified)));
    if (with_owner) {
      shown.set("Owner", std::move(ObjectBuilder().set("ID", Value::string("pawl"))).build());
    }
    shown.set("Size", Value::integer(static_cast<std::int64_t>(object.record.bytes)));
    std::string_view storage_class = "STANDARD";
    for (const auto& [name, value] : object.record.headers) {
      if (name == "StorageClass") storage_class = value;
    }
    shown.set("StorageClass", Value::string(storage_class));
    contents.push_back(std::move(shown).build());
  }
  if (!page.prefixes.empty()) {
    std::vector<Value> prefixes;
    for (const std::string& prefix : page.prefixes) {
      prefixes.push_back(
          std::move(ObjectBuilder().set("Prefix", listed_text(prefix, list))).build());
    }
    out.set("CommonPrefixes", Value::array(std::move(prefixes)));
  }
  if (!contents.empty()) out.set("Contents", Value::array(std::move(contents)));
  if (!list.query.delimiter.empty()) out.set("Delimiter", listed_text(list.query.delimiter, list));
  if (list.url_encoded) out.set("EncodingType", Value::string("url"));
  out.set("IsTruncated", Value::boolean(page.truncated));
  out.set("MaxKeys", Value::integer(list.max_keys));
  out.set("Name", Value::string(list.query.bucket));
  out.set("Prefix", listed_text(list.query.prefix, list));
}

}  // namespace

Answer create_bucket(S3& s3, Request& request) {
  const std::string name(request.text("Bucket"));
  if (!is_bucket_name(name)) {
    return Error{"InvalidBucketName", "The specified bucket is not valid.", 400, {}};
  }
  const std::string& here = s3.ledger().engine().options().region;
  const Value* configuration = request.call.input.find("CreateBucketConfiguration");
  const Value* place =
      configuration == nullptr ? nullptr : configuration->find("LocationConstraint");
  std::string region = here;
  if (place != nullptr && place->is_string() && !place->as_string().empty()) {
    region = place->as_string();
    if (region == "us-east-1") {
      return Error{
          "InvalidLocationConstraint", "The specified location-constraint is not valid", 400, {}};
    }
  }
  bool exists = false;
  if (auto failed = s3.apply(request, [&](Change& change) {
        exists = has_bucket(change, name);
        if (exists) return;
        change.put(keys::bucket(name),
                   encode(BucketRecord{std::chrono::floor<std::chrono::seconds>(s3.ledger().now()),
                                       region}));
      })) {
    return *std::move(failed);
  }
  // In us-east-1 creating one's own bucket again succeeds.
  if (exists && here != "us-east-1") {
    return Error{
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        409,
        {}};
  }
  return std::move(ObjectBuilder().set("Location", Value::string("/" + name))).build();
}

namespace {

std::variant<BucketRecord, Error> find_bucket(S3& s3, std::string_view name) {
  std::optional<BucketRecord> found;
  Status read = s3.ledger().read([&](Change& change) {
    const auto bucket = change.get_remembered(keys::bucket(name), decode_bucket);
    if (bucket != nullptr) found = *bucket;
  });
  if (!read) return aws::store_error(read.error());
  if (!found) return no_such_bucket();
  return *std::move(found);
}

}  // namespace

Answer head_bucket(S3& s3, Request& request) {
  auto found = find_bucket(s3, request.text("Bucket"));
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  return std::move(ObjectBuilder().set("BucketRegion",
                                       Value::string(std::get<BucketRecord>(found).region)))
      .build();
}

// Versions have never been enabled: the answer says nothing.
Answer get_bucket_versioning(S3& s3, Request& request) { return head_bucket(s3, request); }

Answer get_bucket_location(S3& s3, Request& request) {
  auto found = find_bucket(s3, request.text("Bucket"));
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  const std::string& region = std::get<BucketRecord>(found).region;
  ObjectBuilder out;  // us-east-1 is the one without a name
  if (region != "us-east-1") out.set("LocationConstraint", Value::string(region));
  return std::move(out).build();
}

Answer delete_bucket(S3& s3, Request& request) {
  const std::string name(request.text("Bucket"));
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        if (!has_bucket(change, name)) {
          refused = no_such_bucket();
          return;
        }
        // Writers of objects read the bucket's row, so that none is under way unseen.
        for (const std::string& range : {keys::objects(name), keys::uploads(name)}) {
          change.scan(range, runtime::prefix_end(range), [&](std::string_view, std::string_view) {
            refused =
                Error{"BucketNotEmpty", "The bucket you tried to delete is not empty", 409, {}};
            return false;
          });
        }
        if (!refused) change.erase(keys::bucket(name));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  return Value::object({});
}

Answer list_buckets(S3& s3, Request& request) {
  const std::string_view prefix = request.text("Prefix");
  constexpr std::int64_t kBucketsMax = 10'000;
  const std::int64_t max =
      std::clamp(request.number("MaxBuckets").value_or(kBucketsMax), std::int64_t{1}, kBucketsMax);
  std::string from = keys::bucket(prefix);
  const std::string end = runtime::prefix_end(from);
  if (const auto token = aws::from_base64(request.text("ContinuationToken"));
      token && !token->empty()) {
    from = std::max(from, keys::bucket(*token) + '\0');
  }
  std::vector<Value> buckets;
  std::string last;
  bool truncated = false;
  Status read = s3.ledger().read([&](Change& change) {
    change.scan(from, end, [&](std::string_view key, std::string_view row) {
      if (static_cast<std::int64_t>(buckets.size()) >= max) {
        truncated = true;
        return false;
      }
      const Result<BucketRecord> record = decode_bucket(row, key);
      if (!record) {
        change.fail(record.error());
        return false;
      }
      last = key.substr(keys::kBuckets.size());
      ObjectBuilder shown;
      shown.set("CreationDate", Value::number(epoch_seconds(record->created)));
      shown.set("Name", Value::string(last));
      buckets.push_back(std::move(shown).build());
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  out.set("Buckets", Value::array(std::move(buckets)));
  if (truncated) out.set("ContinuationToken", Value::string(aws::to_base64(last)));
  out.set("Owner", std::move(ObjectBuilder().set("ID", Value::string("pawl"))).build());
  if (!prefix.empty()) out.set("Prefix", Value::string(prefix));
  return std::move(out).build();
}

Answer list_objects_v2(S3& s3, Request& request) {
  auto read = read_list(request);
  if (auto* error = std::get_if<Error>(&read)) return std::move(*error);
  auto& list = std::get<ListRequest>(read);
  list.query.after = request.text("StartAfter");
  if (request.has("ContinuationToken")) {
    const auto token = aws::from_base64(request.text("ContinuationToken"));
    if (!token || token->empty()) {
      return invalid_argument("The continuation token provided is incorrect");
    }
    list.query.after = *token;
  }
  auto listed = list_page(s3, list.query);
  if (auto* error = std::get_if<Error>(&listed)) return std::move(*error);
  const Page& page = std::get<Page>(listed);
  ObjectBuilder out;
  describe_page(page, list, request.text("FetchOwner") == "true", out);
  if (request.has("ContinuationToken")) {
    out.set("ContinuationToken", Value::string(request.text("ContinuationToken")));
  }
  out.set("KeyCount",
          Value::integer(static_cast<std::int64_t>(page.objects.size() + page.prefixes.size())));
  if (page.truncated) out.set("NextContinuationToken", Value::string(aws::to_base64(page.last)));
  if (request.has("StartAfter"))
    out.set("StartAfter", listed_text(request.text("StartAfter"), list));
  return std::move(out).build();
}

Answer list_objects(S3& s3, Request& request) {
  auto read = read_list(request);
  if (auto* error = std::get_if<Error>(&read)) return std::move(*error);
  auto& list = std::get<ListRequest>(read);
  list.query.after = request.text("Marker");
  auto listed = list_page(s3, list.query);
  if (auto* error = std::get_if<Error>(&listed)) return std::move(*error);
  const Page& page = std::get<Page>(listed);
  ObjectBuilder out;
  describe_page(page, list, true, out);
  out.set("Marker", listed_text(list.query.after, list));
  if (page.truncated && !list.query.delimiter.empty()) {
    out.set("NextMarker", listed_text(page.last, list));
  }
  return std::move(out).build();
}

}  // namespace pawl::connectors::s3
