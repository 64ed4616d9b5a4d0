#include "service/event_stream.h"

#include "asl/json/writer.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::service {

namespace {

constexpr std::chrono::seconds kKeepAlive{15};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      plain += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

std::string parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name && equals != std::string_view::npos) {
      return decoded(pair.substr(equals + 1));
    }
  }
  return {};
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

runtime::HttpResponse stream_events(ExecutionEvents& events, const runtime::HttpRequest& request) {
  const std::string_view query = request.query();
  EventFilter filter{parameter(query, "stateMachineArn"), parameter(query, "executionArn"),
                     parameter(query, "status")};
  std::optional<std::uint64_t> after = number(request.headers.get("Last-Event-ID"));
  if (!after) after = number(parameter(query, "after"));
  runtime::HttpResponse response;
  const std::shared_ptr<ExecutionEvents::Reader> reader = events.read(std::move(filter), after);
  if (reader == nullptr) {
    response.status = 503;
    response.headers.add("Retry-After", "1");
    return response;
  }
  response.headers.add("Content-Type", "text/event-stream");
  response.headers.add("Cache-Control", "no-store");
  response.stream = [reader](runtime::HttpBodyWriter& body) {
    runtime::Shard& shard = *runtime::Shard::current();
    if (!body.write(": events of executions\n\n")) return;
    while (!reader->over()) {
      const std::optional<SentEvent> sent = reader->next(shard.clock().after(kKeepAlive));
      if (reader->over()) return;
      std::string text = ": still there\n\n";
      if (sent) {
        text = "id: " + std::to_string(sent->id) + "\nevent: execution-status-change\ndata: ";
        asl::write_json(sent->event, text);
        text += "\n\n";
      }
      if (!body.write(text)) return;
    }
  };
  return response;
}

}  // namespace pawl::service
