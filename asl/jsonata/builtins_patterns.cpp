// Built-in functions: $match, $contains, $replace and $split, by text or by pattern.
#include "asl/jsonata/builtins.h"
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace pawl::asl::jsonata {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Value text(std::string_view value) { return Value::string(value); }

// Matches one after the other, of a regular expression or of a matcher function.
class Matches {
 public:
  struct Match {
    std::string_view text;
    std::size_t start = 0;  // bytes
    std::size_t end = 0;
    Value index;  // the start in UTF-16
    std::vector<std::optional<std::string_view>> groups;
  };

  Matches(Evaluator& evaluator, const Datum& matcher, const Value& subject, const FramePtr& frame)
      : evaluator_(evaluator), subject_(subject), frame_(frame), next_(matcher.value) {
    if (!evaluator.is_function(next_)) return;
    const Function& function = evaluator.function_of(next_);
    if (function.kind == Function::Kind::kRegex) regex_ = function.node;
  }

  // nullptr: there is none any more.
  const Match* next() { return regex_ != nullptr ? next_of_regex() : next_of_function(); }

  // The latest match as the object that matcher functions give.
  Value object() {
    if (regex_ == nullptr) return object_;
    return evaluator_.match_value(regex_, subject_, native_,
                                  static_cast<std::size_t>(match_.index.as_int()));
  }

 private:
  // Without a call and its object for each match.
  const Match* next_of_regex() {
    const std::string_view subject = subject_.as_string();
    if (!first_ && offset_ >= subject.size()) return nullptr;
    const bool found = regex_->regex->find(subject, offset_, native_);
    evaluator_.count_steps(1 + ((found ? native_.end : subject.size()) - offset_) / 64);
    if (!found) return nullptr;
    if (!first_ && native_.end == native_.start) {
      fail_value("D1004", Value::string(regex_->value), regex_->position);
    }
    first_ = false;
    match_.text = native_.text(subject);
    match_.start = native_.start;
    match_.end = native_.end;
    units_ += count_utf16(subject.substr(offset_, native_.start - offset_));
    match_.index = count_value(units_);
    units_ += count_utf16(match_.text);
    offset_ = native_.end;
    match_.groups = native_.groups;
    return &match_;
  }

  const Match* next_of_function() {
    if (next_.is_undefined()) return nullptr;
    Arguments args;
    if (first_) args.push_back(subject_);
    first_ = false;
    object_ = evaluator_.call(next_, args, frame_).value;
    if (object_.is_undefined()) return nullptr;
    evaluator_.count_step();
    const Value* start = object_.find("start");
    const Value* end = object_.find("end");
    const Value* groups = object_.find("groups");
    const Value* matched = object_.find("match");
    const Value* after = object_.find("next");
    if (start == nullptr || !start->is_number() || matched == nullptr || !matched->is_string() ||
        groups == nullptr || !groups->is_array()) {
      fail("T1010");
    }
    next_ = after != nullptr && evaluator_.is_function(*after) ? *after : Value();
    match_.text = matched->as_string();
    match_.start = byte_offset(start->as_double());
    match_.end = end != nullptr && end->is_number() ? byte_offset(end->as_double())
                                                    : match_.start + match_.text.size();
    match_.index = *start;
    match_.groups.clear();
    for (const Value& group : groups->items()) {
      match_.groups.push_back(group.is_string() ? std::optional(group.as_string()) : std::nullopt);
    }
    return &match_;
  }

  std::size_t byte_offset(double units) const {
    const std::string_view subject = subject_.as_string();
    std::size_t offset = 0;
    double seen = 0;
    while (offset < subject.size() && seen < units) {
      const std::size_t size = character_size(subject, offset);
      seen += size == 4 ? 2 : 1;
      offset += size;
    }
    evaluator_.count_steps(offset / 64);
    return offset;
  }

  Evaluator& evaluator_;
  const Value subject_;
  const FramePtr& frame_;
  const Node* regex_ = nullptr;
  Regex::Match native_;
  std::size_t offset_ = 0;  // where the search of a regular expression goes on
  std::size_t units_ = 0;   // the same in UTF-16
  Value next_;
  Value object_;
  Match match_;
  bool first_ = true;
};

Datum match(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const double limit = args[2].is_undefined() ? kInfinity : number_of(args[2]);
  if (limit < 0) fail_value("D3040", args[2].value);
  const Value match_key = text("match");
  const Value index_key = text("index");
  const Value groups_key = text("groups");
  Items out(e);
  Matches matches(e, args[1], args[0].value, context.frame);
  for (const Matches::Match* found = limit > 0 ? matches.next() : nullptr;
       found != nullptr && static_cast<double>(out.size()) < limit; found = matches.next()) {
    std::vector<Value> groups;
    for (const auto& group : found->groups) groups.push_back(group ? text(*group) : Value::null());
    out.add(Value::object({{match_key, text(found->text)},
                           {index_key, found->index},
                           {groups_key, Value::array(std::move(groups))}}));
  }
  return {out.finish(), kSequence};
}

Datum contains(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  if (args[1].value.is_string()) {
    return Value::boolean(text_of(args[0]).find(text_of(args[1])) != std::string_view::npos);
  }
  return Value::boolean(Matches(e, args[1], args[0].value, context.frame).next() != nullptr);
}

// `$1` in a replacement: as many digits as the number of groups has.
std::string expand(std::string_view replacement, const Matches::Match& match) {
  const auto& groups = match.groups;
  std::string out;
  const std::size_t most = groups.size() < 10 ? 1 : groups.size() < 100 ? 2 : 3;
  for (std::size_t i = 0; i < replacement.size();) {
    if (replacement[i] != '$') {
      out += replacement[i++];
      continue;
    }
    ++i;
    if (i < replacement.size() && replacement[i] == '$') {
      out += '$';
      ++i;
      continue;
    }
    if (i < replacement.size() && replacement[i] == '0') {
      out += match.text;
      ++i;
      continue;
    }
    const auto read = [&](std::size_t digits) {
      std::size_t index = 0;
      std::size_t used = 0;
      while (used < digits && i + used < replacement.size() && replacement[i + used] >= '0' &&
             replacement[i + used] <= '9') {
        index = index * 10 + static_cast<std::size_t>(replacement[i + used] - '0');
        ++used;
      }
      return std::pair(index, used);
    };
    auto [index, used] = read(most);
    if (most > 1 && index > groups.size()) std::tie(index, used) = read(most - 1);
    if (used == 0) {
      out += '$';
      continue;
    }
    if (index >= 1 && index <= groups.size() && groups[index - 1]) out += *groups[index - 1];
    i += used;
  }
  return out;
}

Datum replace(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  if (args[1].value.is_string() && text_of(args[1]).empty()) fail_value("D3010", args[1].value);
  const double limit = args[3].is_undefined() ? kInfinity : number_of(args[3]);
  if (limit < 0) fail_value("D3011", args[3].value);
  const std::string_view subject = text_of(args[0]);
  std::string out;
  std::size_t position = 0;
  double done = 0;
  if (args[1].value.is_string()) {
    const std::string_view pattern = text_of(args[1]);
    std::string with;
    if (args[2].value.is_string()) with = text_of(args[2]);
    for (std::size_t at = subject.find(pattern); at != std::string_view::npos && done < limit;
         at = subject.find(pattern, position)) {
      e.count_step();
      e.check_weight(out.size());
      out += subject.substr(position, at - position);
      out += with;
      position = at + pattern.size();
      ++done;
    }
    out += subject.substr(position);
    return e.make_string(out);
  }
  Matches matches(e, args[1], args[0].value, context.frame);
  // The next match is looked for before the limit is: it may fail.
  for (const Matches::Match* found = limit > 0 ? matches.next() : nullptr;
       found != nullptr && done < limit; found = matches.next()) {
    if (found->start < position) break;
    e.check_weight(out.size());
    out += subject.substr(position, found->start - position);
    if (args[2].value.is_string()) {
      out += expand(text_of(args[2]), *found);
    } else {
      Arguments call_args;
      call_args.push_back(matches.object());
      const Datum with = e.call(args[2].value, call_args, context.frame);
      if (!with.value.is_string()) fail_value("D3012", with.value);
      out += with.value.as_string();
    }
    position = std::min(found->start + found->text.size(), subject.size());
    ++done;
  }
  out += subject.substr(position);
  return e.make_string(out);
}

Datum split(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  double limit = args[2].is_undefined() ? kInfinity : number_of(args[2]);
  if (limit < 0) fail_value("D3020", args[2].value);
  const std::string_view subject = text_of(args[0]);
  Items out(e);
  const auto room = [&] { return static_cast<double>(out.size()) < limit; };
  if (args[1].is_undefined()) {
    if (room()) out.add(args[0].value);
  } else if (args[1].value.is_string()) {
    limit = std::floor(limit);
    const std::string_view separator = text_of(args[1]);
    if (separator.empty()) {
      for (std::size_t i = 0; i < subject.size() && room();) {
        e.count_step();
        const std::size_t size = character_size(subject, i);
        out.add(text(subject.substr(i, size)));
        i += size;
      }
      return out.finish();
    }
    std::size_t start = 0;
    for (std::size_t at = subject.find(separator); at != std::string_view::npos && room();
         at = subject.find(separator, start)) {
      e.count_step();
      out.add(text(subject.substr(start, at - start)));
      start = at + separator.size();
    }
    if (room()) out.add(text(subject.substr(start)));
  } else if (limit > 0) {
    Matches matches(e, args[1], args[0].value, context.frame);
    std::size_t start = 0;
    for (const Matches::Match* found = matches.next(); found != nullptr && room();
         found = matches.next()) {
      const std::size_t end = std::max(found->start, start);
      out.add(text(subject.substr(start, end - start)));
      start = std::max(found->end, start);
    }
    if (room()) out.add(text(subject.substr(start)));
  }
  return out.finish();
}

constexpr Builtin kBuiltins[] = {
    {"match", "<s-f<s:o>n?:a<o>>", 3, match},
    {"contains", "<s-(sf):b>", 2, contains},
    {"replace", "<s-(sf)(sf)n?:s>", 4, replace},
    {"split", "<s-(sf)n?:a<s>>", 3, split},
};

}  // namespace

std::span<const Builtin> pattern_builtins() { return kBuiltins; }

}  // namespace pawl::asl::jsonata
