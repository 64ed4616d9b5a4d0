// EmbeddedServices: all AWS services that live in this program, over one ledger.
//
// What a new one needs: its folder, a member here, and its line in services.cpp
// (docs/connectors.md).
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/registry.h"
#include "connectors/s3/service.h"

#include <memory>
#include <string>
#include <vector>

namespace pawl::connectors {

struct EmbeddedOptions {
  // Where large objects go, beside the store; empty: a temporary directory.
  std::string object_directory;
};

class EmbeddedServices {
 public:
  // `engine` must outlive it. Made and destroyed while the engine's shards do not run.
  EmbeddedServices(engine::Engine& engine, EmbeddedOptions options);
  ~EmbeddedServices();

  // Their Tasks, in all forms.
  void register_handlers(Registry& registry);
  // On a fiber of the engine's first shard, before the engine opens and Tasks go on.
  Status open();

  Ledger& ledger() { return ledger_; }
  s3::S3& s3() { return s3_; }

 private:
  std::vector<aws::Service*> all();

  Ledger ledger_;
  s3::S3 s3_;
};

}  // namespace pawl::connectors
