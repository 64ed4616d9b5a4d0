#include "service/test_state/inspection.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"

#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace pawl::service {

namespace {

using engine::FlowStep;

struct Shown {
  FlowStep step;
  std::string_view member;
};

constexpr Shown kInputPath{FlowStep::kInputPath, "afterInputPath"};
constexpr Shown kParameters{FlowStep::kParameters, "afterParameters"};
constexpr Shown kArguments{FlowStep::kParameters, "afterArguments"};
constexpr Shown kResult{FlowStep::kResult, "result"};
constexpr Shown kResultSelector{FlowStep::kResultSelector, "afterResultSelector"};
constexpr Shown kResultPath{FlowStep::kResultPath, "afterResultPath"};
constexpr Shown kItemsPath{FlowStep::kItemsPath, "afterItemsPath"};
constexpr Shown kItemsPointer{FlowStep::kItemsPointer, "afterItemsPointer"};
constexpr Shown kItemSelector{FlowStep::kItemSelector, "afterItemSelector"};
constexpr Shown kItemBatcher{FlowStep::kItemBatcher, "afterItemBatcher"};

// --- JSONPath ---
constexpr Shown kTaskSteps[] = {kInputPath, kParameters, kResult, kResultSelector, kResultPath};
constexpr Shown kPassSteps[] = {kInputPath, kParameters, kResultSelector, kResultPath};
constexpr Shown kPassResultSteps[] = {kResult, kResultSelector, kResultPath};
constexpr Shown kParallelSteps[] = {kResultSelector, kResultPath};
constexpr Shown kMapSteps[] = {kInputPath,   kItemsPath,      kItemsPointer, kItemSelector,
                               kItemBatcher, kResultSelector, kResultPath};
constexpr Shown kOtherSteps[] = {kInputPath};
// --- JSONata ---
constexpr Shown kJsonataTaskSteps[] = {kArguments, kResult};
constexpr Shown kJsonataMapSteps[] = {kItemsPointer, kItemSelector, kItemBatcher};

std::span<const Shown> shown_by(const asl::State& state) {
  const bool jsonata = state.query_language == asl::QueryLanguage::kJsonata;
  if (std::holds_alternative<asl::MapState>(state.body)) {
    return jsonata ? std::span<const Shown>(kJsonataMapSteps) : kMapSteps;
  }
  if (std::holds_alternative<asl::TaskState>(state.body)) {
    return jsonata ? std::span<const Shown>(kJsonataTaskSteps) : kTaskSteps;
  }
  if (jsonata) return {};
  if (const auto* pass = std::get_if<asl::PassState>(&state.body)) {
    return pass->result ? std::span<const Shown>(kPassResultSteps) : kPassSteps;
  }
  if (std::holds_alternative<asl::ParallelState>(state.body)) return kParallelSteps;
  return kOtherSteps;
}

bool is_list(FlowStep step) {
  return step == FlowStep::kItemsPath || step == FlowStep::kItemsPointer ||
         step == FlowStep::kItemSelector || step == FlowStep::kItemBatcher;
}

// Recorded: a Map's items are shown as Java prints a list of documents, each compact, ", " between.
std::string list_text(const asl::Payload& data) {
  if (!data.value().is_array()) return data.text();
  std::string text = "[";
  for (const asl::Value& item : data.value().items()) {
    if (text.size() > 1) text += ", ";
    text += asl::to_json(item);
  }
  return text + "]";
}

asl::Value variables_text(const std::vector<engine::Variable>& variables) {
  asl::ObjectBuilder object;
  for (const engine::Variable& one : variables) object.set(one.name, one.value.value());
  return asl::Value::string(asl::to_json(std::move(object).build()));
}

asl::Value index(std::size_t number) {
  return asl::Value::integer(static_cast<std::int64_t>(number));
}

// Members that are empty are left out, as the service does.
asl::Value texts(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  asl::ObjectBuilder out;
  for (const auto& [name, text] : members) {
    if (!text.empty()) out.set(name, asl::Value::string(text));
  }
  return std::move(out).build();
}

// An answer may have bytes that no JSON can hold.
std::string readable(const std::string& bytes) {
  std::string quoted;
  asl::write_json_string(bytes, quoted);
  return asl::read_json(quoted) ? bytes : "(" + std::to_string(bytes.size()) + " bytes)";
}

void add_trace(const engine::HttpTrace& trace, asl::ObjectBuilder& out) {
  out.set("request", texts({{"protocol", trace.protocol},
                            {"method", trace.method},
                            {"url", trace.url},
                            {"headers", readable(trace.headers)},
                            {"body", readable(trace.body)}}));
  if (!trace.response) return;
  const engine::HttpTrace::Response& response = *trace.response;
  out.set("response", texts({{"protocol", trace.protocol},
                             {"statusCode", response.status_code},
                             {"statusMessage", response.status_message},
                             {"headers", readable(response.headers)},
                             {"body", readable(response.body)}}));
}

void add_error_details(const engine::StateTestReport& report, asl::ObjectBuilder& out) {
  asl::ObjectBuilder details;
  if (report.catch_index) details.set("catchIndex", index(*report.catch_index));
  if (report.retry_index) details.set("retryIndex", index(*report.retry_index));
  if (report.retry_delay) {
    details.set("retryBackoffIntervalSeconds",
                asl::Value::integer(
                    std::chrono::duration_cast<std::chrono::seconds>(*report.retry_delay).count()));
  }
  if (details.size() > 0) out.set("errorDetails", std::move(details).build());
}

}  // namespace

asl::Value inspection_data(const asl::State& state, const asl::Payload& input,
                           const engine::StateTestReport& report) {
  asl::ObjectBuilder out;
  out.set("input", asl::Value::string(input.text()));
  for (const Shown& shown : shown_by(state)) {
    const asl::Payload& data = report.step(shown.step);
    if (!data.present()) continue;
    out.set(shown.member, asl::Value::string(is_list(shown.step) ? list_text(data) : data.text()));
  }
  if (report.map) {
    const engine::MapSettings& map = *report.map;
    out.set("maxConcurrency", asl::Value::integer(map.max_concurrency));
    if (map.tolerated_failure_count) {
      out.set("toleratedFailureCount", asl::Value::integer(*map.tolerated_failure_count));
    }
    if (map.tolerated_failure_percentage) {
      out.set("toleratedFailurePercentage", asl::Value::number(*map.tolerated_failure_percentage));
    }
  }
  if (!report.variables.empty()) out.set("variables", variables_text(report.variables));
  if (report.trace) add_trace(*report.trace, out);
  add_error_details(report, out);
  return std::move(out).build();
}

}  // namespace pawl::service
