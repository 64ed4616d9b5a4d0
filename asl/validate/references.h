// Which variables a definition reads: what DescribeStateMachine calls variableReferences.
//
// Looked at are the places where the language evaluates something: the ...Path fields, members of
// payload templates that end in ".$" and Choice rules (JSONPath); strings in {% %} (JSONata). What
// only looks like a reference (a literal, a Pass's Result, a Comment) is none, and `$states` is no
// variable. Undefined names count: whether a variable exists is known only at run time.
//
// Source: recorded cases sfn_api_variable_references.
#pragma once

#include "asl/json/value.h"
#include "asl/model/definition.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace pawl::asl {

// Without `$`, in the order of their code units, as the service lists them.
using VariableNames = std::set<std::string, std::less<>>;

// The variables that one state reads, those of its nested machines left out. `language` is the
// state's. Never fails: what is no state, or does not parse, reads nothing.
VariableNames variables_read(const Value& state, QueryLanguage language);

// State name -> the variables it reads, nested machines included; states that read none are left
// out.
std::map<std::string, VariableNames> variable_references(const Value& definition);

}  // namespace pawl::asl
