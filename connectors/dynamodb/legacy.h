// The parameters that came before expressions: Expected, KeyConditions, QueryFilter, ScanFilter,
// AttributeUpdates. They become what expressions become. Pure.
//
// Source: developer guide, "Legacy conditional parameters".
#pragma once

#include "connectors/dynamodb/expression.h"

namespace pawl::connectors::dynamodb {

// `given`: attribute name to {ComparisonOperator, AttributeValueList} or {Value, Exists}.
// `any`: ConditionalOperator is OR.
Result<Condition> legacy_condition(const asl::Value& given, bool any);
// `given`: attribute name to {Action, Value}.
Result<std::vector<UpdateAction>> legacy_update(const asl::Value& given);

}  // namespace pawl::connectors::dynamodb
