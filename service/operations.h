// The table of operations: the only place that says which action serves which.
#pragma once

#include "service/api.h"

#include <string_view>

namespace pawl::service {

using Action = Answer (*)(Api& api, const Request& request);

struct Operation {
  std::string_view name;
  Action action;
  // The action changes machines or activities, and so runs alone (Api holds its lock).
  bool changes_registry = false;
};

// nullptr: unknown, or known to the model and not offered yet.
const Operation* find_operation(std::string_view name);

}  // namespace pawl::service
