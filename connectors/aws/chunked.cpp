#include "connectors/aws/chunked.h"

#include <algorithm>
#include <charconv>

namespace pawl::connectors::aws {
namespace {

constexpr std::size_t kLineBytesMax = 4096;
constexpr std::size_t kTrailerFieldsMax = 32;

Error invalid(std::string_view what) { return {ErrorCode::kInvalid, std::string(what), ""}; }

}  // namespace

Status ChunkDecoder::feed(std::string_view data,
                          const std::function<Status(std::string_view)>& take) {
  while (!data.empty()) {
    if (state_ == State::kDone) return invalid("something follows the last chunk");
    if (state_ == State::kData) {
      const auto size = static_cast<std::size_t>(std::min(left_, std::uint64_t{data.size()}));
      if (Status taken = take(data.substr(0, size)); !taken) return taken;
      data.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) state_ = State::kDataEnd;
      continue;
    }
    const std::size_t end = data.find('\n');
    line_.append(data.substr(0, end));
    if (line_.size() > kLineBytesMax) return invalid("a line between chunks is too long");
    if (end == std::string_view::npos) return {};
    data.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    const std::string whole = std::exchange(line_, {});
    if (Status read = line(whole); !read) return read;
  }
  return {};
}

Status ChunkDecoder::line(std::string_view line) {
  switch (state_) {
    case State::kSize: {
      const std::string_view digits = line.substr(0, line.find(';'));
      const auto [rest, failed] =
          std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
      if (failed != std::errc() || rest != digits.data() + digits.size() || digits.empty()) {
        return invalid("the size of a chunk is wrong");
      }
      state_ = left_ == 0 ? State::kTrailer : State::kData;
      return {};
    }
    case State::kDataEnd:
      if (!line.empty()) return invalid("a chunk is longer than it says");
      state_ = State::kSize;
      return {};
    case State::kTrailer: {
      if (line.empty()) {
        state_ = State::kDone;
        return {};
      }
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos || trailer_.size() >= kTrailerFieldsMax) {
        return invalid("the trailer is wrong");
      }
      std::string name(line.substr(0, colon));
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      std::string_view value = line.substr(colon + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      while (value.ends_with(' ')) value.remove_suffix(1);
      trailer_.emplace_back(std::move(name), value);
      return {};
    }
    case State::kData:
    case State::kDone:
      break;
  }
  return invalid("a line in a wrong place");
}

}  // namespace pawl::connectors::aws
