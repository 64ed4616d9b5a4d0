#include "connectors/embedded/outbox.h"

#include "runtime/fiber/shard.h"
#include "runtime/log/log.h"
#include "runtime/store/encoding.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace pawl::connectors {
namespace {

constexpr std::string_view kRows = "Soo";
constexpr std::uint8_t kVersion = 1;
// After the store failed: it opens itself again.
constexpr std::chrono::milliseconds kStorePatience{1000};

std::string key_of(std::uint64_t id) {
  std::string key(kRows);
  runtime::append_u64(key, id);
  return key;
}

std::string encode(const Delivery& delivery) {
  runtime::Encoder out(kVersion);
  out.string(delivery.carrier).string(delivery.target);
  out.string(delivery.body).string(delivery.details);
  out.varint(static_cast<std::uint64_t>(delivery.created));
  out.varint(static_cast<std::uint64_t>(delivery.due)).varint(delivery.failures);
  return out.seal();
}

Result<Delivery> decode(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  Delivery delivery;
  delivery.carrier = in.string();
  delivery.target = in.string();
  delivery.body = in.string();
  delivery.details = in.string();
  delivery.created = static_cast<std::int64_t>(in.varint());
  delivery.due = static_cast<std::int64_t>(in.varint());
  delivery.failures = static_cast<std::uint32_t>(in.varint_max(UINT32_MAX));
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return delivery;
}

}  // namespace

Status Outbox::open() {
  std::vector<std::pair<std::uint64_t, std::int64_t>> found;
  Status read = ledger_.read([&](Change& change) {
    change.scan(kRows, runtime::prefix_end(kRows), [&](std::string_view key, std::string_view row) {
      const Result<Delivery> delivery = decode(row, key);
      if (!delivery) {
        change.fail(delivery.error());
        return false;
      }
      runtime::Decoder number(key.substr(kRows.size()));
      found.emplace_back(number.u64(), delivery->due);
      return true;
    });
  });
  if (!read) return read;
  for (const auto& [id, due] : found) {
    last_id_ = std::max(last_id_, id);
    ++pending_;
    schedule(id, due);
  }
  return {};
}

void Outbox::put(Change& change, Delivery delivery) {
  if (pending_ >= kDeliveriesMax) {
    return change.fail({ErrorCode::kLimit, "Too many deliveries are waiting.", ""});
  }
  constexpr unsigned kCounterBits = 20;
  last_id_ = std::max(last_id_ + 1, static_cast<std::uint64_t>(now()) << kCounterBits);
  if (delivery.created == 0) delivery.created = now();
  change.put(key_of(last_id_), encode(delivery));
  change.when_durable([this, id = last_id_, due = delivery.due] {
    ++pending_;
    schedule(id, due);
  });
}

void Outbox::schedule(std::uint64_t id, std::int64_t due) {
  waiting_.emplace(due, id);
  pump();
}

// Starts what is due, and sets the timer for what is not.
void Outbox::pump() {
  runtime::Shard& shard = ledger_.shard();
  while (!waiting_.empty() && under_way_ < kDeliveriesAtOnce && !shard.stopping()) {
    const auto [due, id] = *waiting_.begin();
    if (const std::int64_t left = due - now(); left > 0) {
      timer_.cancel();
      timer_ = shard.at(shard.clock().after(std::chrono::milliseconds(left)), [this] { pump(); });
      return;
    }
    waiting_.erase(waiting_.begin());
    ++under_way_;
    shard.spawn_when_possible([this, number = id, hold = shard.hold_time()] {
      attempt(number);
      --under_way_;
      pump();
    });
  }
}

void Outbox::attempt(std::uint64_t id) {
  const std::string key = key_of(id);
  std::optional<Delivery> delivery;
  Status read = ledger_.read([&](Change& change) {
    const std::optional<std::string> row = change.get(key);
    if (!row) return;
    Result<Delivery> decoded = decode(*row, key);
    if (!decoded) return change.fail(std::move(decoded).error());
    delivery = *std::move(decoded);
  });
  if (!read) {
    waiting_.emplace(now() + kStorePatience.count(), id);
    return;
  }
  if (!delivery) {
    --pending_;
    return;
  }
  const auto carrier = carriers_.find(delivery->carrier);
  if (carrier == carriers_.end()) {
    // Another program over the same store can make it.
    return runtime::log().warn("Nobody here makes deliveries by {}: that to {} is kept",
                               delivery->carrier, delivery->target);
  }
  const Attempt made = carrier->second(*delivery);
  if (made.end == Attempt::End::kKept) return;
  if (!settle(id, *delivery, made)) waiting_.emplace(now() + kStorePatience.count(), id);
}

bool Outbox::settle(std::uint64_t id, const Delivery& delivery, const Attempt& attempt) {
  const std::string key = key_of(id);
  Delivery again = delivery;
  again.due = now() + attempt.delay.count();
  ++again.failures;
  const bool later = attempt.end == Attempt::End::kLater;
  if (attempt.end == Attempt::End::kGivenUp) {
    runtime::log().warn("Gave up the delivery to {} after {} attempts: {}", delivery.target,
                        again.failures, attempt.reason);
  }
  Status settled = ledger_.commit([&](Change& change) {
    if (later) return change.put(key, encode(again));
    change.erase(key);
    if (attempt.also) attempt.also(change);
  });
  if (!settled) return false;
  if (later) {
    waiting_.emplace(again.due, id);
  } else {
    --pending_;
  }
  return true;
}

}  // namespace pawl::connectors
