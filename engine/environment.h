// What the expressions of a state see: the context object and the variables in scope.
//
// Source: `asl-facts` sections 5 and 14.
#pragma once

#include "asl/path/environment.h"
#include "engine/execution.h"
#include "engine/turn.h"

#include <optional>
#include <string_view>

namespace pawl::engine {

// One iteration of a Map whose ItemSelector is evaluated before its branch exists.
struct MapItem {
  std::int64_t index = 0;
  asl::Value value;
  std::string_view key;     // of an object's member; empty for arrays
  std::string_view source;  // "STATE_DATA"; empty: not shown (inline Map)
};

class StateEnvironment final : public asl::Environment {
 public:
  // For the current state of `branch`. `token`: the task token where the pattern has one.
  // Borrows everything for its lifetime.
  StateEnvironment(Turn& turn, const Branch& branch, std::string_view token = {},
                   const MapItem* item = nullptr)
      : turn_(turn), branch_(branch), token_(token), item_(item) {}

  const asl::Value& context() const override;
  const asl::Value* variable(std::string_view name) const override;
  std::uint64_t random() const override { return turn_.services().random->next_u64(); }

 private:
  asl::Value map_context() const;

  Turn& turn_;
  const Branch& branch_;
  std::string_view token_;
  const MapItem* item_;
  mutable asl::Value context_;
};

}  // namespace pawl::engine
