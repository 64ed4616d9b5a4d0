// Lambda's API for functions that clients make: created from a zip, kept in the store, run by
// LocalLambda like those that are declared in folders.
//
// A function is a row and a directory beside the store with its files; an update makes a new
// directory, and the old one goes when the row is durable. Versions, aliases, layers, images and
// event sources are not offered.
//
// Source: the API model (lambda.json); error texts from the Lambda API reference.
#pragma once

#include "connectors/aws/endpoint.h"
#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/lambda/local_backend.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors {

class LambdaApi final : public aws::Service {
 public:
  // Directories of functions go below `directory`; empty: a temporary one.
  LambdaApi(Ledger& ledger, std::string directory);
  ~LambdaApi() override;

  // The functions run there. Once, before open().
  void connect(LocalLambda& backend) { backend_ = &backend; }
  // Declares the functions that the store has, and removes directories that none of them names. On
  // a fiber of the ledger's shard, before anything calls.
  Status open();

  // Calls a function with an event and does not wait. On the ledger's shard; never suspends.
  void start(std::string arn, std::string event);

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;

 private:
  struct Function;
  aws::Answer create(const aws::Call& call);
  aws::Answer update_code(const aws::Call& call);
  aws::Answer update_configuration(const aws::Call& call);
  aws::Answer remove(const aws::Call& call);
  aws::Answer get(const aws::Call& call, bool with_code);
  aws::Answer list(const aws::Call& call);
  aws::Answer invoke(const aws::Call& call);

  std::variant<Function, aws::Error> find(const aws::Call& call);
  std::optional<aws::Error> unpack_code(const asl::Value& code, Function& function);
  std::optional<aws::Error> read_settings(const asl::Value& input, Function& function);
  // Makes the function callable; an error says what is wrong with it.
  std::optional<aws::Error> declare(const Function& function);
  std::optional<aws::Error> store(const aws::Call& call, const Function& function, bool is_new);
  asl::Value describe(const Function& function) const;
  std::string arn_of(std::string_view name) const;
  std::string path_of(const std::string& directory) const;
  void remove_directory(const std::string& directory) const;

  Ledger& ledger_;
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
