// JSON text inside a request (input, output): whether it is JSON, and the complaint if it is not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl::service {

// Empty if `text` is one JSON value within the engine's bounds. Otherwise the message of the
// service's parser (Jackson, without source and position):
//
//   not json     Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or
//                token 'null', 'true' or 'false')
//   {'a': 1}     Unexpected character (''' (code 39)): was expecting double-quote to start field
//   name (nothing)    empty_text
//
// Source: recorded case sfn_api::test_invalid_start_execution_input; Jackson 2's texts otherwise.
std::optional<std::string> json_problem(std::string_view text, std::string_view empty_text);

}  // namespace pawl::service
