// The items of an object, whatever pieces its bytes come in.
#include "engine/map_run/item_parser.h"

#include "runtime/compress/decompress.h"
#include "tests/catch.h"

#include <algorithm>
#include <zlib.h>
#include <zstd.h>

namespace pawl::engine {

namespace {

struct Parsed {
  std::vector<std::string> items;
  Status status;
};

std::string shown(const RawItem& item) {
  return item.key ? *item.key + "=" + item.json : item.json;
}

Parsed parse(ItemParser& parser, std::string_view text, std::size_t piece,
             std::size_t most = 1'000) {
  Parsed parsed;
  const ItemSink sink = [&](const RawItem& item) {
    parsed.items.push_back(shown(item));
    return parsed.items.size() < most;
  };
  for (std::size_t at = 0; at < text.size() && parsed.status; at += piece) {
    parsed.status = parser.feed(text.substr(at, piece), sink);
  }
  if (parsed.status) parsed.status = parser.finish(sink);
  return parsed;
}

// The same whole and byte by byte.
template <typename Make>
Parsed parsed(Make make, std::string_view text) {
  const auto whole = make();
  const auto pieces = make();
  Parsed one = parse(*whole, text, std::max<std::size_t>(text.size(), 1));
  const Parsed other = parse(*pieces, text, 1);
  CHECK(one.items == other.items);
  CHECK(one.status.has_value() == other.status.has_value());
  return one;
}

Parsed csv(std::string_view text, CsvOptions options = {}) {
  return parsed([&] { return make_csv_parser(options); }, text);
}

Parsed json(std::string_view text, std::string_view pointer = "") {
  return parsed(
      [&] {
        auto made = make_json_parser(pointer);
        REQUIRE(made.has_value());
        return *std::move(made);
      },
      text);
}

using Items = std::vector<std::string>;

}  // namespace

TEST_CASE("CSV rows are objects of strings, by name", "[engine][map-run][csv]") {
  CHECK(csv("b,a\n1,2\r\n3,4").items == Items{R"({"a":"2","b":"1"})", R"({"a":"4","b":"3"})"});
  CHECK(csv("\xEF\xBB\xBFx\n1\n").items == Items{R"({"x":"1"})"});
  // Recorded: missing cells are empty, surplus ones dropped, blanks are a row, an empty name stays.
  CHECK(csv("H1,\nValue4,Value5,Value6\n,,,\nNull,None,\n   \n").items ==
        Items{R"({"":"Value5","H1":"Value4"})", R"({"":"","H1":""})", R"({"":"None","H1":"Null"})",
              R"({"":"","H1":"   "})"});
  CHECK(csv("v\n\nw\n", {.delimiter = ',', .headers = {{"h"}}}).items ==
        Items{R"({"h":"v"})", R"({"h":"w"})"});
  CHECK(csv("a|b\n1|2\n", {.delimiter = '|', .headers = std::nullopt}).items ==
        Items{R"({"a":"1","b":"2"})"});
}

TEST_CASE("quoted CSV cells hold anything", "[engine][map-run][csv]") {
  CHECK(csv("a,b\n\"x,\"\"y\"\"\nz\",'q'\n").items == Items{R"({"a":"x,\"y\"\nz","b":"'q'"})"});
  CHECK_FALSE(csv("a\n\"open").status);
}

TEST_CASE("CSV that no item can be made of says why", "[engine][map-run][csv]") {
  CHECK(csv("a,b,a\n1,2,3\n").status.error().message == "CSV headers cannot contain duplicates.");
  CHECK(csv("", {.delimiter = ',', .headers = {{"H1", "H1"}}}).status.error().message ==
        "CSV headers cannot contain duplicates.");
  CHECK(csv(std::string(kCsvHeaderBytesMax + 1, 'h') + "\n").status.error().message ==
        "CSV headers cannot exceed 10 KiB.");
  CHECK_FALSE(csv("a\n\xFF\n").status);
  const auto large = make_csv_parser({});
  CHECK_FALSE(parse(*large, "a\n" + std::string(kItemBytesMax + 2, 'x'), 4096).status);
}

TEST_CASE("JSON lines", "[engine][map-run][json]") {
  const auto lines = [](std::string_view text) {
    return parsed([] { return make_json_lines_parser(); }, text);
  };
  CHECK(lines("{\"a\": 1}\n\n 2 \r\n[3]").items == Items{R"({"a":1})", "2", "[3]"});
  CHECK(lines("1\nx\n").status.error().message.starts_with("Line 2 is not valid JSON"));
  CHECK(lines("").items.empty());
}

TEST_CASE("the elements of an array and the members of an object", "[engine][map-run][json]") {
  CHECK(json(R"( [1, "a,]\"" , {"x": [2]}, [], null] )").items ==
        Items{"1", R"("a,]\"")", R"({"x":[2]})", "[]", "null"});
  CHECK(json(R"({"k\n": 1, "l": {"m": 2}})").items == Items{"k\n=1", R"(l={"m":2})"});
  CHECK(json("[]").items.empty());
  CHECK(json("{}").status);
}

TEST_CASE("a pointer leads to the items", "[engine][map-run][json]") {
  const std::string_view document =
      R"({"skip": {"items": [9]}, "a/b": [0, {"items": [1, 2]}], "z": 1})";
  CHECK(json(document, "/a~1b/1/items").items == Items{"1", "2"});
  CHECK(json(document, "/skip").items == Items{"items=[9]"});
  CHECK(json(document, "/z").status.error().message == "Attempting to map over non-iterable node.");
  CHECK_FALSE(json(document, "/none").status);
  CHECK_FALSE(json(document, "/a~1b/7").status);
  CHECK_FALSE(make_json_parser("items").has_value());
  CHECK_FALSE(make_json_parser("/a~2").has_value());
  CHECK_FALSE(make_json_parser("/" + std::string(2'000, 'x')).has_value());
}

TEST_CASE("a document that is no collection, or no JSON", "[engine][map-run][json]") {
  CHECK(json("7").status.error().message == "Attempting to map over non-iterable node.");
  CHECK_FALSE(json("").status);
  CHECK_FALSE(json("[1,").status);
  CHECK_FALSE(json("[1 2]").status);
  CHECK_FALSE(json("[tru]").status);
  CHECK_FALSE(json(R"({"a" 1})").status);
  CHECK_FALSE(json(R"({1: 2})").status);
  CHECK_FALSE(json("[\"" + std::string(kItemBytesMax + 2, 'x') + "\"]").status);
}

TEST_CASE("nothing is read after enough", "[engine][map-run]") {
  const auto parser = *make_json_parser("");
  const Parsed some = parse(*parser, "[1,2,3,oops", 1, 2);
  CHECK(some.items == Items{"1", "2"});
  CHECK(some.status);
}

TEST_CASE("compressed objects are noticed by their first bytes", "[runtime][compress]") {
  const std::string text(200'000, 'a');
  std::string gzip(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(gzip.data());
  stream.avail_out = static_cast<uInt>(gzip.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  gzip.resize(stream.total_out);
  deflateEnd(&stream);
  std::string zstd(ZSTD_compressBound(text.size()), '\0');
  zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), text.data(), text.size(), 3));

  const auto unpacked = [](std::string_view bytes,
                           std::size_t piece) -> std::optional<std::string> {
    runtime::Decompressor decompressor;
    std::string out;
    const auto sink = [&](std::string_view made) {
      CHECK(made.size() <= 64 * 1024);
      out += made;
      return Status();
    };
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      if (!decompressor.feed(bytes.substr(at, piece), sink)) return std::nullopt;
    }
    if (!decompressor.finish(sink)) return std::nullopt;
    return out;
  };
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    CHECK(unpacked(gzip, piece) == text);
    CHECK(unpacked(gzip + gzip, piece) == text + text);
    CHECK(unpacked(zstd, piece) == text);
  }
  CHECK(unpacked("plain", 2) == "plain");
  CHECK(unpacked("", 1) == "");
  CHECK(unpacked("x", 1) == "x");
  CHECK_FALSE(unpacked(gzip.substr(0, gzip.size() / 2), 10));
  CHECK_FALSE(unpacked(zstd.substr(0, zstd.size() / 2), 10));
  CHECK_FALSE(unpacked("\x1F\x8B broken, all of it", 100));
}

}  // namespace pawl::engine
