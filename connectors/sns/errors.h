// Errors that several operations of SNS answer.
#pragma once

#include "connectors/aws/service.h"

#include <fmt/format.h>

#include <string_view>

namespace pawl::connectors::sns {

inline aws::Error not_found() { return {"NotFound", "Topic does not exist", 404, {}}; }
inline aws::Error no_subscription() { return {"NotFound", "Subscription does not exist", 404, {}}; }
inline aws::Error invalid(std::string_view what) {
  return {"InvalidParameter", fmt::format("Invalid parameter: {}", what), 400, {}};
}

}  // namespace pawl::connectors::sns
