#include "connectors/s3/blobs.h"

#include "runtime/files/blocking.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <stdlib.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace pawl::connectors::s3 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIdDigits = 32;

Error system_failure(const std::string& what, const std::string& path, int number) {
  ErrorCode code = ErrorCode::kIo;
  if (number == ENOENT) code = ErrorCode::kNotFound;
  if (number == ENOSPC || number == EDQUOT) code = ErrorCode::kLimit;
  return {code, what + " " + path + ": " + std::strerror(number), path};
}

// Runs `job`, which answers a Status, on a helper.
Status blocking(const std::function<Status()>& job) {
  Status status;
  if (Status ran = runtime::run_blocking([&] { status = job(); }); !ran) return ran;
  return status;
}

Status sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_failure("opening", path, errno);
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (failed != 0) return system_failure("syncing", path, failed);
  return {};
}

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n =
        ::pread(fd, bytes.data() + have, size - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_failure("reading", "an object", errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

bool is_blob_id(std::string_view id) {
  return id.size() == kIdDigits &&
         id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Blobs::Blobs(std::string directory)
    : directory_(std::move(directory)), temporary_(directory_.empty()) {}

Blobs::~Blobs() {
  if (!temporary_ || !made_) return;
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string Blobs::path_of(const std::string& id) const { return directory_ + "/" + id; }

Status Blobs::make_directory() {
  if (made_) return {};
  Status made = blocking([this]() -> Status {
    if (temporary_) {
      std::string name = (fs::temp_directory_path() / "pawl-objects-XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) {
        return system_failure("making", name, errno);
      }
      directory_ = name;
      return {};
    }
    std::error_code code;
    fs::create_directories(directory_, code);
    if (code) return system_failure("making", directory_, code.value());
    return sync_directory(fs::path(directory_).parent_path().string());
  });
  made_ = made.has_value();
  return made;
}

Result<std::unique_ptr<Blobs::Writer>> Blobs::create(const std::string& id) {
  if (Status made = make_directory(); !made) return std::move(made).error();
  std::unique_ptr<Writer> writer(new Writer(id, path_of(id)));
  Status opened = blocking([&]() -> Status {
    writer->fd_ = ::open(writer->path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (writer->fd_ < 0) return system_failure("making", writer->path_, errno);
    return {};
  });
  if (!opened) return std::move(opened).error();
  return writer;
}

Blobs::Writer::~Writer() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!finished_) runtime::post_blocking([path = path_] { ::unlink(path.c_str()); });
}

Status Blobs::Writer::write(std::string_view bytes) {
  return blocking([&]() -> Status {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_failure("writing", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  });
}

Status Blobs::Writer::finish() {
  return blocking([&]() -> Status {
    if (::fdatasync(fd_) != 0) return system_failure("syncing", path_, errno);
    if (Status synced = sync_directory(fs::path(path_).parent_path().string()); !synced) {
      return synced;
    }
    finished_ = true;
    return {};
  });
}

Blobs::File::~File() { ::close(fd_); }

Result<std::string> Blobs::File::read(std::uint64_t offset, std::size_t size) const {
  Result<std::string> bytes = std::string();
  if (Status ran = runtime::run_blocking([&] { bytes = read_at(fd_, offset, size); }); !ran) {
    return std::move(ran).error();
  }
  return bytes;
}

Result<std::shared_ptr<Blobs::File>> Blobs::open(const std::string& id) const {
  const std::string path = path_of(id);
  int fd = -1;
  Status opened = blocking([&]() -> Status {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return system_failure("opening", path, errno);
    return {};
  });
  if (!opened) return std::move(opened).error();
  return std::make_shared<File>(fd);
}

Result<std::string> Blobs::read(const std::string& id, std::uint64_t offset,
                                std::size_t size) const {
  const Result<std::shared_ptr<File>> file = open(id);
  if (!file) return file.error();
  return (*file)->read(offset, size);
}

void Blobs::remove(const std::string& id) const {
  runtime::post_blocking([path = path_of(id)] { ::unlink(path.c_str()); });
}

Result<std::size_t> Blobs::sweep(const std::function<bool(const std::string& id)>& known) const {
  if (temporary_) return std::size_t{0};
  std::vector<std::string> names;
  Status listed = blocking([&]() -> Status {
    std::error_code code;
    if (!fs::exists(directory_, code)) return {};
    for (fs::directory_iterator entry(directory_, code), end; !code && entry != end;
         entry.increment(code)) {
      std::string name = entry->path().filename().string();
      if (is_blob_id(name)) names.push_back(std::move(name));
    }
    if (code) return system_failure("reading", directory_, code.value());
    return {};
  });
  if (!listed) return std::move(listed).error();
  std::size_t removed = 0;
  for (const std::string& name : names) {
    if (known(name)) continue;
    remove(name);
    ++removed;
  }
  return removed;
}

}  // namespace pawl::connectors::s3
