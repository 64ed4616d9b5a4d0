#include "service/page_token.h"

#include "runtime/store/encoding.h"

#include <chrono>

namespace pawl::service {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::chrono::hours kLifetime{24};
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64(std::string_view bytes) {
  std::string text;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) text += kAlphabet[(bits >> (held - 6)) & 63U];
  }
  if (held > 0) text += kAlphabet[(bits << (6 - held)) & 63U];
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<unsigned>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>((bits >> held) & 255U);
    }
  }
  return bytes;
}

std::int64_t millis(runtime::WallTime time) { return time.time_since_epoch().count(); }

}  // namespace

std::string make_page_token(std::string_view list, std::string_view cursor, runtime::WallTime now) {
  runtime::Encoder out(kVersion);
  out.u32(runtime::crc32c(list));
  out.u64(static_cast<std::uint64_t>(millis(now)));
  out.string(cursor);
  return to_base64(out.seal());
}

std::optional<std::string> read_page_token(std::string_view token, std::string_view list,
                                           runtime::WallTime now) {
  const std::optional<std::string> bytes = from_base64(token);
  if (!bytes) return std::nullopt;
  const Result<runtime::OpenedRecord> opened = runtime::open_record("token", *bytes, kVersion);
  if (!opened) return std::nullopt;
  runtime::Decoder in(opened->payload);
  const bool same_list = in.u32() == runtime::crc32c(list);
  const auto made = static_cast<std::int64_t>(in.u64());
  std::string cursor(in.string());
  if (!in.finished("token") || !same_list) return std::nullopt;
  const std::chrono::milliseconds age(millis(now) - made);
  if (age > kLifetime) return std::nullopt;
  return cursor;
}

}  // namespace pawl::service
