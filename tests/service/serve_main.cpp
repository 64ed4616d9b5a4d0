// pawl_test_server [PORT] [DATA]: the API over one shard, for replays and tests by hand. Without
// DATA the store is memory. Prints "listening on PORT" and runs until SIGTERM or SIGINT.
#include "connectors/registry.h"
#include "connectors/states/handler.h"
#include "runtime/log/log.h"
#include "runtime/store/leveldb_store.h"
#include "runtime/store/memory_store.h"
#include "service/service.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  using namespace pawl;

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const int port = argc > 1 ? std::atoi(argv[1]) : 8083;
  std::unique_ptr<runtime::Store> store;
  if (argc > 2) {
    runtime::LevelDbOptions options;
    options.path = argv[2];
    auto opened = runtime::open_leveldb(options);
    if (!opened) {
      std::fprintf(stderr, "%s\n", opened.error().message.c_str());
      return 1;
    }
    store = *std::move(opened);
  } else {
    store = runtime::make_memory_store();
  }

  runtime::RealClock clock;
  runtime::SystemRandom random;
  runtime::Journal journal(*store);
  runtime::Shard shard(runtime::ShardOptions{.clock = clock});
  connectors::Registry registry;
  auto states = std::make_shared<connectors::StatesHandler>(clock);
  registry.add("states", states);
  registry.add("aws-sdk:sfn", states);
  engine::EngineOptions options;
  options.store = store.get();
  options.journal = &journal;
  options.clock = &clock;
  options.random = &random;
  options.handlers = &registry;
  options.shards = {&shard};
  engine::Engine engine(std::move(options));
  service::Service service(engine, shard, {.port = static_cast<std::uint16_t>(port)});
  states->connect(service.api());

  int status = 0;
  std::thread waiter;
  shard.run([&] {
    Status up = engine.open(0);
    if (up) up = service.start();
    if (!up) {
      std::fprintf(stderr, "%s\n", up.error().message.c_str());
      status = 1;
      shard.stop();
      return;
    }
    std::printf("listening on %d\n", static_cast<int>(service.port()));
    std::fflush(stdout);
    waiter = std::thread([&] {
      int received = 0;
      sigwait(&signals, &received);
      shard.post([&] {
        shard.spawn_when_possible([&] {
          static_cast<void>(service.stop(clock.after(std::chrono::seconds(5))));
          engine.close(0);
          shard.stop();
        });
      });
    });
  });
  if (waiter.joinable()) waiter.join();
  return status;
}
