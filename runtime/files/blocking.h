// Work that blocks on a file, off the shard: a synced write stops a thread for as long as the disk
// likes, and would stop every fiber of a shard with it.
#pragma once

#include "base/result.h"
#include "runtime/fiber/unique_function.h"

#include <functional>

namespace pawl::runtime {

// On a fiber: runs `job` on a helper thread and suspends until it has ended. `job` may refer to the
// caller's stack. A virtual clock is held meanwhile. There are four helpers; who comes when all of
// them are busy waits in line (kLimit when 4,096 do; `job` was not run).
Status run_blocking(const std::function<void()>& job);

// Any thread: runs `job` on a helper and does not wait. Dropped when too many wait already.
void post_blocking(unique_function<void()> job);

}  // namespace pawl::runtime
