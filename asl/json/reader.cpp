#include "asl/json/reader.h"

#include "asl/json/quick_reader.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace pawl::asl {

namespace {

// Receives RapidJSON's events and builds the document bottom-up: open containers wait on a stack
// of marks, finished children on a stack of values.
class Builder {
 public:
  explicit Builder(int max_depth) : max_depth_(max_depth) {}

  bool Null() { return push(Value::null()); }
  bool Bool(bool value) { return push(Value::boolean(value)); }
  bool Int(int value) { return push(Value::integer(value)); }
  bool Uint(unsigned value) { return push(Value::integer(value)); }
  bool Int64(std::int64_t value) { return push(Value::integer(value)); }
  bool Uint64(std::uint64_t value) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return push(value <= kMax ? Value::integer(static_cast<std::int64_t>(value))
                              : Value::number(static_cast<double>(value)));
  }
  bool Double(double value) { return push(Value::number(value)); }
  // The grammar has been checked. RapidJSON's own conversion takes 3e308 for infinity and looks for
  // the leading digit of 0e60.
  bool RawNumber(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    std::optional<Value> number = number_of({text, size});
    too_big_ = !number.has_value();
    return number.has_value() && push(*std::move(number));
  }
  bool String(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    // RapidJSON lets an escaped low surrogate stand alone (\ude00), which is no UTF-8: it would be
    // written and not read again.
    for (const char* at = text;
         (at = static_cast<const char*>(
              std::memchr(at, 0xED, static_cast<std::size_t>(text + size - at)))) != nullptr;
         ++at) {
      if (at + 1 < text + size && static_cast<unsigned char>(at[1]) >= 0xA0) {
        lone_surrogate_ = true;
        return false;
      }
    }
    return push(Value::string({text, size}));
  }
  bool Key(const char* text, rapidjson::SizeType size, bool copy) {
    return String(text, size, copy);
  }
  bool StartObject() { return open(); }
  bool StartArray() { return open(); }

  bool EndObject(rapidjson::SizeType /*count*/) {
    const std::size_t begin = close();
    std::vector<Member> members;
    members.reserve((values_.size() - begin) / 2);
    for (std::size_t i = begin; i < values_.size(); i += 2) {
      members.push_back({std::move(values_[i]), std::move(values_[i + 1])});
    }
    values_.resize(begin);
    return push(Value::object(std::move(members)));
  }

  bool EndArray(rapidjson::SizeType /*count*/) {
    const std::size_t begin = close();
    std::vector<Value> items(std::make_move_iterator(values_.begin() + static_cast<long>(begin)),
                             std::make_move_iterator(values_.end()));
    values_.resize(begin);
    return push(Value::array(std::move(items)));
  }

  bool too_deep() const { return too_deep_; }
  bool too_big() const { return too_big_; }
  bool lone_surrogate() const { return lone_surrogate_; }
  Value take() { return std::move(values_.front()); }

 private:
  bool push(Value value) {
    values_.push_back(std::move(value));
    return true;
  }
  bool open() {
    if (static_cast<int>(marks_.size()) >= max_depth_) {
      too_deep_ = true;
      return false;
    }
    marks_.push_back(values_.size());
    return true;
  }
  std::size_t close() {
    const std::size_t begin = marks_.back();
    marks_.pop_back();
    return begin;
  }

  int max_depth_;
  bool too_deep_ = false;
  bool too_big_ = false;
  bool lone_surrogate_ = false;
  std::vector<std::size_t> marks_;
  std::vector<Value> values_;
};

Error error_at(std::string_view text, std::size_t offset, ErrorCode code, std::string message) {
  const TextPosition position = position_of(text, offset);
  return {code, std::move(message),
          "line " + std::to_string(position.line) + ", column " + std::to_string(position.column) +
              " (offset " + std::to_string(offset) + ")"};
}

}  // namespace

TextPosition position_of(std::string_view text, std::size_t offset) {
  TextPosition position;
  offset = std::min(offset, text.size());
  for (std::size_t i = 0; i < offset; ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else {
      ++position.column;
    }
  }
  return position;
}

Result<Value> read_json(std::string_view text, const ReadOptions& options) {
  if (text.size() > options.max_bytes) {
    return Error{ErrorCode::kLimit,
                 "The JSON text has " + std::to_string(text.size()) + " bytes; at most " +
                     std::to_string(options.max_bytes) + " are allowed.",
                 ""};
  }
  if (std::optional<Value> value = read_well_formed(text, options.max_depth)) {
    return *std::move(value);
  }
  return read_with_rapidjson(text, options);
}

Result<Value> read_with_rapidjson(std::string_view text, const ReadOptions& options) {
  // RapidJSON takes a NUL for the end of the text and skips a byte-order mark, whole or partial.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return error_at(text, nul, ErrorCode::kInvalid, "The JSON text contains a NUL byte.");
  }
  if (!text.empty() && static_cast<unsigned char>(text[0]) == 0xEF) {
    return error_at(text, 0, ErrorCode::kInvalid, "The JSON text begins with a byte-order mark.");
  }
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseValidateEncodingFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Builder builder(options.max_depth);
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
  if (builder.too_deep()) {
    return error_at(
        text, result.Offset(), ErrorCode::kLimit,
        "The JSON text nests deeper than " + std::to_string(options.max_depth) + " levels.");
  }
  if (builder.too_big()) {
    return error_at(text, result.Offset(), ErrorCode::kInvalid,
                    "Number too big to be stored in double.");
  }
  if (builder.lone_surrogate()) {
    return error_at(text, result.Offset(), ErrorCode::kInvalid,
                    "The surrogate pair in string is invalid.");
  }
  if (result.IsError()) {
    return error_at(text, result.Offset(), ErrorCode::kInvalid,
                    rapidjson::GetParseError_En(result.Code()));
  }
  return builder.take();
}

}  // namespace pawl::asl
