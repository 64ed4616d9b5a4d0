#include "connectors/lambda/zip.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace pawl::connectors {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEndMark = 0x06054b50;
constexpr std::uint32_t kEntryMark = 0x02014b50;
constexpr std::uint32_t kLocalMark = 0x04034b50;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kEntryBytes = 46;
constexpr std::size_t kLocalBytes = 30;
constexpr unsigned kStored = 0;
constexpr unsigned kDeflated = 8;

Error invalid(std::string_view what) { return {ErrorCode::kInvalid, std::string(what), ""}; }

// Little-endian numbers of the archive; zero past its end, which the callers' checks refuse.
std::uint32_t number(std::string_view data, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size && at + i < data.size(); ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(data[at + i])) << (8 * i);
  }
  return value;
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.size() > 4096 ||
      path.find('\0') != std::string_view::npos || path.find('\\') != std::string_view::npos) {
    return false;
  }
  for (std::string_view left = path; !left.empty();) {
    const std::size_t slash = left.find('/');
    const std::string_view part = left.substr(0, slash);
    if (part == "." || part == ".." || (part.empty() && slash != std::string_view::npos)) {
      return false;
    }
    if (slash == std::string_view::npos) break;
    left.remove_prefix(slash + 1);
  }
  return true;
}

// Inflates `data`, which must give exactly `size` bytes.
Result<std::string> inflate_entry(std::string_view data, std::size_t size) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return invalid("the archive cannot be inflated");
  std::string out(size + 1, '\0');  // one more, so that too much is noticed
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // zlib only reads
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = inflate(&stream, Z_FINISH);
  const std::size_t written = out.size() - stream.avail_out;
  inflateEnd(&stream);
  if (code != Z_STREAM_END || written != size) return invalid("an entry is damaged");
  out.resize(size);
  return out;
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip(std::string_view archive) {
  if (archive.size() < kEndBytes) return invalid("not a zip archive");
  // The end record is at the end, but for a comment.
  std::size_t end = archive.size() - kEndBytes;
  while (number(archive, end, 4) != kEndMark) {
    if (end == 0 || archive.size() - end > kEndBytes + 0xFFFF) return invalid("not a zip archive");
    --end;
  }
  const std::size_t count = number(archive, end + 10, 2);
  std::size_t at = number(archive, end + 16, 4);
  if (count > kZipEntriesMax) return Error{ErrorCode::kLimit, "too many files", ""};
  std::vector<ZipEntry> entries;
  std::size_t unpacked = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (at + kEntryBytes > end || number(archive, at, 4) != kEntryMark) {
      return invalid("the directory of the archive is damaged");
    }
    const unsigned flags = number(archive, at + 8, 2);
    const unsigned method = number(archive, at + 10, 2);
    const std::uint32_t checksum = number(archive, at + 16, 4);
    const std::size_t packed_bytes = number(archive, at + 20, 4);
    const std::size_t bytes = number(archive, at + 24, 4);
    const std::size_t name_bytes = number(archive, at + 28, 2);
    const std::size_t skipped = number(archive, at + 30, 2) + number(archive, at + 32, 2);
    const std::uint32_t mode = number(archive, at + 38, 4) >> 16U;
    const std::size_t local = number(archive, at + 42, 4);
    if (at + kEntryBytes + name_bytes > end) return invalid("a name is damaged");
    const std::string_view name = archive.substr(at + kEntryBytes, name_bytes);
    at += kEntryBytes + name_bytes + skipped;
    if (name.ends_with('/')) continue;
    if (!is_safe_path(name)) return invalid("a path leaves the function's directory");
    if ((mode & S_IFMT) == S_IFLNK) return invalid("symbolic links are not taken");
    if ((flags & 1U) != 0) return invalid("an entry is encrypted");
    unpacked += bytes;
    if (unpacked > kUnpackedBytesMax) return Error{ErrorCode::kLimit, "unpacked too large", ""};
    if (local + kLocalBytes > archive.size() || number(archive, local, 4) != kLocalMark) {
      return invalid("an entry is damaged");
    }
    const std::size_t data =
        local + kLocalBytes + number(archive, local + 26, 2) + number(archive, local + 28, 2);
    if (data > archive.size() || packed_bytes > archive.size() - data) {
      return invalid("an entry is cut off");
    }
    const std::string_view packed = archive.substr(data, packed_bytes);
    ZipEntry entry;
    entry.path = name;
    entry.executable = (mode & 0111U) != 0;
    if (method == kStored && packed_bytes == bytes) {
      entry.bytes = packed;
    } else if (method == kDeflated) {
      Result<std::string> inflated = inflate_entry(packed, bytes);
      if (!inflated) return std::move(inflated).error();
      entry.bytes = *std::move(inflated);
    } else {
      return invalid("an entry is packed in an unknown way");
    }
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(entry.bytes.data()),
                           static_cast<uInt>(entry.bytes.size()));
    if (sum != checksum) return invalid("a checksum does not fit");
    entries.push_back(std::move(entry));
  }
  return entries;
}

Status unpack(const std::vector<ZipEntry>& entries, const std::string& directory) {
  const auto failure = [](const std::string& path, int number) {
    return Error{ErrorCode::kIo, path + ": " + std::strerror(number), path};
  };
  std::error_code code;
  fs::create_directories(directory, code);
  if (code) return failure(directory, code.value());
  for (const ZipEntry& entry : entries) {
    const fs::path path = fs::path(directory) / entry.path;
    fs::create_directories(path.parent_path(), code);
    if (code) return failure(path.string(), code.value());
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                          entry.executable ? 0700 : 0600);
    if (fd < 0) return failure(path.string(), errno);
    std::string_view left = entry.bytes;
    int failed = 0;
    while (!left.empty() && failed == 0) {
      const ssize_t n = ::write(fd, left.data(), left.size());
      if (n >= 0) {
        left.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno != EINTR) {
        failed = errno;
      }
    }
    if (failed == 0 && ::fsync(fd) != 0) failed = errno;
    ::close(fd);
    if (failed != 0) return failure(path.string(), failed);
  }
  return {};
}

}  // namespace pawl::connectors
