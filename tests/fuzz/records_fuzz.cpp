// The engine's records: any bytes are read or refused, never believed or run over. Frames that read
// back are written the same again.
#include "base/assert.h"
#include "engine/documents.h"
#include "engine/frame.h"
#include "engine/machines.h"
#include "engine/map_run/map_run.h"
#include "engine/records.h"
#include "engine/token.h"
#include "runtime/store/encoding.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace pawl::engine;  // NOLINT(google-build-using-namespace)

class Documents final : public FrameStore, public FrameLoader {
 public:
  PayloadRef store(const pawl::asl::Payload& payload) override {
    return {payload.present() ? payload.stored_as(1) : 0};
  }
  pawl::Result<pawl::asl::Payload> load(PayloadRef ref) override {
    pawl::asl::Payload payload = pawl::asl::Payload::of_text("null");
    payload.set_stored_as(1, ref.place);
    return payload;
  }
};

void try_record(std::string_view record) {
  Documents documents;
  const auto frame = decode_frame(record, documents);
  if (frame) {
    const std::string again = encode_frame(*frame, documents);
    PAWL_ASSERT(decode_frame(again, documents).has_value());
  }
  (void)decode_execution(record, "e");
  (void)decode_express_start(record, "x");
  (void)decode_machine(record, "M");
  (void)decode_revision(record, "R");
  if (const auto run = decode_map_run(record, "m")) {
    PAWL_ASSERT(decode_map_run(encode_map_run(*run), "m").has_value());
  }
  (void)decode_map_run_child(record, "c");
  (void)decode_items(record, "i");
  const auto history = open_history(record, "h");
  if (history) {
    if (!history->frame.empty()) (void)get_frame(history->frame, documents, "h");
    pawl::runtime::Decoder in(history->event_bytes);
    for (std::uint32_t i = 0; i < history->events; ++i) {
      if (!decode_event(in, history->first_event, history->base_time)) break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try_record(bytes);
  // A fuzzer does not find checksums: the same bytes with a seal that fits.
  try_record(pawl::runtime::seal_record(1, bytes));
  try_record(pawl::runtime::seal_record(kHistoryVersionComposed, bytes));
  try_record(pawl::runtime::seal_record(kHistoryVersionParts, bytes));
  (void)assemble(bytes, [](PayloadRef ref) -> pawl::Result<std::string_view> {
    return std::string_view("0123456789").substr(0, ref.place % 11);
  });
  (void)decode_token(bytes);
  (void)keys::parse_timer(bytes);
  (void)keys::parse_map_run_items(bytes);
  (void)keys::parse_dispatch(bytes);
  return 0;
}
