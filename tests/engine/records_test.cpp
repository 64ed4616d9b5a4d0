// Records that the engine no longer writes, or never did: read as what they are, or refused.
#include "engine/records.h"

#include "engine/record_parts.h"
#include "tests/catch.h"

#include <limits>

namespace pawl::engine::testing {

namespace {

// A history record of one document and no event; `parts` is written from version 3 on.
std::string history_record(std::uint8_t version, std::uint8_t parts, bool composed,
                           std::string_view frame) {
  runtime::Encoder out(version);
  if (version >= kHistoryVersionParts) out.u8(parts);
  out.varint(7).varint(0).varint(1000).varint(1);
  if (composed) out.boolean(true);
  out.string("{}");
  if (!frame.empty()) out.string(frame);
  return out.seal();
}

bool event_reads_back(const runtime::Encoder& event) {
  runtime::Decoder in(event.bytes());
  return decode_event(in, 1, runtime::WallTime()).has_value();
}

}  // namespace

TEST_CASE("history records of each version have the parts that theirs can have",
          "[engine][records]") {
  const auto open = [](const std::string& bytes) {
    const Result<HistoryRecord> record = open_history(bytes, "h");
    REQUIRE(record.has_value());
    CHECK(record->first_event == 7);
    REQUIRE(record->payloads.size() == 1);
    CHECK(record->payloads[0].bytes == "{}");
    return std::pair(record->payloads[0].composed, std::string(record->frame));
  };
  CHECK(open(history_record(1, 0, false, "")) == std::pair(false, std::string()));
  CHECK(open(history_record(2, 0, true, "")) == std::pair(true, std::string()));
  CHECK(open(history_record(3, kHasComposed, true, "")) == std::pair(true, std::string()));
  CHECK(open(history_record(3, kHasFrame, false, "frame")) ==
        std::pair(false, std::string("frame")));
  CHECK(open(history_record(3, kHasComposed | kHasFrame, true, "frame")) ==
        std::pair(true, std::string("frame")));
}

TEST_CASE("a history record of a newer version, or with a part that is unknown, is refused",
          "[engine][records]") {
  CHECK(open_history(history_record(4, 0, false, ""), "h").error().code == ErrorCode::kUnsupported);
  CHECK(open_history(history_record(3, 4, false, ""), "h").error().code == ErrorCode::kCorrupt);
}

TEST_CASE("events and times beyond what can be meant are refused", "[engine][records]") {
  const auto event = [](std::uint64_t id, std::uint64_t previous, std::int64_t time) {
    runtime::Encoder out;
    out.u8(0).varint(id).varint(previous).signed_varint(time).varint(0);
    return event_reads_back(out);
  };
  CHECK(event(1, 1, -5));
  CHECK(event(kEventIdMax, 0, kTimeMax));
  CHECK_FALSE(event(kEventIdMax + 1, 0, 0));
  CHECK_FALSE(event(std::numeric_limits<std::uint64_t>::max() >> 1U, 0, 0));
  CHECK_FALSE(event(0, kEventIdMax + 1, 0));
  CHECK_FALSE(event(0, 0, kTimeMax + 1));
  CHECK_FALSE(event(0, 0, std::numeric_limits<std::int64_t>::min()));
}

}  // namespace pawl::engine::testing
