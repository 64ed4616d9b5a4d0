#include "asl/jsonata/builtins.h"

#include "asl/jsonata/fault.h"

#include <deque>
#include <memory>
#include <unordered_map>

namespace pawl::asl::jsonata {
namespace {

// All tables by name, with their signatures parsed.
class Index {
 public:
  Index() {
    for (const auto table : {number_builtins(), string_builtins(), pattern_builtins(),
                             array_builtins(), callback_builtins(), encoding_builtins()}) {
      for (const Builtin& each : table) add(each);
    }
  }

  const Builtin* find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found != by_name_.end() ? found->second : nullptr;
  }

 private:
  void add(const Builtin& each) {
    Builtin& made = builtins_.emplace_back(each);
    made.parsed = signatures_.emplace_back(parse_signature(each.signature)).get();
    by_name_.emplace(made.name, &made);
  }

  std::deque<Builtin> builtins_;
  std::deque<std::shared_ptr<const Signature>> signatures_;
  std::unordered_map<std::string_view, const Builtin*> by_name_;
};

}  // namespace

const Builtin* find_builtin(std::string_view name) {
  static const Index index;
  return index.find(name);
}

void fail_library(const Error& error, const Value& value) {
  Fault fault;
  fault.code = error.where.empty() ? "U1001" : error.where;
  fault.message = error.message;
  fault.value = value;
  throw fault;
}

}  // namespace pawl::asl::jsonata
