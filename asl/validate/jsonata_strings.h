// JSONata expressions in a definition: strings between {% and %}.
//
// Only the markers are judged here; the expressions themselves when asl/jsonata is there.
// Source: `asl-facts` section 4; in comments markers mean nothing.
#pragma once

#include "asl/model/place.h"
#include "asl/validate/context.h"

#include <string_view>

namespace pawl::asl {

// Starts like an expression or ends like one: not meant as plain text.
bool has_jsonata_marker(std::string_view text);

// `text`, which has a marker, is a whole expression; otherwise it is reported.
void check_jsonata_string(const Context& context, std::string_view text, const Place& place);

}  // namespace pawl::asl
