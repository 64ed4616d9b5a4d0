#include "runtime/aws/ini.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace pawl::runtime::aws {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Result<std::string> read_ini_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int error = errno;
    return Error{error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                 "cannot read the credentials file " + path + ": " + std::strerror(error), path};
  }
  std::string text(kIniBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Error{ErrorCode::kIo, "cannot read the credentials file " + path, path};
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kIniBytesMax) {
    return Error{ErrorCode::kLimit, "the credentials file " + path + " is larger than 1 MiB", path};
  }
  return text;
}

}  // namespace pawl::runtime::aws
