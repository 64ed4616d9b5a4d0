// JSON Lines: every line is an item.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/map_run/item_parser.h"

#include <utility>

namespace pawl::engine {

namespace {

class JsonLinesParser final : public ItemParser {
 public:
  Status feed(std::string_view bytes, const ItemSink& sink) override {
    while (!bytes.empty() && !enough_) {
      const std::size_t end = bytes.find('\n');
      const std::string_view part = bytes.substr(0, end);
      if (line_.size() + part.size() > kItemBytesMax) {
        return Error{ErrorCode::kInvalid, "A line of JSON is too large.", ""};
      }
      line_ += part;
      if (end == std::string_view::npos) return {};
      bytes.remove_prefix(end + 1);
      if (Status taken = take_line(sink); !taken) return taken;
    }
    return {};
  }

  Status finish(const ItemSink& sink) override { return enough_ ? Status() : take_line(sink); }

 private:
  Status take_line(const ItemSink& sink) {
    ++number_;
    const std::string line = std::exchange(line_, {});
    if (line.find_first_not_of(" \t\r") == std::string::npos) return {};
    const Result<asl::Value> value = asl::read_json(line);
    if (!value) {
      return Error{
          ErrorCode::kInvalid,
          "Line " + std::to_string(number_) + " is not valid JSON: " + value.error().message, ""};
    }
    enough_ = !sink({std::nullopt, asl::to_json(*value)});
    return {};
  }

  std::string line_;
  std::size_t number_ = 0;
  bool enough_ = false;
};

}  // namespace

std::unique_ptr<ItemParser> make_json_lines_parser() { return std::make_unique<JsonLinesParser>(); }

}  // namespace pawl::engine
