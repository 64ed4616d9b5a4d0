// ARNs of the API: arn:PARTITION:states:REGION:ACCOUNT:TYPE:REST.
#pragma once

#include "service/errors.h"

#include <string>
#include <string_view>

namespace pawl::service {

enum class ResourceType { kStateMachine, kExecution, kExpress, kMapRun, kActivity };

struct Arn {
  ResourceType type = ResourceType::kStateMachine;
  std::string name;       // of the state machine or activity
  std::string label;      // of a Map state: NAME/LABEL
  std::string qualifier;  // stateMachine: version number or alias; empty for a plain ARN
  std::string execution;  // execution, express: its name; mapRun: its id

  // The qualifier is a version's number; another one is the name of an alias, which has more than
  // digits.
  bool names_version() const;
  bool names_alias() const { return !qualifier.empty() && !names_version(); }
};

// Which types an operation takes.
using ResourceTypes = unsigned;
constexpr ResourceTypes type_bit(ResourceType type) { return 1U << static_cast<unsigned>(type); }
inline constexpr ResourceTypes kStateMachines = type_bit(ResourceType::kStateMachine);
inline constexpr ResourceTypes kExecutions = type_bit(ResourceType::kExecution);
inline constexpr ResourceTypes kActivities = type_bit(ResourceType::kActivity);

// InvalidArn for a text that is no ARN of Step Functions, and for a type that is not in `allowed`.
// Region and account are not looked at: an ARN of somebody else names nothing here.
Checked<Arn> parse_arn(std::string_view text, ResourceTypes allowed);

}  // namespace pawl::service
