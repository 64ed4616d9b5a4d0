// Secrets Manager, embedded: what connections and Tasks need of it. Secrets are rows of the store,
// in plain text: whoever reads the disk reads them.
//
// Source: the API model (secretsmanager.json); recorded cases services/aws_sdk_task_service,
// error_handling/aws_sdk.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::secretsmanager {

inline constexpr std::size_t kSecretBytesMax = 65'536;  // AWS
inline constexpr std::size_t kVersionsMax = 100;        // AWS; those without a stage go first

class SecretsManager final : public aws::Service {
 public:
  explicit SecretsManager(Ledger& ledger) : ledger_(ledger) {}

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;

  // Secrets that other services keep here, as part of their own decisions. `name` has at most 512
  // characters and `text` at most kSecretBytesMax.
  //
  // Creates the secret, or gives it a new version. Answers its ARN.
  std::string keep(Change& change, const std::string& name, std::string_view text);
  // The current version's text; nothing: there is no such secret, or it is marked for deletion.
  static std::optional<std::string> reveal(Change& change, std::string_view name);
  // At once, without a recovery window. No such secret: nothing happens.
  static void forget(Change& change, std::string_view name);

 private:
  aws::Answer create(const aws::Call& call);
  aws::Answer get_value(const aws::Call& call);
  aws::Answer put_value(const aws::Call& call, bool update);
  aws::Answer describe(const aws::Call& call);
  aws::Answer remove(const aws::Call& call);
  aws::Answer restore(const aws::Call& call);
  aws::Answer list(const aws::Call& call);

  // Runs `one` on the secret that SecretId names.
  using One = std::function<aws::Answer(Change&, const std::string& key, asl::Value secret)>;
  aws::Answer about_secret(const aws::Call& call, bool also_deleted, const One& one);
  double now() const;
  // A secret without versions.
  asl::Value new_secret(const std::string& name) const;

  Ledger& ledger_;
};

}  // namespace pawl::connectors::secretsmanager
