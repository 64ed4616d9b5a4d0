#include "runtime/store/leveldb_store.h"

#include "runtime/store/encoding.h"
#include "runtime/store/lease_table.h"
#include "runtime/store/leveldb_check.h"
#include "runtime/store/value_packer.h"

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace pawl::runtime {
namespace {

constexpr std::string_view kFormatKey = "!format";
constexpr std::uint8_t kFormatRecordVersion = 1;
constexpr std::string_view kFormatName = "pawl store, format ";
constexpr unsigned kFormat = 1;

// How long reopen() waits for readers that still hold the closed store. Iterators are not held
// across a suspension of a fiber, so that only a long scan takes a while.
constexpr std::chrono::seconds kReaderPatience{5};

leveldb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const leveldb::Slice& text) { return {text.data(), text.size()}; }

class MachineFiles : public StoreFiles {
 public:
  void* leveldb_env() override { return leveldb::Env::Default(); }

  Status sync_directory(const std::string& path) override {
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return finish(directory, directory >= 0 && ::fsync(directory) == 0, path);
  }

  Status truncate(const std::string& file, std::uint64_t bytes) override {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    return finish(descriptor,
                  descriptor >= 0 && ::ftruncate(descriptor, static_cast<off_t>(bytes)) == 0 &&
                      ::fsync(descriptor) == 0,
                  file);
  }

 private:
  static Status finish(int descriptor, bool done, const std::string& path) {
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (done) return {};
    return Error{ErrorCode::kIo, std::generic_category().message(error), path};
  }
};

MachineFiles& machine_files() {
  static MachineFiles files;
  return files;
}

// LevelDB syncs a directory only together with a MANIFEST. A log file that came into being since,
// or the new CURRENT, could be missing after a power loss although what is in them was synced; a
// table, if the record of the MANIFEST that names it reached the disk before the directory did. So
// the directory is synced when a log comes into being, and before a MANIFEST names new tables.
// Also looks the directory over once it is locked.
class CarefulEnv : public leveldb::EnvWrapper {
 public:
  explicit CarefulEnv(StoreFiles& files)
      : EnvWrapper(static_cast<leveldb::Env*>(files.leveldb_env())), files_(files) {}

  leveldb::Status NewWritableFile(const std::string& file,
                                  leveldb::WritableFile** result) override {
    leveldb::Status made = target()->NewWritableFile(file, result);
    if (!made.ok()) return made;
    if (file.ends_with(".ldb")) tables_are_new_ = true;
    if (file.find("/MANIFEST-") != std::string::npos) {
      *result = new Manifest(*this, file, std::unique_ptr<leveldb::WritableFile>(*result));
    }
    if (!file.ends_with(".log")) return made;
    leveldb::Status synced = sync_name(file);
    if (!synced.ok()) {
      delete *result;
      *result = nullptr;
    }
    return synced;
  }

  // The first thing LevelDB does with a directory, and the only moment to look at it: before this
  // another process may be writing there, after it LevelDB begins to change things.
  leveldb::Status LockFile(const std::string& file, leveldb::FileLock** lock) override {
    leveldb::Status locked = target()->LockFile(file, lock);
    if (!locked.ok()) return locked;
    sound_ = prepare_to_open(files_, directory_of(file));
    if (sound_) return locked;
    (void)target()->UnlockFile(*lock);  // the error to report is the other one
    *lock = nullptr;
    return leveldb::Status::Corruption(file, sound_.error().message);
  }

  // What the last LockFile() found.
  const Status& sound() const { return sound_; }
  void forget() { sound_ = {}; }

  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    leveldb::Status renamed = target()->RenameFile(from, to);
    // LOG, LevelDB's own chatter, is renamed as well and not worth a sync.
    return renamed.ok() && to.ends_with("/CURRENT") ? sync_name(to) : renamed;
  }

 private:
  class Manifest : public leveldb::WritableFile {
   public:
    Manifest(CarefulEnv& env, std::string path, std::unique_ptr<leveldb::WritableFile> file)
        : env_(env), path_(std::move(path)), file_(std::move(file)) {}

    leveldb::Status Append(const leveldb::Slice& data) override {
      if (env_.tables_are_new_.exchange(false)) {
        leveldb::Status synced = env_.sync_name(path_);
        if (!synced.ok()) {
          env_.tables_are_new_ = true;
          return synced;
        }
      }
      return file_->Append(data);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override { return file_->Sync(); }

   private:
    CarefulEnv& env_;
    std::string path_;
    std::unique_ptr<leveldb::WritableFile> file_;
  };

  static std::string directory_of(const std::string& file) {
    return file.substr(0, file.rfind('/'));
  }

  leveldb::Status sync_name(const std::string& file) {
    const Status synced = files_.sync_directory(directory_of(file));
    if (synced) return leveldb::Status::OK();
    return leveldb::Status::IOError(synced.error().where, synced.error().message);
  }

  StoreFiles& files_;
  Status sound_;
  std::atomic<bool> tables_are_new_ = false;  // since the directory was synced
};

// LevelDB's log of compactions ("LOG") would be a file that only grows between restarts.
class SilentLogger : public leveldb::Logger {
 public:
  void Logv(const char* /*format*/, std::va_list /*arguments*/) override {}
};

// A database and what must live as long as it. The last holder closes it: the store itself, or an
// iterator that was running when the store closed.
struct Database {
  std::unique_ptr<const leveldb::FilterPolicy> filter;
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<leveldb::DB> db;  // last: it uses the others until it is gone
};

using DatabaseRef = std::shared_ptr<Database>;

// Reads verify what they get: damage has to be an error, not an answer.
leveldb::ReadOptions read_options() {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

class ScanIterator : public Iterator {
 public:
  ScanIterator(DatabaseRef database, StoreFiles& files, const std::string& path,
               std::string_view from, std::string_view to, bool ascending)
      : database_(std::move(database)),
        files_(files),
        path_(path),
        from_(from),
        to_(to),
        ascending_(ascending),
        at_(database_->db->NewIterator(read_options())) {
    if (ascending_) {
      at_->Seek(slice(from_));
    } else if (to_.empty()) {
      at_->SeekToLast();
    } else {
      // To the last key below `to`. A failed Seek is not valid() either, and must not be mistaken
      // for "all keys are below".
      at_->Seek(slice(to_));
      if (at_->Valid()) {
        at_->Prev();
      } else if (at_->status().ok()) {
        at_->SeekToLast();
      }
    }
    sound_ = at_->status().ok();
  }

  bool valid() const override {
    if (!sound_ || !at_->Valid()) return false;
    return ascending_ ? to_.empty() || view(at_->key()) < to_ : view(at_->key()) >= from_;
  }

  void next() override {
    PAWL_ASSERT(valid());
    unpacked_.reset();
    ascending_ ? at_->Next() : at_->Prev();
    // LevelDB steps over a block that does not read back, and tells at the end. Whoever takes the
    // first entry and goes would have a wrong answer.
    sound_ = at_->status().ok();
  }

  std::string_view key() const override { return view(at_->key()); }
  std::string_view value() const override {
    const std::string_view stored = view(at_->value());
    if (!is_packed(stored)) return stored;
    if (!unpacked_) {
      unpacked_ = unpack_value(stored, key());
      if (!*unpacked_ && !damage_) damage_ = unpacked_->error();
    }
    return *unpacked_ ? std::string_view(**unpacked_) : std::string_view();
  }

  Status status() const override {
    if (damage_) return *damage_;
    const leveldb::Status status = at_->status();
    if (status.ok()) return {};
    if (!status.IsCorruption()) {
      return Error{ErrorCode::kIo, "a scan of " + path_ + " ended early: " + status.ToString(),
                   printable_key(from_)};
    }
    std::string file = damaged_table(files_, path_, from_, to_);
    if (file.empty()) file = path_;
    return Error{ErrorCode::kCorrupt,
                 "a scan ended early, damaged: " + file + ": " + status.ToString(),
                 printable_key(from_)};
  }

 private:
  DatabaseRef database_;  // before at_: the iterator goes first
  StoreFiles& files_;
  std::string path_;
  std::string from_;
  std::string to_;
  bool ascending_;
  bool sound_ = true;
  // The value at hand, once somebody asked for it, if it was packed; and why the first did not
  // unpack.
  mutable std::optional<Result<std::string>> unpacked_;
  mutable std::optional<Error> damage_;
  std::unique_ptr<leveldb::Iterator> at_;
};

class FailedIterator : public Iterator {
 public:
  explicit FailedIterator(Error error) : error_(std::move(error)) {}
  bool valid() const override { return false; }
  void next() override { PAWL_ASSERT(false); }
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  Status status() const override { return error_; }

 private:
  Error error_;
};

// Copies changes into LevelDB's form of a batch.
class BatchCopier : public Batch::Visitor {
 public:
  explicit BatchCopier(leveldb::WriteBatch& target) : target_(target) {}
  void on_put(std::string_view key, std::string_view value) override {
    target_.Put(slice(key), slice(pack_value(value, room_)));
  }
  void on_erase(std::string_view key) override { target_.Delete(slice(key)); }

 private:
  leveldb::WriteBatch& target_;
  std::string room_;
};

class LevelDbStore : public Store {
 public:
  explicit LevelDbStore(const LevelDbOptions& options)
      : options_(options),
        files_(options.files != nullptr ? *options.files : machine_files()),
        env_(files_) {}

  LevelDbStore(const LevelDbStore&) = delete;
  LevelDbStore& operator=(const LevelDbStore&) = delete;

  ~LevelDbStore() override {
    close({});
    // env_ and mutex_ must outlive the database; an iterator may still hold it.
    std::unique_lock lock(mutex_);
    database_gone_.wait(lock, [this] { return open_databases_ == 0; });
  }

  Result<std::optional<std::string>> get(std::string_view key) const override {
    const DatabaseRef database = this->database();
    if (database == nullptr) return closed_error();
    std::string value;
    const leveldb::Status status = database->db->Get(read_options(), slice(key), &value);
    if (status.ok()) {
      if (!is_packed(value)) return std::optional(std::move(value));
      Result<std::string> unpacked = unpack_value(value, key);
      if (!unpacked) return std::move(unpacked).error();
      return std::optional(*std::move(unpacked));
    }
    if (status.IsNotFound()) return std::optional<std::string>();
    return read_error(status, key);
  }

  std::unique_ptr<Iterator> scan(std::string_view from, std::string_view to) const override {
    return make_scan(from, to, true);
  }

  std::unique_ptr<Iterator> scan_back(std::string_view from, std::string_view to) const override {
    return make_scan(from, to, false);
  }

  Result<Lease> lease(ShardNumber shard) override {
    const std::lock_guard lock(write_mutex_);
    const Lease lease{shard, leases_.epoch(shard) + 1};
    Batch batch;
    batch.put(lease_key(shard), encode_lease(lease.epoch));
    if (Status written = write_locked(batch); !written) return std::move(written).error();
    leases_.set(lease);
    return lease;
  }

  Status write(const Batch& batch) override { return write_under(batch, {}); }

  Status write_under(const Batch& batch, std::span<const Lease> leases) override {
    const std::lock_guard lock(write_mutex_);
    if (Status held = leases_.check(leases); !held) return held;
    return write_locked(batch);
  }

  Status reopen() override {
    const std::lock_guard lock(write_mutex_);
    return open(false);
  }

  bool holds(const Lease& lease) const override { return leases_.holds(lease); }

  std::uint64_t approximate_bytes() const override {
    std::vector<std::string> names;
    if (!env_.target()->GetChildren(options_.path, &names).ok()) return 0;
    std::uint64_t total = 0;
    for (const std::string& name : names) {
      std::uint64_t bytes = 0;
      if (env_.target()->GetFileSize(options_.path + "/" + name, &bytes).ok()) total += bytes;
    }
    return total;
  }

  std::string describe() const override { return "leveldb " + options_.path; }

  // Opens the database if it is closed. `create`: may make one where nothing is.
  Status open(bool create);

 private:
  DatabaseRef database() const {
    const std::lock_guard lock(mutex_);
    return database_;
  }

  std::unique_ptr<Iterator> make_scan(std::string_view from, std::string_view to,
                                      bool ascending) const {
    DatabaseRef database = this->database();
    if (database == nullptr) return std::make_unique<FailedIterator>(closed_error());
    return std::make_unique<ScanIterator>(std::move(database), files_, options_.path, from, to,
                                          ascending);
  }

  Error read_error(const leveldb::Status& status, std::string_view key) const {
    if (!status.IsCorruption()) {
      return Error{ErrorCode::kIo,
                   "reading from " + options_.path + " failed: " + status.ToString(),
                   printable_key(key)};
    }
    std::string file = damaged_table(files_, options_.path, key, key);
    if (file.empty()) file = options_.path;
    return Error{ErrorCode::kCorrupt, "damaged: " + file + ": " + status.ToString(),
                 printable_key(key)};
  }

  Status write_locked(const Batch& batch);
  void close(std::string reason);
  Error closed_error() const;

  Status look_at_directory(bool create) const;
  Result<std::unique_ptr<Database>> open_database(bool create);
  Error describe_open_failure(const leveldb::Status& status) const;
  Error name_damage(const Error& error) const;
  Error refused(const Error& damage) const;
  static Status check_format(leveldb::DB& db, const std::string& path, bool create);

  const LevelDbOptions options_;
  StoreFiles& files_;
  CarefulEnv env_;
  SilentLogger logger_;
  LeaseTable leases_;

  std::mutex write_mutex_;  // before mutex_ where both are taken
  leveldb::WriteBatch write_batch_;

  mutable std::mutex mutex_;
  std::condition_variable database_gone_;
  DatabaseRef database_;    // null while closed
  int open_databases_ = 0;  // this one, and closed ones that an iterator holds
  std::string close_reason_;
};

Status LevelDbStore::write_locked(const Batch& batch) {
  const DatabaseRef database = this->database();
  if (database == nullptr) return closed_error();
  write_batch_.Clear();
  BatchCopier copier(write_batch_);
  batch.visit(copier);
  leveldb::WriteOptions options;
  options.sync = true;
  const leveldb::Status status = database->db->Write(options, &write_batch_);
  if (status.ok()) return {};
  // The log may now end in half a record. LevelDB would append behind it, acknowledge that, and
  // drop it when the log is read again: so there is no next append. (LevelDB 1.23, db_impl.cc,
  // Write: only a failed sync stops the database, a failed append does not.)
  close(status.ToString());
  return Error{ErrorCode::kIo, "writing to " + options_.path + " failed: " + status.ToString(),
               options_.path};
}

void LevelDbStore::close(std::string reason) {
  DatabaseRef database;
  {
    const std::lock_guard lock(mutex_);
    database = std::exchange(database_, nullptr);
    close_reason_ = std::move(reason);
  }
  // Here the database goes, outside the lock that readers take, unless one of them is last.
}

Error LevelDbStore::closed_error() const {
  const std::lock_guard lock(mutex_);
  return Error{ErrorCode::kUnavailable, "the store is closed after an error: " + close_reason_,
               options_.path};
}

Status LevelDbStore::open(bool create) {
  {
    std::unique_lock lock(mutex_);
    if (database_ != nullptr) return {};
    // LevelDB locks the directory until the old database is gone.
    const bool gone =
        database_gone_.wait_for(lock, kReaderPatience, [this] { return open_databases_ == 0; });
    if (!gone) {
      return Error{ErrorCode::kUnavailable, "a reader still holds the closed store", options_.path};
    }
  }
  Result<std::unique_ptr<Database>> opened = open_database(create);
  if (!opened) return std::move(opened).error();

  const DatabaseRef database(opened->release(), [this](Database* gone) {
    delete gone;
    // Under the lock: once the destructor of the store sees zero, the condition is no more.
    const std::lock_guard lock(mutex_);
    --open_databases_;
    database_gone_.notify_all();
  });
  {
    const std::lock_guard lock(mutex_);
    ++open_databases_;
  }
  // From the disk, not from memory: the write of a lease that reported an error may be there.
  if (Status loaded = leases_.load(std::make_unique<ScanIterator>(
          database, files_, options_.path, std::string(1, kLeaseKind),
          std::string(1, kLeaseKind + 1), true));
      !loaded) {
    return name_damage(loaded.error());
  }
  const std::lock_guard lock(mutex_);
  database_ = database;
  close_reason_.clear();
  return {};
}

// Whether the directory may be opened at all. LevelDB would create a database among foreign files,
// and start an empty one (deleting the tables) when only CURRENT has gone.
Status LevelDbStore::look_at_directory(bool create) const {
  std::vector<std::string> names;
  const bool exists = env_.target()->GetChildren(options_.path, &names).ok();
  bool current = false;
  bool data = false;
  std::string foreign;
  for (const std::string& name : names) {
    if (name == "." || name == ".." || name == "LOCK" || name == "LOG" || name == "LOG.old") {
      continue;
    }
    // What a creation that was interrupted leaves behind; nothing was acknowledged yet.
    if (name == "MANIFEST-000001" || name.ends_with(".dbtmp")) continue;
    if (name == "CURRENT") {
      current = true;
    } else if (name.ends_with(".log") || name.ends_with(".ldb") || name.ends_with(".sst") ||
               name.starts_with("MANIFEST-")) {
      data = true;
    } else {
      foreign = name;
    }
  }
  if (current) return {};
  if (data) {
    return Error{ErrorCode::kCorrupt,
                 "the store in " + options_.path +
                     " has lost its file CURRENT; restore the directory from a backup",
                 options_.path + "/CURRENT"};
  }
  if (!foreign.empty()) {
    return Error{ErrorCode::kInvalid,
                 "the directory " + options_.path + " holds other files (" + foreign +
                     ") and no store; name an empty one",
                 options_.path};
  }
  if (!create) {
    return Error{ErrorCode::kNotFound,
                 "there is no store in " + options_.path + (exists ? "" : " (no such directory)"),
                 options_.path};
  }
  return {};
}

Result<std::unique_ptr<Database>> LevelDbStore::open_database(bool create) {
  if (Status usable = look_at_directory(create); !usable) return std::move(usable).error();
  auto database = std::make_unique<Database>();
  leveldb::Options options;
  options.env = &env_;
  options.info_log = &logger_;
  options.create_if_missing = create;
  // A damaged record stops the opening. Without this LevelDB skips it and what follows in its log.
  options.paranoid_checks = true;
  // A log is never appended to after it was read: new records behind a torn tail are lost with it
  // (LevelDB pull request 1336). Reading writes its records into a synced table instead, so that
  // what only the page cache still had after a failed sync is on the disk after reopen().
  options.reuse_logs = false;
  options.write_buffer_size = options_.write_buffer_bytes;
  options.max_file_size = options_.table_bytes;
  options.compression =
      options_.compression ? leveldb::kSnappyCompression : leveldb::kNoCompression;
  database->cache.reset(leveldb::NewLRUCache(options_.block_cache_bytes));
  options.block_cache = database->cache.get();
  if (options_.bloom_bits > 0) {
    database->filter.reset(leveldb::NewBloomFilterPolicy(options_.bloom_bits));
    options.filter_policy = database->filter.get();
  }
  leveldb::DB* db = nullptr;
  env_.forget();
  const leveldb::Status status = leveldb::DB::Open(options, options_.path, &db);
  if (!env_.sound()) return refused(env_.sound().error());
  if (!status.ok()) return describe_open_failure(status);
  database->db.reset(db);
  if (Status known = check_format(*db, options_.path, create); !known) {
    return name_damage(known.error());
  }
  return database;
}

Error LevelDbStore::describe_open_failure(const leveldb::Status& status) const {
  const std::string text = status.ToString();
  if (text.find("lock " + options_.path) != std::string::npos) {
    return Error{ErrorCode::kUnavailable,
                 "the store in " + options_.path + " is in use by another pawl", options_.path};
  }
  return name_damage(Error{status.IsCorruption() ? ErrorCode::kCorrupt : ErrorCode::kIo,
                           "the store in " + options_.path + " cannot be opened: " + text,
                           options_.path});
}

// `error`, or if it is about damage, one that says where that is.
Error LevelDbStore::name_damage(const Error& error) const {
  if (error.code != ErrorCode::kCorrupt) return error;
  const std::vector<Error> damage = find_damage(files_, options_.path);
  return damage.empty() ? error : refused(damage.front());
}

Error LevelDbStore::refused(const Error& damage) const {
  if (damage.code != ErrorCode::kCorrupt) return damage;
  return Error{ErrorCode::kCorrupt,
               "the store in " + options_.path +
                   " is damaged and was not opened: " + damage.message + " (" + damage.where +
                   "). Nothing was changed. `pawl check` lists all of it; restore a backup",
               damage.where};
}

Status LevelDbStore::check_format(leveldb::DB& db, const std::string& path, bool create) {
  std::string record;
  const leveldb::Status read = db.Get(read_options(), slice(kFormatKey), &record);
  if (read.IsNotFound()) {
    const std::unique_ptr<leveldb::Iterator> first(db.NewIterator(read_options()));
    first->SeekToFirst();
    if (first->Valid() || !create) {
      return Error{ErrorCode::kInvalid,
                   "the LevelDB database in " + path + " is not a store of pawl", path};
    }
    leveldb::WriteOptions options;
    options.sync = true;
    const std::string format = std::string(kFormatName) + std::to_string(kFormat);
    const leveldb::Status written =
        db.Put(options, slice(kFormatKey), slice(seal_record(kFormatRecordVersion, format)));
    if (written.ok()) return {};
    return Error{ErrorCode::kIo, "writing to " + path + " failed: " + written.ToString(), path};
  }
  if (!read.ok()) {
    return Error{read.IsCorruption() ? ErrorCode::kCorrupt : ErrorCode::kIo,
                 "reading from " + path + " failed: " + read.ToString(), path};
  }
  Result<OpenedRecord> opened = open_record(kFormatKey, record, 0xff);
  if (!opened) return std::move(opened).error();
  unsigned format = 0;
  std::string_view text = opened->payload;
  if (text.starts_with(kFormatName)) {
    text.remove_prefix(kFormatName.size());
    std::from_chars(text.data(), text.data() + text.size(), format);
  }
  if (format == 0) {
    return Error{ErrorCode::kInvalid, "the database in " + path + " is not a store of pawl", path};
  }
  if (format > kFormat) {
    return Error{ErrorCode::kUnsupported,
                 "the store in " + path + " has format " + std::to_string(format) +
                     ", this pawl knows up to " + std::to_string(kFormat) +
                     "; open it with the pawl that made it",
                 path};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_leveldb(const LevelDbOptions& options) {
  auto store = std::make_unique<LevelDbStore>(options);
  if (Status opened = store->open(options.create_if_missing); !opened) {
    return std::move(opened).error();
  }
  return std::unique_ptr<Store>(std::move(store));
}

bool leveldb_in_use(const std::string& path) {
  const int lock = ::open((path + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (lock < 0) return false;
  struct flock held = {};
  held.l_type = F_WRLCK;  // of the whole file, as LevelDB takes it
  held.l_whence = SEEK_SET;
  const bool in_use = ::fcntl(lock, F_GETLK, &held) == 0 && held.l_type != F_UNLCK;
  ::close(lock);
  return in_use;
}

std::vector<Error> check_leveldb(const std::string& path, StoreFiles* files) {
  return find_damage(files != nullptr ? *files : machine_files(), path);
}

}  // namespace pawl::runtime
