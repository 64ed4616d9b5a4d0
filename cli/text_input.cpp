#include "cli/text_input.h"

#include "asl/json/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

namespace pawl::cli {
namespace {

Error os_error(std::string_view name, int code) {
  return {code == ENOENT || code == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
          fmt::format("{}: {}", name, std::strerror(code)), std::string(name)};
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Result<std::string> read_all(const File& file, std::string_view name) {
  constexpr std::size_t kChunk = std::size_t{64} << 10;
  std::string text;
  while (true) {
    const std::size_t size = text.size();
    text.resize(size + kChunk);
    const ssize_t count = ::read(file.get(), text.data() + size, kChunk);
    if (count < 0 && errno == EINTR) {
      text.resize(size);
      continue;
    }
    if (count < 0) return os_error(name, errno);
    text.resize(size + static_cast<std::size_t>(count));
    if (count == 0) return text;
    if (text.size() > kFileBytesMax) {
      return Error{ErrorCode::kLimit, fmt::format("{}: larger than 64 MiB", name),
                   std::string(name)};
    }
  }
}

// The reader says where as "line L, column C (offset N)".
std::optional<std::size_t> offset_in(std::string_view where) {
  constexpr std::string_view kPrefix = "offset ";
  const std::size_t at = where.find(kPrefix);
  if (at == std::string_view::npos) return std::nullopt;
  where.remove_prefix(at + kPrefix.size());
  std::size_t offset = 0;
  const auto [end, code] = std::from_chars(where.data(), where.data() + where.size(), offset);
  return code == std::errc() && end != where.data() ? std::optional(offset) : std::nullopt;
}

}  // namespace

Result<std::string> read_text(const std::string& path) {
  if (path == "-") return read_all(File(STDIN_FILENO), "standard input");
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return os_error(path, errno);
  return read_all(file, path);
}

Result<std::string> read_json_argument(std::string_view option, const std::string& value) {
  std::string name(option);
  std::string text = value;
  if (value == "-" || value.starts_with('@')) {
    const std::string path = value == "-" ? value : value.substr(1);
    Result<std::string> read = read_text(path);
    if (!read) {
      Error error = std::move(read).error();
      error.message = fmt::format("{}: {}", option, error.message);
      return error;
    }
    text = *std::move(read);
    name = value == "-" ? "standard input" : path;
  }
  if (Status valid = check_json(name, text); !valid) return std::move(valid).error();
  return text;
}

Status check_json(std::string_view name, std::string_view text) {
  const Result<asl::Value> value = asl::read_json(text);
  if (value) return {};
  const Error& error = value.error();
  const std::optional<std::size_t> offset = offset_in(error.where);
  if (!offset) {
    return Error{ErrorCode::kInvalid, fmt::format("{}: {}", name, error.message), error.where};
  }
  const asl::TextPosition position = asl::position_of(text, *offset);
  return Error{ErrorCode::kInvalid,
               fmt::format("{}: line {}, column {}: {}{}", name, position.line, position.column,
                           error.message, excerpt(text, position.line, position.column)),
               error.where};
}

std::string excerpt(std::string_view text, std::size_t line, std::size_t column) {
  constexpr std::size_t kWidth = 100;
  for (std::size_t i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find_first_of("\r\n"));
  if (text.empty()) return "";
  const std::size_t at = std::min(column - 1, text.size());
  const std::size_t from = at > kWidth - 20 ? at - (kWidth - 20) : 0;
  std::string shown(text.substr(from, kWidth));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return fmt::format("\n    {}\n    {}^", shown, std::string(at - from, ' '));
}

Status replace_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  {
    const File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return os_error(fresh, errno);
    while (!text.empty()) {
      const ssize_t written = ::write(file.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return os_error(fresh, errno);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return os_error(fresh, errno);
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return os_error(path, errno);
  return {};
}

}  // namespace pawl::cli
