// W5 and W11: fan-out, and payloads of nearly the most that a state may have.
#include "bench/engine/world.h"
#include "runtime/store/memory_store.h"

#include <fmt/format.h>

namespace pawl::bench {
namespace {

std::string numbers(int count) {
  std::string items;
  for (int i = 0; i < count; ++i) items += fmt::format("{}{}", i == 0 ? "" : ",", i);
  return items;
}

}  // namespace

void fan_out(const Run& run) {
  constexpr int kExpressItems = 10'000;
  constexpr int kDurableItems = 5'000;  // a Standard history has room for 25,000 events
  {
    const auto store = runtime::make_memory_store();
    with_engine(*store, {}, [&](engine::Engine& engine) {
      create(engine, run, "w5-map", true);
      const std::string items = "[" + numbers(kExpressItems) + "]";
      const auto call = [&] {
        if (run_one(engine, "w5-map", R"({"items":)" + items + "}", true) != items) {
          fail("w5-map gives a wrong output");
        }
      };
      drive(engine, 1, run.seconds / 4, call);
      const Driven driven = drive(engine, 1, run.seconds, call);
      print({.workload = "W5",
             .metric = "Map, Express",
             .value = driven.per_second * kExpressItems,
             .unit = "items/s",
             .cores = driven.cores});
    });
  }
  const auto store = open_store(fresh_directory(run, "W5"));
  with_engine(*store, {}, [&](engine::Engine& engine) {
    create(engine, run, "w5-map");
    create(engine, run, "w5-parallel10");
    const std::string items = "[" + numbers(kDurableItems) + "]";
    const auto map = [&] {
      if (run_one(engine, "w5-map", R"({"items":)" + items + "}") != items) {
        fail("w5-map gives a wrong output");
      }
    };
    drive(engine, 1, run.seconds / 4, map);
    const Driven mapped = drive(engine, 1, run.seconds, map);
    print({.workload = "W5",
           .metric = "Map, durable",
           .value = mapped.per_second * kDurableItems,
           .unit = "items/s",
           .cores = mapped.cores,
           .bytes_written = static_cast<double>(mapped.journal.bytes) /
                            (static_cast<double>(mapped.calls) * kDurableItems)});
    const auto parallel = [&] {
      if (run_one(engine, "w5-parallel10", "{}") != "[" + numbers(10) + "]") {
        fail("w5-parallel10 gives a wrong output");
      }
    };
    drive(engine, 16, run.seconds / 4, parallel);
    const Driven branches = drive(engine, 16, run.seconds, parallel);
    print({.workload = "W5",
           .metric = "Parallel, durable, 16 at once",
           .value = branches.per_second * 10,
           .unit = "branches/s",
           .cores = branches.cores});
  });
}

void large_payload(const Run& run) {
  constexpr std::size_t kBytes = 258'000;
  constexpr int kSteps = 10;
  const std::string text = R"({"blob":")" + std::string(kBytes, 'x') + R"("})";
  std::string records = R"({"records":[)";
  for (int i = 0; records.size() < kBytes; ++i) {
    records += fmt::format(R"({}{{"id":{},"sku":"item-{}","qty":{},"price":{}.25,"ok":{}}})",
                           i == 0 ? "" : ",", i, i * 7919, i % 9 + 1, i % 100, i % 2 == 0);
  }
  records += "]}";
  const auto store = open_store(fresh_directory(run, "W11"));
  with_engine(*store, {}, [&](engine::Engine& engine) {
    create(engine, run, "w11-payload10");
    for (const auto& [metric, input] :
         {std::pair{"one string", &text}, {"3,600 records", &records}}) {
      const auto call = [&, input = input] {
        if (!run_one(engine, "w11-payload10", *input).ends_with(R"("mark":10})")) {
          fail("w11-payload10 gives a wrong output");
        }
      };
      drive(engine, 4, run.seconds / 4, call);
      const Driven driven = drive(engine, 4, run.seconds, call);
      const double transitions = static_cast<double>(driven.calls) * kSteps;
      print({.workload = "W11",
             .metric = fmt::format("256 KiB, {}", metric),
             .value = driven.per_second * kSteps,
             .unit = "transitions/s",
             .cores = driven.cores,
             .bytes_written = static_cast<double>(driven.journal.bytes) / transitions});
    }
  });
}

}  // namespace pawl::bench
