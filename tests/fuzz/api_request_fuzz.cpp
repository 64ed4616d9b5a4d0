// Fuzz target: what a request of the API brings. The first byte chooses the operation; the rest is
// its body, and as text an ARN and a page token.
#include "asl/json/reader.h"
#include "base/assert.h"
#include "engine/limits.h"
#include "service/arn.h"
#include "service/constraints.h"
#include "service/names.h"
#include "service/page_token.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace pawl;

void check_body(const service::OperationShape& operation, std::string_view text) {
  const auto body = asl::read_json(text);
  if (!body || !body->is_object()) return;
  const auto refused = service::check_input(operation, *body, {});
  const auto relaxed = service::check_input(operation, *body, engine::relaxed_limits());
  PAWL_ASSERT(refused || !relaxed);  // what AWS's limits allow, larger ones do
  if (!refused) return;
  PAWL_ASSERT(refused->status == 400 && !service::error_body(*refused).empty());
  if (refused->code == "ValidationException") {
    PAWL_ASSERT(refused->message.find(" detected: Value") != std::string::npos);
  } else {
    PAWL_ASSERT(refused->code == "SerializationException");
  }
}

void check_arn(std::string_view text) {
  const auto parsed = service::parse_arn(text, ~0U);
  if (const auto* arn = std::get_if<service::Arn>(&parsed)) {
    PAWL_ASSERT(text.starts_with("arn:aws"));
    PAWL_ASSERT(!(arn->names_version() && arn->names_alias()));
    return;
  }
  PAWL_ASSERT(std::get<service::ApiError>(parsed).code == "InvalidArn");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto operations = service::operation_shapes();
  check_body(operations[data[0] % operations.size()], text);
  check_arn(text);
  if (asl::read_json('"' + std::string(text) + '"')) {  // valid UTF-8, as names are by then
    static_cast<void>(service::is_valid_name(text));
  }
  constexpr runtime::WallTime kNow{std::chrono::milliseconds(1'800'000'000'000)};
  PAWL_ASSERT(!service::read_page_token(text, "ListExecutions\nfuzz", kNow));
  const std::string token = service::make_page_token("ListExecutions\nfuzz", text, kNow);
  PAWL_ASSERT(service::read_page_token(token, "ListExecutions\nfuzz", kNow) == text);
  return 0;
}
