// Lambda's API for functions that clients make: created from a zip, kept in the store, run by
// LocalLambda like those that are declared in folders.
//
//   records.h     keys and records            api.cpp       functions and their calls
//   versions.cpp  versions and aliases        settings.cpp  concurrency, event settings, tags,
//   events.cpp    asynchronous calls                        policies
//   deployment.cpp  archives and settings     rest.cpp  the protocol
//
// A function is a row and a directory beside the store with its files; an update makes a new
// directory, and the old one goes when the row is durable and no version has it. Layers, images and
// event sources are not offered.
//
// Source: the API model (lambda.json); error texts from the Lambda API reference; developer guide,
// "Asynchronous invocation", for retries, ages and destinations.
#pragma once

#include "connectors/aws/endpoint.h"
#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/embedded/outbox.h"
#include "connectors/embedded/send_to.h"
#include "connectors/lambda/local_backend.h"
#include "connectors/lambda/records.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors {

// Versions of one function, and aliases. Ours: AWS bounds the bytes of all code instead.
inline constexpr std::size_t kVersionsMax = 1000;
inline constexpr std::size_t kAliasesMax = 1000;

class LambdaApi final : public aws::Service {
 public:
  // Directories of functions go below `directory`; empty: a temporary one.
  LambdaApi(Ledger& ledger, Outbox& outbox, std::string directory);
  ~LambdaApi() override;

  // The functions run there. Once, before open().
  void connect(LocalLambda& backend);
  // Where dead letters and destinations go. Before open().
  void connect(SendTo send) { send_ = std::move(send); }
  // Declares the functions that the store has, and removes directories that none of them names. On
  // a fiber of the ledger's shard, before anything calls.
  Status open();

  // An asynchronous call as part of a decision: made after it, at least once. `dead_letter`: the
  // queue or topic that hears of a call that cannot be handed over, empty if none; it gets
  // `letter`.
  void start(Change& change, std::string arn, std::string event, std::string_view dead_letter = {},
             std::string_view letter = {});

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;

 private:
  // What a call names.
  struct Named {
    std::string name;
    std::string qualifier;  // empty if none
  };
  using Modify = std::function<aws::Answer(Change&, FunctionRecord&)>;

  // api.cpp
  aws::Answer create(const aws::Call& call);
  aws::Answer update_code(const aws::Call& call);
  aws::Answer update_configuration(const aws::Call& call);
  aws::Answer remove(const aws::Call& call);
  aws::Answer get(const aws::Call& call, bool with_code);
  aws::Answer list(const aws::Call& call);
  aws::Answer invoke(const aws::Call& call);
  // versions.cpp
  aws::Answer publish(const aws::Call& call);
  aws::Answer remove_version(const aws::Call& call, const Named& named);
  aws::Answer list_versions(const aws::Call& call);
  aws::Answer put_alias(const aws::Call& call, bool is_new);
  aws::Answer get_alias(const aws::Call& call);
  aws::Answer remove_alias(const aws::Call& call);
  aws::Answer list_aliases(const aws::Call& call);
  // settings.cpp
  aws::Answer concurrency(const aws::Call& call);
  aws::Answer event_settings(const aws::Call& call);
  aws::Answer tags(const aws::Call& call);
  aws::Answer policy(const aws::Call& call);
  aws::Answer account_settings();
  // events.cpp
  std::optional<ServiceError> accept(const Invocation& invocation, const std::string& request_id);
  Attempt carry(const Delivery& delivery);
  std::optional<FunctionRecord> event_function(const FunctionName& name) const;

  std::variant<Named, aws::Error> named_in(const aws::Call& call) const;
  // The version that a qualifier stands for; of an alias the one with the most weight. Nothing: it
  // stands for none.
  std::optional<std::string> version_of(Change& change, const Named& named) const;
  std::variant<FunctionRecord, aws::Error> find(const aws::Call& call);
  // Runs `modify` on $LATEST of the function that the call names, and keeps what it made of it.
  aws::Answer change_function(const aws::Call& call, const Modify& modify);
  std::optional<aws::Error> unpack_code(const asl::Value& code, FunctionRecord& function);
  std::optional<aws::Error> read_settings(const asl::Value& input, FunctionRecord& function);
  // Makes the function callable; an error says what is wrong with it.
  std::optional<aws::Error> declare(const FunctionRecord& function);
  std::optional<aws::Error> store(const aws::Call& call, const FunctionRecord& function,
                                  bool is_new);
  // Tells the backend which versions and aliases there are, from what is durable. Never suspends.
  void refresh(const std::string& name);
  // Within a decision: no row of the function but `without` names this directory.
  bool is_unused(Change& change, const FunctionRecord& without) const;
  // `qualifier` as the caller named it, shown in the ARN.
  asl::Value describe(const FunctionRecord& function, std::string_view qualifier = {}) const;
  std::string arn_of(std::string_view name, std::string_view qualifier = {}) const;
  aws::Error not_found(const Named& named) const;
  std::string path_of(const std::string& directory) const;
  void remove_directory(const std::string& directory) const;

  Ledger& ledger_;
  Outbox& outbox_;
  SendTo send_;
  std::string directory_;
  bool temporary_;
  LocalLambda* backend_ = nullptr;
};

// Lambda's protocol: REST and JSON.
class LambdaRest final : public aws::Endpoint {
 public:
  LambdaRest(LambdaApi& api, std::function<std::string()> new_id)
      : api_(api), new_id_(std::move(new_id)) {}
  runtime::HttpResponse handle(const runtime::HttpRequest& request) override;
  runtime::HttpResponse refuse(const runtime::HttpRequest& request,
                               const aws::Error& error) override;
  std::shared_ptr<runtime::BodySink> sink(const runtime::HttpRequest& head) override;

 private:
  LambdaApi& api_;
  std::function<std::string()> new_id_;
};

}  // namespace pawl::connectors
