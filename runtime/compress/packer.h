// Packs short texts that resemble a dictionary: records of a few hundred bytes become a fraction,
// which no compression of a file's blocks can make of them.
//
// An LZ4 block with a prefix that both sides know. Deterministic, bounded, any thread; liblz4 stays
// in here.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::runtime {

class Packer {
 public:
  // What the dictionary says last is found most cheaply. Borrowed; at most 64 KiB of it are used.
  // What was packed with it is unpacked with the same bytes only.
  explicit Packer(std::string_view dictionary);
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  // Appends the packed text; false, and nothing, if that would not be smaller than the text itself.
  bool pack(std::string_view text, std::string& out) const;
  // The text of `size` bytes. kCorrupt: `packed` is not one.
  Result<std::string> unpack(std::string_view packed, std::size_t size) const;

 private:
  struct State;
  std::string_view dictionary_;
  std::unique_ptr<State> state_;
};

}  // namespace pawl::runtime
