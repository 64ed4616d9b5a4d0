// Built-in functions: those that call functions.
#include "asl/jsonata/builtins.h"
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace pawl::asl::jsonata {
namespace {

// What a callback of $map and its kin gets: the item, its index or key, the whole.
class Callback {
 public:
  Callback(Evaluator& evaluator, const Datum& function, const Datum& whole,
           const CallContext& context)
      : evaluator_(evaluator),
        function_(function.value),
        whole_(whole),
        frame_(context.frame),
        arity_(evaluator.arity(function.value)) {}

  Datum operator()(const Value& item, Value key) {
    evaluator_.count_step();
    Arguments args;
    args.push_back(item);
    if (arity_ >= 2) args.push_back(std::move(key));
    if (arity_ >= 3) args.push_back(whole_);
    return evaluator_.call(function_, args, frame_);
  }

 private:
  Evaluator& evaluator_;
  const Value function_;
  const Datum& whole_;
  const FramePtr& frame_;
  const int arity_;
};

Datum map(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const std::span<const Value> items = args[0].value.items();
  Items out(e);
  if (items.empty()) return {out.finish(), kSequence};
  Callback callback(e, args[1], args[0], context);
  for (std::size_t i = 0; i < items.size(); ++i) {
    Datum result = callback(items[i], count_value(i));
    if (!result.is_undefined()) out.add(std::move(result.value));
  }
  return {out.finish(), kSequence};
}

Datum filter(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const std::span<const Value> items = args[0].value.items();
  Items out(e);
  if (items.empty()) return {out.finish(), kSequence};
  Callback callback(e, args[1], args[0], context);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (e.truthy(callback(items[i], count_value(i)).value)) out.add(items[i]);
  }
  return {out.finish(), kSequence};
}

Datum single(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const std::span<const Value> items = args[0].value.items();
  std::optional<Callback> callback;
  if (!args[1].is_undefined() && !items.empty()) callback.emplace(e, args[1], args[0], context);
  const Value* found = nullptr;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (callback && !e.truthy((*callback)(items[i], count_value(i)).value)) continue;
    if (found != nullptr) fail("D3138");
    found = &items[i];
  }
  if (found == nullptr) fail("D3139");
  return *found;
}

Datum reduce(Evaluator& e, Arguments& args, const CallContext& context) {
  if (args[0].is_undefined()) return {};
  const int wanted = e.arity(args[1].value);
  if (wanted < 2) fail("D3050");
  const std::span<const Value> items = args[0].value.items();
  Datum result = args[2];
  std::size_t i = 0;
  if (result.is_undefined() && !items.empty()) result = Datum(items[i++]);
  for (; i < items.size(); ++i) {
    e.count_step();
    Arguments call_args;
    call_args.push_back(std::move(result));
    call_args.push_back(items[i]);
    if (wanted >= 3) call_args.push_back(count_value(i));
    if (wanted >= 4) call_args.push_back(args[0]);
    result = e.call(args[1].value, call_args, context.frame);
  }
  return result;
}

Datum sift(Evaluator& e, Arguments& args, const CallContext& context) {
  const std::vector<const Member*> members = e.ordered(args[0].value);
  if (members.empty()) return {};
  Callback callback(e, args[1], args[0], context);
  std::vector<Member> out;
  for (const Member* member : members) {
    if (e.truthy(callback(member->value, member->key).value)) out.push_back(*member);
  }
  if (out.empty()) return {};
  return e.make_object(std::move(out));
}

Datum each(Evaluator& e, Arguments& args, const CallContext& context) {
  const std::vector<const Member*> members = e.ordered(args[0].value);
  Items out(e);
  if (members.empty()) return {out.finish(), kSequence};
  Callback callback(e, args[1], args[0], context);
  for (const Member* member : members) {
    Datum result = callback(member->value, member->key);
    if (!result.is_undefined()) out.add(std::move(result.value));
  }
  return {out.finish(), kSequence};
}

// The reference takes a comparator's answer as JavaScript does: empty arrays and objects are true.
bool is_true(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNull:
      return false;
    case Kind::kBool:
      return value.as_bool();
    case Kind::kInt:
    case Kind::kDouble:
      return value.as_double() != 0 && !std::isnan(value.as_double());
    case Kind::kString:
      return !value.as_string().empty();
    default:
      return true;
  }
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
      e.count_step();
      if (strings) return compare_utf16(items[i].as_string(), items[j].as_string()) > 0;
      if (items[i].is_int() && items[j].is_int()) return items[i].as_int() > items[j].as_int();
      return items[i].as_double() > items[j].as_double();
    });
  } else {
    order = e.sort_order(items.size(), [&](std::size_t i, std::size_t j) {
      Arguments pair;
      pair.push_back(items[i]);
      pair.push_back(items[j]);
      return is_true(e.call(args[1].value, pair, context.frame).value);
    });
  }
  Items out(e);
  out.reserve(items.size());
  for (const std::uint32_t i : order) out.add(items[i]);
  return out.finish();
}

constexpr Builtin kBuiltins[] = {
    {"map", "<af>", 2, map},        {"filter", "<af>", 2, filter},
    {"single", "<af?>", 2, single}, {"reduce", "<afj?:j>", 3, reduce},
    {"sift", "<o-f?:o>", 2, sift},  {"each", "<o-f:a>", 2, each},
    {"sort", "<af?:a>", 2, sort},
};

}  // namespace

std::span<const Builtin> callback_builtins() { return kBuiltins; }

}  // namespace pawl::asl::jsonata
