#include "asl/intrinsics/call.h"
#include "asl/json/reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace pawl::asl::intrinsics {

namespace {

struct Signature {
  std::string_view name;
  Function function;
  std::size_t least;
  std::size_t most;
};
constexpr std::array<Signature, 18> kSignatures = {{
    {"States.Format", Function::kFormat, 1, kMaxArguments},
    {"States.StringToJson", Function::kStringToJson, 1, 1},
    {"States.JsonToString", Function::kJsonToString, 1, 1},
    {"States.Array", Function::kArray, 0, kMaxArguments},
    {"States.ArrayPartition", Function::kArrayPartition, 2, 2},
    {"States.ArrayContains", Function::kArrayContains, 2, 2},
    {"States.ArrayRange", Function::kArrayRange, 3, 3},
    {"States.ArrayGetItem", Function::kArrayGetItem, 2, 2},
    {"States.ArrayLength", Function::kArrayLength, 1, 1},
    {"States.ArrayUnique", Function::kArrayUnique, 1, 1},
    {"States.Base64Encode", Function::kBase64Encode, 1, 1},
    {"States.Base64Decode", Function::kBase64Decode, 1, 1},
    {"States.Hash", Function::kHash, 2, 2},
    {"States.JsonMerge", Function::kJsonMerge, 3, 3},
    {"States.MathRandom", Function::kMathRandom, 2, 3},
    {"States.MathAdd", Function::kMathAdd, 2, 2},
    {"States.StringSplit", Function::kStringSplit, 2, 2},
    {"States.UUID", Function::kUuid, 0, 0},
}};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<StringExpression::Call> parse() {
    StringExpression::Call call;
    skip_blanks();
    if (!read_call(call, 1)) return std::move(error_);
    skip_blanks();
    if (at_ != text_.size()) {
      fail("Text follows the intrinsic function call");
      return std::move(error_);
    }
    call.text = std::string(text_);
    return call;
  }

 private:
  bool fail(std::string message) {
    error_ = {ErrorCode::kInvalid, std::move(message), "offset " + std::to_string(at_)};
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) {
      ++at_;
    }
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool read_call(StringExpression::Call& call, int nesting) {
    if (nesting > kMaxNesting) {
      return fail("Intrinsic functions nest deeper than " + std::to_string(kMaxNesting));
    }
    const std::size_t begin = at_;
    const std::size_t end = std::min(text_.find_first_of("( \t\n", begin), text_.size());
    const std::string_view name = text_.substr(begin, end - begin);
    const auto* const signature =
        std::find_if(kSignatures.begin(), kSignatures.end(),
                     [name](const Signature& candidate) { return candidate.name == name; });
    if (signature == kSignatures.end()) {
      return fail("There is no intrinsic function '" + std::string(name.substr(0, 80)) + "'");
    }
    call.function = signature->function;
    at_ = end;
    skip_blanks();
    if (!accept('(')) return fail("'(' is expected behind " + std::string(name));
    skip_blanks();
    if (!accept(')') && !read_arguments(call, nesting)) return false;
    const std::size_t count = call.arguments.size();
    if (count < signature->least || count > signature->most) {
      return fail(std::string(name) + " does not take " + std::to_string(count) + " arguments");
    }
    return true;
  }

  bool read_arguments(StringExpression::Call& call, int nesting) {
    while (true) {
      if (call.arguments.size() >= kMaxArguments) return fail("Too many arguments");
      skip_blanks();
      if (!read_argument(call.arguments.emplace_back(), nesting)) return false;
      skip_blanks();
      if (accept(')')) return true;
      if (!accept(',')) return fail("',' or ')' is expected");
    }
  }

  bool read_argument(StringExpression::Call::Argument& argument, int nesting) {
    const char c = peek();
    if (c == '\'') return read_string(argument);
    if (c == '$') return read_path(argument);
    if (text_.substr(at_).starts_with("States.")) {
      argument.call = std::make_unique<StringExpression::Call>();
      return read_call(*argument.call, nesting + 1);
    }
    return read_literal(argument);
  }

  bool read_string(StringExpression::Call::Argument& argument) {
    std::string plain;
    const std::size_t begin = ++at_;
    for (; at_ < text_.size() && text_[at_] != '\''; ++at_) {
      if (text_[at_] != '\\') {
        plain.push_back(text_[at_]);
        continue;
      }
      ++at_;
      const char escaped = peek();
      if (escaped != '\'' && escaped != '{' && escaped != '}' && escaped != '\\') {
        return fail("Only \\', \\{, \\} and \\\\ are escapes");
      }
      plain.push_back(escaped);
    }
    if (at_ == text_.size()) return fail("The string has no end");
    argument.raw = std::string(text_.substr(begin, at_ - begin));
    argument.literal = Value::string(plain);
    ++at_;
    return true;
  }

  // A path reaches to the comma or parenthesis that belongs to the call: not one within brackets,
  // quotes or a function's own parentheses.
  bool read_path(StringExpression::Call::Argument& argument) {
    const std::size_t begin = at_;
    int brackets = 0;
    int parentheses = 0;
    char quote = '\0';
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != '\0') {
        if (c == '\\') {
          ++at_;
        } else if (c == quote) {
          quote = '\0';
        }
        continue;
      }
      if (brackets > 0 && (c == '\'' || c == '"')) quote = c;
      if (c == '[') ++brackets;
      if (c == ']') --brackets;
      if (brackets > 0) continue;
      if (parentheses == 0 && (c == ',' || c == ')')) break;
      if (c == '(') ++parentheses;
      if (c == ')') --parentheses;
    }
    std::string_view text = text_.substr(begin, std::min(at_, text_.size()) - begin);
    while (text.ends_with(' ')) text.remove_suffix(1);
    Result<ValuePath> path = ValuePath::parse(text);
    if (!path) return fail(path.error().message);
    argument.path = std::make_unique<ValuePath>(*std::move(path));
    return true;
  }

  bool read_literal(StringExpression::Call::Argument& argument) {
    const std::size_t begin = at_;
    const std::size_t end = std::min(text_.find_first_of(",) \t\n\r", begin), text_.size());
    const std::string_view word = text_.substr(begin, end - begin);
    const bool possible = word == "null" || word == "true" || word == "false" ||
                          (!word.empty() && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9')));
    Result<Value> value = possible ? read_json(word) : Error{ErrorCode::kInvalid, "", ""};
    if (!value) return fail("'" + std::string(word.substr(0, 80)) + "' is no argument");
    at_ = end;
    argument.literal = *std::move(value);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Error error_;
};

}  // namespace

std::string_view name_of(Function function) {
  return kSignatures[static_cast<std::size_t>(function)].name;
}

Result<StringExpression::Call> parse_call(std::string_view text) { return Parser(text).parse(); }

}  // namespace pawl::asl::intrinsics
