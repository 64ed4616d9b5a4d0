// HTTP Tasks and API Gateway's: parameters as a definition may have them, answers as an endpoint
// may give them. The first line is the parameters, the second the Content-Type, the rest a body.
#include "asl/json/reader.h"
#include "base/assert.h"
#include "connectors/apigateway/call.h"
#include "connectors/http/answer.h"
#include "connectors/http/call.h"
#include "runtime/http/client.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

void check_sendable(const pawl::connectors::http::Fields& headers) {
  for (const auto& [name, value] : headers) {
    PAWL_ASSERT(pawl::runtime::is_sendable_field(name, value));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::connectors;  // NOLINT(google-build-using-namespace)
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parameters = pawl::asl::Payload::parse(std::string(take_line(text)));
  if (parameters) {
    pawl::asl::Resource resource;
    pawl::engine::TaskRequest request;
    request.resource = &resource;
    request.parameters = *parameters;
    request.region = "us-east-1";
    const auto read = http::read_parameters(request, true);
    if (const auto* good = std::get_if<http::Parameters>(&read)) {
      const auto call = http::make_call(*good, nullptr, "", "us-east-1");
      if (const auto* made = std::get_if<http::Call>(&call)) {
        PAWL_ASSERT(pawl::runtime::Url::parse(made->url).has_value());
        check_sendable(made->headers);
      }
    }
    const auto gateway = apigateway::to_call(request);
    if (const auto* made = std::get_if<apigateway::Call>(&gateway)) {
      PAWL_ASSERT(pawl::runtime::Url::parse("https://" + made->host + made->target).has_value());
      check_sendable(made->headers);
    }
  }
  pawl::runtime::HttpResponse response;
  response.headers.add("Content-Type", take_line(text));
  response.body = text;
  for (const int status : {200, 404}) {
    response.status = status;
    static_cast<void>(http::to_outcome(response));
    static_cast<void>(http::read_token(response));
  }
  return 0;
}
