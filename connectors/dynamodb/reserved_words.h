// DynamoDB's reserved words: an expression may use them as attribute names only through
// ExpressionAttributeNames. Pure.
//
// Source: developer guide, "Reserved words in DynamoDB".
#pragma once

#include <string_view>

namespace pawl::connectors::dynamodb {

// Whatever the case of its letters.
bool is_reserved_word(std::string_view name);

}  // namespace pawl::connectors::dynamodb
