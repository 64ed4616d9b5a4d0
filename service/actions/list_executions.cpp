// ListExecutions of a machine, of one of its versions or of an alias, newest first.
#include "runtime/store/encoding.h"
#include "service/actions/actions.h"
#include "service/page_token.h"

#include <functional>

namespace pawl::service {

namespace {

// Rows that one request looks at. Past it the page ends early, with a token to go on from there.
constexpr std::size_t kRowsMax = 10'000;

std::optional<engine::ExecutionStatus> status_named(std::string_view name) {
  for (const auto status : {engine::ExecutionStatus::kRunning, engine::ExecutionStatus::kSucceeded,
                            engine::ExecutionStatus::kFailed, engine::ExecutionStatus::kTimedOut,
                            engine::ExecutionStatus::kAborted}) {
    if (engine::status_name(status) == name) return status;
  }
  return std::nullopt;
}

std::optional<engine::ExecutionNumber> decode(std::string_view cursor) {
  runtime::Decoder in(cursor);
  const engine::ExecutionNumber number = in.u64();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return number;
}

// `run`: whose child it is, by its ARN.
asl::Value item_of(const engine::ExecutionDescription& one,
                   const std::optional<engine::MapRunRecord>& run, std::string_view run_arn) {
  const engine::ExecutionRecord& record = one.record;
  asl::ObjectBuilder item;
  item.set("executionArn", asl::Value::string(one.arn));
  item.set("stateMachineArn", asl::Value::string(one.state_machine_arn));
  item.set("name", asl::Value::string(record.name));
  const bool pending = run && engine::pending_redrive(*run, record);
  item.set("status",
           asl::Value::string(pending ? kPendingRedrive : engine::status_name(record.status)));
  item.set("startDate", engine::epoch_seconds(record.start_date));
  if (record.stop_date) item.set("stopDate", engine::epoch_seconds(*record.stop_date));
  if (run) {
    item.set("mapRunArn", asl::Value::string(run_arn));
    item.set("itemCount", asl::Value::integer(static_cast<std::int64_t>(record.map_run->items)));
  }
  if (!record.version_arn.empty()) {
    item.set("stateMachineVersionArn", asl::Value::string(record.version_arn));
  }
  if (!record.alias_arn.empty()) {
    item.set("stateMachineAliasArn", asl::Value::string(record.alias_arn));
  }
  item.set("redriveCount", asl::Value::integer(record.redrive_count));
  if (record.redrive_date) item.set("redriveDate", engine::epoch_seconds(*record.redrive_date));
  return std::move(item).build();
}

// What a request asks for: a list of the engine's, and which of its executions.
struct Listing {
  std::string list;
  std::optional<engine::ExecutionStatus> status;
  std::function<bool(const engine::ExecutionRecord&)> wanted;
  std::optional<engine::MapRunRecord> run;  // whose children they are
};

Checked<Listing> of_machine(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  const Checked<FoundMachine> checked = find_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<FoundMachine>(checked);
  if (found.record->express) return type_not_supported();
  if (request.has("redriveFilter")) {
    return validation_error("redriveFilter can only be used with mapRunArn");
  }
  const std::string_view filter = request.text("statusFilter");
  if (filter == kPendingRedrive) {
    return validation_error("The status PENDING_REDRIVE can only be used with mapRunArn");
  }
  if (auto refused = refuse_label(found.arn)) return *std::move(refused);
  const bool by_version = found.arn.names_version();
  const bool by_alias = found.arn.names_alias();
  if (by_version || by_alias) {
    const Configuration configuration = decode_configuration(found.record->configuration);
    const bool known = by_version ? find_version(configuration, found.arn.qualifier) != nullptr
                                  : find_alias(configuration, found.arn.qualifier) != nullptr;
    if (!known) return state_machine_does_not_exist(arn);
  }
  Listing listing{found.record->name, status_named(filter), {}, std::nullopt};
  listing.wanted = [arn, by_version, by_alias](const engine::ExecutionRecord& record) {
    if (by_version) return record.version_arn == arn;
    return !by_alias || record.alias_arn == arn;
  };
  return listing;
}

Checked<Listing> of_map_run(Api& api, const Request& request) {
  auto checked = find_map_run(api, request.text("mapRunArn"));
  if (auto* refused = std::get_if<ApiError>(&checked)) return std::move(*refused);
  auto& found = std::get<FoundMapRun>(checked);
  const std::string_view filter = request.text("statusFilter");
  const std::string_view redriven = request.text("redriveFilter");
  Listing listing{
      engine::list_of_map_run(found.number), status_named(filter), {}, std::move(found.record)};
  listing.wanted = [run = *listing.run, filter, redriven](const engine::ExecutionRecord& record) {
    if (!redriven.empty() && (record.redrive_count > 0) != (redriven == "REDRIVEN")) return false;
    const bool pending = engine::pending_redrive(run, record);
    return filter.empty() || pending == (filter == kPendingRedrive);
  };
  return listing;
}

}  // namespace

Answer list_executions(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  const std::string_view run_arn = request.text("mapRunArn");
  if (arn.empty() == run_arn.empty()) {
    return validation_error("Must specify either stateMachineArn or mapRunArn");
  }
  const Checked<Listing> checked =
      run_arn.empty() ? of_machine(api, request) : of_map_run(api, request);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& listing = std::get<Listing>(checked);

  std::string list = "ListExecutions\n";
  list.append(arn).append(run_arn).append("\n").append(request.text("statusFilter"));
  list.append("\n").append(request.text("redriveFilter"));
  std::optional<engine::ExecutionNumber> last;
  if (request.has("nextToken")) {
    const auto cursor = read_page_token(request.text("nextToken"), list, api.now());
    if (cursor) last = decode(*cursor);
    if (!last) return invalid_token();
  }

  const std::size_t max = request.page_size(kPageSizeDefault);
  std::vector<asl::Value> items;
  bool more = true;
  // Rows of the list until the page is full: those that are not wanted are passed over.
  for (std::size_t looked_at = 0; more && items.size() < max && looked_at < kRowsMax;) {
    if (looked_at > 0) runtime::yield();
    const std::size_t wanted = max - items.size() + 1;
    const auto page = api.engine().list(listing.list, listing.status, last, wanted);
    if (!page) return engine_error(page.error());
    more = page->size() == wanted;
    looked_at += page->size();
    for (const engine::ExecutionDescription& one : *page) {
      if (items.size() == max) break;
      last = one.number;
      if (listing.wanted(one.record)) items.push_back(item_of(one, listing.run, run_arn));
    }
  }
  asl::ObjectBuilder out;
  out.set("executions", asl::Value::array(std::move(items)));
  if (more && last) {
    const std::string cursor = runtime::Encoder().u64(*last).take();
    out.set("nextToken", asl::Value::string(make_page_token(list, cursor, api.now())));
  }
  return answer(std::move(out).build());
}

}  // namespace pawl::service
