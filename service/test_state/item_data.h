// The items in the data that a test gives in the place of what a Map's ItemReader would read.
//
// Source: api-facts section 8 (mapItemReaderData: "as found in its original source"); texts of the
// recorded Map Runs.
#pragma once

#include "asl/json/payload.h"
#include "asl/json/value.h"
#include "base/result.h"

#include <string_view>

namespace pawl::service {

// `reader`: the state's ItemReader. An array, or an object for the members of one. kInvalid: the
// message is the cause of States.ItemReaderFailed.
Result<asl::Payload> read_item_data(const asl::Value& reader, std::string_view data);

}  // namespace pawl::service
