// Scopes of variables: each machine has its own, inside that of the machine around it.
//
// A variable is in a scope if some state of it assigns it. A nested machine reads those of the
// scopes around it but may not assign a name of theirs; the iterations of a Distributed Map are
// executions of their own and do not see them at all.
//
// Source: developer guide, "Passing data between states with variables" (variable scope).
#pragma once

#include "asl/json/value.h"
#include "asl/model/place.h"
#include "asl/validate/context.h"

#include <string_view>
#include <unordered_set>

namespace pawl::asl {

// The names that the states of one machine assign, those of nested machines left out. They point
// into `machine`.
std::unordered_set<std::string_view> variables_assigned(const Value& machine);

// `name` is assigned at `place`, in the machine at hand: no machine around it may assign it, too.
void check_assigned_name(const Context& context, std::string_view name, const Place& place);

// What `state` reads must not lie behind the border of a Distributed Map.
void check_references(const Context& context, const Value& state, const Place& place);

}  // namespace pawl::asl
