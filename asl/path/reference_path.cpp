#include "asl/path/reference_path.h"

#include "asl/path/escape.h"
#include "asl/path/parser.h"

#include <optional>
#include <string>
#include <utility>

namespace pawl::asl::jsonpath {

namespace {

bool needs_escape_in_reference(char c) {
  return c == '@' || c == ',' || c == ':' || c == '?' || c == '*' || c == ' ' || c == '(' ||
         c == ')' || c == '\'' || c == '"' || c == ']' || c == '[' || c == '.';
}

// Reads `.name` and `[...]` of a Reference Path.
class ReferenceParser {
 public:
  explicit ReferenceParser(std::string_view text) : text_(text) {}

  Result<CompiledPath> parse() {
    CompiledPath path;
    if (text_.empty() || text_[0] != '$') return error("A Reference Path begins with '$'");
    at_ = 1;
    while (at_ < text_.size()) {
      if (path.steps.size() >= kMaxPathSteps) {
        return Error{ErrorCode::kLimit, "The path has too many steps.", ""};
      }
      const char c = text_[at_++];
      std::optional<Step> step;
      if (c == '.') {
        step = read_name();
      } else if (c == '[') {
        step = at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"') ? read_quoted()
                                                                               : read_index();
      }
      if (!step) return error("A Reference Path has only names and single indexes");
      path.steps.push_back(*std::move(step));
    }
    complete(path);
    return path;
  }

 private:
  Error error(const std::string& message) const {
    return {ErrorCode::kInvalid, message, "offset " + std::to_string(at_)};
  }

  std::optional<Step> read_name() {
    std::string name;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '.' || c == '[') break;
      if (c == '\\') {
        if (++at_ == text_.size()) return std::nullopt;
        c = text_[at_];
      } else if (needs_escape_in_reference(c)) {
        return std::nullopt;
      }
      name.push_back(c);
    }
    if (name.empty()) return std::nullopt;
    return Step{NameStep{std::move(name), '\''}};
  }

  std::optional<Step> read_quoted() {
    const char quote = text_[at_++];
    const std::size_t begin = at_;
    bool escaped = false;
    for (; at_ < text_.size() && (escaped || text_[at_] != quote); ++at_) {
      escaped = !escaped && text_[at_] == '\\';
    }
    if (text_.substr(at_, 2) != std::string({quote, ']'})) return std::nullopt;
    std::optional<std::string> name = unescape(text_.substr(begin, at_ - begin));
    if (!name) return std::nullopt;
    at_ += 2;
    return Step{NameStep{*std::move(name), quote}};
  }

  std::optional<Step> read_index() {
    const std::size_t end = text_.find(']', at_);
    if (end == std::string_view::npos || end == at_ || end - at_ > 10) return std::nullopt;
    const bool negative = text_[at_] == '-';
    std::int64_t index = 0;
    for (std::size_t i = at_ + (negative ? 1 : 0); i < end; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return std::nullopt;
      index = index * 10 + (text_[i] - '0');
    }
    if ((negative && end == at_ + 1) || index > 2147483647) return std::nullopt;
    at_ = end + 1;
    return Step{IndexStep{static_cast<std::int32_t>(negative ? -index : index), false}};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<CompiledPath> parse_reference_path(std::string_view text) {
  return ReferenceParser(text).parse();
}

}  // namespace pawl::asl::jsonpath
