#include "connectors/registry.h"

#include "base/assert.h"

namespace pawl::connectors {

void Registry::add(asl::ResourceKind kind, std::shared_ptr<engine::TaskHandler> handler) {
  PAWL_ASSERT(kind != asl::ResourceKind::kIntegration && handler != nullptr);
  by_kind_[kind] = std::move(handler);
}

void Registry::add(std::string service, std::shared_ptr<engine::TaskHandler> handler) {
  PAWL_ASSERT(!service.empty() && handler != nullptr);
  by_service_[std::move(service)] = std::move(handler);
}

void Registry::add_sdk(std::shared_ptr<engine::TaskHandler> handler) {
  PAWL_ASSERT(handler != nullptr);
  sdk_ = std::move(handler);
}

engine::TaskHandler* Registry::find(const asl::Resource& resource,
                                    std::string_view /*state_machine_name*/,
                                    std::string_view /*state_name*/) {
  if (resource.kind == asl::ResourceKind::kIntegration) {
    const auto found = by_service_.find(resource.service);
    if (found != by_service_.end()) return found->second.get();
    return resource.service.starts_with("aws-sdk:") ? sdk_.get() : nullptr;
  }
  const auto found = by_kind_.find(resource.kind);
  return found == by_kind_.end() ? nullptr : found->second.get();
}

}  // namespace pawl::connectors
