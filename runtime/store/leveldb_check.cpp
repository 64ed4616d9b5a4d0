#include "runtime/store/leveldb_check.h"

#include "runtime/store/encoding.h"
#include "runtime/store/leveldb_store.h"

#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/table.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace pawl::runtime {
namespace {

using FileNumber = std::uint64_t;

leveldb::Env& env_of(StoreFiles& files) { return *static_cast<leveldb::Env*>(files.leveldb_env()); }

Error damage(std::string message, std::string file) {
  return Error{ErrorCode::kCorrupt, std::move(message), std::move(file)};
}

Error damage_at(std::string message, const std::string& file, std::size_t offset) {
  return damage(std::move(message), file + ", offset " + std::to_string(offset));
}

Result<std::string> read_file(StoreFiles& files, const std::string& file) {
  std::string content;
  const leveldb::Status read = leveldb::ReadFileToString(&env_of(files), file, &content);
  if (read.ok()) return content;
  return read.IsNotFound() ? damage("the file is missing", file)
                           : Error{ErrorCode::kIo, read.ToString(), file};
}

// "000123.log" -> 123 for the ending ".log".
std::optional<FileNumber> file_number(std::string_view name, std::string_view ending) {
  if (!name.ends_with(ending)) return std::nullopt;
  name.remove_suffix(ending.size());
  FileNumber number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.empty() || error != std::errc() || end != name.data() + name.size()) {
    return std::nullopt;
  }
  return number;
}

// Logs --------------------------------------------------------------------------------------------
//
// LevelDB's logs and its MANIFEST have one format (doc/log_format.md): blocks of 32 KiB, each a
// sequence of fragments: masked CRC-32C (4), length (2), type (1), data; all little-endian. The
// checksum covers type and data, not the length.

constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kSectorBytes = 512;  // what a disk writes whole or not at all

enum class Fragment : std::uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

enum class LogEnd { kClean, kUnfinished, kTorn, kDamaged };

struct LogWalk {
  std::vector<std::string> records;  // only if wanted
  LogEnd end = LogEnd::kClean;
  // kUnfinished: the file ends within a record; LevelDB leaves it out. kTorn: the last record is
  // there in size but has sectors of zeros. Both begin at `offset`. kDamaged: something else does
  // not read back at `offset`.
  std::size_t offset = 0;
};

class LogReader {
 public:
  LogReader(std::string_view data, bool keep_records) : data_(data), keep_(keep_records) {}

  LogWalk walk() {
    std::string record;
    bool within = false;  // between a first and a last fragment
    std::size_t begin = 0;
    std::size_t at = 0;
    while (at < data_.size()) {
      const std::size_t block_left = kBlockBytes - at % kBlockBytes;
      if (block_left < kHeaderBytes) {  // the writer fills up with zeros
        at += block_left;
        continue;
      }
      if (!within) begin = at;
      if (data_.size() - at < kHeaderBytes) return unfinished(begin, at);
      const std::size_t size = length(at);
      if (kHeaderBytes + size > block_left) return not_readable(begin, at);
      if (kHeaderBytes + size > data_.size() - at) return unfinished(begin, at);
      if (!intact(at, size)) return not_readable(begin, at);
      const Fragment kind = type(at);
      const bool starts = kind == Fragment::kFull || kind == Fragment::kFirst;
      if (starts == within) return result(LogEnd::kDamaged, at);
      if (keep_) {
        if (starts) record.clear();
        record += data_.substr(at + kHeaderBytes, size);
      }
      within = kind == Fragment::kFirst || kind == Fragment::kMiddle;
      if (!within && keep_) walk_.records.push_back(std::exchange(record, {}));
      at += kHeaderBytes + size;
    }
    return within ? result(LogEnd::kUnfinished, begin) : result(LogEnd::kClean, data_.size());
  }

 private:
  std::size_t byte(std::size_t at) const { return static_cast<unsigned char>(data_[at]); }
  std::size_t length(std::size_t at) const { return byte(at + 4) | byte(at + 5) << 8; }
  Fragment type(std::size_t at) const { return static_cast<Fragment>(byte(at + 6)); }

  // Whether a fragment of `size` bytes at `at` has its checksum; the caller saw that it fits.
  bool intact(std::size_t at, std::size_t size) const {
    const Fragment kind = type(at);
    if (kind < Fragment::kFull || kind > Fragment::kLast) return false;
    const auto stored = static_cast<std::uint32_t>(byte(at) | byte(at + 1) << 8 |
                                                   byte(at + 2) << 16 | byte(at + 3) << 24);
    const std::uint32_t rotated = stored - 0xa282ead8U;  // LevelDB's masking, undone
    return (rotated >> 17 | rotated << 15) == crc32c(data_.substr(at + 6, size + 1));
  }

  LogWalk result(LogEnd end, std::size_t offset) {
    walk_.end = end;
    walk_.offset = offset;
    return std::move(walk_);
  }

  // The fragment at `at` reaches past the end of the file. A writer that died leaves that; so does
  // a damaged length field, and LevelDB takes the one for the other and loses all that follows.
  LogWalk unfinished(std::size_t begin, std::size_t at) {
    const bool whole_but_for_its_length =
        data_.size() - at > kHeaderBytes && intact(at, data_.size() - at - kHeaderBytes);
    if (whole_but_for_its_length || record_follows(at)) return result(LogEnd::kDamaged, at);
    return result(LogEnd::kUnfinished, begin);
  }

  LogWalk not_readable(std::size_t begin, std::size_t at) {
    const bool torn = has_zero_sector(at) && !record_follows(at);
    return torn ? result(LogEnd::kTorn, begin) : result(LogEnd::kDamaged, at);
  }

  // Whether a record begins somewhere behind `at`: then what is at `at` was synced once, since a
  // write begins only after the sync of the one before.
  bool record_follows(std::size_t at) const {
    // Anywhere in this block: without a good length nobody knows where the next fragment is.
    const std::size_t block_end = at - at % kBlockBytes + kBlockBytes;
    for (std::size_t next = at + 1; next < std::min(block_end, data_.size()); ++next) {
      if (record_begins(next)) return true;
    }
    // In later blocks from their beginning on, as far as they are intact.
    for (std::size_t block = block_end; block < data_.size(); block += kBlockBytes) {
      std::size_t next = block;
      while (next + kHeaderBytes <= std::min(block + kBlockBytes, data_.size())) {
        if (record_begins(next)) return true;
        const std::size_t size = length(next);
        const std::size_t end = std::min(block + kBlockBytes, data_.size());
        if (next + kHeaderBytes + size > end || !intact(next, size)) break;
        next += kHeaderBytes + size;
      }
    }
    return false;
  }

  bool record_begins(std::size_t at) const {
    const std::size_t block_left = kBlockBytes - at % kBlockBytes;
    const std::size_t left = std::min(block_left, data_.size() - at);
    if (left < kHeaderBytes || kHeaderBytes + length(at) > left) return false;
    const Fragment kind = type(at);
    if (kind != Fragment::kFull && kind != Fragment::kFirst) return false;
    return intact(at, length(at));
  }

  // Whether the disk left out a sector, or what of the first and last one belongs to the record.
  // (A damaged last record that has such zeros by nature is taken for torn. There is no telling.)
  bool has_zero_sector(std::size_t from) const {
    while (from < data_.size()) {
      const std::size_t to = std::min(from - from % kSectorBytes + kSectorBytes, data_.size());
      const std::string_view part = data_.substr(from, to - from);
      if (part.find_first_not_of('\0') == std::string_view::npos) {
        return true;
      }
      from = to;
    }
    return false;
  }

  std::string_view data_;
  bool keep_;
  LogWalk walk_;
};

// The last log or the MANIFEST, made such that LevelDB reads it to the end of its last whole
// record.
Result<LogWalk> walk_and_mend(StoreFiles& files, const std::string& file, bool keep_records,
                              bool mend) {
  Result<std::string> content = read_file(files, file);
  if (!content) return std::move(content).error();
  LogWalk walk = LogReader(*content, keep_records).walk();
  if (walk.end == LogEnd::kDamaged) {
    return damage_at("a record does not read back", file, walk.offset);
  }
  // An unfinished record would do no harm now, but look like damage once a newer log is there: when
  // the power goes again while LevelDB opens.
  if (walk.end != LogEnd::kClean && mend) {
    if (Status cut = files.truncate(file, walk.offset); !cut) return std::move(cut).error();
  }
  return walk;
}

// MANIFEST ----------------------------------------------------------------------------------------

struct TableFile {
  std::uint64_t bytes = 0;
  std::string smallest;  // user keys
  std::string largest;
};

// What the MANIFEST says the database is made of (version_edit.cc of LevelDB 1.23).
struct Contents {
  FileNumber log = 0;  // the oldest log that still counts; 0 right after the creation
  std::map<FileNumber, TableFile> tables;
};

bool apply_edit(std::string_view edit, Contents& contents) {
  enum Tag : std::uint64_t {
    kComparator = 1,
    kLogNumber = 2,
    kNextFileNumber = 3,
    kLastSequence = 4,
    kCompactPointer = 5,
    kDeletedFile = 6,
    kNewFile = 7,
    kPreviousLogNumber = 9,
  };
  constexpr std::size_t kInternalSuffix = 8;  // sequence and kind behind the user's key
  std::vector<std::pair<FileNumber, TableFile>> added;
  std::vector<FileNumber> removed;
  Decoder fields(edit);
  while (fields.ok() && !fields.at_end()) {
    switch (fields.varint()) {
      case kComparator:
        fields.string();
        break;
      case kLogNumber:
        contents.log = fields.varint();
        break;
      case kNextFileNumber:
      case kLastSequence:
      case kPreviousLogNumber:
        fields.varint();
        break;
      case kCompactPointer:
        fields.varint();
        fields.string();
        break;
      case kDeletedFile:
        fields.varint();
        removed.push_back(fields.varint());
        break;
      case kNewFile: {
        fields.varint();
        const FileNumber number = fields.varint();
        TableFile table;
        table.bytes = fields.varint();
        const std::string_view smallest = fields.string();
        const std::string_view largest = fields.string();
        if (std::min(smallest.size(), largest.size()) < kInternalSuffix) return false;
        table.smallest = smallest.substr(0, smallest.size() - kInternalSuffix);
        table.largest = largest.substr(0, largest.size() - kInternalSuffix);
        added.emplace_back(number, std::move(table));
        break;
      }
      default:
        return false;
    }
  }
  // A table that only moves to the next level is in both lists.
  for (const FileNumber number : removed) contents.tables.erase(number);
  for (auto& [number, table] : added) contents.tables[number] = std::move(table);
  return fields.ok();
}

Result<Contents> read_contents(StoreFiles& files, const std::string& path, bool mend) {
  const std::string current_file = path + "/CURRENT";
  Result<std::string> current = read_file(files, current_file);
  if (!current) return std::move(current).error();
  if (!current->starts_with("MANIFEST-") || !current->ends_with('\n') ||
      !file_number(std::string_view(*current).substr(9), "\n")) {
    return damage("CURRENT does not name a MANIFEST", current_file);
  }
  current->pop_back();
  const std::string manifest = path + "/" + *current;
  Result<LogWalk> walk = walk_and_mend(files, manifest, true, mend);
  if (!walk) return std::move(walk).error();
  Contents contents;
  for (const std::string& edit : walk->records) {
    if (!apply_edit(edit, contents)) return damage("an edit does not read back", manifest);
  }
  if (walk->records.empty()) return damage("the file holds no record", manifest);
  return contents;
}

std::string table_path(StoreFiles& files, const std::string& path, FileNumber number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 6 - std::min<std::size_t>(digits.size(), 6), '0');
  const std::string old_name = path + "/" + digits + ".sst";
  return env_of(files).FileExists(old_name) ? old_name : path + "/" + digits + ".ldb";
}

Status check_table_size(StoreFiles& files, const std::string& file, const TableFile& table) {
  std::uint64_t bytes = 0;
  if (!env_of(files).GetFileSize(file, &bytes).ok()) return damage("the table is missing", file);
  if (bytes == table.bytes) return {};
  return damage(
      "the table has " + std::to_string(bytes) + " bytes instead of " + std::to_string(table.bytes),
      file);
}

Status check_logs(StoreFiles& files, const std::string& path, const Contents& contents, bool mend) {
  std::vector<std::string> names;
  (void)env_of(files).GetChildren(path, &names);  // opening reports an unreadable directory
  std::map<FileNumber, std::string> logs;
  for (const std::string& name : names) {
    const std::optional<FileNumber> number = file_number(name, ".log");
    if (number && *number >= contents.log) logs[*number] = path + "/" + name;
  }
  // The log that the MANIFEST names was made and its name synced before the MANIFEST said so, and
  // it goes only after the MANIFEST names a later one. If it is missing, then either it was taken
  // away, or the MANIFEST has lost its end and with it the table that replaced this log.
  if (contents.log != 0 && !logs.contains(contents.log)) {
    return damage("the log " + std::to_string(contents.log) +
                      " is missing, or the MANIFEST that names it has lost its end",
                  path);
  }
  for (const auto& [number, file] : logs) {
    const bool newest = number == logs.rbegin()->first;
    Result<LogWalk> walk = walk_and_mend(files, file, false, mend && newest);
    if (!walk) return std::move(walk).error();
    // Its last write was synced before the next log began.
    if (!newest && walk->end != LogEnd::kClean) {
      return damage_at("the log ends early", file, walk->offset);
    }
  }
  return {};
}

// Tables ------------------------------------------------------------------------------------------

Status check_table(StoreFiles& files, const std::string& file, const TableFile& expected) {
  if (Status size = check_table_size(files, file, expected); !size) return size;
  leveldb::Options options;
  options.env = &env_of(files);
  options.paranoid_checks = true;
  leveldb::RandomAccessFile* opened = nullptr;
  leveldb::Status status = options.env->NewRandomAccessFile(file, &opened);
  const std::unique_ptr<leveldb::RandomAccessFile> source(opened);
  if (!status.ok()) return Error{ErrorCode::kIo, status.ToString(), file};
  leveldb::Table* made = nullptr;
  status = leveldb::Table::Open(options, source.get(), expected.bytes, &made);
  const std::unique_ptr<leveldb::Table> table(made);
  if (status.ok()) {
    leveldb::ReadOptions read;
    read.verify_checksums = true;
    read.fill_cache = false;
    const std::unique_ptr<leveldb::Iterator> entries(table->NewIterator(read));
    for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    }
    status = entries->status();
  }
  if (status.ok()) return {};
  return damage(status.ToString(), file);
}

}  // namespace

Status prepare_to_open(StoreFiles& files, const std::string& path) {
  if (!env_of(files).FileExists(path + "/CURRENT")) return {};
  Result<Contents> contents = read_contents(files, path, true);
  if (!contents) return std::move(contents).error();
  for (const auto& [number, table] : contents->tables) {
    const std::string file = table_path(files, path, number);
    if (Status size = check_table_size(files, file, table); !size) return size;
  }
  return check_logs(files, path, *contents, true);
}

std::vector<Error> find_damage(StoreFiles& files, const std::string& path) {
  std::vector<Error> found;
  Result<Contents> contents = read_contents(files, path, false);
  if (!contents) return {std::move(contents).error()};
  for (const auto& [number, table] : contents->tables) {
    Status checked = check_table(files, table_path(files, path, number), table);
    if (!checked) found.push_back(std::move(checked).error());
  }
  Status logs = check_logs(files, path, *contents, false);
  if (!logs) found.push_back(std::move(logs).error());
  return found;
}

std::string damaged_table(StoreFiles& files, const std::string& path, std::string_view first,
                          std::string_view last) {
  const Result<Contents> contents = read_contents(files, path, false);
  if (!contents) return contents.error().where;
  for (const auto& [number, table] : contents->tables) {
    if (first > table.largest || (!last.empty() && last < table.smallest)) continue;
    std::string file = table_path(files, path, number);
    if (!check_table(files, file, table)) return file;
  }
  // Finding the ends of a range reads the blocks beside it.
  const bool whole = first.empty() && last.empty();
  return whole ? std::string() : damaged_table(files, path, {}, {});
}

}  // namespace pawl::runtime
