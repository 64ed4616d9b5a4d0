// MemoryStore: a Store that ends with its process. For tests, simulations, Express-only engines and
// temporary runs. Never fails and never closes.
#pragma once

#include "runtime/store/store.h"

#include <memory>

namespace pawl::runtime {

std::unique_ptr<Store> make_memory_store();

}  // namespace pawl::runtime
