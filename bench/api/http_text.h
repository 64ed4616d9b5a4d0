// As much of HTTP/1.1 as a load generator needs: requests with a body, answers with Content-Length.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::bench {

std::string http_request(std::string_view method, std::string_view target, std::string_view headers,
                         std::string_view body);
// Of the Step Functions API: AWS JSON, without a signature.
std::string api_request(std::string_view operation, std::string_view body);

struct HttpAnswer {
  int status = 0;
  std::string_view head;  // both borrow the bytes
  std::string_view body;
  std::size_t bytes = 0;  // of the whole answer
};
// The first answer in `bytes`; empty while it is not complete.
std::optional<HttpAnswer> first_answer(std::string_view bytes);
// Value of a header, named in lower case; empty if it is absent.
std::string_view header(std::string_view head, std::string_view name);

// A text member of a JSON object that has that name once, as it is escaped there; empty: none.
std::string_view json_text(std::string_view json, std::string_view name);
std::string json_quoted(std::string_view text);

}  // namespace pawl::bench
