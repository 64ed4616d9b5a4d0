// Values as LevelDB has them: as they are, or packed against words that pawl's records have in
// common (most of a Task's record is the names in its answer's metadata). Packed on the committer's
// thread, unpacked by whoever reads; nothing above the store knows.
//
//   0xF1 · varint size · LZ4 block     packed
//   0xF0 · value                       one that begins with 0xF0 or more itself
//   value                              any other
//
// Drawn in docs/storage.md. Any thread.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace pawl::runtime {

// Shorter values gain too little for the time; longer ones are mostly texts of their own, which the
// store compresses block by block, behind the commit.
inline constexpr std::size_t kPackedValueMin = 256;
inline constexpr std::size_t kPackedValueMax = std::size_t{16} << 10;

// What is stored for `value`: the value itself, or something in `room`, which is overwritten.
std::string_view pack_value(std::string_view value, std::string& room);

// Whether `stored` is not the value itself.
bool is_packed(std::string_view stored);
// The value. kCorrupt, naming `key`: `stored` is none; kUnsupported: a newer pawl packed it.
Result<std::string> unpack_value(std::string_view stored, std::string_view key);

// The dictionary (value_words.cpp).
std::string_view value_words();

}  // namespace pawl::runtime
