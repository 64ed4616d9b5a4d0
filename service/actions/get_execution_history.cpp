// GetExecutionHistory.
//
// A page ends early when it has grown large: maxResults is an upper bound only, and 1,000 events
// with 256 KiB of data each are nothing to hold in memory for one request.
#include "asl/json/writer.h"
#include "runtime/store/encoding.h"
#include "service/actions/actions.h"
#include "service/page_token.h"

namespace pawl::service {

namespace {

constexpr std::size_t kPageBytesMax = std::size_t{4} << 20;  // one event may exceed it

std::string encode(const engine::HistoryCursor& cursor) {
  return runtime::Encoder().u32(cursor.record).u64(static_cast<std::uint64_t>(cursor.event)).take();
}

std::optional<engine::HistoryCursor> decode(std::string_view bytes) {
  runtime::Decoder in(bytes);
  engine::HistoryCursor cursor;
  cursor.record = in.u32();
  cursor.event = static_cast<engine::EventId>(in.u64());
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return cursor;
}

}  // namespace

Answer get_execution_history(Api& api, const Request& request) {
  const std::string_view arn = request.text("executionArn");
  const Checked<engine::ExecutionNumber> found = find_execution(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  const bool reverse = request.flag("reverseOrder");
  const bool data = request.flag("includeExecutionData", true);

  std::string list = "GetExecutionHistory\n";
  list.append(arn).append(reverse ? "\nreverse" : "\n");
  engine::HistoryCursor cursor;
  if (request.has("nextToken")) {
    const auto bytes = read_page_token(request.text("nextToken"), list, api.now());
    const auto place = bytes ? decode(*bytes) : std::nullopt;
    if (!place) return invalid_token();
    cursor = *place;
  }

  std::string body = "{\"events\":[";
  const auto next = api.engine().write_history(std::get<engine::ExecutionNumber>(found), cursor,
                                               request.page_size(kPageSizeDefault), kPageBytesMax,
                                               reverse, data, body);
  if (!next) return engine_error(next.error());
  body += ']';
  if (*next) {
    body += ",\"nextToken\":";
    asl::write_json_string(make_page_token(list, encode(**next), api.now()), body);
  }
  body += '}';
  return body;
}

}  // namespace pawl::service
