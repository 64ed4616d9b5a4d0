// The registered activities: rows "A" NAME of the store. Their work is the engine's
// (engine/activity_queue.h).
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "service/tags.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::service {

struct Activity {
  std::string name;
  runtime::WallTime creation_date{};
  std::string encryption;  // JSON text, as it is shown
  Tags tags;
};

// Reads see what is durable. Changes are made on the engine's first shard, return when they are
// durable, suspend the fiber, and must not run at the same time (Api holds its lock around them).
class Activities {
 public:
  explicit Activities(engine::Engine& engine) : engine_(engine) {}

  Result<std::optional<Activity>> find(std::string_view name) const;
  // By name, those behind `after`; at most `max`.
  Result<std::vector<Activity>> list(std::string_view after, std::size_t max) const;
  Status put(const Activity& activity);
  Status erase(std::string_view name);

 private:
  engine::Engine& engine_;
};

}  // namespace pawl::service
