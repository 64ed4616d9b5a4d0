// Names, keys and errors that the files of EventBridge share. Internal to connectors/events.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::connectors::events {

// A bus by its name or ARN; the default one when none is named.
inline std::string bus_of(std::string_view named) {
  if (named.empty()) return "default";
  const std::size_t slash = named.rfind('/');
  return std::string(named.substr(slash == std::string_view::npos ? 0 : slash + 1));
}

inline std::string bus_key(std::string_view bus) { return std::string("Seb").append(bus); }
inline std::string rules_of(std::string_view bus) { return std::string("Ser").append(bus) + '\0'; }
inline std::string rule_key(std::string_view bus, std::string_view rule) {
  return rules_of(bus).append(rule);
}

inline aws::Error validation(std::string message) {
  return {"ValidationException", std::move(message), 400, {}};
}
inline aws::Error limit_exceeded() {
  return {"LimitExceededException",
          "The requested resource exceeds the maximum number allowed.",
          400,
          {}};
}
inline aws::Error no_rule(std::string_view rule, std::string_view bus) {
  return {"ResourceNotFoundException",
          fmt::format("Rule {} does not exist on EventBus {}.", rule, bus),
          400,
          {}};
}
inline aws::Error no_bus(std::string_view bus) {
  return {"ResourceNotFoundException", fmt::format("Event bus {} does not exist.", bus), 400, {}};
}

inline bool is_name(std::string_view name, std::size_t max) {
  return !name.empty() && name.size() <= max &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == '/';
         });
}

inline bool bus_exists(Change& change, std::string_view bus) {
  return bus == "default" || change.get(bus_key(bus)).has_value();
}

}  // namespace pawl::connectors::events
