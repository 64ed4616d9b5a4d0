// Uploads in parts: each part is a body of its own, and completing the upload makes an object of
// them without moving a byte.
#include "connectors/aws/base64.h"
#include "connectors/s3/service.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace pawl::connectors::s3 {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

Error no_such_upload() {
  return {"NoSuchUpload",
          "The specified upload does not exist. The upload ID may be invalid, or the upload may "
          "have been aborted or completed.",
          404,
          {}};
}

// The upload that a request names, or why not. Reads its row within `change`.
std::optional<UploadRecord> find_upload(Change& change, const Request& request,
                                        std::optional<Error>& refused) {
  const std::string_view bucket = request.text("Bucket");
  if (!has_bucket(change, bucket)) {
    refused = no_such_bucket();
    return std::nullopt;
  }
  const std::string key = keys::upload(bucket, request.text("UploadId"));
  const std::optional<std::string> row = change.get(key);
  if (!row) {
    refused = no_such_upload();
    return std::nullopt;
  }
  Result<UploadRecord> record = decode_upload(*row, key);
  if (!record) {
    change.fail(std::move(record).error());
    return std::nullopt;
  }
  if (record->key != request.text("Key")) {
    refused = no_such_upload();
    return std::nullopt;
  }
  return *std::move(record);
}

std::optional<ObjectRecord> read_part(Change& change, std::string_view key, std::string_view row) {
  Result<ObjectRecord> record = decode_object(row, key);
  if (record) return *std::move(record);
  change.fail(std::move(record).error());
  return std::nullopt;
}

std::optional<Error> check_part_number(const Request& request) {
  const auto number = request.number("PartNumber");
  if (number && *number >= 1 && *number <= std::int64_t{kPartsMax}) return std::nullopt;
  return invalid_argument("Part number must be an integer between 1 and 10000, inclusive");
}

// Puts `request.body` in the place of the part.
std::variant<ObjectRecord, Error> write_part(S3& s3, Request& request) {
  ObjectRecord part;
  part.bytes = request.body->segment.bytes;
  part.etag = aws::to_hex(request.body->md5);
  part.modified = std::chrono::floor<std::chrono::seconds>(s3.ledger().now());
  part.segments.push_back(request.body->segment);
  part.checksum_kind = request.body->checksum_kind;
  part.checksum = request.body->checksum;
  const std::string row_key =
      keys::part(request.text("UploadId"),
                 static_cast<std::uint32_t>(request.number("PartNumber").value_or(0)));
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        if (!find_upload(change, request, refused)) return;
        if (const std::optional<std::string> row = change.get(row_key)) {
          const std::optional<ObjectRecord> old = read_part(change, row_key, *row);
          if (!old) return;
          erase_segments(*old, change, s3.blobs());
        }
        request.body->write(change);
        change.put(row_key, encode(part));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  request.body->keep();
  return part;
}

}  // namespace

Answer create_multipart_upload(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  UploadRecord upload;
  upload.key = request.text("Key");
  upload.initiated = std::chrono::floor<std::chrono::seconds>(s3.ledger().now());
  upload.checksum_kind = S3::checksum_of(request.call.input);
  // The rule of the model: CRC64NVME only over the whole, SHA only over parts, CRC32 as asked.
  upload.checksum_is_composite = upload.checksum_kind != aws::Checksum::kCrc64Nvme &&
                                 request.text("ChecksumType") != "FULL_OBJECT";
  if (auto wrong =
          read_attributes(request, "binary/octet-stream", upload.headers, upload.metadata)) {
    return *std::move(wrong);
  }
  if (auto wrong = read_tags(request, upload.tags)) return *std::move(wrong);
  std::string id = s3.ledger().new_id() + s3.ledger().new_id();
  std::erase(id, '-');
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        if (!has_bucket(change, request.text("Bucket"))) {
          refused = no_such_bucket();
          return;
        }
        change.put(keys::upload(request.text("Bucket"), id), encode(upload));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  ObjectBuilder out;
  out.set("Bucket", Value::string(request.text("Bucket")));
  if (upload.checksum_kind != aws::Checksum::kNone) {
    out.set("ChecksumAlgorithm", Value::string(aws::checksum_name(upload.checksum_kind)));
    out.set("ChecksumType",
            Value::string(upload.checksum_is_composite ? "COMPOSITE" : "FULL_OBJECT"));
  }
  out.set("Key", Value::string(upload.key));
  out.set("ServerSideEncryption", Value::string("AES256"));
  out.set("UploadId", Value::string(id));
  return std::move(out).build();
}

Answer upload_part(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  if (auto wrong = check_part_number(request)) return *std::move(wrong);
  if (auto wrong = check_digests(request, *request.body)) return *std::move(wrong);
  auto written = write_part(s3, request);
  if (auto* error = std::get_if<Error>(&written)) return std::move(*error);
  const auto& part = std::get<ObjectRecord>(written);
  ObjectBuilder out;
  if (part.checksum_kind != aws::Checksum::kNone) {
    out.set(fmt::format("Checksum{}", aws::checksum_name(part.checksum_kind)),
            Value::string(aws::to_base64(part.checksum)));
  }
  out.set("ETag", Value::string(quoted_etag(part)));
  out.set("ServerSideEncryption", Value::string("AES256"));
  return std::move(out).build();
}

Answer upload_part_copy(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  if (auto wrong = check_part_number(request)) return *std::move(wrong);
  ObjectRecord source;
  auto copied = copy_source(s3, request, aws::Checksum::kNone, source);
  if (auto* error = std::get_if<Error>(&copied)) return std::move(*error);
  request.body = std::get<std::shared_ptr<StoredBody>>(std::move(copied));
  auto written = write_part(s3, request);
  if (auto* error = std::get_if<Error>(&written)) return std::move(*error);
  const auto& part = std::get<ObjectRecord>(written);
  ObjectBuilder result;
  result.set("ETag", Value::string(quoted_etag(part)));
  result.set("LastModified", Value::number(epoch_seconds(part.modified)));
  ObjectBuilder out;
  out.set("CopyPartResult", std::move(result).build());
  out.set("ServerSideEncryption", Value::string("AES256"));
  return std::move(out).build();
}

namespace {

struct WantedPart {
  std::uint32_t number = 0;
  std::string etag;  // without quotes
};

std::variant<std::vector<WantedPart>, Error> wanted_parts(const Request& request) {
  const Error malformed{"MalformedXML",
                        "The XML you provided was not well-formed or did not validate against our "
                        "published schema",
                        400,
                        {}};
  const Value* upload = request.call.input.find("MultipartUpload");
  const Value* listed = upload == nullptr ? nullptr : upload->find("Parts");
  if (listed == nullptr || !listed->is_array() || listed->size() == 0 ||
      listed->size() > kPartsMax) {
    return malformed;
  }
  std::vector<WantedPart> parts;
  for (const Value& item : listed->items()) {
    const Value* number = item.find("PartNumber");
    const Value* etag = item.find("ETag");
    if (number == nullptr || !number->is_int() || number->as_int() < 1 ||
        number->as_int() > std::int64_t{kPartsMax} || etag == nullptr || !etag->is_string()) {
      return malformed;
    }
    std::string text(etag->as_string());
    std::erase(text, '"');
    parts.push_back({static_cast<std::uint32_t>(number->as_int()), std::move(text)});
    if (parts.size() > 1 && parts[parts.size() - 2].number >= parts.back().number) {
      return Error{"InvalidPartOrder",
                   "The list of parts was not in ascending order. The parts list must be specified "
                   "in order by part number.",
                   400,
                   {}};
    }
  }
  return parts;
}

// Makes one object of the parts. The checksum over the whole of FULL_OBJECT is what the client
// says: the parts are not read again.
ObjectRecord assemble(const UploadRecord& upload, const std::vector<ObjectRecord>& parts,
                      runtime::WallTime now, const Request& request) {
  ObjectRecord object;
  object.modified = std::chrono::floor<std::chrono::seconds>(now);
  object.headers = upload.headers;
  object.tags = upload.tags;
  object.metadata = upload.metadata;
  object.parts = static_cast<std::uint32_t>(parts.size());
  std::string md5s;
  std::string checksums;
  bool all_have_checksums = upload.checksum_kind != aws::Checksum::kNone;
  for (const ObjectRecord& part : parts) {
    object.bytes += part.bytes;
    object.segments.insert(object.segments.end(), part.segments.begin(), part.segments.end());
    for (std::size_t i = 0; i + 1 < part.etag.size(); i += 2) {
      md5s += static_cast<char>(std::stoi(part.etag.substr(i, 2), nullptr, 16));
    }
    checksums += part.checksum;
    all_have_checksums = all_have_checksums && part.checksum_kind == upload.checksum_kind;
  }
  object.etag = fmt::format("{}-{}", aws::to_hex(aws::md5_of(md5s)), parts.size());
  if (!all_have_checksums) return object;
  if (upload.checksum_is_composite) {
    object.checksum_kind = upload.checksum_kind;
    object.checksum = aws::checksum_of(upload.checksum_kind, checksums);
    object.checksum_is_composite = true;
  } else if (const auto said = aws::from_base64(
                 request.text(fmt::format("Checksum{}", aws::checksum_name(upload.checksum_kind))));
             said && !said->empty()) {
    object.checksum_kind = upload.checksum_kind;
    object.checksum = *said;
  }
  return object;
}

}  // namespace

Answer complete_multipart_upload(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  auto wanted = wanted_parts(request);
  if (auto* error = std::get_if<Error>(&wanted)) return std::move(*error);
  const auto& parts = std::get<std::vector<WantedPart>>(wanted);
  const std::string bucket(request.text("Bucket"));
  const std::string upload_id(request.text("UploadId"));
  const std::string row_key = keys::object(bucket, request.text("Key"));
  ObjectRecord object;
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        const std::optional<UploadRecord> upload = find_upload(change, request, refused);
        if (!upload) return;
        std::map<std::string, ObjectRecord> there;
        const std::string range = keys::parts(upload_id);
        change.scan(range, runtime::prefix_end(range),
                    [&](std::string_view key, std::string_view row) {
                      std::optional<ObjectRecord> part = read_part(change, key, row);
                      if (!part) return false;
                      there.emplace(key, *std::move(part));
                      return true;
                    });
        std::vector<ObjectRecord> chosen;
        for (const WantedPart& part : parts) {
          const auto found = there.find(keys::part(upload_id, part.number));
          if (found == there.end() || found->second.etag != part.etag) {
            refused = Error{"InvalidPart",
                            "One or more of the specified parts could not be found.  The part may "
                            "not have been uploaded, or the specified entity tag may not match the "
                            "part's entity tag.",
                            400,
                            {}};
            return;
          }
          chosen.push_back(found->second);
        }
        for (std::size_t i = 0; i + 1 < chosen.size(); ++i) {
          if (chosen[i].bytes >= kPartBytesMin) continue;
          refused = Error{"EntityTooSmall",
                          "Your proposed upload is smaller than the minimum allowed size",
                          400,
                          {}};
          return;
        }
        std::optional<ObjectRecord> current;
        if (const std::optional<std::string> row = change.get(row_key)) {
          current = read_part(change, row_key, *row);
          if (!current) return;
        }
        refused = check_write_conditions(request, current ? &*current : nullptr);
        if (refused) return;
        object = assemble(*upload, chosen, s3.ledger().now(), request);
        if (object.bytes > kObjectBytesMax) {
          refused = Error{"EntityTooLarge",
                          "Your proposed upload exceeds the maximum allowed object size.",
                          400,
                          {}};
          return;
        }
        if (current) erase_segments(*current, change, s3.blobs());
        for (const WantedPart& part : parts) {
          change.erase(keys::part(upload_id, part.number));
          there.erase(keys::part(upload_id, part.number));
        }
        for (const auto& [key, unused] : there) {
          erase_segments(unused, change, s3.blobs());
          change.erase(key);
        }
        change.erase(keys::upload(bucket, upload_id));
        change.put(row_key, encode(object));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  ObjectBuilder out;
  out.set("Bucket", Value::string(bucket));
  describe_checksum(object, out);
  out.set("ETag", Value::string(quoted_etag(object)));
  out.set("Key", Value::string(request.text("Key")));
  out.set("Location", Value::string(fmt::format("http://{}/{}/{}", request.call.host, bucket,
                                                request.text("Key"))));
  out.set("ServerSideEncryption", Value::string("AES256"));
  return std::move(out).build();
}

Answer abort_multipart_upload(S3& s3, Request& request) {
  const std::string upload_id(request.text("UploadId"));
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        if (!find_upload(change, request, refused)) return;
        const std::string range = keys::parts(upload_id);
        std::vector<std::string> erased;
        change.scan(range, runtime::prefix_end(range),
                    [&](std::string_view key, std::string_view row) {
                      const std::optional<ObjectRecord> part = read_part(change, key, row);
                      if (!part) return false;
                      erase_segments(*part, change, s3.blobs());
                      erased.emplace_back(key);
                      return true;
                    });
        for (const std::string& key : erased) change.erase(key);
        change.erase(keys::upload(request.text("Bucket"), upload_id));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  return Value::object({});
}

Answer list_parts(S3& s3, Request& request) {
  const std::string upload_id(request.text("UploadId"));
  const std::int64_t max =
      std::clamp(request.number("MaxParts").value_or(kListMax), std::int64_t{0}, kListMax);
  const std::int64_t after = std::clamp(request.number("PartNumberMarker").value_or(0),
                                        std::int64_t{0}, std::int64_t{kPartsMax});
  std::optional<Error> refused;
  std::vector<Value> parts;
  std::int64_t last = after;
  bool truncated = false;
  Status read = s3.ledger().read([&](Change& change) {
    if (!find_upload(change, request, refused)) return;
    const std::string range = keys::parts(upload_id);
    change.scan(keys::part(upload_id, static_cast<std::uint32_t>(after + 1)),
                runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
                  if (static_cast<std::int64_t>(parts.size()) >= max) {
                    truncated = true;
                    return false;
                  }
                  const std::optional<ObjectRecord> part = read_part(change, key, row);
                  if (!part) return false;
                  runtime::Decoder number(key.substr(range.size()));
                  last = number.u32();
                  ObjectBuilder shown;
                  if (part->checksum_kind != aws::Checksum::kNone) {
                    shown.set(fmt::format("Checksum{}", aws::checksum_name(part->checksum_kind)),
                              Value::string(aws::to_base64(part->checksum)));
                  }
                  shown.set("ETag", Value::string(quoted_etag(*part)));
                  shown.set("LastModified", Value::number(epoch_seconds(part->modified)));
                  shown.set("PartNumber", Value::integer(last));
                  shown.set("Size", Value::integer(static_cast<std::int64_t>(part->bytes)));
                  parts.push_back(std::move(shown).build());
                  return true;
                });
  });
  if (!read) return aws::store_error(read.error());
  if (refused) return *std::move(refused);
  ObjectBuilder out;
  out.set("Bucket", Value::string(request.text("Bucket")));
  out.set("IsTruncated", Value::boolean(truncated));
  out.set("Key", Value::string(request.text("Key")));
  out.set("MaxParts", Value::integer(max));
  if (truncated) out.set("NextPartNumberMarker", Value::integer(last));
  out.set("PartNumberMarker", Value::integer(after));
  if (!parts.empty()) out.set("Parts", Value::array(std::move(parts)));
  out.set("StorageClass", Value::string("STANDARD"));
  out.set("UploadId", Value::string(upload_id));
  return std::move(out).build();
}

Answer list_multipart_uploads(S3& s3, Request& request) {
  const std::string bucket(request.text("Bucket"));
  const std::string_view prefix = request.text("Prefix");
  std::vector<std::pair<std::string, Value>> uploads;
  std::optional<Error> refused;
  bool truncated = false;
  Status read = s3.ledger().read([&](Change& change) {
    if (!has_bucket(change, bucket)) {
      refused = no_such_bucket();
      return;
    }
    const std::string range = keys::uploads(bucket);
    change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
      const Result<UploadRecord> upload = decode_upload(row, key);
      if (!upload) {
        change.fail(upload.error());
        return false;
      }
      if (!upload->key.starts_with(prefix)) return true;
      if (static_cast<std::int64_t>(uploads.size()) >= kListMax) {
        truncated = true;
        return false;
      }
      ObjectBuilder shown;
      shown.set("Initiated", Value::number(epoch_seconds(upload->initiated)));
      shown.set("Key", Value::string(upload->key));
      shown.set("StorageClass", Value::string("STANDARD"));
      shown.set("UploadId", Value::string(key.substr(range.size())));
      uploads.emplace_back(upload->key, std::move(shown).build());
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  if (refused) return *std::move(refused);
  std::stable_sort(uploads.begin(), uploads.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Value> shown;
  for (auto& [key, upload] : uploads) shown.push_back(std::move(upload));
  ObjectBuilder out;
  out.set("Bucket", Value::string(bucket));
  out.set("IsTruncated", Value::boolean(truncated));
  out.set("MaxUploads", Value::integer(kListMax));
  if (!shown.empty()) out.set("Uploads", Value::array(std::move(shown)));
  return std::move(out).build();
}

}  // namespace pawl::connectors::s3
