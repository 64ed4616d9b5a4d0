#include "engine/map_run/child_result.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/time/timestamp.h"
#include "engine/history.h"
#include "engine/turn.h"

#include <utility>
#include <vector>

namespace pawl::engine {

namespace {

using asl::Value;
using Transformation = asl::ResultWriter::Transformation;

Value included() {
  return std::move(asl::ObjectBuilder().set("Included", Value::boolean(true))).build();
}

Result<StoredChild> stored_child(const runtime::Store& store, std::string_view row,
                                 std::string_view row_key) {
  const Result<MapRunChild> child = decode_map_run_child(row, row_key);
  if (!child) return child.error();
  const std::string key = keys::execution(child->execution);
  const Result<std::optional<std::string>> record = store.get(key);
  if (!record) return record.error();
  if (!*record) {
    return Error{ErrorCode::kCorrupt, "A child of a Map Run is missing from the store.",
                 runtime::printable_key(key)};
  }
  Result<ExecutionRecord> decoded = decode_execution(**record, key);
  if (!decoded) return std::move(decoded).error();
  return StoredChild{child->execution, *std::move(decoded)};
}

}  // namespace

Result<StoredChild> read_child(const runtime::Store& store, ExecutionNumber run,
                               std::uint32_t ordinal) {
  const std::string key = keys::map_run_child(run, ordinal);
  const Result<std::optional<std::string>> row = store.get(key);
  if (!row) return row.error();
  if (!*row) {
    return Error{ErrorCode::kCorrupt, "A child of a Map Run is missing from the store.",
                 runtime::printable_key(key)};
  }
  return stored_child(store, **row, key);
}

Status for_each_child(const runtime::Store& store, ExecutionNumber run,
                      const std::function<Status(const StoredChild&)>& take) {
  // In pages: an iterator is not to be held while `take` suspends.
  constexpr std::size_t kPage = 500;
  std::string from = keys::map_run_child(run, 0);
  const std::string to = keys::prefix_end(from.substr(0, 9));
  for (;;) {
    std::vector<std::pair<std::string, std::string>> page;
    {
      const auto rows = store.scan(from, to);
      for (; rows->valid() && page.size() < kPage; rows->next()) {
        page.emplace_back(rows->key(), rows->value());
      }
      if (Status status = rows->status(); !status) return status;
    }
    for (const auto& [key, row] : page) {
      const Result<StoredChild> child = stored_child(store, row, key);
      if (!child) return child.error();
      if (Status taken = take(*child); !taken) return taken;
    }
    if (page.size() < kPage) return {};
    from = page.back().first + '\0';
  }
}

ChildArns arns_of(const TurnServices& services, const MapRunRecord& record) {
  const std::string head =
      "arn:" + services.partition + ":states:" + services.region + ":" + services.account + ":";
  const std::string machine = labelled_machine(record);
  return {head + "stateMachine:" + machine,
          head + (record.express ? "express:" : "execution:") + machine + ":", record.express};
}

std::string child_arn(const ChildArns& arns, const std::string& name) {
  // The last part of an Express ARN tells executions of one name apart; names of children are
  // unique.
  return arns.execution + name + (arns.express ? ":" + name : "");
}

ResultForm result_form(const std::optional<asl::ResultWriter>& writer) {
  if (!writer) return {};
  return {writer->transformation, writer->json_lines};
}

// Members in the order of AWS's examples, which is that of their names.
Result<Value> result_with_metadata(const runtime::Store& store, const StoredChild& child,
                                   const ChildArns& arns) {
  const ExecutionRecord& record = child.record;
  PayloadReader payloads(store, child.number);
  asl::ObjectBuilder out;
  if (record.failure.cause) out.set("Cause", Value::string(*record.failure.cause));
  if (record.failure.error) out.set("Error", Value::string(*record.failure.error));
  out.set("ExecutionArn", Value::string(child_arn(arns, record.name)));
  const Result<std::string> input = payloads.text(record.input);
  if (!input) return input.error();
  out.set("Input", Value::string(*input));
  out.set("InputDetails", included());
  out.set("Name", Value::string(record.name));
  if (record.output.place != 0) {
    const Result<std::string> output = payloads.text(record.output);
    if (!output) return output.error();
    out.set("Output", Value::string(*output));
    out.set("OutputDetails", included());
  }
  out.set("RedriveCount", Value::integer(record.redrive_count));
  const bool succeeded = record.status == ExecutionStatus::kSucceeded;
  out.set("RedriveStatus", Value::string(succeeded ? "NOT_REDRIVABLE" : "REDRIVABLE_BY_MAP_RUN"));
  if (succeeded) {
    out.set("RedriveStatusReason", Value::string("Execution is SUCCEEDED and cannot be redriven"));
  }
  out.set("StartDate", Value::string(asl::format_timestamp_ms(record.start_date)));
  out.set("StateMachineArn", Value::string(arns.machine));
  out.set("Status", Value::string(status_name(record.status)));
  if (record.stop_date) {
    out.set("StopDate", Value::string(asl::format_timestamp_ms(*record.stop_date)));
  }
  return std::move(out).build();
}

Result<Value> gather_results(const runtime::Store& store, ExecutionNumber run,
                             const ChildArns& arns, const ResultForm& form, std::size_t bytes_max) {
  std::vector<Value> results;
  std::size_t bytes = 2;
  const auto add = [&](Value value) -> Status {
    bytes += asl::to_json(value).size() + (results.empty() ? 0 : 1);
    if (bytes > bytes_max) return Error{ErrorCode::kLimit, "The results are too large.", ""};
    results.push_back(std::move(value));
    return {};
  };
  const Status gathered = for_each_child(store, run, [&](const StoredChild& child) -> Status {
    const bool succeeded = child.record.status == ExecutionStatus::kSucceeded;
    if (form.transformation == Transformation::kNone) {
      Result<Value> all = result_with_metadata(store, child, arns);
      if (!all) return std::move(all).error();
      return add(*std::move(all));
    }
    if (!succeeded || child.record.output.place == 0) return {};
    PayloadReader payloads(store, child.number);
    const Result<std::string> text = payloads.text(child.record.output);
    if (!text) return text.error();
    const Result<Value> output = asl::read_json(*text);
    if (!output) return output.error();
    if (form.transformation == Transformation::kFlatten && output->is_array()) {
      for (const Value& element : output->items()) {
        if (Status added = add(element); !added) return added;
      }
      return {};
    }
    return add(*output);
  });
  if (!gathered) return gathered.error();
  if (!form.json_lines) return Value::array(std::move(results));
  std::string lines;
  for (const Value& result : results) lines.append(asl::to_json(result)).append("\n");
  return Value::string(lines);
}

}  // namespace pawl::engine
