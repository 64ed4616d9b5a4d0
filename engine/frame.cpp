#include "engine/frame.h"

#include "engine/record_parts.h"

namespace pawl::engine {

namespace {

constexpr std::uint8_t kVersion = 1;

// Most frames need few of the optional parts: one bit each says which follow.
enum Part : std::uint64_t {
  kHasVariables = 1U << 0U,
  kHasRetries = 1U << 1U,
  kHasWake = 1U << 2U,
  kWakeAbsolute = 1U << 3U,
  kHasTask = 1U << 4U,
  kHasChildren = 1U << 5U,
  kHasMapRun = 1U << 6U,
  kIsQueued = 1U << 7U,
};

}  // namespace

void Frame::forget_task() {
  scheduled_event = 0;
  parameters = {};
  continuation = {};
  token_nonce.clear();
  timeout_at.reset();
  heartbeat_at.reset();
  poll_at.reset();
  heartbeat_seconds = 0;
  child_ended = false;
  credentials_role_arn.reset();
}

void put_frame(runtime::Encoder& out, const Frame& frame, FrameStore& store) {
  const bool task = frame.scheduled_event != 0;
  const bool children = frame.phase == Phase::kChildren;
  std::uint64_t parts = 0;
  if (!frame.variables.empty()) parts |= kHasVariables;
  if (!frame.retries.empty() || frame.retry_count != 0) parts |= kHasRetries;
  if (frame.wake_at) parts |= kHasWake;
  if (frame.wake_is_absolute) parts |= kWakeAbsolute;
  if (task) parts |= kHasTask;
  if (children) parts |= kHasChildren;
  if (frame.phase == Phase::kMapRun) parts |= kHasMapRun;
  if (frame.phase == Phase::kQueued) parts |= kIsQueued;

  out.varint(parts);
  out.varint(frame.parent);
  out.varint(static_cast<std::uint64_t>(frame.index));
  out.varint(static_cast<std::uint64_t>(frame.machine));
  out.varint(static_cast<std::uint64_t>(frame.state));
  out.u8(static_cast<std::uint8_t>(frame.phase));
  out.varint(static_cast<std::uint64_t>(frame.previous_event));
  out.varint(static_cast<std::uint64_t>(frame.entered_event));
  out.varint(static_cast<std::uint64_t>(frame.before_entry));
  out.varint(static_cast<std::uint64_t>(frame.entered_at.time_since_epoch().count()));
  out.varint(store.store(frame.input).place);
  if ((parts & kHasVariables) != 0) {
    out.varint(frame.variables.size());
    for (const Variable& variable : frame.variables) {
      out.string(variable.name);
      out.varint(store.store(variable.value).place);
    }
  }
  if ((parts & kHasRetries) != 0) {
    out.varint(frame.retries.size());
    for (const std::int32_t count : frame.retries) out.varint(static_cast<std::uint64_t>(count));
    out.varint(static_cast<std::uint64_t>(frame.retry_count));
  }
  if ((parts & kHasWake) != 0) put_time(out, frame.wake_at);
  if (task) {
    out.varint(static_cast<std::uint64_t>(frame.scheduled_event));
    out.varint(store.store(frame.parameters).place);
    out.varint(store.store(frame.continuation).place);
    out.string(frame.token_nonce);
    put_time(out, frame.timeout_at);
    put_time(out, frame.heartbeat_at);
    put_time(out, frame.poll_at);
    out.varint(static_cast<std::uint64_t>(frame.heartbeat_seconds));
    out.boolean(frame.child_ended);
    out.boolean(frame.credentials_role_arn.has_value());
    if (frame.credentials_role_arn) out.string(*frame.credentials_role_arn);
  }
  if (children) {
    out.varint(frame.first_child);
    out.varint(static_cast<std::uint64_t>(frame.children));
    out.varint(static_cast<std::uint64_t>(frame.concurrency));
    out.varint(store.store(frame.items).place);
    out.varint(static_cast<std::uint64_t>(frame.started_event));
  }
  if ((parts & kHasMapRun) != 0) {
    out.u64(frame.map_run);
    out.varint(store.store(frame.items).place);
    out.varint(static_cast<std::uint64_t>(frame.started_event));
  }
  if (frame.phase == Phase::kQueued) put_time(out, frame.queued_at);
}

std::string encode_frame(const Frame& frame, FrameStore& store) {
  runtime::Encoder out(kVersion);
  put_frame(out, frame, store);
  return out.seal();
}

Result<Frame> get_frame(std::string_view bytes, FrameLoader& loader, std::string_view name) {
  runtime::Decoder in(bytes);
  Frame frame;
  Status loaded;
  const auto document = [&](asl::Payload& into) {
    const std::uint64_t place = in.varint();
    if (place == 0 || !in.ok() || !loaded) return;
    Result<asl::Payload> payload = loader.load({place});
    if (payload) {
      into = *std::move(payload);
    } else {
      loaded = std::move(payload).error();
    }
  };
  constexpr std::uint64_t kMaxInt = 0x7FFFFFFF;
  const std::uint64_t parts = in.varint();
  frame.parent = static_cast<BranchId>(in.varint_max(0xFFFFFFFF));
  frame.index = static_cast<std::int32_t>(in.varint_max(kMaxInt));
  frame.machine = static_cast<asl::MachineIndex>(in.varint_max(kMaxInt));
  frame.state = static_cast<asl::StateIndex>(in.varint_max(kMaxInt));
  const std::uint8_t phase = in.u8();
  if (phase > static_cast<std::uint8_t>(Phase::kQueued)) in.fail();
  frame.phase = static_cast<Phase>(phase);
  frame.previous_event = get_event_id(in);
  frame.entered_event = get_event_id(in);
  frame.before_entry = get_event_id(in);
  frame.entered_at = get_wall(in);
  document(frame.input);
  if ((parts & kHasVariables) != 0) {
    const std::uint64_t count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
      Variable variable;
      variable.name = std::string(in.string());
      document(variable.value);
      frame.variables.push_back(std::move(variable));
    }
  }
  if ((parts & kHasRetries) != 0) {
    const std::uint64_t count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
      frame.retries.push_back(static_cast<std::int32_t>(in.varint_max(kMaxInt)));
    }
    frame.retry_count = static_cast<std::int32_t>(in.varint_max(kMaxInt));
  }
  if ((parts & kHasWake) != 0) frame.wake_at = get_time(in);
  frame.wake_is_absolute = (parts & kWakeAbsolute) != 0;
  if ((parts & kHasTask) != 0) {
    frame.scheduled_event = get_event_id(in);
    document(frame.parameters);
    document(frame.continuation);
    frame.token_nonce = std::string(in.string());
    frame.timeout_at = get_time(in);
    frame.heartbeat_at = get_time(in);
    frame.poll_at = get_time(in);
    frame.heartbeat_seconds = static_cast<std::int64_t>(in.varint_max(0xFFFFFFFF));
    frame.child_ended = in.boolean();
    if (in.boolean()) frame.credentials_role_arn = std::string(in.string());
  }
  if ((parts & kHasChildren) != 0) {
    frame.first_child = static_cast<BranchId>(in.varint_max(0xFFFFFFFF));
    frame.children = static_cast<std::int32_t>(in.varint_max(kMaxInt));
    frame.concurrency = static_cast<std::int32_t>(in.varint_max(kMaxInt));
    document(frame.items);
    frame.started_event = get_event_id(in);
  }
  if ((parts & kHasMapRun) != 0) {
    frame.map_run = in.u64();
    document(frame.items);
    frame.started_event = get_event_id(in);
  }
  if ((parts & kIsQueued) != 0) frame.queued_at = get_time(in).value_or(runtime::WallTime());
  if (Status finished = in.finished(name); !finished) return std::move(finished).error();
  if (!loaded) return std::move(loaded).error();
  return frame;
}

Result<Frame> decode_frame(std::string_view record, FrameLoader& loader) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record("frame", record, kVersion);
  if (!opened) return opened.error();
  return get_frame(opened->payload, loader, "frame");
}

}  // namespace pawl::engine
