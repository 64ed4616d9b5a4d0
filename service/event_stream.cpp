#include "service/event_stream.h"

#include "asl/json/writer.h"
#include "runtime/http/uri.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::service {

namespace {

constexpr std::chrono::seconds kKeepAlive{15};

// The first of that name; empty if there is none.
std::string parameter(const runtime::QueryParameters& query, std::string_view name) {
  const auto found = std::find_if(query.begin(), query.end(),
                                  [name](const auto& pair) { return pair.first == name; });
  return found != query.end() ? found->second : std::string();
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The stream's text, an event or a sign of life at a time.
class EventText final : public runtime::BodySource {
 public:
  explicit EventText(std::shared_ptr<ExecutionEvents::Reader> reader)
      : reader_(std::move(reader)) {}

  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  Result<std::string> read(std::size_t /*max*/) override {
    if (!std::exchange(begun_, true)) return std::string(": events of executions\n\n");
    if (reader_->over()) return std::string();
    const std::optional<SentEvent> sent =
        reader_->next(runtime::Shard::current()->clock().after(kKeepAlive));
    if (reader_->over()) return std::string();
    if (!sent) return std::string(": still there\n\n");
    std::string text =
        "id: " + std::to_string(sent->id) + "\nevent: execution-status-change\ndata: ";
    asl::write_json(sent->event, text);
    return text += "\n\n";
  }

 private:
  std::shared_ptr<ExecutionEvents::Reader> reader_;
  bool begun_ = false;
};

}  // namespace

runtime::HttpResponse stream_events(ExecutionEvents& events, const runtime::HttpRequest& request) {
  const runtime::QueryParameters query = runtime::read_parameters(request.query());
  EventFilter filter{parameter(query, "stateMachineArn"), parameter(query, "executionArn"),
                     parameter(query, "status")};
  std::optional<std::uint64_t> after = number(request.headers.get("Last-Event-ID"));
  if (!after) after = number(parameter(query, "after"));
  runtime::HttpResponse response;
  std::shared_ptr<ExecutionEvents::Reader> reader = events.read(std::move(filter), after);
  if (reader == nullptr) {
    response.status = 503;
    response.headers.add("Retry-After", "1");
    return response;
  }
  response.headers.add("Content-Type", "text/event-stream");
  response.headers.add("Cache-Control", "no-store");
  response.source = std::make_shared<EventText>(std::move(reader));
  return response;
}

}  // namespace pawl::service
