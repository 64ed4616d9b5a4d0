// Items of a Map Run: whatever pieces the bytes come in, the same items come out, and each is JSON.
#include "asl/json/reader.h"
#include "base/assert.h"
#include "engine/map_run/item_parser.h"
#include "runtime/compress/decompress.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace pawl::engine;  // NOLINT(google-build-using-namespace)

struct Outcome {
  std::vector<std::string> items;
  bool ok = true;
};

Outcome parse(ItemParser& parser, std::string_view bytes, std::size_t piece) {
  Outcome outcome;
  const ItemSink sink = [&](const RawItem& item) {
    PAWL_ASSERT(pawl::asl::read_json(item.json).has_value());
    outcome.items.push_back(item.key.value_or("") + item.json);
    return outcome.items.size() < 1000;
  };
  for (std::size_t at = 0; at < bytes.size() && outcome.ok; at += piece) {
    outcome.ok = parser.feed(bytes.substr(at, piece), sink).has_value();
  }
  if (outcome.ok) outcome.ok = parser.finish(sink).has_value();
  return outcome;
}

std::unique_ptr<ItemParser> parser_of(std::uint8_t kind) {
  switch (kind % 5) {
    case 0:
      return make_csv_parser({});
    case 1:
      return make_csv_parser({.delimiter = ';', .headers = {{"a", "b"}}});
    case 2:
      return make_json_lines_parser();
    case 3:
      return *make_json_parser("");
    default:
      return *make_json_parser("/a/0");
  }
}

}  // namespace

// The first byte chooses the parser and the size of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = 1 + data[0] / 5;
  const Outcome whole = parse(*parser_of(data[0]), bytes, bytes.size() + 1);
  const Outcome pieces = parse(*parser_of(data[0]), bytes, piece);
  PAWL_ASSERT(whole.ok == pieces.ok);
  PAWL_ASSERT(whole.items == pieces.items);

  pawl::runtime::Decompressor decompressor;
  std::size_t made = 0;
  const auto count = [&](std::string_view out) -> pawl::Status {
    made += out.size();
    if (made < (std::size_t{1} << 24)) return {};
    return pawl::Error{pawl::ErrorCode::kLimit, "enough", ""};
  };
  if (decompressor.feed(bytes, count)) static_cast<void>(decompressor.finish(count));
  return 0;
}
