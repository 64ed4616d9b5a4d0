// The items of a JSON document, found without holding it: values that are no item are skipped byte
// by byte, and only the item under way is kept and parsed.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/map_run/item_parser.h"

#include <utility>

namespace pawl::engine {

namespace {

constexpr std::string_view kNotIterable = "Attempting to map over non-iterable node.";  // recorded
constexpr std::size_t kPointerCharactersMax = 2'000;                                    // AWS

Error invalid(std::string_view text) { return {ErrorCode::kInvalid, std::string(text), ""}; }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Finds the end of one JSON value. It need not be valid: what is kept is parsed afterwards.
class ValueScanner {
 public:
  enum class Step { kInside, kLast, kBehind };  // kBehind: the byte is not part of the value
  Step take(char c) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
        if (depth_ == 0) return Step::kLast;
      }
      return Step::kInside;
    }
    switch (c) {
      case '"':
        in_string_ = true;
        return Step::kInside;
      case '{':
      case '[':
        ++depth_;
        return Step::kInside;
      case '}':
      case ']':
        if (depth_ == 0) return Step::kBehind;
        return --depth_ == 0 ? Step::kLast : Step::kInside;
      case ',':
        return depth_ == 0 ? Step::kBehind : Step::kInside;
      default:
        return depth_ == 0 && is_blank(c) ? Step::kBehind : Step::kInside;
    }
  }

 private:
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

class JsonParser final : public ItemParser {
 public:
  explicit JsonParser(std::vector<std::string> path) : path_(std::move(path)) {}

  Status feed(std::string_view bytes, const ItemSink& sink) override {
    for (std::size_t i = 0; i < bytes.size() && mode_ != Mode::kOver;) {
      bool used = true;
      if (Status taken = take(bytes[i], sink, used); !taken) return taken;
      if (used) ++i;
    }
    return {};
  }

  Status finish(const ItemSink& /*sink*/) override {
    if (mode_ == Mode::kOver) return {};
    if (level_ <= path_.size() && mode_ == Mode::kValue) return invalid(kNotIterable);
    return invalid("The JSON document ends too early.");
  }

 private:
  // Where in the container of the current level.
  enum class Mode {
    kValue,   // a value begins here
    kScan,    // inside a value
    kFirst,   // behind the opening bracket
    kKey,     // inside a member's name
    kColon,   // behind it
    kNext,    // behind a value: a comma or the closing bracket
    kMember,  // behind the comma of an object
    kOver,
  };

  bool at_items() const { return level_ == path_.size() + 1; }

  Status take(char c, const ItemSink& sink, bool& used) {
    switch (mode_) {
      case Mode::kValue:
        if (is_blank(c)) return {};
        return begin_value(c, used);
      case Mode::kScan:
        return scan(c, sink, used);
      case Mode::kFirst:
        if (is_blank(c)) return {};
        if (c == (object_ ? '}' : ']')) return end_container();
        mode_ = object_ ? Mode::kMember : Mode::kValue;
        used = false;
        return {};
      case Mode::kMember:
        if (is_blank(c)) return {};
        if (c != '"') return invalid("The JSON document is not valid: a member's name is missing.");
        text_ = "\"";
        scanner_ = ValueScanner();
        scanner_.take(c);
        mode_ = Mode::kKey;
        return {};
      case Mode::kKey:
        text_ += c;
        if (text_.size() > kItemBytesMax)
          return invalid("A name in the JSON document is too long.");
        if (scanner_.take(c) != ValueScanner::Step::kLast) return {};
        return end_key();
      case Mode::kColon:
        if (is_blank(c)) return {};
        if (c != ':') return invalid("The JSON document is not valid: a colon is missing.");
        mode_ = Mode::kValue;
        return {};
      case Mode::kNext:
        if (is_blank(c)) return {};
        if (c == ',') {
          ++index_;
          mode_ = object_ ? Mode::kMember : Mode::kValue;
          return {};
        }
        if (c == (object_ ? '}' : ']')) return end_container();
        return invalid("The JSON document is not valid: a comma is missing.");
      case Mode::kOver:
        return {};
    }
    return {};
  }

  Status end_key() {
    const Result<asl::Value> key = asl::read_json(text_);
    if (!key || !key->is_string())
      return invalid("The JSON document has a name that is not valid.");
    key_ = key->as_string();
    mode_ = Mode::kColon;
    return {};
  }

  // Whether the value that begins is on the way to the items.
  bool leads_on() const {
    if (level_ == 0) return true;
    if (at_items()) return false;
    const std::string& wanted = path_[level_ - 1];
    return object_ ? key_ == wanted : std::to_string(index_) == wanted;
  }

  Status begin_value(char c, bool& used) {
    if (leads_on()) {
      if (c != '{' && c != '[') return invalid(kNotIterable);
      object_ = c == '{';
      index_ = 0;
      ++level_;
      mode_ = Mode::kFirst;
      return {};
    }
    text_.clear();
    scanner_ = ValueScanner();
    mode_ = Mode::kScan;
    used = false;
    return {};
  }

  Status scan(char c, const ItemSink& sink, bool& used) {
    const ValueScanner::Step step = scanner_.take(c);
    if (step == ValueScanner::Step::kBehind) {
      used = false;
    } else if (at_items()) {
      text_ += c;
      if (text_.size() > kItemBytesMax)
        return invalid("An item of the JSON document is too large.");
    }
    if (step == ValueScanner::Step::kInside) return {};
    mode_ = Mode::kNext;
    if (!at_items()) return {};
    const Result<asl::Value> value = asl::read_json(text_);
    if (!value) {
      return invalid("Item " + std::to_string(index_) +
                     " of the JSON document is not valid: " + value.error().message);
    }
    std::optional<std::string> key;
    if (object_) key = key_;
    if (!sink({std::move(key), asl::to_json(*value)})) mode_ = Mode::kOver;
    return {};
  }

  Status end_container() {
    // On the way to the items there was no such member or element.
    if (!at_items()) return invalid(kNotIterable);
    mode_ = Mode::kOver;  // what follows is not looked at
    return {};
  }

  std::vector<std::string> path_;
  std::size_t level_ = 0;  // containers entered
  bool object_ = false;    // the innermost of them
  std::size_t index_ = 0;
  std::string key_;
  std::string text_;
  ValueScanner scanner_;
  Mode mode_ = Mode::kValue;
};

}  // namespace

Result<std::unique_ptr<ItemParser>> make_json_parser(std::string_view pointer) {
  std::vector<std::string> path;
  if (pointer.size() >= kPointerCharactersMax || (!pointer.empty() && pointer.front() != '/')) {
    return invalid("The ItemsPointer is not a valid JSON pointer.");
  }
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = pointer.find('/');
    std::string token;
    const std::string_view part = pointer.substr(0, end);
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') {
        token += part[i];
      } else if (i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) {
        token += part[++i] == '0' ? '~' : '/';
      } else {
        return invalid("The ItemsPointer is not a valid JSON pointer.");
      }
    }
    path.push_back(std::move(token));
    pointer = end == std::string_view::npos ? std::string_view() : pointer.substr(end);
  }
  return std::unique_ptr<ItemParser>(std::make_unique<JsonParser>(std::move(path)));
}

}  // namespace pawl::engine
