// Built-in functions: arrays and objects.
#include "asl/jsonata/builtins.h"
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/library.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <unordered_set>
#include <utility>

namespace pawl::asl::jsonata {
namespace {

Datum zip(Evaluator& e, Arguments& args, const CallContext&) {
  std::size_t size = std::numeric_limits<std::size_t>::max();
  for (const Datum& arg : args) size = std::min(size, arg.is_array() ? arg.value.size() : 0);
  if (args.empty()) size = 0;
  Items out(e);
  for (std::size_t i = 0; i < size; ++i) {
    std::vector<Value> tuple;
    for (const Datum& arg : args) tuple.push_back(arg.value.items()[i]);
    out.add(e.make_array(std::move(tuple)));
  }
  return out.finish();
}
Datum keys(Evaluator& e, Arguments& args, const CallContext&) {
  Items out(e);
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
    for (const Member* member : e.ordered(all)) out.add(member->key);
  } else {
    for (const Member* member : e.ordered(args[0].value)) out.add(member->key);
  }
  return {out.finish(), kSequence};
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
    Items out(e);
    for (const Value& item : value.value.items()) {
      const Datum inner = spread_value(e, Datum(item));
      if (inner.is_array()) {
        out.add_all(inner.value.items());
      } else if (!inner.is_undefined()) {
        out.add(inner.value);
      }
    }
    const std::uint8_t flags = value.value.size() == 0 ? kSequence : 0;
    return {out.finish(), flags};
  }
  if (!value.value.is_object() || e.is_function(value.value)) return value;
  Items out(e);
  for (const Member* member : e.ordered(value.value)) out.add(Value::object({*member}));
  return {out.finish(), kSequence};
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
    e.count_step();
    out[i].swap(out[static_cast<std::size_t>(e.random() % (i + 1))]);
  }
  return e.make_array(std::move(out));
}
// Text and numbers are looked up, everything else is compared with all that is known.
Datum distinct(Evaluator& e, Arguments& args, const CallContext&) {
  if (!args[0].is_array() || args[0].value.size() <= 1) return args[0];
  Items out(e);
  std::unordered_set<std::string_view> strings;
  std::unordered_set<double> numbers;
  std::vector<Value> others;
  for (const Value& item : args[0].value.items()) {
    e.count_step();
    if (item.is_string()) {
      if (strings.insert(item.as_string()).second) out.add(item);
      continue;
    }
    const bool exact = !item.is_int() || std::abs(item.as_int()) <= (std::int64_t{1} << 53);
    if (item.is_number() && exact && !std::isnan(item.as_double())) {
      if (numbers.insert(item.as_double()).second) out.add(item);
      continue;
    }
    const bool known = std::any_of(others.begin(), others.end(), [&](const Value& each) {
      e.count_step();
      return equal(each, item);
    });
    if (known) continue;
    others.push_back(item);
    out.add(item);
  }
  return {out.finish(), static_cast<std::uint8_t>(args[0].flags & kSequence)};
}
Datum clone(Evaluator&, Arguments& args, const CallContext&) { return args[0].value; }

Datum partition_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined()) return {};
  const Value array = args[0].is_array() ? args[0].value : Value::array({args[0].value});
  return unwrap(partition(array, number_of(args[1])), args[1]);
}
Datum range_function(Evaluator&, Arguments& args, const CallContext&) {
  if (args[0].is_undefined() || args[1].is_undefined() || args[2].is_undefined()) return {};
  return unwrap(range(number_of(args[0]), number_of(args[1]), number_of(args[2])), args[2]);
}

constexpr Builtin kBuiltins[] = {
    {"zip", "<a+>", -1, zip},
    {"keys", "<x-:a<s>>", 1, keys},
    {"lookup", "<x-s:x>", 2, lookup},
    {"append", "<xx:a>", 2, append},
    {"spread", "<x-:a<o>>", 1, spread},
    {"merge", "<a<o>:o>", 1, merge},
    {"reverse", "<a:a>", 1, reverse},
    {"shuffle", "<a:a>", 1, shuffle},
    {"distinct", "<x:x>", 1, distinct},
    {"clone", "<(oa)-:o>", 1, clone},
    {"partition", "<a-n:a>", 2, partition_function},
    {"range", "<n-nn?:a>", 3, range_function},
};

}  // namespace

std::span<const Builtin> array_builtins() { return kBuiltins; }

}  // namespace pawl::asl::jsonata
