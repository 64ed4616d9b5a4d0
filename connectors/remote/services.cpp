#include "connectors/remote/services.h"

#include "connectors/lambda/handler.h"
#include "connectors/remote/handler.h"
#include "connectors/states/handler.h"

namespace pawl::connectors::remote {

void RemoteServices::register_handlers(Registry& registry, EmbeddedServices& embedded) {
  const RemoteOptions& options = client_->options();
  if (!options.any()) return;
  const auto any = std::make_shared<RemoteHandler>(*client_);
  registry.add_sdk(any);
  for (const aws::Service* service : embedded.all()) {
    const aws::Profile& profile = service->profile();
    if (!options.is_remote(profile.sdk, profile.endpoint)) continue;
    registry.add("aws-sdk:" + std::string(profile.sdk), any);
    if (!profile.resource.empty() && profile.sdk != "lambda") {
      registry.add(std::string(profile.resource),
                   std::make_shared<RemoteHandler>(*client_, service));
    }
    // The readers and writers of a distributed Map name S3 without aws-sdk.
    if (profile.sdk == "s3") registry.add("s3", any);
  }
  if (options.is_remote("lambda", "lambda")) {
    const auto lambda = std::make_shared<LambdaHandler>(lambda_, clock_);
    registry.add(asl::ResourceKind::kLambdaFunction, lambda);
    registry.add("lambda", lambda);
  }
  if (options.is_remote("sfn", "states")) {
    const auto states = std::make_shared<StatesHandler>(clock_);
    states->connect(states_);
    registry.add("states", states);
    registry.add("aws-sdk:sfn", any);
  }
}

}  // namespace pawl::connectors::remote
