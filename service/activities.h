// The registered activities: rows "A" NAME of the store. The registry only; handing out work comes
// with GetActivityTask.
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

// Reads see what is durable. Changes return when they are durable, suspend the fiber, and must not
// run at the same time (Api holds its lock around them).
class Activities {
 public:
  explicit Activities(const engine::Engine& engine) : engine_(engine) {}

  Result<std::optional<Activity>> find(std::string_view name) const;
  // By name, those behind `after`; at most `max`.
  Result<std::vector<Activity>> list(std::string_view after, std::size_t max) const;
  Status put(const Activity& activity);
  Status erase(std::string_view name);

 private:
  Status commit(const runtime::Batch& batch);
  Status try_commit(const runtime::Batch& batch);

  const engine::Engine& engine_;
  std::optional<runtime::Lease> lease_;
};

}  // namespace pawl::service
