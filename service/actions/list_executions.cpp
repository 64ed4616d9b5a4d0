// ListExecutions of a machine, of one of its versions or of an alias, newest first.
#include "runtime/store/encoding.h"
#include "service/actions/actions.h"
#include "service/page_token.h"

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

asl::Value item_of(const engine::ExecutionDescription& one) {
  const engine::ExecutionRecord& record = one.record;
  asl::ObjectBuilder item;
  item.set("executionArn", asl::Value::string(one.arn));
  item.set("stateMachineArn", asl::Value::string(one.state_machine_arn));
  item.set("name", asl::Value::string(record.name));
  item.set("status", asl::Value::string(engine::status_name(record.status)));
  item.set("startDate", engine::epoch_seconds(record.start_date));
  if (record.stop_date) item.set("stopDate", engine::epoch_seconds(*record.stop_date));
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

}  // namespace

Answer list_executions(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  if (request.has("mapRunArn")) {
    return validation_error("Listing the executions of a Map Run is not offered yet.");
  }
  if (arn.empty()) {
    return validation_error("Must specify either stateMachineArn or mapRunArn");
  }
  const Checked<FoundMachine> checked = find_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<FoundMachine>(checked);
  if (found.record->express) return type_not_supported();
  if (request.has("redriveFilter")) {
    return validation_error("redriveFilter can only be used with mapRunArn");
  }
  const std::string_view filter = request.text("statusFilter");
  if (filter == "PENDING_REDRIVE") {
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

  std::string list = "ListExecutions\n";
  list.append(arn).append("\n").append(filter);
  std::optional<engine::ExecutionNumber> last;
  if (request.has("nextToken")) {
    const auto cursor = read_page_token(request.text("nextToken"), list, api.now());
    if (cursor) last = decode(*cursor);
    if (!last) return invalid_token();
  }

  const std::size_t max = request.page_size(kPageSizeDefault);
  std::vector<asl::Value> items;
  bool more = true;
  // Rows of the machine until the page is full: other versions' executions are passed over.
  for (std::size_t looked_at = 0; more && items.size() < max && looked_at < kRowsMax;) {
    if (looked_at > 0) runtime::yield();
    const std::size_t wanted = max - items.size() + 1;
    const auto page = api.engine().list(found.record->name, status_named(filter), last, wanted);
    if (!page) return engine_error(page.error());
    more = page->size() == wanted;
    looked_at += page->size();
    for (const engine::ExecutionDescription& one : *page) {
      if (items.size() == max) break;
      last = one.number;
      if (by_version && one.record.version_arn != arn) continue;
      if (by_alias && one.record.alias_arn != arn) continue;
      items.push_back(item_of(one));
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
