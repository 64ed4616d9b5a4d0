// The ways in which Lambda lets a function be named.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors {

struct FunctionName {
  std::string partition;  // these four are empty where the text did not have them
  std::string region;
  std::string account;
  std::string qualifier;  // "$LATEST", a version or an alias
  std::string name;       // never empty

  // arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]; all parts must be known.
  std::string arn() const;
  // The same with ":$LATEST" where there is no qualifier.
  std::string qualified_arn() const;
};

// NAME, ACCOUNT:function:NAME, REGION:ACCOUNT:function:NAME or the whole ARN, each with or without
// :QUALIFIER. Empty for any other text.
//
// Source: Lambda API, Invoke, FunctionName and its pattern (kFunctionNamePattern).
std::optional<FunctionName> parse_function_name(std::string_view text);

// As Lambda quotes it when it refuses a name.
inline constexpr std::string_view kFunctionNamePattern =
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
    "([a-zA-Z0-9-_\\.]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";

}  // namespace pawl::connectors
