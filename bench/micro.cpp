// The hot pieces by themselves (Google Benchmark).
//
//   micro_bench [--benchmark_filter=event]
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/documents.h"
#include "engine/event.h"
#include "engine/frame.h"
#include "runtime/fiber/shard.h"
#include "runtime/journal/journal.h"
#include "runtime/store/encoding.h"
#include "runtime/store/memory_store.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

namespace pawl {
namespace {

using engine::EventField;
using engine::EventType;
using engine::Field;

constexpr runtime::WallTime kTime{std::chrono::milliseconds(1'700'000'000'000)};

std::string records(int count) {
  std::string text = R"({"records":[)";
  for (int i = 0; i < count; ++i) {
    text += fmt::format(R"({}{{"id":{},"sku":"item-{}","qty":{},"price":{}.25,"ok":true}})",
                        i == 0 ? "" : ",", i, i * 7919, i % 9 + 1, i % 100);
  }
  return text + "]}";
}

asl::Value json(const std::string& text) {
  Result<asl::Value> value = asl::read_json(text);
  if (!value) std::abort();
  return *std::move(value);
}

// As large as `count` records: 10 are 0.7 KiB, 3,600 are 256 KiB.
void read_json(benchmark::State& state) {
  const std::string text = records(static_cast<int>(state.range(0)));
  while (state.KeepRunning()) benchmark::DoNotOptimize(asl::read_json(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(read_json)->Arg(10)->Arg(3600);

void write_json(benchmark::State& state) {
  const asl::Value value = json(records(static_cast<int>(state.range(0))));
  std::size_t bytes = 0;
  while (state.KeepRunning()) bytes += asl::to_json(value).size();
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(write_json)->Arg(10)->Arg(3600);

// What a state with 256 KiB costs to store: the first time, and when its large part is known.
void compose_document(benchmark::State& state) {
  const asl::Value value = json(records(3600));
  engine::StoredParts stored;
  if (state.range(0) != 0) stored.add(*value.find("records"), {{1}, 0, 256'000});
  while (state.KeepRunning()) benchmark::DoNotOptimize(engine::compose(value, stored));
}
BENCHMARK(compose_document)->Arg(0)->Arg(1);

constexpr std::array<EventField, 2> kFields{
    {{Field::kName, std::string_view("CheckInventory")},
     {Field::kInput, engine::PayloadRef{std::uint64_t{1} << 20U}}}};

void encode_event(benchmark::State& state) {
  while (state.KeepRunning()) {
    runtime::Encoder out;
    for (engine::EventId id = 2; id < 22; ++id) {
      engine::encode_event(EventType::kPassStateEntered, id, id - 1, kTime, kFields, 1, kTime, out);
    }
    benchmark::DoNotOptimize(out.bytes());
  }
  state.SetItemsProcessed(20 * state.iterations());
}
BENCHMARK(encode_event);

void write_event(benchmark::State& state) {
  const engine::StoredEvent event{
      EventType::kPassStateEntered, 17, 16, kTime, {kFields.begin(), kFields.end()}};
  const engine::PayloadText text = [](engine::PayloadRef) -> Result<std::string_view> {
    return std::string_view(R"({"order":17,"items":[{"sku":"a","count":1}]})");
  };
  std::string out;
  while (state.KeepRunning()) {
    out.clear();
    if (!engine::write_event(event, text, true, out)) std::abort();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(write_event);

class NoDocuments final : public engine::FrameStore {
 public:
  engine::PayloadRef store(const asl::Payload&) override { return {1}; }
};

void encode_frame(benchmark::State& state) {
  engine::Frame frame;
  frame.state = 3;
  frame.previous_event = 12;
  frame.entered_event = 11;
  frame.entered_at = kTime;
  NoDocuments documents;
  while (state.KeepRunning()) benchmark::DoNotOptimize(engine::encode_frame(frame, documents));
}
BENCHMARK(encode_frame);

// A commit of four changes into the journal; its committer writes to memory.
void append_commit(benchmark::State& state) {
  const auto store = runtime::make_memory_store();
  const auto lease = store->lease(0);
  runtime::Journal journal(*store);
  const std::string value(60, 'v');
  while (state.KeepRunning()) {
    runtime::Batch batch;
    for (const char* key : {"h12345678", "f12345678", "e12345678", "l12345678"}) {
      batch.put(key, value);
    }
    benchmark::DoNotOptimize(journal.append(batch, *lease, 1));
  }
}
BENCHMARK(append_commit);

// A fiber from its start to its end, and one that gives way once.
void run_fiber(benchmark::State& state) {
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  shard.run([&] {
    while (state.KeepRunning()) {
      bool done = false;
      runtime::WaitPoint ended;
      shard.spawn_when_possible([&] {
        if (state.range(0) != 0) runtime::yield();
        done = true;
        ended.wake();
      });
      while (!done) ended.wait();
    }
    shard.stop();
  });
}
BENCHMARK(run_fiber)->Arg(0)->Arg(1);

}  // namespace
}  // namespace pawl

BENCHMARK_MAIN();
