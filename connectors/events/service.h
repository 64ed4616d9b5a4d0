// EventBridge, embedded: buses, rules with the whole pattern language, and their targets.
//
//   rules.cpp     rules, targets, buses, tags     delivery.cpp  from an event to its targets
//   pattern.h     which events a rule is for      input_path.h  what a target gets of an event
//
// An event for a queue, topic or other bus of this program arrives with the commit that put it:
// once for each target. Functions and state machines are called after that commit, at least once
// (embedded/outbox.h); an execution starts once, because its name is made from the event.
// Schedules, archives and other kinds of targets are not offered.
//
// A connection's secrets are one secret of Secrets Manager, "events!connection/NAME/ID"; the row of
// the connection has the rest.
//
// Source: the API model (events.json); the user guide's event structure; recorded cases
// services/events_task_service; `integrations` section 3 (EventBridge).
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/embedded/outbox.h"
#include "connectors/embedded/send_to.h"
#include "connectors/http/connection.h"
#include "connectors/secretsmanager/service.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pawl::connectors::events {

// AWS's quotas.
inline constexpr std::size_t kEntriesMax = 10;
inline constexpr std::size_t kEntryBytesMax = 262'144;
inline constexpr std::size_t kRulesMax = 300;  // of one bus
inline constexpr std::size_t kTargetsMax = 5;  // of one rule
inline constexpr std::size_t kConnectionsMax = 3'000;
inline constexpr std::size_t kConnectionParametersMax = 100;  // of one kind, of one connection

class EventBridge final : public aws::Service, public http::ConnectionSource {
 public:
  EventBridge(Ledger& ledger, Outbox& outbox, secretsmanager::SecretsManager& secrets)
      : ledger_(ledger), outbox_(outbox), secrets_(secrets) {
    outbox_.connect("states", [this](const Delivery& delivery) { return carry(delivery); });
  }

  std::variant<http::Connection, engine::Failure> find_connection(std::string_view arn) override;

  // Calls a function after a decision: see LambdaApi::start.
  using StartFunction = std::function<void(Change& change, std::string arn, std::string event,
                                           std::string_view dead_letter, std::string_view letter)>;
  // Starts an execution of this name; again is fine. Answers the code of an error, empty if there
  // was none. On a fiber of the ledger's shard; suspends.
  using StartExecution = std::function<std::string(
      const std::string& state_machine_arn, const std::string& input, const std::string& name)>;
  // Before anything is put.
  void connect(SendTo send, StartFunction start_function, StartExecution start_execution) {
    send_ = std::move(send);
    start_function_ = std::move(start_function);
    start_execution_ = std::move(start_execution);
  }

  // For services that put events: as part of their own decision. False: there is no such bus.
  bool deliver(Change& change, std::string_view bus, std::string_view source,
               std::string_view detail_type, const asl::Value& detail);

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  bool decides(std::string_view operation) const override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;
  // Any entry that failed fails the Task [rec].
  std::optional<engine::Failure> task_failure(const aws::Call& call,
                                              const asl::Value& answer) const override;
  // Each entry names the execution and its machine as resources.
  asl::Value remote_parameters(const engine::TaskRequest& request) const override;

 private:
  aws::Answer put_events(const aws::Call& call);
  aws::Answer put_rule(const aws::Call& call);
  aws::Answer put_targets(const aws::Call& call);
  aws::Answer remove_targets(const aws::Call& call);
  aws::Answer change_rule(const aws::Call& call);  // delete, enable, disable, describe
  aws::Answer list_rules(const aws::Call& call);
  aws::Answer list_targets(const aws::Call& call);
  aws::Answer list_rule_names(const aws::Call& call);
  aws::Answer tags(const aws::Call& call);
  aws::Answer buses(const aws::Call& call);

  // connections.cpp
  aws::Answer create_connection(const aws::Call& call);
  aws::Answer update_connection(const aws::Call& call);
  aws::Answer end_connection(const aws::Call& call);  // delete, deauthorize
  aws::Answer describe_connection(const aws::Call& call);
  aws::Answer list_connections(const aws::Call& call);
  double now() const;

  asl::Value event_of(const aws::Call& call, const asl::Value& entry, const std::string& id) const;
  // `hops`: buses that the event came through.
  void dispatch(Change& change, std::string_view bus, const asl::Value& event, int hops);
  void hand_over(Change& change, const asl::Value& target, const std::string& rule,
                 const std::string& input, const asl::Value& event, int hops);
  Attempt carry(const Delivery& delivery);
  std::string rule_arn(std::string_view bus, std::string_view rule) const;
  std::string bus_arn(std::string_view bus) const;

  Ledger& ledger_;
  Outbox& outbox_;
  secretsmanager::SecretsManager& secrets_;
  SendTo send_;
  StartFunction start_function_;
  StartExecution start_execution_;
};

}  // namespace pawl::connectors::events
