// Whether a definition may be registered: valid by the service's rules.
#pragma once

#include "asl/json/value.h"
#include "engine/limits.h"
#include "service/errors.h"

#include <optional>
#include <string_view>

namespace pawl::service {

// Empty: it may. Otherwise InvalidDefinition with the text of the validator. What is valid also
// compiles: validate() makes sure of it.
std::optional<ApiError> check_definition(std::string_view text, bool express,
                                         const engine::Limits& limits);
// The same of a definition that was read; of a Standard machine.
std::optional<ApiError> check_definition(const asl::Value& definition,
                                         const engine::Limits& limits);

// InvalidDefinition with an error of asl::compile().
ApiError invalid_definition(const Error& error);

}  // namespace pawl::service
