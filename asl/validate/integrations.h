// Which optimized integrations exist, and which patterns each action has.
//
// Source: `integrations` sections 1 and 3 (developer guide).
#pragma once

#include "asl/model/definition.h"

namespace pawl::asl {

// True if a Task may name this integration. For `aws-sdk:*` any service and action in the right
// case: `aws-sdk:dynamodb:putItem`; there is no `.sync`.
bool is_known_integration(const Resource& resource);

}  // namespace pawl::asl
