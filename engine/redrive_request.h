// What a caller of a redrive may say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pawl::engine {

// Where a redrive begins if not where the execution stood. AWS has no such thing.
struct RedriveTarget {
  std::vector<std::int32_t> branch;  // child indexes from the root down; empty: the root
  std::string state;                 // of that branch's states; empty: the one it stood in
  std::optional<std::string> input;  // valid JSON; absent: the one it had
};

struct RedriveRequest {
  std::string client_token;  // the same one again within 15 minutes: the same answer
  std::optional<RedriveTarget> target;
};

}  // namespace pawl::engine
