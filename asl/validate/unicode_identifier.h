// Unicode identifiers (UAX #31): ID_Start followed by ID_Continue; `_` only continues.
#pragma once

#include <cstdint>

namespace pawl::asl {

bool is_identifier_start(std::uint32_t code_point);
bool is_identifier_continue(std::uint32_t code_point);

}  // namespace pawl::asl
