// The built-in functions: the table with their signatures, and those that need the evaluator.
// What is pure arithmetic on numbers, dates and encodings is in library.h.
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/library.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace pawl::asl::jsonata {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string_view text_of(const Datum& datum) { return datum.value.as_string(); }
double number_of(const Datum& datum) { return datum.value.as_double(); }
Value text(std::string_view value) { return Value::string(value); }
Value count_value(std::size_t value) { return Value::integer(static_cast<std::int64_t>(value)); }

std::optional<std::string_view> optional_text(const Datum& datum) {
  if (datum.is_undefined()) return std::nullopt;
  return datum.value.as_string();
}

[[noreturn]] void fail_library(const Error& error, const Value& value) {
  Fault fault;
  fault.code = error.where.empty() ? "U1001" : error.where;
  fault.message = error.message;
  fault.value = value;
  throw fault;
}

template <typename T>
T unwrap(Result<T> result, const Datum& argument) {
  if (!result) fail_library(result.error(), argument.value);
  return std::move(result).value();
}

// ---- Numbers

Datum sum(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  double total = 0;
  std::int64_t exact = 0;
  bool integral = true;
  for (const Value& each : args[0].value.items()) {
    total += each.as_double();
    integral = integral && each.is_int() && !__builtin_add_overflow(exact, each.as_int(), &exact);
  }
  if (integral && e.dialect() == Dialect::kAws) return Value::integer(exact);
  return e.number(total);
}

Datum count(Evaluator&, Arguments& args, const CallContext&) {
  return args[0].is_undefined() ? Value::integer(0) : count_value(args[0].value.size());
}

Datum extreme(const Datum& array, bool largest) {
  if (array.is_undefined() || array.value.size() == 0) return {};
  const std::span<const Value> items = array.value.items();
  const Value* best = &items[0];
  for (const Value& each : items) {
    if (largest ? each.as_double() > best->as_double() : each.as_double() < best->as_double()) {
      best = &each;
    }
  }
  return *best;
}
Datum max(Evaluator&, Arguments& args, const CallContext&) { return extreme(args[0], true); }
Datum min(Evaluator&, Arguments& args, const CallContext&) { return extreme(args[0], false); }

Datum average(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[0].value.size() == 0) return {};
  double total = 0;
  for (const Value& each : args[0].value.items()) total += each.as_double();
  return e.number(total / static_cast<double>(args[0].value.size()));
}

Datum to_number_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return unwrap(to_number(args[0].value), args[0]);
}

Datum abs(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  if (args[0].value.is_int() &&
      args[0].value.as_int() != std::numeric_limits<std::int64_t>::min()) {
    return Value::integer(std::abs(args[0].value.as_int()));
  }
  return e.number(std::fabs(number_of(args[0])));
}
Datum floor(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[0].value.is_int()) return args[0];
  return e.number(std::floor(number_of(args[0])));
}
Datum ceil(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[0].value.is_int()) return args[0];
  return e.number(std::ceil(number_of(args[0])));
}
Datum round(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const double precision = args[1].is_undefined() ? 0 : number_of(args[1]);
  if (args[0].value.is_int() && precision >= 0) return args[0];
  return e.number(
      round_half_even(number_of(args[0]), static_cast<int>(std::clamp(precision, -400.0, 400.0))));
}
Datum sqrt(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  if (number_of(args[0]) < 0) fail_value("D3060", args[0].value);
  return e.number(std::sqrt(number_of(args[0])));
}
Datum power(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const double exponent = args[1].is_undefined() ? std::nan("") : number_of(args[1]);
  const double result = std::pow(number_of(args[0]), exponent);
  if (!std::isfinite(result)) {
    Fault fault;
    fault.code = "D3061";
    fault.value = args[0].value;
    fault.value2 = args[1].value;
    throw fault;
  }
  return e.number(result);
}
Datum random(Evaluator& e, Arguments& args, const CallContext&) {
  if (!args[0].is_undefined()) {
    if (args[0].value.is_int()) return Value::number(seeded_random(args[0].value.as_int()));
    const double seed = std::clamp(std::trunc(number_of(args[0])), -9.2e18, 9.2e18);
    return Value::number(seeded_random(static_cast<std::int64_t>(seed)));
  }
  return Value::number(static_cast<double>(e.random() >> 11) * 0x1.0p-53);
}
Datum format_number_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(unwrap(
      format_number(number_of(args[0]),
                    args[1].is_undefined() ? std::string_view() : text_of(args[1]), args[2].value),
      args[0]));
}
Datum format_base_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(unwrap(
      format_base(number_of(args[0]), args[1].is_undefined() ? 10 : number_of(args[1])), args[1]));
}
Datum format_integer_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  return text(unwrap(format_integer(number_of(args[0]), text_of(args[1])), args[1]));
}
Datum parse_integer_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  return unwrap(parse_integer(text_of(args[0]), text_of(args[1])), args[1]);
}

// ---- Booleans and types

Datum boolean(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return Value::boolean(e.truthy(args[0].value));
}
Datum negate(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return Value::boolean(!e.truthy(args[0].value));
}
Datum exists(Evaluator&, Arguments& args, const CallContext&) {
  return Value::boolean(!args[0].is_undefined());
}
Datum type(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  if (e.is_function(args[0].value)) return text("function");
  return text(kind_name(args[0].value.kind()));
}
Datum error(Evaluator&, Arguments& args, const CallContext&) {
  Fault fault;
  fault.code = "D3137";
  fault.message = args[0].is_undefined() || text_of(args[0]).empty()
                      ? "$error() function evaluated"
                      : std::string(text_of(args[0]));
  throw fault;
}
Datum assert_function(Evaluator& e, Arguments& args, const CallContext&) {
  if (e.truthy(args[0].value)) return {};
  Fault fault;
  fault.code = "D3141";
  fault.message = args[1].is_undefined() || text_of(args[1]).empty()
                      ? "$assert() statement failed"
                      : std::string(text_of(args[1]));
  throw fault;
}

// ---- Strings

Datum string(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return e.stringify(args[0], e.truthy(args[1].value));
}
Datum substring_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const double start = args[1].is_undefined() ? 0 : number_of(args[1]);
  std::optional<double> size;
  if (!args[2].is_undefined()) size = number_of(args[2]);
  return text(substring(text_of(args[0]), start, size));
}
Datum substring_before(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return args[0];
  const std::string_view subject = text_of(args[0]);
  const std::size_t at = subject.find(text_of(args[1]));
  return at == std::string_view::npos ? args[0] : Datum(text(subject.substr(0, at)));
}
Datum substring_after(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return args[0];
  const std::string_view subject = text_of(args[0]);
  const std::string_view part = text_of(args[1]);
  const std::size_t at = subject.find(part);
  return at == std::string_view::npos ? args[0] : Datum(text(subject.substr(at + part.size())));
}
Datum lowercase(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(lower_case(text_of(args[0])));
}
Datum uppercase(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(upper_case(text_of(args[0])));
}
Datum length_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return count_value(count_code_points(text_of(args[0])));
}
Datum trim(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  std::string out;
  for (const char c : text_of(args[0])) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return text(out);
}
Datum pad_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const double width = args[1].is_undefined() ? 0 : number_of(args[1]);
  return text(unwrap(pad(text_of(args[0]), width,
                         args[2].is_undefined() ? std::string_view(" ") : text_of(args[2])),
                     args[1]));
}

// Matches one after the other, of a regular expression or of a matcher function.
class Matches {
 public:
  struct Match {
    std::string_view text;
    std::size_t start = 0;  // bytes
    std::size_t end = 0;
    Value object;
  };

  Matches(Evaluator& evaluator, const Datum& matcher, const Value& subject, const FramePtr& frame)
      : evaluator_(evaluator), subject_(subject), frame_(frame), next_(matcher) {}

  std::optional<Match> next() {
    if (next_.is_undefined()) return std::nullopt;
    Arguments args;
    if (first_) args.emplace_back(subject_);
    first_ = false;
    const Datum found = evaluator_.call(next_, std::move(args), frame_);
    if (found.is_undefined()) return std::nullopt;
    evaluator_.count_step();
    const Value* start = found.value.find("start");
    const Value* end = found.value.find("end");
    const Value* groups = found.value.find("groups");
    const Value* matched = found.value.find("match");
    const Value* after = found.value.find("next");
    if (start == nullptr || !start->is_number() || matched == nullptr || !matched->is_string() ||
        groups == nullptr || !groups->is_array()) {
      fail("T1010");
    }
    next_ = after != nullptr && evaluator_.is_function(*after) ? Datum(*after) : Datum();
    Match match;
    match.object = found.value;
    match.text = matched->as_string();
    match.start = byte_offset(start->as_double());
    match.end = end != nullptr && end->is_number() ? byte_offset(end->as_double())
                                                   : match.start + match.text.size();
    return match;
  }

 private:
  std::size_t byte_offset(double units) const {
    const std::string_view subject = subject_.as_string();
    std::size_t offset = 0;
    double seen = 0;
    while (offset < subject.size() && seen < units) {
      const std::size_t size = character_size(subject, offset);
      seen += size == 4 ? 2 : 1;
      offset += size;
    }
    return offset;
  }

  Evaluator& evaluator_;
  Value subject_;
  FramePtr frame_;
  Datum next_;
  bool first_ = true;
};

Datum match(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const double limit = args[2].is_undefined() ? kInfinity : number_of(args[2]);
  if (limit < 0) fail_value("D3040", args[2].value);
  std::vector<Value> out;
  Matches matches(e, args[1], args[0].value, context.frame);
  while (static_cast<double>(out.size()) < limit) {
    const std::optional<Matches::Match> found = matches.next();
    if (!found) break;
    out.push_back(Value::object({{text("match"), text(found->text)},
                                 {text("index"), *found->object.find("start")},
                                 {text("groups"), *found->object.find("groups")}}));
  }
  return {e.make_array(std::move(out)), kSequence};
}

Datum contains(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  if (args[1].value.is_string()) {
    return Value::boolean(text_of(args[0]).find(text_of(args[1])) != std::string_view::npos);
  }
  return Value::boolean(Matches(e, args[1], args[0].value, context.frame).next().has_value());
}

// `$1` in a replacement: as many digits as the number of groups has.
std::string expand(std::string_view replacement, const Matches::Match& match) {
  const std::span<const Value> groups = match.object.find("groups")->items();
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
    if (index >= 1 && index <= groups.size() && groups[index - 1].is_string()) {
      out += groups[index - 1].as_string();
    }
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
      out += subject.substr(position, at - position);
      out += with;
      position = at + pattern.size();
      ++done;
    }
    out += subject.substr(position);
    return text(out);
  }
  Matches matches(e, args[1], args[0].value, context.frame);
  while (done < limit) {
    const std::optional<Matches::Match> found = matches.next();
    if (!found) break;
    if (found->start < position) break;
    out += subject.substr(position, found->start - position);
    if (args[2].value.is_string()) {
      out += expand(text_of(args[2]), *found);
    } else {
      const Datum with = e.call(args[2], {found->object}, context.frame);
      if (!with.value.is_string()) fail_value("D3012", with.value);
      out += with.value.as_string();
    }
    position = std::min(found->start + found->text.size(), subject.size());
    ++done;
  }
  out += subject.substr(position);
  return text(out);
}

Datum split(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  double limit = args[2].is_undefined() ? kInfinity : number_of(args[2]);
  if (limit < 0) fail_value("D3020", args[2].value);
  const std::string_view subject = text_of(args[0]);
  std::vector<Value> out;
  const auto room = [&] { return static_cast<double>(out.size()) < limit; };
  if (args[1].is_undefined()) {
    if (room()) out.push_back(args[0].value);
  } else if (args[1].value.is_string()) {
    limit = std::floor(limit);
    const std::string_view separator = text_of(args[1]);
    if (separator.empty()) {
      for (std::size_t i = 0; i < subject.size() && room();) {
        const std::size_t size = character_size(subject, i);
        out.push_back(text(subject.substr(i, size)));
        i += size;
      }
      return e.make_array(std::move(out));
    }
    std::size_t start = 0;
    for (std::size_t at = subject.find(separator); at != std::string_view::npos && room();
         at = subject.find(separator, start)) {
      out.push_back(text(subject.substr(start, at - start)));
      start = at + separator.size();
    }
    if (room()) out.push_back(text(subject.substr(start)));
  } else if (limit > 0) {
    Matches matches(e, args[1], args[0].value, context.frame);
    std::size_t start = 0;
    while (room()) {
      const std::optional<Matches::Match> found = matches.next();
      if (!found) break;
      const std::size_t end = std::max(found->start, start);
      out.push_back(text(subject.substr(start, end - start)));
      start = std::max(found->end, start);
    }
    if (room()) out.push_back(text(subject.substr(start)));
  }
  return e.make_array(std::move(out));
}

Datum join(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  const std::string_view separator = args[1].is_undefined() ? std::string_view() : text_of(args[1]);
  std::string out;
  bool first = true;
  for (const Value& each : args[0].value.items()) {
    if (!first) out += separator;
    first = false;
    out += each.as_string();
  }
  return text(out);
}

Datum base64_encode_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(base64_encode(text_of(args[0])));
}
Datum base64_decode_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(base64_decode(text_of(args[0])));
}
template <Result<std::string> (*kFunction)(std::string_view)>
Datum url_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(unwrap(kFunction(text_of(args[0])), args[0]));
}

// ---- Dates

Datum now(Evaluator& e, Arguments& args, const CallContext&) {
  return text(unwrap(from_millis(static_cast<double>(e.options().now_ms), optional_text(args[0]),
                                 optional_text(args[1])),
                     args[0]));
}
Datum millis(Evaluator& e, Arguments&, const CallContext&) {
  return Value::integer(e.options().now_ms);
}
Datum from_millis_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return text(unwrap(
      from_millis(number_of(args[0]), optional_text(args[1]), optional_text(args[2])), args[1]));
}
Datum to_millis_function(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return unwrap(
      to_millis(text_of(args[0]), optional_text(args[1]), static_cast<double>(e.options().now_ms),
                e.dialect() == Dialect::kAws ? Edition::kAws206 : Edition::kNewest),
      args[0]);
}

// ---- Functions that call functions

Arguments callback_arguments(Evaluator& e, const Datum& function, Datum item, Datum key,
                             const Datum& all) {
  Arguments args;
  const int wanted = e.arity(function.value);
  args.push_back(std::move(item));
  if (wanted >= 2) args.push_back(std::move(key));
  if (wanted >= 3) args.push_back(all);
  return args;
}

Datum map(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const Datum array = args[0];
  std::vector<Value> out;
  std::size_t i = 0;
  for (const Value& each : array.value.items()) {
    Datum result = e.call(args[1], callback_arguments(e, args[1], each, count_value(i++), array),
                          context.frame);
    if (!result.is_undefined()) out.push_back(std::move(result.value));
  }
  return {e.make_array(std::move(out)), kSequence};
}
Datum filter(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const Datum array = args[0];
  std::vector<Value> out;
  std::size_t i = 0;
  for (const Value& each : array.value.items()) {
    const Datum result = e.call(
        args[1], callback_arguments(e, args[1], each, count_value(i++), array), context.frame);
    if (e.truthy(result.value)) out.push_back(each);
  }
  return {e.make_array(std::move(out)), kSequence};
}
Datum single(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const Datum array = args[0];
  const Value* found = nullptr;
  std::size_t i = 0;
  for (const Value& each : array.value.items()) {
    bool fits = true;
    if (!args[1].is_undefined()) {
      fits = e.truthy(e.call(args[1], callback_arguments(e, args[1], each, count_value(i), array),
                             context.frame)
                          .value);
    }
    if (fits) {
      if (found != nullptr) fail("D3138");
      found = &each;
    }
    ++i;
  }
  if (found == nullptr) fail("D3139");
  return *found;
}
Datum reduce(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const Datum array = args[0];
  const int wanted = e.arity(args[1].value);
  if (wanted < 2) fail("D3050");
  const std::span<const Value> items = array.value.items();
  Datum result = args[2];
  std::size_t i = 0;
  if (result.is_undefined() && !items.empty()) result = Datum(items[i++]);
  for (; i < items.size(); ++i) {
    Arguments call_args{result, Datum(items[i])};
    if (wanted >= 3) call_args.emplace_back(count_value(i));
    if (wanted >= 4) call_args.push_back(array);
    result = e.call(args[1], std::move(call_args), context.frame);
  }
  return result;
}
Datum sift(Evaluator& e, Arguments& args, const CallContext& context) {
  std::vector<Member> out;
  const Datum object = args[0];
  for (const Member* member : e.ordered(object.value)) {
    const Datum result = e.call(
        args[1], callback_arguments(e, args[1], member->value, member->key, object), context.frame);
    if (e.truthy(result.value)) out.push_back(*member);
  }
  if (out.empty()) return {};
  return e.make_object(std::move(out));
}
Datum each(Evaluator& e, Arguments& args, const CallContext& context) {
  std::vector<Value> out;
  const Datum object = args[0];
  for (const Member* member : e.ordered(object.value)) {
    Datum result = e.call(
        args[1], callback_arguments(e, args[1], member->value, member->key, object), context.frame);
    if (!result.is_undefined()) out.push_back(std::move(result.value));
  }
  return {e.make_array(std::move(out)), kSequence};
}
Datum sort(Evaluator& e, Arguments& args, const CallContext& context) {
  const Datum& array = args[0];
  if (array.is_undefined() || array.value.size() <= 1) return array;
  const std::span<const Value> items = array.value.items();
  std::vector<std::uint32_t> order;
  if (args[1].is_undefined()) {
    const bool strings =
        std::all_of(items.begin(), items.end(), [](const Value& v) { return v.is_string(); });
    const bool numbers =
        std::all_of(items.begin(), items.end(), [&e](const Value& v) { return e.is_numeric(v); });
    if (!strings && !numbers) fail("D3070");
    order = e.sort_order(items.size(), [&](std::size_t i, std::size_t j) {
      if (strings) return compare_utf16(items[i].as_string(), items[j].as_string()) > 0;
      if (items[i].is_int() && items[j].is_int()) return items[i].as_int() > items[j].as_int();
      return items[i].as_double() > items[j].as_double();
    });
  } else {
    order = e.sort_order(items.size(), [&](std::size_t i, std::size_t j) {
      return e.truthy(e.call(args[1], {Datum(items[i]), Datum(items[j])}, context.frame).value);
    });
  }
  std::vector<Value> out;
  out.reserve(items.size());
  for (const std::uint32_t i : order) out.push_back(items[i]);
  return e.make_array(std::move(out));
}

// ---- Arrays and objects

Datum zip(Evaluator& e, Arguments& args, const CallContext&) {
  std::size_t size = std::numeric_limits<std::size_t>::max();
  for (const Datum& arg : args) size = std::min(size, arg.is_array() ? arg.value.size() : 0);
  if (args.empty()) size = 0;
  std::vector<Value> out;
  for (std::size_t i = 0; i < size; ++i) {
    std::vector<Value> tuple;
    for (const Datum& arg : args) tuple.push_back(arg.value.items()[i]);
    out.push_back(e.make_array(std::move(tuple)));
  }
  return e.make_array(std::move(out));
}
Datum keys(Evaluator& e, Arguments& args, const CallContext&) {
  std::vector<Value> out;
  ObjectBuilder merged;
  const auto collect = [&](const auto& self, const Value& value) -> void {
    if (value.is_array()) {
      for (const Value& item : value.items()) self(self, item);
      return;
    }
    for (const Member* member : e.ordered(value)) merged.set(member->key, Value::boolean(true));
  };
  if (args[0].is_array()) {
    collect(collect, args[0].value);
    const Value all = std::move(merged).build();
    for (const Member* member : e.ordered(all)) out.push_back(member->key);
  } else {
    for (const Member* member : e.ordered(args[0].value)) out.push_back(member->key);
  }
  return {e.make_array(std::move(out)), kSequence};
}
Datum lookup(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[1].is_undefined()) return {};
  return e.lookup(args[0].value, text_of(args[1]));
}
Datum append(Evaluator& e, Arguments& args, const CallContext&) {
  return e.append(args[0], args[1]);
}
Datum spread_value(Evaluator& e, const Datum& value) {
  if (value.is_array()) {
    std::vector<Value> out;
    for (const Value& item : value.value.items()) {
      const Datum inner = spread_value(e, Datum(item));
      if (inner.is_array()) {
        out.insert(out.end(), inner.value.items().begin(), inner.value.items().end());
      } else if (!inner.is_undefined()) {
        out.push_back(inner.value);
      }
    }
    const std::uint8_t flags = value.value.size() == 0 ? kSequence : 0;
    return {e.make_array(std::move(out)), flags};
  }
  if (!value.value.is_object() || e.is_function(value.value)) return value;
  std::vector<Value> out;
  for (const Member* member : e.ordered(value.value)) out.push_back(Value::object({*member}));
  return {e.make_array(std::move(out)), kSequence};
}
Datum spread(Evaluator& e, Arguments& args, const CallContext&) { return spread_value(e, args[0]); }
Datum merge(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  std::vector<Member> out;
  for (const Value& item : args[0].value.items()) {
    for (const Member* member : e.ordered(item)) out.push_back(*member);
  }
  return e.make_object(std::move(out));
}
Datum reverse(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[0].value.size() <= 1) return args[0];
  const std::span<const Value> items = args[0].value.items();
  return e.make_array(std::vector<Value>(items.rbegin(), items.rend()));
}
Datum shuffle(Evaluator& e, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[0].value.size() <= 1) return args[0];
  const std::span<const Value> items = args[0].value.items();
  std::vector<Value> out(items.begin(), items.end());
  for (std::size_t i = out.size() - 1; i > 0; --i) {
    out[i].swap(out[static_cast<std::size_t>(e.random() % (i + 1))]);
  }
  return e.make_array(std::move(out));
}
Datum distinct(Evaluator& e, Arguments& args, const CallContext&) {
  if (!args[0].is_array() || args[0].value.size() <= 1) return args[0];
  std::vector<Value> out;
  std::unordered_map<std::string_view, bool> strings;
  for (const Value& item : args[0].value.items()) {
    if (item.is_string()) {
      if (strings.emplace(item.as_string(), true).second) out.push_back(item);
      continue;
    }
    e.count_step();
    const bool known =
        std::any_of(out.begin(), out.end(), [&item](const Value& v) { return equal(v, item); });
    if (!known) out.push_back(item);
  }
  return {e.make_array(std::move(out)), static_cast<std::uint8_t>(args[0].flags & kSequence)};
}
Datum clone(Evaluator&, Arguments& args, const CallContext&) { return args[0].value; }
Datum eval(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  Datum input = context.input;
  if (!args[1].is_undefined()) {
    input = args[1];
    if (input.is_array() && !input.is_sequence()) {
      input = Datum(e.make_array({input.value}), kSequence | kOuterWrapper);
    }
  }
  return e.evaluate_text(text_of(args[0]), input, context.frame);
}

// ---- What AWS adds

Datum partition_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  const Value array = args[0].is_array() ? args[0].value : Value::array({args[0].value});
  return unwrap(partition(array, number_of(args[1])), args[1]);
}
Datum range_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined() || args[2].is_undefined()) return {};
  return unwrap(range(number_of(args[0]), number_of(args[1]), number_of(args[2])), args[2]);
}
Datum hash_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  return text(unwrap(hash(text_of(args[0]), text_of(args[1])), args[1]).as_string());
}
Datum uuid(Evaluator& e, Arguments&, const CallContext&) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t word = e.random();
    for (std::size_t k = 0; k < 8; ++k) bytes[i + k] = static_cast<std::uint8_t>(word >> (8 * k));
  }
  return text(uuid_text(bytes));
}
Datum parse_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined()) return {};
  return unwrap(parse(text_of(args[0])), args[0]);
}

// The arity is that of the reference's implementation: it decides what callbacks receive.
constexpr Builtin kBuiltins[] = {
    {"sum", "<a<n>:n>", 1, sum},
    {"count", "<a:n>", 1, count},
    {"max", "<a<n>:n>", 1, max},
    {"min", "<a<n>:n>", 1, min},
    {"average", "<a<n>:n>", 1, average},
    {"string", "<x-b?:s>", 1, string},
    {"substring", "<s-nn?:s>", 3, substring_function},
    {"substringBefore", "<s-s:s>", 2, substring_before},
    {"substringAfter", "<s-s:s>", 2, substring_after},
    {"lowercase", "<s-:s>", 1, lowercase},
    {"uppercase", "<s-:s>", 1, uppercase},
    {"length", "<s-:n>", 1, length_function},
    {"trim", "<s-:s>", 1, trim},
    {"pad", "<s-ns?:s>", 3, pad_function},
    {"match", "<s-f<s:o>n?:a<o>>", 3, match},
    {"contains", "<s-(sf):b>", 2, contains},
    {"replace", "<s-(sf)(sf)n?:s>", 4, replace},
    {"split", "<s-(sf)n?:a<s>>", 3, split},
    {"join", "<a<s>s?:s>", 2, join},
    {"formatNumber", "<n-so?:s>", 3, format_number_function},
    {"formatBase", "<n-n?:s>", 2, format_base_function},
    {"formatInteger", "<n-s:s>", 2, format_integer_function},
    {"parseInteger", "<s-s:n>", 2, parse_integer_function},
    {"number", "<(nsb)-:n>", 1, to_number_function},
    {"floor", "<n-:n>", 1, floor},
    {"ceil", "<n-:n>", 1, ceil},
    {"round", "<n-n?:n>", 2, round},
    {"abs", "<n-:n>", 1, abs},
    {"sqrt", "<n-:n>", 1, sqrt},
    {"power", "<n-n:n>", 2, power},
    {"random", "<n?:n>", 0, random},
    {"boolean", "<x-:b>", 1, boolean},
    {"not", "<x-:b>", 1, negate},
    {"map", "<af>", 2, map},
    {"zip", "<a+>", -1, zip},
    {"filter", "<af>", 2, filter},
    {"single", "<af?>", 2, single},
    {"reduce", "<afj?:j>", 3, reduce},
    {"sift", "<o-f?:o>", 2, sift},
    {"keys", "<x-:a<s>>", 1, keys},
    {"lookup", "<x-s:x>", 2, lookup},
    {"append", "<xx:a>", 2, append},
    {"exists", "<x:b>", 1, exists},
    {"spread", "<x-:a<o>>", 1, spread},
    {"merge", "<a<o>:o>", 1, merge},
    {"reverse", "<a:a>", 1, reverse},
    {"each", "<o-f:a>", 2, each},
    {"error", "<s?:x>", 1, error},
    {"assert", "<bs?:x>", 2, assert_function},
    {"type", "<x:s>", 1, type},
    {"sort", "<af?:a>", 2, sort},
    {"shuffle", "<a:a>", 1, shuffle},
    {"distinct", "<x:x>", 1, distinct},
    {"base64encode", "<s-:s>", 1, base64_encode_function},
    {"base64decode", "<s-:s>", 1, base64_decode_function},
    {"encodeUrlComponent", "<s-:s>", 1, url_function<encode_url_component>},
    {"encodeUrl", "<s-:s>", 1, url_function<encode_url>},
    {"decodeUrlComponent", "<s-:s>", 1, url_function<decode_url_component>},
    {"decodeUrl", "<s-:s>", 1, url_function<decode_url>},
    {"eval", "<sx?:x>", 2, eval, true},
    {"toMillis", "<s-s?:n>", 2, to_millis_function},
    {"fromMillis", "<n-s?s?:s>", 3, from_millis_function},
    {"clone", "<(oa)-:o>", 1, clone},
    {"now", "<s?s?:s>", 2, now},
    {"millis", "<:n>", 0, millis},
    {"partition", "<a-n:a>", 2, partition_function},
    {"range", "<n-nn?:a>", 3, range_function},
    {"hash", "<s-s?:s>", 2, hash_function},
    {"uuid", "<:s>", 0, uuid},
    {"parse", "<s-:x>", 1, parse_function},
};

// ---- $string

class Writer {
 public:
  Writer(Evaluator& evaluator, bool pretty) : evaluator_(evaluator), pretty_(pretty) {}

  void write(const Value& value, int depth) {
    switch (value.kind()) {
      case Kind::kUndefined:
      case Kind::kNull:
        out_ += "null";
        return;
      case Kind::kBool:
        out_ += value.as_bool() ? "true" : "false";
        return;
      case Kind::kInt:
        write_integer(value.as_int());
        return;
      case Kind::kDouble:
        write_double(value);
        return;
      case Kind::kString:
        write_text(value.as_string());
        return;
      case Kind::kArray:
        write_array(value, depth);
        return;
      case Kind::kObject:
        write_object(value, depth);
        return;
    }
  }
  std::string& text() { return out_; }

 private:
  void write_integer(std::int64_t value) { out_ += std::to_string(value); }

  void write_double(const Value& value) {
    if (!evaluator_.is_numeric(value)) {
      out_ += "null";
      return;
    }
    const double number = value.as_double();
    out_ +=
        javascript_number(number == std::floor(number) ? number : rounded_to_precision(number, 15));
  }

  void write_text(std::string_view value) {
    static constexpr char kHex[] = "0123456789abcdef";
    out_ += '"';
    for (const char c : value) {
      switch (c) {
        case '"':
          out_ += "\\\"";
          break;
        case '\\':
          out_ += "\\\\";
          break;
        case '\b':
          out_ += "\\b";
          break;
        case '\f':
          out_ += "\\f";
          break;
        case '\n':
          out_ += "\\n";
          break;
        case '\r':
          out_ += "\\r";
          break;
        case '\t':
          out_ += "\\t";
          break;
        default:
          if (static_cast<unsigned char>(c) < 0x20) {
            out_ += "\\u00";
            out_ += kHex[(c >> 4) & 0xF];
            out_ += kHex[c & 0xF];
          } else {
            out_ += c;
          }
      }
    }
    out_ += '"';
  }

  void line(int depth) {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  void write_array(const Value& value, int depth) {
    out_ += '[';
    bool first = true;
    for (const Value& item : value.items()) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      write(item, depth + 1);
    }
    if (!first) line(depth);
    out_ += ']';
  }

  void write_object(const Value& value, int depth) {
    if (evaluator_.is_function(value)) {
      out_ += "\"\"";
      return;
    }
    out_ += '{';
    bool first = true;
    for (const Member* member : evaluator_.ordered(value)) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      write_text(member->key.as_string());
      out_ += pretty_ ? ": " : ":";
      write(member->value, depth + 1);
    }
    if (!first) line(depth);
    out_ += '}';
  }

  Evaluator& evaluator_;
  bool pretty_;
  std::string out_;
};

}  // namespace

const Builtin* find_builtin(std::string_view name) {
  static const std::unordered_map<std::string_view, const Builtin*> by_builtin_name = [] {
    std::unordered_map<std::string_view, const Builtin*> by_name;
    for (const Builtin& each : kBuiltins) by_name.emplace(each.name, &each);
    return by_name;
  }();
  const auto found = by_builtin_name.find(name);
  return found != by_builtin_name.end() ? found->second : nullptr;
}

Value Evaluator::stringify(const Datum& datum, bool pretty) {
  Value value = datum.value;
  if (value.is_string()) return value;
  if (is_function(value)) return Value::string("");
  if (value.is_double() && !std::isfinite(value.as_double())) fail_value("D3001", value);
  if (datum.has(kOuterWrapper) && value.is_array()) value = Value(value.items()[0]);
  Writer writer(*this, pretty);
  writer.write(value, 0);
  return Value::string(writer.text());
}

}  // namespace pawl::asl::jsonata
