// What a service elsewhere may answer: XML, JSON, headers, errors, of operations of shipped models
// in every protocol they have, and as Tasks show it. The first two bytes choose operation and
// status. Besides, what STS may answer.
#include "asl/json/reader.h"
#include "asl/json/utf8.h"
#include "asl/json/writer.h"
#include "base/assert.h"
#include "connectors/aws/sdk_metadata.h"
#include "connectors/aws_models/api_model.h"
#include "connectors/remote/sts.h"
#include "connectors/remote/values.h"
#include "connectors/remote/wire.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

using pawl::connectors::ApiModel;

const std::array<std::shared_ptr<const ApiModel>, 4>& models() {
  using pawl::connectors::shipped_model_text;
  static const std::array<std::shared_ptr<const ApiModel>, 4> all = {
      *ApiModel::parse(shipped_model_text("sqs")), *ApiModel::parse(shipped_model_text("sns")),
      *ApiModel::parse(shipped_model_text("s3")), *ApiModel::parse(shipped_model_text("lambda"))};
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const ApiModel& model = *models()[data[0] % models().size()];
  const auto& operation = model.operations()[data[1] % model.operations().size()];
  pawl::runtime::HttpResponse response;
  constexpr std::array<int, 4> kStatus = {200, 204, 400, 503};
  response.status = kStatus[data[2] % kStatus.size()];
  std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  // A line each for some headers, then the body.
  for (const char* name : {"ETag", "Last-Modified", "x-amz-meta-a", "x-amzn-ErrorType"}) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    response.headers.add(name, text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  response.body = text;
  pawl::connectors::remote::decode_headers(response.headers);
  const auto credentials = pawl::connectors::remote::read_sts_answer(response.status, text);
  PAWL_ASSERT(!credentials || !credentials->credentials.secret_access_key.empty());
  const auto answer = pawl::connectors::remote::read_answer(model, operation, response);
  if (const auto* error = std::get_if<pawl::connectors::aws::Error>(&answer)) {
    PAWL_ASSERT(!error->code.empty() && !error->message.empty());
    PAWL_ASSERT(pawl::asl::is_utf8(error->code) && pawl::asl::is_utf8(error->message));
    return 0;
  }
  if (!operation.output) return 0;
  const auto shown = pawl::connectors::remote::to_task_form(model, *operation.output,
                                                            std::get<pawl::asl::Value>(answer));
  // It becomes an event: JSON that reads back.
  PAWL_ASSERT(pawl::asl::read_json(pawl::asl::to_json(shown)).has_value());
  pawl::connectors::aws::HttpSeen seen;
  for (std::size_t i = 0; i < response.headers.size(); ++i) {
    seen.headers.emplace_back(response.headers[i].name, response.headers[i].value);
  }
  if (!shown.is_object()) return 0;
  const auto output = pawl::connectors::aws::with_metadata(shown, "id", seen);
  PAWL_ASSERT(pawl::asl::to_json(output.value()) == output.text());
  return 0;
}
