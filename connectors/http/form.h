// JSON as application/x-www-form-urlencoded: what Transform makes of a RequestBody. Pure.
//
//   {"a":{"b":1},"c":[2,3]}      a%5Bb%5D=1&c%5B0%5D=2&c%5B1%5D=3
//
// Members of objects within are named by brackets. How items of arrays are named is the
// ArrayFormat. Texts are written as they are, null as nothing, what the format cannot split as
// JSON.
//
// Source: developer guide, "Call HTTPS APIs", Applying URL-encoding on request body.
#pragma once

#include "asl/json/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::http {

enum class ArrayFormat : std::uint8_t {
  kIndices,   // c[0]=2&c[1]=3
  kRepeat,    // c=2&c=3
  kCommas,    // c=2,3
  kBrackets,  // c[]=2&c[]=3
  kNone,      // c=[2,3]: not taken apart
};

// "INDICES" and its like. Empty: there is none of that name.
std::optional<ArrayFormat> array_format_of(std::string_view name);

// `object` is one. A blank is %20.
std::string write_form(const asl::Value& object, ArrayFormat format);

}  // namespace pawl::connectors::http
