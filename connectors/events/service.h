// EventBridge, embedded: buses, rules with the whole pattern language, and their targets.
//
// An event for a queue or topic of this program arrives with the commit that put it: once for each
// target. Functions and state machines are called after that commit; such a call is lost if the
// process ends between both. Schedules, archives and other kinds of targets are not offered.
//
// Source: the API model (events.json); the user guide's event structure; recorded cases
// services/events_task_service; `integrations` section 3 (EventBridge).
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/sns/service.h"
#include "connectors/sqs/service.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::events {

// AWS's quotas.
inline constexpr std::size_t kEntriesMax = 10;
inline constexpr std::size_t kEntryBytesMax = 262'144;
inline constexpr std::size_t kRulesMax = 300;  // of one bus
inline constexpr std::size_t kTargetsMax = 5;  // of one rule

class EventBridge final : public aws::Service {
 public:
  EventBridge(Ledger& ledger, sqs::Sqs& sqs, sns::Sns& sns)
      : ledger_(ledger), sqs_(sqs), sns_(sns) {}

  // Calls what this ARN names (a function, a state machine) with `input`, without waiting. On the
  // ledger's shard.
  using CallTarget = std::function<void(std::string arn, std::string input)>;
  void connect(CallTarget call) { call_target_ = std::move(call); }

  const aws::Profile& profile() const override;
  aws::Answer call(const aws::Call& call) override;
  std::string body_of(const aws::Call& call, const asl::Value& answer) const override;
  // Any entry that failed fails the Task [rec].
  std::optional<engine::Failure> task_failure(const aws::Call& call,
                                              const asl::Value& answer) const override;

 private:
  aws::Answer put_events(const aws::Call& call);
  aws::Answer put_rule(const aws::Call& call);
  aws::Answer put_targets(const aws::Call& call);
  aws::Answer remove_targets(const aws::Call& call);
  aws::Answer change_rule(const aws::Call& call);  // delete, enable, disable, describe
  aws::Answer list_rules(const aws::Call& call);
  aws::Answer list_targets(const aws::Call& call);
  aws::Answer buses(const aws::Call& call);

  asl::Value event_of(const aws::Call& call, const asl::Value& entry, const std::string& id) const;
  void dispatch(Change& change, std::string_view bus, const asl::Value& event);
  std::string rule_arn(std::string_view bus, std::string_view rule) const;
  std::string bus_arn(std::string_view bus) const;

  Ledger& ledger_;
  sqs::Sqs& sqs_;
  sns::Sns& sns_;
  CallTarget call_target_;
};

}  // namespace pawl::connectors::events
