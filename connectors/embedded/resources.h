// Resources: tables, queues, buckets and their kin that a workflow expects, declared in a file
// beside it, so that `pawl run` and `pawl serve` make them when they are not there yet.
//
// A JSON object; every member is a list, every entry what its service's create call takes, in that
// call's own terms, with what shall be in it beside:
//
//   Tables      CreateTable (BillingMode PAY_PER_REQUEST unless said)  + Items
//   Queues      CreateQueue
//   Buckets     CreateBucket                     + Objects: {Key, Body | File, ...} of PutObject
//   Topics      CreateTopic                      + Subscriptions: Subscribe without TopicArn
//   EventBuses  CreateEventBus
//   Rules       PutRule                          + Targets of PutTargets
//   Secrets     CreateSecret
//
// A File is looked for from the directory of the declaration. What is there stays as it is: an
// entry is made once, with its contents; rules alone are put each time, as PutRule does.
// Drawn for users in docs/resources.md.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace pawl::connectors {

class EmbeddedServices;

// Entries of one file, and bytes of a File: each is a commit before anything else runs.
inline constexpr std::size_t kResourcesMax = 1000;
inline constexpr std::size_t kResourceBytesMax = std::size_t{16} << 20U;
inline constexpr std::size_t kResourceFileBytesMax = std::size_t{256} << 20U;

// One kind of resource.
struct ResourceKind {
  std::string_view member;
  std::string_view name;       // of an entry, required
  std::string_view operation;  // that makes one
  std::string_view contents;   // a list beside it; empty: none
};
// In this order: what comes later may name what came before.
inline constexpr ResourceKind kResourceKinds[] = {
    {"Queues", "QueueName", "CreateQueue", ""},
    {"Tables", "TableName", "CreateTable", "Items"},
    {"Buckets", "Bucket", "CreateBucket", "Objects"},
    {"Topics", "Name", "CreateTopic", "Subscriptions"},
    {"EventBuses", "Name", "CreateEventBus", ""},
    {"Rules", "Name", "PutRule", "Targets"},
    {"Secrets", "Name", "CreateSecret", ""},
};

struct Resources {
  std::string path;       // for messages
  std::string directory;  // where files are looked for
  std::string text;       // checked JSON
};

// Reads and checks the declaration; blocks on the disk. kInvalid lists every problem, a line each,
// as "FILE: /Tables/0: what is wrong". kNotFound, kIo: the file.
Result<Resources> read_resources(const std::string& path);
// The check alone, of a text. Pure.
Status check_resources(const std::string& text, const std::string& path);

// The bytes of a file; blocks. kNotFound, kIo, kLimit: the message names it.
Result<std::string> read_resource_file(const std::string& name, std::size_t bytes_max);

// Makes what is not there. On a fiber of the ledger's shard, with the engine open; suspends. The
// first refusal of a service, with its place, ends it: kInvalid.
Status make_resources(EmbeddedServices& services, const Resources& resources);

}  // namespace pawl::connectors
