// Looks at the files of a LevelDB directory and finds what LevelDB would not name, or not see.
//
// LevelDB says "checksum mismatch" without a file. Worse, three kinds of damage pass it in silence
// and take acknowledged commits along: a wrong length field in the last 32 KiB of a log, a run of
// zeros within a log, and a MANIFEST that was cut short. What is checked here, and why it is
// enough, stands beside each check in the .cpp.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::runtime {

class StoreFiles;

// To be called when the directory is locked and before LevelDB reads it: CURRENT, MANIFEST, the
// presence and size of all tables, and the logs, which are read as a whole (as opening does). Costs
// about 1 ms per MiB of log.
//
// Ok: LevelDB may open it, and loses nothing. A last record that was not written to its end is cut
// off first. kCorrupt: damaged; `where` is "FILE" or
// "FILE, offset N". Does nothing when there is no CURRENT.
Status prepare_to_open(StoreFiles& files, const std::string& path);

// Reads everything, tables as well; one Error per damaged file. The store should not be open.
std::vector<Error> find_damage(StoreFiles& files, const std::string& path);

// A damaged table, one that may hold keys of [first, last] before any other; empty when there is
// none. An empty `last` stands for the end of the store. Also while the store is open.
std::string damaged_table(StoreFiles& files, const std::string& path, std::string_view first,
                          std::string_view last);

}  // namespace pawl::runtime
