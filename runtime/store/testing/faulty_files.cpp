#include "runtime/store/testing/faulty_files.h"

#include <leveldb/env.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <utility>

namespace pawl::runtime {
namespace {

constexpr std::size_t kSectorBytes = 512;

struct File {
  std::string content;
  std::size_t synced_bytes = 0;  // files are only appended to
};

using FileRef = std::shared_ptr<File>;
using Directory = std::map<std::string, FileRef>;

// A change of names that was not synced yet.
struct NameChange {
  std::string from;  // empty: made
  std::string to;    // empty: removed
  FileRef file;
};

void apply_change(const NameChange& change, Directory& directory) {
  if (change.from.empty()) {
    directory[change.to] = change.file;
  } else if (change.to.empty()) {
    directory.erase(change.from);
  } else if (const auto found = directory.find(change.from); found != directory.end()) {
    directory[change.to] = found->second;
    directory.erase(change.from);
  }
}

}  // namespace

struct FaultyFiles::Disk : public leveldb::EnvWrapper {
  Disk() : EnvWrapper(leveldb::Env::Default()) {}

  // Counts a call and says how it fails, if it does. The mutex is held.
  leveldb::Status enter(Call call, const std::string& file) {
    ++counts[static_cast<std::size_t>(call)];
    const std::uint64_t all = ++counts[static_cast<std::size_t>(Call::kAny)];
    if (power_cut_at != 0 && all >= power_cut_at) {
      dead = true;
      return leveldb::Status::IOError(file, "no power");
    }
    const bool counted = fault && (fault->call == call || fault->call == Call::kAny);
    if (counted && counts[static_cast<std::size_t>(fault->call)] >= fault->at) {
      return leveldb::Status::IOError(file, fault->message);
    }
    return leveldb::Status::OK();
  }

  void change_name(NameChange change) {
    apply_change(change, names);
    unsynced_names.push_back(std::move(change));
  }

  void sync_names() {
    for (const NameChange& change : unsynced_names) apply_change(change, synced_names);
    unsynced_names.clear();
  }

  FileRef find(const std::string& file) const {
    const auto found = names.find(file);
    return found == names.end() ? nullptr : found->second;
  }

  class Sequential;
  class RandomAccess;
  class Writable;

  leveldb::Status NewSequentialFile(const std::string& file,
                                    leveldb::SequentialFile** result) override;
  leveldb::Status NewRandomAccessFile(const std::string& file,
                                      leveldb::RandomAccessFile** result) override;
  leveldb::Status NewWritableFile(const std::string& file, leveldb::WritableFile** result) override;
  leveldb::Status NewAppendableFile(const std::string& file,
                                    leveldb::WritableFile** /*result*/) override {
    return leveldb::Status::NotSupported(file, "logs are not reused");
  }
  bool FileExists(const std::string& file) override {
    const std::lock_guard lock(mutex);
    return find(file) != nullptr;
  }
  leveldb::Status GetChildren(const std::string& path, std::vector<std::string>* result) override {
    const std::lock_guard lock(mutex);
    result->clear();
    for (const auto& [file, content] : names) {
      if (file.starts_with(path + "/")) result->push_back(file.substr(path.size() + 1));
    }
    return leveldb::Status::OK();
  }
  leveldb::Status RemoveFile(const std::string& file) override {
    const std::lock_guard lock(mutex);
    if (leveldb::Status entered = enter(Call::kRemove, file); !entered.ok()) return entered;
    if (find(file) == nullptr) return leveldb::Status::NotFound(file, "no such file");
    change_name({file, "", nullptr});
    return leveldb::Status::OK();
  }
  leveldb::Status CreateDir(const std::string& /*path*/) override { return leveldb::Status::OK(); }
  leveldb::Status RemoveDir(const std::string& /*path*/) override { return leveldb::Status::OK(); }
  leveldb::Status GetFileSize(const std::string& file, std::uint64_t* bytes) override {
    const std::lock_guard lock(mutex);
    const FileRef found = find(file);
    *bytes = found == nullptr ? 0 : found->content.size();
    return found != nullptr ? leveldb::Status::OK()
                            : leveldb::Status::NotFound(file, "no such file");
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex);
    if (leveldb::Status entered = enter(Call::kRename, from); !entered.ok()) return entered;
    const FileRef found = find(from);
    if (found == nullptr) return leveldb::Status::NotFound(from, "no such file");
    change_name({from, to, found});
    return leveldb::Status::OK();
  }
  leveldb::Status LockFile(const std::string& file, leveldb::FileLock** result) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;

  struct Fault {
    Call call;
    std::uint64_t at;
    std::string message;
    std::size_t partial_bytes;
  };

  mutable std::mutex mutex;
  Directory names;         // as the program sees them
  Directory synced_names;  // as they are after a power loss, at least
  std::vector<NameChange> unsynced_names;
  std::set<std::string> locks;
  std::array<std::uint64_t, static_cast<std::size_t>(Call::kAny) + 1> counts{};
  std::optional<Fault> fault;
  std::uint64_t power_cut_at = 0;
  bool dead = false;
};

class FaultyFiles::Disk::Sequential : public leveldb::SequentialFile {
 public:
  Sequential(Disk& disk, FileRef file) : disk_(disk), file_(std::move(file)) {}
  leveldb::Status Read(std::size_t size, leveldb::Slice* result, char* scratch) override {
    const std::lock_guard lock(disk_.mutex);
    const std::size_t read = file_->content.copy(scratch, size, at_);
    at_ += read;
    *result = leveldb::Slice(scratch, read);
    return leveldb::Status::OK();
  }
  leveldb::Status Skip(std::uint64_t size) override {
    at_ += static_cast<std::size_t>(size);
    return leveldb::Status::OK();
  }

 private:
  Disk& disk_;
  FileRef file_;
  std::size_t at_ = 0;
};

class FaultyFiles::Disk::RandomAccess : public leveldb::RandomAccessFile {
 public:
  RandomAccess(Disk& disk, FileRef file) : disk_(disk), file_(std::move(file)) {}
  leveldb::Status Read(std::uint64_t offset, std::size_t size, leveldb::Slice* result,
                       char* scratch) const override {
    const std::lock_guard lock(disk_.mutex);
    const auto from = std::min(static_cast<std::size_t>(offset), file_->content.size());
    *result = leveldb::Slice(scratch, file_->content.copy(scratch, size, from));
    return leveldb::Status::OK();
  }

 private:
  Disk& disk_;
  FileRef file_;
};

class FaultyFiles::Disk::Writable : public leveldb::WritableFile {
 public:
  Writable(Disk& disk, std::string name, FileRef file)
      : disk_(disk), name_(std::move(name)), file_(std::move(file)) {}

  leveldb::Status Append(const leveldb::Slice& data) override {
    const std::lock_guard lock(disk_.mutex);
    leveldb::Status entered = disk_.enter(Call::kAppend, name_);
    const std::size_t partial = disk_.fault && !disk_.dead ? disk_.fault->partial_bytes : 0;
    file_->content.append(data.data(), entered.ok() ? data.size() : std::min(partial, data.size()));
    return entered;
  }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Sync() override {
    const std::lock_guard lock(disk_.mutex);
    leveldb::Status entered = disk_.enter(Call::kSync, name_);
    if (!entered.ok()) return entered;
    file_->synced_bytes = file_->content.size();
    // As LevelDB's own file does (env_posix.cc, SyncDirIfManifest).
    if (name_.find("/MANIFEST") != std::string::npos) disk_.sync_names();
    return entered;
  }

 private:
  Disk& disk_;
  std::string name_;
  FileRef file_;
};

leveldb::Status FaultyFiles::Disk::NewSequentialFile(const std::string& file,
                                                     leveldb::SequentialFile** result) {
  const std::lock_guard lock(mutex);
  FileRef found = find(file);
  *result = nullptr;
  if (found == nullptr) return leveldb::Status::NotFound(file, "no such file");
  *result = new Sequential(*this, std::move(found));
  return leveldb::Status::OK();
}

leveldb::Status FaultyFiles::Disk::NewRandomAccessFile(const std::string& file,
                                                       leveldb::RandomAccessFile** result) {
  const std::lock_guard lock(mutex);
  FileRef found = find(file);
  *result = nullptr;
  if (found == nullptr) return leveldb::Status::NotFound(file, "no such file");
  *result = new RandomAccess(*this, std::move(found));
  return leveldb::Status::OK();
}

leveldb::Status FaultyFiles::Disk::NewWritableFile(const std::string& file,
                                                   leveldb::WritableFile** result) {
  const std::lock_guard lock(mutex);
  *result = nullptr;
  if (leveldb::Status entered = enter(Call::kCreate, file); !entered.ok()) return entered;
  FileRef made = std::make_shared<File>();
  change_name({"", file, made});
  *result = new Writable(*this, file, std::move(made));
  return leveldb::Status::OK();
}

namespace {

struct Lock : public leveldb::FileLock {
  explicit Lock(std::string the_name) : name(std::move(the_name)) {}
  std::string name;
};

}  // namespace

leveldb::Status FaultyFiles::Disk::LockFile(const std::string& file, leveldb::FileLock** result) {
  const std::lock_guard lock(mutex);
  *result = nullptr;
  if (!locks.insert(file).second) {
    return leveldb::Status::IOError("lock " + file, "already held by process");
  }
  *result = new Lock(file);
  return leveldb::Status::OK();
}

leveldb::Status FaultyFiles::Disk::UnlockFile(leveldb::FileLock* held) {
  const std::lock_guard lock(mutex);
  const std::unique_ptr<Lock> owned(static_cast<Lock*>(held));
  locks.erase(owned->name);
  return leveldb::Status::OK();
}

FaultyFiles::FaultyFiles() : disk_(std::make_unique<Disk>()) {}
FaultyFiles::~FaultyFiles() = default;

void FaultyFiles::fail(Call call, std::uint64_t nth, std::string message,
                       std::size_t partial_bytes) {
  const std::lock_guard lock(disk_->mutex);
  const std::uint64_t at = disk_->counts[static_cast<std::size_t>(call)] + nth;
  disk_->fault = Disk::Fault{call, at, std::move(message), partial_bytes};
}

void FaultyFiles::heal() {
  const std::lock_guard lock(disk_->mutex);
  disk_->fault.reset();
}

void FaultyFiles::cut_power(std::uint64_t nth) {
  const std::lock_guard lock(disk_->mutex);
  disk_->power_cut_at = disk_->counts[static_cast<std::size_t>(Call::kAny)] + nth;
}

bool FaultyFiles::power_is_cut() const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->dead;
}

void FaultyFiles::restart(std::uint64_t seed, Loss loss) {
  const std::lock_guard lock(disk_->mutex);
  std::mt19937_64 dice(seed);
  const auto draw = [&dice](std::size_t below) { return static_cast<std::size_t>(dice() % below); };

  // Names: a file system with a journal keeps the first few changes, another one any of them.
  const bool in_order = draw(2) == 0;
  const std::size_t kept = draw(disk_->unsynced_names.size() + 1);
  for (std::size_t i = 0; i < disk_->unsynced_names.size(); ++i) {
    if (in_order ? i < kept : draw(2) == 0)
      apply_change(disk_->unsynced_names[i], disk_->synced_names);
  }
  disk_->unsynced_names.clear();

  std::set<File*> seen;
  for (const auto& [name, file] : disk_->synced_names) {
    const std::size_t synced = file->synced_bytes;
    std::string& content = file->content;
    if (!seen.insert(file.get()).second || content.size() == synced) continue;
    switch (draw(loss == Loss::kRubbish ? 5 : 4)) {
      case 0:
        content.resize(synced);
        break;
      case 1:
        content.resize(synced + draw(content.size() - synced + 1));
        break;
      case 2:
        break;
      case 3:
        for (std::size_t at = synced; at < content.size();) {
          const std::size_t end = std::min(at - at % kSectorBytes + kSectorBytes, content.size());
          if (draw(2) == 0) std::fill_n(content.begin() + static_cast<long>(at), end - at, '\0');
          at = end;
        }
        break;
      default:
        for (std::size_t at = synced; at < content.size(); ++at) {
          content[at] = static_cast<char>(draw(256));
        }
    }
    file->synced_bytes = content.size();
  }
  disk_->names = disk_->synced_names;
  disk_->locks.clear();
  disk_->power_cut_at = 0;
  disk_->dead = false;
}

std::uint64_t FaultyFiles::calls(Call call) const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->counts[static_cast<std::size_t>(call)];
}

std::vector<std::string> FaultyFiles::names() const {
  const std::lock_guard lock(disk_->mutex);
  std::vector<std::string> result;
  for (const auto& [name, file] : disk_->names) result.push_back(name);
  return result;
}

std::string FaultyFiles::content(const std::string& file) const {
  const std::lock_guard lock(disk_->mutex);
  const FileRef found = disk_->find(file);
  return found == nullptr ? std::string() : found->content;
}

void FaultyFiles::set_content(const std::string& file, std::string content) {
  const std::lock_guard lock(disk_->mutex);
  FileRef made = std::make_shared<File>();
  made->content = std::move(content);
  made->synced_bytes = made->content.size();
  disk_->change_name({"", file, std::move(made)});
  disk_->sync_names();
}

void FaultyFiles::remove(const std::string& file) {
  const std::lock_guard lock(disk_->mutex);
  disk_->change_name({file, "", nullptr});
  disk_->sync_names();
}

std::unique_ptr<FaultyFiles> FaultyFiles::copy() const {
  const std::lock_guard lock(disk_->mutex);
  auto result = std::make_unique<FaultyFiles>();
  for (const auto& [name, file] : disk_->names) result->set_content(name, file->content);
  return result;
}

void* FaultyFiles::leveldb_env() { return static_cast<leveldb::Env*>(disk_.get()); }

Status FaultyFiles::sync_directory(const std::string& path) {
  const std::lock_guard lock(disk_->mutex);
  if (leveldb::Status entered = disk_->enter(Call::kSync, path); !entered.ok()) {
    return Error{ErrorCode::kIo, entered.ToString(), path};
  }
  disk_->sync_names();
  return {};
}

Status FaultyFiles::truncate(const std::string& file, std::uint64_t bytes) {
  const std::lock_guard lock(disk_->mutex);
  if (leveldb::Status entered = disk_->enter(Call::kSync, file); !entered.ok()) {
    return Error{ErrorCode::kIo, entered.ToString(), file};
  }
  const FileRef found = disk_->find(file);
  PAWL_ASSERT(found != nullptr && bytes <= found->content.size());
  found->content.resize(static_cast<std::size_t>(bytes));
  found->synced_bytes = found->content.size();
  return {};
}

}  // namespace pawl::runtime
