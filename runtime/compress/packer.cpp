#include "runtime/compress/packer.h"

#include <lz4.h>

namespace pawl::runtime {

struct Packer::State {
  LZ4_stream_t loaded;  // has seen the dictionary; copied for each text
};

Packer::Packer(std::string_view dictionary)
    : dictionary_(dictionary), state_(std::make_unique<State>()) {
  LZ4_initStream(&state_->loaded, sizeof state_->loaded);
  LZ4_loadDict(&state_->loaded, dictionary_.data(), static_cast<int>(dictionary_.size()));
}

Packer::~Packer() = default;

bool Packer::pack(std::string_view text, std::string& out) const {
  if (text.empty() || text.size() > LZ4_MAX_INPUT_SIZE) return false;
  // 16 KiB, which a fiber's stack has not to spare. Nothing here suspends.
  thread_local LZ4_stream_t stream;
  stream = state_->loaded;
  const std::size_t before = out.size();
  out.resize(before + text.size() - 1);
  // Found by measuring: at 1, the default, its table fills with what the text itself says, and the
  // dictionary's words are lost from it; beyond 4 matches are missed (bench/RESULTS.md).
  constexpr int kAcceleration = 4;
  const int packed = LZ4_compress_fast_continue(&stream, text.data(), out.data() + before,
                                                static_cast<int>(text.size()),
                                                static_cast<int>(text.size()) - 1, kAcceleration);
  out.resize(before + static_cast<std::size_t>(packed));
  return packed > 0;
}

Result<std::string> Packer::unpack(std::string_view packed, std::size_t size) const {
  const Error corrupt{ErrorCode::kCorrupt, "A packed record does not unpack.", ""};
  // A byte of a block stands for 255 at most: damage does not ask for more memory than that.
  constexpr std::size_t kRatioMax = 255;
  if (packed.size() > LZ4_MAX_INPUT_SIZE || size > LZ4_MAX_INPUT_SIZE ||
      size / kRatioMax > packed.size()) {
    return corrupt;
  }
  std::string text(size, '\0');
  const int unpacked = LZ4_decompress_safe_usingDict(
      packed.data(), text.data(), static_cast<int>(packed.size()), static_cast<int>(size),
      dictionary_.data(), static_cast<int>(dictionary_.size()));
  if (unpacked < 0 || static_cast<std::size_t>(unpacked) != size) return corrupt;
  return text;
}

}  // namespace pawl::runtime
