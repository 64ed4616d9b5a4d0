#include "runtime/compress/decompress.h"

#include <algorithm>
#include <array>
#include <string>
#include <zlib.h>
#include <zstd.h>

namespace pawl::runtime {

namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kMagicBytes = 4;
constexpr int kGzipWindow = 15 + 16;   // zlib: the largest window, gzip framing
constexpr int kZstdWindowLogMax = 27;  // 128 MiB: what zstd itself accepts by default

enum class Format { kUnknown, kPlain, kGzip, kZstd };

Format format_of(std::string_view head) {
  if (head.starts_with("\x1F\x8B")) return Format::kGzip;
  if (head.starts_with("\x28\xB5\x2F\xFD")) return Format::kZstd;
  return Format::kPlain;
}

Error corrupt(std::string text) { return {ErrorCode::kCorrupt, std::move(text), ""}; }

}  // namespace

struct Decompressor::State {
  ~State() {
    if (gzip_open) inflateEnd(&gzip);
    ZSTD_freeDStream(zstd);
  }

  Status open() {
    format = format_of(head);
    if (format == Format::kGzip) {
      if (inflateInit2(&gzip, kGzipWindow) != Z_OK) return corrupt("zlib cannot begin.");
      gzip_open = true;
    } else if (format == Format::kZstd) {
      zstd = ZSTD_createDStream();
      if (zstd == nullptr) return corrupt("zstd cannot begin.");
      ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, kZstdWindowLogMax);
    }
    return {};
  }

  Status pass(std::string_view bytes, const Sink& sink) {
    switch (format) {
      case Format::kGzip:
        return inflate_bytes(bytes, sink);
      case Format::kZstd:
        return zstd_bytes(bytes, sink);
      default:
        return bytes.empty() ? Status() : sink(bytes);
    }
  }

  Status inflate_bytes(std::string_view bytes, const Sink& sink) {
    gzip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads
    gzip.avail_in = static_cast<uInt>(bytes.size());
    while (gzip.avail_in > 0) {
      // A file may be several gzip members, one after another.
      if (ended && inflateReset(&gzip) != Z_OK) return corrupt("The gzip data is damaged.");
      ended = false;
      do {
        gzip.next_out = reinterpret_cast<Bytef*>(out.data());
        gzip.avail_out = static_cast<uInt>(out.size());
        const int status = inflate(&gzip, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
          return corrupt("The gzip data is damaged.");
        }
        const std::size_t made = out.size() - gzip.avail_out;
        if (made > 0) {
          if (Status taken = sink({out.data(), made}); !taken) return taken;
        }
        ended = status == Z_STREAM_END;
      } while (!ended && gzip.avail_out == 0);
    }
    return {};
  }

  Status zstd_bytes(std::string_view bytes, const Sink& sink) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (bool full = false; in.pos < in.size || full;) {
      ZSTD_outBuffer made{out.data(), out.size(), 0};
      const std::size_t left = ZSTD_decompressStream(zstd, &made, &in);
      if (ZSTD_isError(left) != 0) return corrupt("The zstd data is damaged.");
      if (made.pos > 0) {
        if (Status taken = sink({out.data(), made.pos}); !taken) return taken;
      }
      ended = left == 0;
      full = made.pos == made.size && left != 0;
    }
    return {};
  }

  Format format = Format::kUnknown;
  std::string head;  // until the format is known
  z_stream gzip{};
  bool gzip_open = false;
  ZSTD_DStream* zstd = nullptr;
  bool ended = false;
  std::array<char, kPiece> out{};
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;

Status Decompressor::feed(std::string_view bytes, const Sink& sink) {
  State& state = *state_;
  if (state.format != Format::kUnknown) return state.pass(bytes, sink);
  state.head += bytes;
  if (state.head.size() < kMagicBytes) return {};
  if (Status opened = state.open(); !opened) return opened;
  const std::string head = std::move(state.head);
  return state.pass(head, sink);
}

Status Decompressor::finish(const Sink& sink) {
  State& state = *state_;
  if (state.format == Format::kUnknown) {
    if (Status opened = state.open(); !opened) return opened;
    const std::string head = std::move(state.head);
    if (Status passed = state.pass(head, sink); !passed) return passed;
  }
  if (state.format != Format::kPlain && !state.ended) {
    return corrupt("The compressed data is cut off.");
  }
  return {};
}

}  // namespace pawl::runtime
