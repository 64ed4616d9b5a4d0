#include "connectors/registry.h"

#include "tests/catch.h"
#include "tests/connectors/support.h"

namespace pawl::connectors {
namespace {

class FakeHandler final : public engine::TaskHandler {
 public:
  engine::Outcome run(const engine::TaskRequest&) override { return engine::TaskFailed{}; }
};

TEST_CASE("a resource is served by its kind or its service", "[connectors]") {
  const auto functions = std::make_shared<FakeHandler>();
  const auto lambda = std::make_shared<FakeHandler>();
  const auto table = std::make_shared<FakeHandler>();
  Registry registry;
  registry.add(asl::ResourceKind::kLambdaFunction, functions);
  registry.add("lambda", lambda);
  registry.add("aws-sdk:dynamodb", table);

  CHECK(registry.find(test::direct_resource("f"), "m", "s") == functions.get());
  CHECK(registry.find(test::invoke_resource(), "m", "s") == lambda.get());
  asl::Resource resource = test::invoke_resource();
  resource.service = "aws-sdk:dynamodb";
  CHECK(registry.find(resource, "m", "s") == table.get());
  resource.service = "dynamodb";
  CHECK(registry.find(resource, "m", "s") == nullptr);
  resource.kind = asl::ResourceKind::kActivity;
  CHECK(registry.find(resource, "m", "s") == nullptr);
}

}  // namespace
}  // namespace pawl::connectors
