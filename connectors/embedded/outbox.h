// Outbox: what embedded services have promised to hand to somebody who is no row: functions, state
// machines, HTTP endpoints.
//
// A decision puts a delivery, so that it exists exactly if the decision does. Once that is durable
// the delivery is attempted on a fiber of the ledger's shard, again and again as its carrier says,
// and its row is erased together with what follows from its end (a dead letter, a destination).
// After a crash the rows are there, and everything goes on: at least once. Attempts of one delivery
// never overlap; deliveries have no order among each other.
//
// Source of the promise: SNS, EventBridge and Lambda's asynchronous invocation deliver at least
// once (their developer guides). Rows: docs/storage.md. Bounds: docs/limits.md.
#pragma once

#include "connectors/embedded/ledger.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::connectors {

// Deliveries that wait or are under way; one more fails its decision with kLimit.
inline constexpr std::size_t kDeliveriesMax = 1'000'000;
// Attempts under way at once: one fiber each.
inline constexpr std::size_t kDeliveriesAtOnce = 64;

struct Delivery {
  std::string carrier;  // who makes it: see Outbox::connect
  std::string target;   // an ARN or URL
  std::string body;
  std::string details;         // JSON of the carrier's own; may be empty
  std::int64_t created = 0;    // milliseconds since 1970; set by put() when 0
  std::int64_t due = 0;        // not before; 0: at once
  std::uint32_t failures = 0;  // attempts that came to nothing
};

// What became of an attempt.
struct Attempt {
  enum class End {
    kDone,   // the row goes
    kLater,  // it failed: the row is due again after `delay`
    kGivenUp,
    kKept,  // nobody knows, because the process is ending: the row stays as it is
  };
  End end = End::kDone;
  std::chrono::milliseconds delay{0};
  std::string reason;  // for the log, of kLater and kGivenUp
  // Joins the decision that erases the row, of kDone and kGivenUp. May be empty, may run again.
  std::function<void(Change&)> also;

  static Attempt done(std::function<void(Change&)> also = {}) {
    return {End::kDone, {}, {}, std::move(also)};
  }
  static Attempt later(std::chrono::milliseconds delay, std::string reason) {
    return {End::kLater, delay, std::move(reason), {}};
  }
  static Attempt given_up(std::string reason, std::function<void(Change&)> also = {}) {
    return {End::kGivenUp, {}, std::move(reason), std::move(also)};
  }
  static Attempt kept() { return {End::kKept, {}, {}, {}}; }
};

class Outbox {
 public:
  explicit Outbox(Ledger& ledger) : ledger_(ledger) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Makes the deliveries of that name: on a fiber of the ledger's shard; may suspend. Before
  // open().
  using Carry = std::function<Attempt(const Delivery&)>;
  void connect(std::string carrier, Carry carry) {
    carriers_[std::move(carrier)] = std::move(carry);
  }

  // Takes up what the store has. Once, on a fiber of the ledger's shard.
  Status open();

  // As part of a decision. Never suspends.
  void put(Change& change, Delivery delivery);

  std::size_t pending() const { return pending_; }

 private:
  std::int64_t now() const { return ledger_.now().time_since_epoch().count(); }
  void schedule(std::uint64_t id, std::int64_t due);
  void pump();
  void attempt(std::uint64_t id);
  // The decision that ends an attempt. False: the store failed.
  bool settle(std::uint64_t id, const Delivery& delivery, const Attempt& attempt);

  Ledger& ledger_;
  std::map<std::string, Carry, std::less<>> carriers_;
  std::set<std::pair<std::int64_t, std::uint64_t>> waiting_;  // by the time they are due
  std::size_t pending_ = 0;                                   // waiting or under way
  std::size_t under_way_ = 0;
  std::uint64_t last_id_ = 0;
  runtime::TimerHandle timer_;
};

}  // namespace pawl::connectors
