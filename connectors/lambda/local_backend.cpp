#include "connectors/lambda/local_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace pawl::connectors {
namespace {

// "Root=1-TIME-ID;Parent=ID;Sampled=0;Lineage=1:ID:0", made from the request's id: nothing is
// traced, but whoever logs it can tell calls apart.
std::string trace_id_of(std::string_view request_id, runtime::WallTime now) {
  std::string hex(request_id);
  hex.erase(std::remove(hex.begin(), hex.end(), '-'), hex.end());
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0;Lineage=1:{}:0", seconds,
                     hex.substr(0, 24), hex.substr(8, 16), hex.substr(24, 8));
}

std::string pool_name(std::string_view name, std::string_view version) {
  std::string key(name);
  if (version != "$LATEST") key.append(":").append(version);
  return key;
}

// A number in [0, 1) that is the same for the same id: a call that is repeated after a crash runs
// the version that it ran before.
double share_of(std::string_view request_id) {
  constexpr std::size_t kDigits = 8;
  std::uint32_t bits = 0;
  static_cast<void>(std::from_chars(
      request_id.data(), request_id.data() + std::min(kDigits, request_id.size()), bits, 16));
  return static_cast<double>(bits) / 4294967296.0;
}

// What ran, in an answer's ExecutedVersion: a version is itself, everything else the newest.
std::string executed_version(std::string_view qualifier) {
  const bool version =
      !qualifier.empty() &&
      std::all_of(qualifier.begin(), qualifier.end(), [](char c) { return c >= '0' && c <= '9'; });
  return version ? std::string(qualifier) : "$LATEST";
}

}  // namespace

LocalLambda::LocalLambda(runtime::Shard& shard, LocalLambdaOptions options)
    : shard_(shard), options_(std::move(options)) {
  for (FunctionConfig& config : std::exchange(options_.functions, {})) {
    if (pools_.count(config.name) == 0) add(std::move(config));
  }
}

LocalLambda::~LocalLambda() { shut_down(); }

void LocalLambda::add(FunctionConfig config) {
  std::shared_ptr<FunctionPool>& pool = pools_[pool_name(config.name, config.version)];
  if (pool) pool->retire();
  pool = std::make_shared<FunctionPool>(shard_, std::move(config), options_.limits, options_.path);
}

void LocalLambda::remove(std::string_view name, std::string_view version) {
  if (version == "$LATEST") {
    if (const auto managed = managed_.find(name); managed != managed_.end()) {
      managed_.erase(managed);
    }
  }
  const auto found = pools_.find(pool_name(name, version));
  if (found == pools_.end()) return;
  found->second->retire();
  pools_.erase(found);
}

FunctionPool* LocalLambda::find(std::string_view name) const {
  const auto found = pools_.find(name);
  return found == pools_.end() ? nullptr : found->second.get();
}

std::optional<std::string> LocalLambda::version_for(const FunctionName& function,
                                                    std::string_view request_id) const {
  const auto managed = managed_.find(function.name);
  const std::string& qualifier = function.qualifier;
  if (managed == managed_.end() || qualifier.empty() || qualifier == "$LATEST") return "$LATEST";
  if (qualifier.find_first_not_of("0123456789") == std::string::npos) return qualifier;
  const auto alias = managed->second.aliases.find(qualifier);
  if (alias == managed->second.aliases.end()) return std::nullopt;
  const Managed::Alias& to = alias->second;
  return share_of(request_id) < to.second_weight ? to.second_version : to.version;
}

std::size_t LocalLambda::calls_of(std::string_view name) const {
  std::size_t calls = 0;
  for (auto pool = pools_.lower_bound(name); pool != pools_.end(); ++pool) {
    const std::string_view key = pool->first;
    if (!key.starts_with(name)) break;
    if (key.size() > name.size() && key[name.size()] != ':') continue;
    const PoolStats stats = pool->second->stats();
    calls += stats.running - stats.answered + stats.waiting;
  }
  return calls;
}

PoolStats LocalLambda::stats(std::string_view function) const {
  const FunctionPool* pool = find(function);
  return pool == nullptr ? PoolStats{} : pool->stats();
}

void LocalLambda::shut_down() {
  for (const auto& [name, pool] : pools_) pool->shut_down();
}

InvocationOutcome LocalLambda::invoke(const Invocation& invocation,
                                      engine::Cancellation* cancellation) {
  const auto call = std::make_shared<Call>();
  if (cancellation != nullptr) {
    if (cancellation->cancelled()) return InvocationCancelled{};
    // A message also on our own shard: abandon() touches only what the shard owns, in its own turn.
    cancellation->on_cancel(
        [call, box = shard_.mailbox()] { box->post([call] { call->abandon(); }); });
  }
  auto outcome =
      runtime::call_on(shard_, [this, &invocation, &call]() -> Result<InvocationOutcome> {
        return invoke_here(invocation, call);
      });
  if (cancellation != nullptr) cancellation->on_cancel({});
  if (outcome) return *std::move(outcome);
  return ServiceError{"ServiceException",
                      outcome.error().message,
                      500,
                      request_id_of(invocation.idempotency_key),
                      true,
                      {}};
}

InvocationOutcome LocalLambda::invoke_here(const Invocation& invocation,
                                           const std::shared_ptr<Call>& call) {
  if (!hooked_) {
    hooked_ = true;
    stop_hook_ = shard_.on_stop([this] { shut_down(); });
  }
  const std::string request_id = invocation.request_id.empty()
                                     ? request_id_of(invocation.idempotency_key)
                                     : invocation.request_id;
  const std::optional<std::string> version = version_for(invocation.function, request_id);
  const auto found =
      version ? pools_.find(pool_name(invocation.function.name, *version)) : pools_.end();
  if (found == pools_.end()) {
    return ServiceError{"ResourceNotFoundException",
                        "Function not found: " + invocation.function.qualified_arn(),
                        404,
                        request_id,
                        true,
                        {}};
  }
  const std::shared_ptr<FunctionPool> pool = found->second;  // add() may replace it meanwhile
  const std::string trace_id = trace_id_of(request_id, shard_.clock().wall_now());
  if (invocation.type == InvocationType::kDryRun) {
    return InvocationAnswer{204, request_id, trace_id, "", false, "", ""};
  }

  call->event = RuntimeEvent{request_id, invocation.payload,        invocation.function.arn(),
                             trace_id,   invocation.client_context, invocation.idempotency_key,
                             0};
  call->region = invocation.function.region;
  call->tail_log = invocation.tail_log;
  if (invocation.type == InvocationType::kEvent) {
    if (accept_) {
      if (auto refused = accept_(invocation, request_id)) return *std::move(refused);
    } else if (!pool->start(call)) {
      return ServiceError{"TooManyRequestsException", "Rate Exceeded.", 429, request_id, true, {}};
    }
    return InvocationAnswer{202, request_id, trace_id, "", false, "", ""};
  }
  const auto managed = managed_.find(invocation.function.name);
  const bool is_managed = managed != managed_.end();
  if (is_managed && managed->second.reserved &&
      calls_of(invocation.function.name) >= *managed->second.reserved) {
    return ServiceError{"TooManyRequestsException",
                        "Rate Exceeded.",
                        429,
                        request_id,
                        true,
                        "ReservedFunctionConcurrentInvocationLimitExceeded"};
  }
  InvocationOutcome outcome = pool->run(call);
  if (auto* answer = std::get_if<InvocationAnswer>(&outcome)) {
    answer->executed_version =
        is_managed ? *version : executed_version(invocation.function.qualifier);
  }
  return outcome;
}

}  // namespace pawl::connectors
