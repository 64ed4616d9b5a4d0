// CSV as RFC 4180 has it: cells in double quotes may hold delimiters, line breaks and doubled
// quotes.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/map_run/item_parser.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pawl::engine {

namespace {

class CsvParser final : public ItemParser {
 public:
  explicit CsvParser(CsvOptions options) : options_(std::move(options)) {}

  Status feed(std::string_view bytes, const ItemSink& sink) override {
    if (Status begun = begin(); !begun) return begun;
    for (const char c : bytes) {
      if (enough_) return {};
      if (Status taken = take(c, sink); !taken) return taken;
    }
    return {};
  }

  Status finish(const ItemSink& sink) override {
    if (Status begun = begin(); !begun) return begun;
    if (enough_) return {};
    if (place_ == Place::kQuoted) return invalid("A quoted CSV field has no end.");
    return end_row(sink);
  }

 private:
  enum class Place { kStart, kPlain, kQuoted, kQuoteInQuoted };

  static Error invalid(std::string text) { return {ErrorCode::kInvalid, std::move(text), ""}; }

  Status begin() {
    if (std::exchange(begun_, true) || !options_.headers) return {};
    return set_headers(*options_.headers);
  }

  Status set_headers(std::vector<std::string> headers) {
    std::size_t bytes = 0;
    for (const std::string& header : headers) bytes += header.size() + 1;
    if (bytes > kCsvHeaderBytesMax) return invalid("CSV headers cannot exceed 10 KiB.");
    order_.resize(headers.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(),
              [&](std::size_t a, std::size_t b) { return headers[a] < headers[b]; });
    for (std::size_t i = 1; i < order_.size(); ++i) {
      if (headers[order_[i]] == headers[order_[i - 1]]) {
        return invalid("CSV headers cannot contain duplicates.");
      }
    }
    headers_ = std::move(headers);
    has_headers_ = true;
    return {};
  }

  Status take(char c, const ItemSink& sink) {
    if (row_bytes_++ > kItemBytesMax) return invalid("A CSV row is too large.");
    switch (place_) {
      case Place::kQuoted:
        if (c == '"') {
          place_ = Place::kQuoteInQuoted;
        } else {
          cell_ += c;
        }
        return {};
      case Place::kQuoteInQuoted:
        if (c == '"') {
          cell_ += c;
          place_ = Place::kQuoted;
          return {};
        }
        place_ = Place::kPlain;
        break;
      case Place::kStart:
        if (c == '"') {
          place_ = Place::kQuoted;
          return {};
        }
        place_ = Place::kPlain;
        break;
      case Place::kPlain:
        break;
    }
    if (c == options_.delimiter) {
      end_cell();
      return {};
    }
    if (c == '\n') {
      if (!cell_.empty() && cell_.back() == '\r') cell_.pop_back();
      return end_row(sink);
    }
    cell_ += c;
    return {};
  }

  void end_cell() {
    cells_.push_back(std::exchange(cell_, {}));
    place_ = Place::kStart;
  }

  Status end_row(const ItemSink& sink) {
    // A line without a character is no row.
    const bool empty = cells_.empty() && cell_.empty();
    if (!empty) end_cell();
    place_ = Place::kStart;
    row_bytes_ = 0;
    if (empty) return {};
    std::vector<std::string> cells = std::exchange(cells_, {});
    if (!has_headers_) {
      // A byte-order mark is not part of the first name.
      if (cells.front().starts_with("\xEF\xBB\xBF")) cells.front().erase(0, 3);
      return set_headers(std::move(cells));
    }
    std::string json = "{";
    for (const std::size_t column : order_) {
      if (json.size() > 1) json += ',';
      asl::write_json_string(headers_[column], json);
      json += ':';
      asl::write_json_string(column < cells.size() ? cells[column] : std::string(), json);
    }
    json += '}';
    if (!asl::read_json(json)) return invalid("A CSV row is not valid UTF-8.");
    enough_ = !sink({std::nullopt, std::move(json)});
    return {};
  }

  CsvOptions options_;
  bool begun_ = false;
  bool has_headers_ = false;
  bool enough_ = false;
  std::vector<std::string> headers_;
  std::vector<std::size_t> order_;  // columns by name
  std::vector<std::string> cells_;
  std::string cell_;
  std::size_t row_bytes_ = 0;
  Place place_ = Place::kStart;
};

}  // namespace

std::unique_ptr<ItemParser> make_csv_parser(CsvOptions options) {
  return std::make_unique<CsvParser>(std::move(options));
}

}  // namespace pawl::engine
