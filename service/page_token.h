// nextToken: where a list goes on. Opaque, self-contained, and so valid after a restart.
//
// Base64url of a sealed record: which list with which arguments (a hash), when it was made, and the
// list's own cursor. A token of another list, of other arguments, older than 24 hours or altered is
// no token. It is no secret and carries no rights: whoever has it may call the operation anyway.
#pragma once

#include "runtime/clock/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::service {

// `list`: the operation and those arguments that must not change between pages.
std::string make_page_token(std::string_view list, std::string_view cursor, runtime::WallTime now);
std::optional<std::string> read_page_token(std::string_view token, std::string_view list,
                                           runtime::WallTime now);

}  // namespace pawl::service
