#include "connectors/embedded/services.h"

#include "connectors/aws/handler.h"

#include <utility>

namespace pawl::connectors {

EmbeddedServices::EmbeddedServices(engine::Engine& engine, EmbeddedOptions options)
    : ledger_(engine), s3_(ledger_, std::move(options.object_directory)) {}

EmbeddedServices::~EmbeddedServices() = default;

std::vector<aws::Service*> EmbeddedServices::all() { return {&s3_}; }

void EmbeddedServices::register_handlers(Registry& registry) {
  for (aws::Service* service : all()) {
    const aws::Profile& profile = service->profile();
    const auto handler = std::make_shared<aws::ServiceHandler>(*service, ledger_);
    if (!profile.resource.empty()) registry.add(std::string(profile.resource), handler);
    registry.add("aws-sdk:" + std::string(profile.sdk), handler);
  }
  // The readers and writers of a distributed Map name S3 without aws-sdk.
  registry.add("s3", std::make_shared<aws::ServiceHandler>(s3_, ledger_));
}

Status EmbeddedServices::open() { return s3_.open(); }

}  // namespace pawl::connectors
