#include "asl/path/parser.h"

#include "asl/path/cursor.h"
#include "asl/path/escape.h"
#include "asl/path/functions.h"
#include "asl/path/lenient_json.h"

#include <charconv>
#include <utility>

namespace pawl::asl::jsonpath {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_context(char c) { return c == '$' || c == '@'; }
bool is_white(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Java's Integer.parseInt.
std::optional<std::int32_t> parse_int(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split_all(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const std::size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
  }
  return pieces;
}

// Java's String.split: empty pieces at the end are dropped.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces = split_all(text, separator);
  while (!pieces.empty() && pieces.back().empty()) pieces.pop_back();
  return pieces;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Each reader looks whether its kind of step begins at the cursor.
enum class Read { kOther, kStep, kFailed };

class PathParser {
 public:
  PathParser(std::string_view text, const ParseContext& context) : path_(text), context_(context) {}

  // The whole text, as a path of its own.
  bool parse_outer() {
    path_.trim();
    if (path_.last_is('.')) return fail("Path must not end with a '.' or '..'");
    return parse();
  }

  bool parse() {
    while (path_.in_bounds() && is_white(path_.current())) path_.advance();
    if (!is_context(path_.current())) return fail("Path must start with '$' or '@'");
    result_.root = path_.current();
    if (!path_.at_tail()) {
      path_.advance();
      if (!path_.current_is('.') && !path_.current_is('[')) {
        return fail("Illegal character at position " + std::to_string(path_.position()) +
                    " expected '.' or '['");
      }
      if (!read_steps()) return false;
    }
    complete(result_);
    invert_scanned_function();
    return true;
  }

  CompiledPath take() { return std::move(result_); }
  Error take_error() { return std::move(error_); }

 private:
  [[gnu::noinline]] bool fail(std::string message, ErrorCode code = ErrorCode::kInvalid) {
    error_ = {code, std::move(message), "offset " + std::to_string(path_.position())};
    return false;
  }
  [[gnu::noinline]] Read failed(std::string message, ErrorCode code = ErrorCode::kInvalid) {
    fail(std::move(message), code);
    return Read::kFailed;
  }

  bool read_steps() {
    while (true) {
      if (result_.steps.size() >= kMaxPathSteps) {
        return fail("The path has more than " + std::to_string(kMaxPathSteps) + " steps.",
                    ErrorCode::kLimit);
      }
      const char c = path_.current();
      if (c == '.') {
        if (!read_dots()) return false;
        continue;
      }
      const Read read = c == '[' ? read_bracket() : c == '*' ? read_wildcard() : read_word();
      if (path_.overrun()) {
        return fail("java.lang.StringIndexOutOfBoundsException: String index out of range: " +
                    std::to_string(path_.overrun_at()));
      }
      if (read == Read::kFailed) return false;
      if (read == Read::kOther) {
        return fail("Could not parse token starting at position " +
                    std::to_string(path_.position()) +
                    (c == '[' ? ". Expected ?, ', 0-9, * " : ""));
      }
      // True on the last character too, which is then not read at all.
      if (path_.at_tail()) return true;
    }
  }

  // . and ..
  bool read_dots() {
    if (path_.next_is('.')) {
      result_.steps.push_back({ScanStep{}});
      path_.advance(2);
    } else if (path_.at_tail()) {
      return fail("Path must not end with a '.");
    } else {
      path_.advance();
    }
    if (path_.current_is('.')) {
      return fail("Character '.' on position " + std::to_string(path_.position()) +
                  " is not valid.");
    }
    return true;
  }

  Read read_bracket() {
    Read read = read_quoted_names();
    if (read == Read::kOther) read = read_indexes();
    if (read == Read::kOther) read = read_wildcard();
    if (read == Read::kOther) read = read_filter();
    if (read == Read::kOther) read = read_placeholder();
    if (read == Read::kOther && context_.service) read = read_length_index();
    return read;
  }

  // name, name(), name(parameters)
  [[gnu::noinline]] Read read_word() {
    if (path_.current_is(' ')) return Read::kOther;
    const std::size_t begin = path_.position();
    std::size_t at = begin;
    std::size_t name_end = 0;
    bool is_function = false;
    for (; path_.in_bounds(at); ++at) {
      const char c = path_.at(at);
      if (c == ' ') {
        return failed(
            "Use bracket notion ['my prop'] if your property contains blank characters. "
            "position: " +
            std::to_string(path_.position()));
      }
      if (c == '.' || c == '[' || c == '(') {
        name_end = at;
        is_function = c == '(';
        break;
      }
    }
    if (name_end == 0) name_end = path_.end();
    std::string name(path_.slice(begin, name_end));
    if (!is_function) {
      path_.set_position(name_end);
      result_.steps.push_back({NameStep{std::move(name), '\''}});
      return Read::kStep;
    }
    if (!closes(at)) {
      return failed("Arguments to function: '" + name + "' are not closed properly.");
    }
    auto call = std::make_shared<FunctionCall>();
    call->function = function_of(name);
    call->name = std::move(name);
    if (path_.at(at + 1) == ')') {
      // The parenthesis is left standing: if anything follows, it becomes part of a name.
      path_.set_position(at + 1);
    } else {
      path_.set_position(name_end + 1);
      if (!read_parameters(*call)) return Read::kFailed;
    }
    call->fragment = "." + call->name + (call->parameters.empty() ? "()" : "(...)");
    result_.steps.push_back({FunctionStep{std::move(call)}});
    return Read::kStep;
  }

  // Is the parenthesis at `open` closed? Strings are not looked at.
  bool closes(std::size_t open) {
    int depth = 1;
    for (std::size_t i = open + 1; i < path_.end() && depth > 0; ++i) {
      if (path_.at(i) == ')') --depth;
      if (path_.at(i) == '(') ++depth;
    }
    return depth == 0;
  }

  // Parameters up to the closing parenthesis: paths, or JSON that begins with a brace, a digit, a
  // minus or a double quote. Text of any other kind is passed over.
  bool read_parameters(FunctionCall& call) {
    enum class Type { kNone, kJson, kPath } type = Type::kNone;
    int parentheses = 1;
    int brackets = 0;
    int braces = 0;
    int quotes = 0;
    char previous = '\0';
    std::string text;
    bool done = false;
    while (path_.in_bounds() && !done) {
      const char c = path_.current();
      path_.advance();
      if (type == Type::kNone) {
        if (is_white(c)) continue;
        if (c == '{' || is_digit(c) || c == '"' || c == '-') {
          type = Type::kJson;
        } else if (is_context(c)) {
          type = Type::kPath;
        }
      }
      switch (c) {
        case '"':
          if (previous != '\\' && quotes > 0) {
            --quotes;
          } else {
            ++quotes;
          }
          break;
        case '(':
          ++parentheses;
          break;
        case '{':
          ++braces;
          break;
        case '[':
          ++brackets;
          break;
        case '}':
          if (braces == 0) return unexpected("brace '}'");
          --braces;
          break;
        case ']':
          if (brackets == 0) return unexpected("bracket ']'");
          --brackets;
          break;
        case ')':
          --parentheses;
          if (parentheses < 0 || previous == '(') text.push_back(c);
          [[fallthrough]];
        case ',':
          if (quotes == 0 && braces == 0 && brackets == 0 &&
              ((parentheses == 0 && c == ')') || parentheses == 1)) {
            done = parentheses == 0;
            if (type == Type::kJson) {
              call.parameters.push_back({nullptr, nullptr, read_lenient_json(text)});
            } else if (type == Type::kPath && !add_path_parameter(call, text)) {
              return false;
            }
            if (type != Type::kNone) text.clear();
            type = Type::kNone;
          }
          break;
        case '\\': {
          const char next = path_.current();
          if (quotes == 1 && (next == ',' || next == '"')) {
            text.push_back(next);
            path_.advance();
            previous = '\0';
            continue;
          }
          break;
        }
        default:
          break;
      }
      const bool separator = c == ',' && braces == 0 && brackets == 0 && parentheses == 1;
      if (type != Type::kNone && !separator) text.push_back(c);
      previous = c;
    }
    if (parentheses != 0 || brackets != 0 || braces != 0) {
      return fail("Arguments to function: '" + call.name + "' are not closed properly.");
    }
    return true;
  }

  bool unexpected(const std::string& what) {
    return fail("Unexpected close " + what +
                " at character position: " + std::to_string(path_.position()));
  }

  [[gnu::noinline]] bool add_path_parameter(FunctionCall& call, std::string_view text) {
    ParseContext context = context_;
    if (++context.nesting > kMaxPathNesting) return nested_too_deep();
    PathParser inner(text, context);
    if (!inner.parse()) {
      error_ = inner.take_error();
      return false;
    }
    Parameter parameter;
    parameter.path = std::make_shared<const CompiledPath>(inner.take());
    if (call.function == Function::kLength) parameter.children = children_of(*parameter.path);
    call.parameters.push_back(std::move(parameter));
    return true;
  }

  bool nested_too_deep() {
    return fail("Paths nest deeper than " + std::to_string(kMaxPathNesting) + " levels.",
                ErrorCode::kLimit);
  }

  // [?], [?,?]: predicates handed in from outside, of which there are none.
  [[gnu::noinline]] Read read_placeholder() {
    const std::size_t question = path_.index_of_next_significant(path_.position(), '?');
    if (question == Cursor::kNone) return Read::kOther;
    const char next = path_.next_significant(question);
    if (next != ']' && next != ',') return Read::kOther;
    const std::size_t begin = path_.position() + 1;
    const std::size_t end = path_.index_of(begin, ']');
    if (end == Cursor::kNone) return Read::kOther;
    return failed("Not enough predicates supplied for filter [" +
                  std::string(path_.slice(begin, end)) + "] at position " +
                  std::to_string(path_.position()));
  }

  // [?( ... )]
  [[gnu::noinline]] Read read_filter() {
    const std::size_t begin = path_.position();
    const std::size_t question = path_.index_of_next_significant(begin, '?');
    if (question == Cursor::kNone) return Read::kOther;
    const std::size_t open = path_.index_of_next_significant(question, '(');
    if (open == Cursor::kNone) return Read::kOther;
    std::string problem;
    const std::size_t close = path_.index_of_closing(open, '(', ')', true, problem);
    if (!problem.empty()) return failed(std::move(problem));
    if (close == Cursor::kNone || !path_.next_significant_is(close, ']')) return Read::kOther;
    const std::size_t end = path_.index_of_next_significant(close, ']');
    Result<Expression> condition = parse_filter(path_.slice(begin, end + 1), context_);
    if (!condition) {
      error_ = std::move(condition).error();
      return Read::kFailed;
    }
    path_.set_position(end + 1);
    result_.steps.push_back(
        {FilterStep{std::make_shared<const Expression>(*std::move(condition))}});
    return Read::kStep;
  }

  // * and [*]
  Read read_wildcard() {
    if (path_.current_is('[')) {
      const std::size_t begin = path_.position();
      if (!path_.next_significant_is(begin, '*')) return Read::kOther;
      const std::size_t star = path_.index_of_next_significant(begin, '*');
      if (!path_.next_significant_is(star, ']')) {
        return failed("Expected wildcard token to end with ']' on position " +
                      std::to_string(star + 1));
      }
      path_.set_position(path_.index_of_next_significant(star, ']') + 1);
    } else {
      path_.advance();
    }
    result_.steps.push_back({WildcardStep{}});
    return Read::kStep;
  }

  // [1], [1,2], [1:], [:2], [1:2]
  [[gnu::noinline]] Read read_indexes() {
    const char first = path_.next_significant(path_.position());
    if (!is_digit(first) && first != '-' && first != ':') return Read::kOther;
    const std::size_t begin = path_.position() + 1;
    const std::size_t end = path_.index_of(begin, ']');
    if (end == Cursor::kNone) return Read::kOther;
    const std::string_view text = trimmed(path_.slice(begin, end));
    for (const char c : text) {
      if (!is_digit(c) && c != ',' && c != '-' && c != ':' && c != ' ') return Read::kOther;
    }
    const bool is_slice = text.find(':') != std::string_view::npos;
    if (is_slice ? !add_slice(text) : !add_indexes(text)) return Read::kFailed;
    path_.set_position(end + 1);
    return Read::kStep;
  }

  // [(@.length-1)]
  [[gnu::noinline]] Read read_length_index() {
    const std::size_t begin = path_.position() + 1;
    const std::size_t end = path_.index_of(begin, ']');
    if (end == Cursor::kNone) return Read::kOther;
    std::string_view text = trimmed(path_.slice(begin, end));
    const std::string_view prefix = "(@.length";
    if (!text.starts_with(prefix) || !text.ends_with(')')) return Read::kOther;
    text = trimmed(text.substr(prefix.size(), text.size() - prefix.size() - 1));
    if (!text.starts_with('-')) return Read::kOther;
    const std::string_view digits = trimmed(text.substr(1));
    const std::optional<std::int32_t> back = parse_int(digits);
    if (!back || *back < 1 || !is_digit(digits.front())) return Read::kOther;
    path_.set_position(end + 1);
    result_.steps.push_back({IndexStep{-*back, true}});
    return Read::kStep;
  }

  bool add_indexes(std::string_view text) {
    std::vector<std::int32_t> indexes;
    for (const std::string_view piece : split_all(text, ',')) {
      const std::optional<std::int32_t> index = parse_int(trimmed(piece));
      if (!index) {
        return fail("Failed to parse token in ArrayIndexOperation: " + std::string(trimmed(piece)));
      }
      indexes.push_back(*index);
    }
    if (indexes.size() == 1) {
      result_.steps.push_back({IndexStep{indexes.front(), false}});
    } else {
      result_.steps.push_back({IndexesStep{std::move(indexes)}});
    }
    return true;
  }

  // Only the first two of the numbers count; a third, the step of other dialects, is passed over.
  bool add_slice(std::string_view text) {
    if (text.find_first_of(", ") != std::string_view::npos) {
      return fail("Failed to parse SliceOperation: " + std::string(text));
    }
    const std::vector<std::string_view> pieces = split(text, ':');
    SliceStep slice;
    for (std::size_t i = 0; i < 2 && i < pieces.size(); ++i) {
      if (pieces[i].empty()) continue;
      const std::optional<std::int32_t> number = parse_int(pieces[i]);
      if (!number) {
        return fail("java.lang.NumberFormatException: For input string: \"" +
                    std::string(pieces[i]) + "\"");
      }
      (i == 0 ? slice.from : slice.to) = number;
    }
    if (!slice.from && !slice.to) {
      return fail("Failed to parse SliceOperation: " + std::string(text));
    }
    result_.steps.push_back({slice});
    return true;
  }

  // ['a'], ["a"], ['a','b']
  [[gnu::noinline]] Read read_quoted_names() {
    const char quote = path_.next_significant(path_.position());
    if (quote != '\'' && quote != '"') return Read::kOther;
    std::vector<std::string> names;
    std::size_t name_begin = path_.position() + 1;
    std::size_t name_end = 0;
    bool in_name = false;
    bool escaped = false;
    bool comma_last = false;
    for (std::size_t i = name_begin; path_.in_bounds(i); ++i) {
      const char c = path_.at(i);
      if (escaped) {
        escaped = false;
      } else if (c == '\\') {
        escaped = true;
      } else if (c == ']' && !in_name) {
        if (comma_last) return empty_property(i);
        break;
      } else if (c == quote && in_name) {
        const char next = path_.next_significant(i);
        if (next != ']' && next != ',') {
          return failed(
              "Property must be separated by comma or Property must be terminated close square "
              "bracket at index " +
              std::to_string(i));
        }
        std::optional<std::string> name = unescape(path_.slice(name_begin, i));
        if (!name) return failed("Unable to parse unicode value");
        names.push_back(*std::move(name));
        name_end = i;
        in_name = false;
      } else if (c == quote) {
        name_begin = i + 1;
        in_name = true;
        comma_last = false;
      } else if (c == ',' && !in_name) {
        if (comma_last) return empty_property(i);
        comma_last = true;
      }
    }
    if (in_name) {
      return failed(std::string("Property has not been closed - missing closing ") + quote);
    }
    const std::size_t end = path_.index_of_next_significant(name_end, ']');
    if (end == Cursor::kNone) return failed("Property has not been closed - missing closing ]");
    path_.set_position(end + 1);
    if (names.empty()) return failed("Empty properties");
    if (names.size() == 1) {
      result_.steps.push_back({NameStep{std::move(names.front()), quote}});
    } else {
      result_.steps.push_back({NamesStep{std::move(names), quote}});
    }
    return Read::kStep;
  }

  Read empty_property(std::size_t at) {
    return failed("Found empty property at index " + std::to_string(at));
  }

  // $..a.sum() is evaluated as $.sum($..a): the function sees all that the scan found at once.
  void invert_scanned_function() {
    std::vector<Step>& steps = result_.steps;
    if (!result_.ends_in_function() || steps.front().kind() != StepKind::kScan) return;
    std::size_t first = 0;
    while (steps[first].kind() != StepKind::kFunction) ++first;
    CompiledPath scanned;
    scanned.root = result_.root;
    scanned.steps.assign(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(first));
    complete(scanned);
    auto call = std::make_shared<FunctionCall>(*std::get<FunctionStep>(steps[first].data).call);
    Parameter parameter;
    if (call->function == Function::kLength) parameter.children = children_of(scanned);
    parameter.path = std::make_shared<const CompiledPath>(scanned);
    call->parameters.assign(1, parameter);
    // The steps behind the function keep their `definite_before`.
    steps.erase(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(first));
    steps.front().data = FunctionStep{std::move(call)};
    result_.root = '$';
    result_.plain = false;
    result_.definite = true;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const StepKind kind = steps[i].kind();
      const bool merged = kind == StepKind::kNames && i + 1 == steps.size();
      result_.definite = result_.definite && (kind == StepKind::kName || kind == StepKind::kIndex ||
                                              kind == StepKind::kFunction || merged);
    }
  }

  // What length(path) counts: path[*]. Whether the result is one value is still decided by `path`.
  static std::shared_ptr<const CompiledPath> children_of(const CompiledPath& path) {
    if (path.ends_in_function() || path.steps.empty()) return nullptr;
    CompiledPath children = path;
    children.steps.push_back({WildcardStep{}});
    complete(children);
    children.definite = path.definite;
    return std::make_shared<const CompiledPath>(std::move(children));
  }

  Cursor path_;
  ParseContext context_;
  CompiledPath result_;
  Error error_;
};

}  // namespace

Result<CompiledPath> parse_path(std::string_view text, const ParseContext& context) {
  if (text.size() > kMaxPathBytes) {
    return Error{ErrorCode::kLimit,
                 "The path has more than " + std::to_string(kMaxPathBytes) + " bytes.", ""};
  }
  if (context.nesting > kMaxPathNesting) {
    return Error{ErrorCode::kLimit,
                 "Paths nest deeper than " + std::to_string(kMaxPathNesting) + " levels.", ""};
  }
  std::string completed;
  if (text.empty() || !is_context(text.front())) {
    completed = "$." + std::string(text);
    text = completed;
  }
  PathParser parser(text, context);
  if (!parser.parse_outer()) return parser.take_error();
  return parser.take();
}

}  // namespace pawl::asl::jsonpath
