#include "engine/token.h"

#include <array>

namespace pawl::engine {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kVersion = 1;

// 39 bytes make 52 characters without padding.
std::string to_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) { return static_cast<unsigned char>(bytes[i + j]); };
    const unsigned group = (static_cast<unsigned>(at(0)) << 16U) |
                           (static_cast<unsigned>(at(1)) << 8U) | static_cast<unsigned>(at(2));
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text += kAlphabet[(group >> shift) & 63U];
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    unsigned group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::size_t digit = kAlphabet.find(text[i + j]);
      if (digit == std::string_view::npos) return std::nullopt;
      group = (group << 6U) | static_cast<unsigned>(digit);
    }
    for (const unsigned shift : {16U, 8U, 0U}) {
      bytes += static_cast<char>((group >> shift) & 255U);
    }
  }
  return bytes;
}

}  // namespace

std::string encode_token(const TaskToken& token) {
  PAWL_ASSERT(token.nonce.size() == kNonceBytes);
  runtime::Encoder out;
  out.u8(kVersion);
  out.u8(0).u8(0);  // to a multiple of three
  out.u64(token.execution);
  out.u32(token.branch);
  out.u64(static_cast<std::uint64_t>(token.scheduled_event));
  out.raw(token.nonce);
  return to_base64(out.bytes());
}

std::optional<TaskToken> decode_token(std::string_view text) {
  const std::optional<std::string> bytes = from_base64(text);
  if (!bytes) return std::nullopt;
  runtime::Decoder in(*bytes);
  if (in.u8() != kVersion) return std::nullopt;
  in.u8();
  in.u8();
  TaskToken token;
  token.execution = in.u64();
  token.branch = in.u32();
  token.scheduled_event = static_cast<EventId>(in.u64());
  token.nonce = std::string(in.raw(kNonceBytes));
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return token;
}

bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace pawl::engine
