// API models from a directory, profiles of ~/.aws, and calls made with what was read.
#include "asl/json/reader.h"
#include "base/assert.h"
#include "connectors/aws_models/api_model.h"
#include "connectors/remote/credential_chain.h"
#include "connectors/remote/options.h"
#include "connectors/remote/values.h"
#include "connectors/remote/wire.h"
#include "runtime/aws/profile_file.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::connectors;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& [name, section] : pawl::runtime::aws::parse_profiles(text)) {
    PAWL_ASSERT(!name.empty());
  }
  remote::RemoteOptions options;
  static_cast<void>(remote::add_endpoint(text, options));
  static_cast<void>(remote::read_credentials_document(text));
  static_cast<void>(sdk_exception_name(text));
  static_cast<void>(sdk_class_name(text));
  const auto model = ApiModel::parse(text);
  if (!model) {
    PAWL_ASSERT(!model.error().message.empty());
    return 0;
  }
  const auto parameters = *pawl::asl::read_json(
      R"({"A":"a","B":[1,{"C":null}],"C":{"D":true,"e":1.5},"Name":"n","Key":"k/l"})");
  for (const ApiOperation& operation : (*model)->operations()) {
    pawl::asl::Value input = pawl::asl::Value::object({});
    if (operation.input) {
      auto converted = remote::to_api_form(**model, *operation.input, parameters, "token");
      if (!converted) continue;
      input = *converted;
    }
    static_cast<void>(remote::write_request(**model, operation, input));
  }
  return 0;
}
