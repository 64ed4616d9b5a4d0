// Zip archives as Lambda takes them: stored and deflated entries, no encryption, no zip64.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors {

struct ZipEntry {
  std::string path;  // relative, without "." and ".."; directories are left out
  std::string bytes;
  bool executable = false;
};

// AWS: 250 MB unpacked. Entries are our own bound.
inline constexpr std::size_t kUnpackedBytesMax = 262'144'000;
inline constexpr std::size_t kZipEntriesMax = 20'000;

// All files of the archive. kInvalid for what is not one, for paths that leave the directory and
// for symbolic links; kLimit past the bounds, whatever the archive says about its sizes.
Result<std::vector<ZipEntry>> read_zip(std::string_view archive);

// Writes the entries below `directory`, which is made. Blocks on the disk.
Status unpack(const std::vector<ZipEntry>& entries, const std::string& directory);

}  // namespace pawl::connectors
