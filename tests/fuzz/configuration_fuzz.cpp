// Files that people write for functions, mocks and profiles: read, or refused with a message.
#include "base/assert.h"
#include "connectors/lambda/function_config.h"
#include "connectors/mock/mock_config.h"
#include "connectors/remote/profile_plan.h"
#include "runtime/aws/profile_file.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl::connectors;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> files{"index.py", "bootstrap"};
  const auto function =
      parse_function_config(text, "name", "functions/name", files, "functions/name/function.json");
  PAWL_ASSERT(function.has_value() || !function.error().message.empty());
  const auto mocks = MockConfig::parse(text, "mocks.json");
  PAWL_ASSERT(mocks.has_value() || !mocks.error().message.empty());
  const auto profile = remote::plan_of_profile(pawl::runtime::aws::parse_profiles(text), "default");
  PAWL_ASSERT(profile.has_value() ? profile->roles.size() <= remote::kRoleChainMax
                                  : !profile.error().message.empty());
  return 0;
}
