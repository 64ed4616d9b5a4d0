// Fuzz target: bodies of TestState requests, and mocked results against the models of AWS's APIs.
#include "asl/json/reader.h"
#include "asl/parse/resource.h"
#include "base/assert.h"
#include "service/constraints.h"
#include "service/test_state/mock_schema.h"
#include "service/test_state/request.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace pawl;

void check_request(const asl::Value& body) {
  const service::OperationShape* shape = service::find_operation_shape("TestState");
  PAWL_ASSERT(shape != nullptr);
  if (!body.is_object() || service::check_input(*shape, body, {})) return;
  const connectors::StatesCaller caller;
  const auto read = service::read_state_test(service::Request(body, caller, ""), {});
  if (const auto* refused = std::get_if<service::ApiError>(&read)) {
    PAWL_ASSERT(!refused->code.empty() && !refused->message.empty());
    return;
  }
  const auto& test = std::get<service::StateTestRequest>(read).test;
  PAWL_ASSERT(test.definition != nullptr && test.input.present());
}

void check_result(const asl::Value& result) {
  for (const std::string_view action :
       {"dynamodb:getItem", "aws-sdk:s3:listObjectsV2", "aws-sdk:lambda:getFunction"}) {
    const auto resource = asl::parse_resource("arn:aws:states:::" + std::string(action));
    const auto api = service::mocked_api(*resource);
    PAWL_ASSERT(api.has_value());
    const auto strict = service::schema_problem(*api, result, true);
    // What lacks nothing and is right in its parts is right in the milder mode too.
    PAWL_ASSERT(strict || !service::schema_problem(*api, result, false));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = asl::read_json({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  check_request(*json);
  check_result(*json);
  return 0;
}
