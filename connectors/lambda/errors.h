// Errors that several operations of Lambda answer.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/lambda/records.h"

#include <optional>
#include <string>
#include <utility>

namespace pawl::connectors {

inline aws::Error invalid_value(std::string message) {
  return {"InvalidParameterValueException", std::move(message), 400, {}};
}

inline aws::Error wrong_revision() {
  return {"PreconditionFailedException",
          "The Revision Id provided does not match the latest Revision Id. Call the "
          "GetFunction/GetAlias API to retrieve the latest Revision Id",
          412,
          {}};
}

// Why `input` is not about the function as it is now: its RevisionId is another one.
inline std::optional<aws::Error> check_revision(const asl::Value& input,
                                                const FunctionRecord& latest) {
  const std::string_view revision = text_of(input, "RevisionId");
  if (revision.empty() || revision == latest.revision) return std::nullopt;
  return wrong_revision();
}

}  // namespace pawl::connectors
