// What holds for the process of any function: limits, ends, reuse, concurrency.
#include "tests/connectors/functions.h"

#include <sys/stat.h>

namespace pawl::connectors {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture
using engine::TaskFailed;

TEST_CASE("a provided function is any program", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + R"bash(
handle() {
  echo "to stdout of $AWS_LAMBDA_FUNCTION_NAME"; echo "to stderr" >&2
  case $2 in
    *fail*) fail "$1" '{"errorMessage":"told","errorType":"Told"}' ;;
    *) respond "$1" "{\"pid\":$$,\"event\":$2}" ;;
  esac
}
loop
)bash");
  functions.run([&](LocalLambda& lambda) {
    const asl::Value first = json(functions.call(lambda, "f", R"({"a":1})").payload);
    CHECK(first.find("event")->find("a")->as_int() == 1);
    const InvocationAnswer failed = functions.call(lambda, "f", R"("fail")");
    CHECK(failed.function_error);
    CHECK(failed.payload == R"({"errorMessage":"told","errorType":"Told"})");
    const asl::Value third = json(functions.call(lambda, "f", "3").payload);
    CHECK(first.find("pid")->as_int() == third.find("pid")->as_int());
  });
  CHECK(functions.log().find("function f: to stdout of f") != std::string::npos);
  CHECK(functions.log().find("function f: to stderr") != std::string::npos);
}

TEST_CASE("a function that takes too long is killed with all its children",
          "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + R"bash(
handle() {
  if [[ $2 == '"quick"' ]]; then respond "$1" "$$"; return; fi
  sleep 600 & echo "$!" > child; wait
}
loop
)bash",
                 R"("timeout": 1)");
  functions.run([&](LocalLambda& lambda) {
    const auto before = std::chrono::steady_clock::now();
    const InvocationAnswer answer = functions.call(lambda, "f", "{}", "slow");
    const auto spent = std::chrono::steady_clock::now() - before;
    CHECK(answer.function_error);
    CHECK(answer.payload == timeout_document(request_id_of("slow"), std::chrono::seconds(1)));
    CHECK(spent >= std::chrono::seconds(1));
    CHECK(spent < std::chrono::seconds(4));
    // A new process serves the next call.
    CHECK_FALSE(functions.call(lambda, "f", "\"quick\"").function_error);
    CHECK(lambda.stats("f").started == 2);
    pid_t child = 0;
    std::ifstream(functions.directory().path() + "/f/child") >> child;
    REQUIRE(child > 0);
    bool gone = false;
    for (int i = 0; i < 50 && !gone; ++i) {
      gone = kill(child, 0) != 0 || [&] {
        std::ifstream stat(fmt::format("/proc/{}/stat", child));
        std::string pid, name, state;
        stat >> pid >> name >> state;
        return state.empty() || state == "Z";
      }();
      if (!gone) runtime::sleep_for(std::chrono::milliseconds(20));
    }
    CHECK(gone);
  });
}

TEST_CASE("a process that ends by itself is an exit error", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + R"bash(
handle() {
  case $2 in
    1) exit 1 ;;
    0) exit 0 ;;
    9) kill -9 $$ ;;
    2) respond "$1" '"last words"'; exit 3 ;;
  esac
  respond "$1" "$2"
}
loop
)bash");
  functions.bash("early", "#!/usr/bin/env bash\nexit 7\n");
  functions.run([&](LocalLambda& lambda) {
    const auto payload = [&](const std::string& name, const std::string& event) {
      return functions.call(lambda, name, event, "k").payload;
    };
    const std::string id = request_id_of("k");
    CHECK(payload("f", "1") == exit_document(id, 1, 0));
    CHECK(payload("f", "0") == exit_document(id, 0, 0));
    CHECK(payload("f", "9") == exit_document(id, 0, 9));
    CHECK(payload("f", "2") == "\"last words\"");
    CHECK(payload("f", "5") == "5");
    CHECK(payload("early", "5") == exit_document(id, 7, 0));
    CHECK(payload("f", "6") == "6");
    while (lambda.stats("f").running > 0) runtime::sleep_for(std::chrono::milliseconds(1));
    CHECK(lambda.stats("f").idle == 1);
  });
}

TEST_CASE("a process that died idle is replaced without a trace", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + "handle() { respond \"$1\" \"$$\"; }\nloop\n");
  functions.run([&](LocalLambda& lambda) {
    const std::string first = functions.call(lambda, "f", "{}").payload;
    REQUIRE(kill(std::stoi(first), SIGKILL) == 0);
    while (kill(std::stoi(first), 0) == 0) runtime::sleep_for(std::chrono::milliseconds(1));
    const InvocationAnswer second = functions.call(lambda, "f", "{}");
    CHECK_FALSE(second.function_error);
    CHECK(second.payload != first);
  });
}

TEST_CASE("a process that never asks for an event fails its start",
          "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", "#!/usr/bin/env bash\nsleep 600\n");
  PoolLimits limits;
  limits.init_timeout = std::chrono::seconds(1);
  functions.run(
      [&](LocalLambda& lambda) {
        const InvocationAnswer answer = functions.call(lambda, "f", "{}", "k");
        CHECK(answer.function_error);
        CHECK(answer.payload == timeout_document(request_id_of("k"), std::chrono::seconds(1)));
      },
      limits);
}

TEST_CASE("a python3.N that is found but does not run gives way to python3",
          "[connectors][lambda][process]") {
  if (!installed("python3")) return;
  // What a version manager leaves on the path for a version that was not chosen.
  TempDirectory shims;
  shims.write("python3.77", "#!/bin/sh\nexit 127\n");
  REQUIRE(chmod((shims.path() + "/python3.77").c_str(), 0755) == 0);
  const std::string path = path_variable();
  setenv("PATH", (shims.path() + ":" + path).c_str(), 1);
  Functions functions;
  functions.directory().write("echo/handler.py",
                              "def handler(event, context):\n    return event\n");
  functions.directory().write("echo/function.json",
                              R"({"runtime": "python3.77", "handler": "handler.handler"})");
  functions.run([&](LocalLambda& lambda) {
    CHECK(functions.call(lambda, "echo", R"({"a":1})").payload == R"({"a": 1})");
  });
  setenv("PATH", path.c_str(), 1);
}

TEST_CASE("a function without a program says so", "[connectors][lambda][process]") {
  Functions functions;
  functions.directory().write("none/function.json", R"({"runtime": "provided.al2023"})");
  functions.directory().write("command/function.json", R"({"command": ["no-such-program", "x"]})");
  functions.run([&](LocalLambda& lambda) {
    const InvocationAnswer none = functions.call(lambda, "none", "{}", "k");
    CHECK(none.function_error);
    CHECK(member(none.payload, "errorType") == "Runtime.InvalidEntrypoint");
    CHECK(member(none.payload, "errorMessage") ==
          fmt::format("RequestId: {} Error: Couldn't find valid bootstrap(s): [{}/none/bootstrap]",
                      request_id_of("k"), functions.directory().path()));
    CHECK(member(functions.call(lambda, "command", "{}").payload, "errorType") ==
          "Runtime.InvalidEntrypoint");
  });
}

TEST_CASE("calls beyond the concurrency wait in order, and are refused beyond that",
          "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash(
      "f",
      std::string(kBashRuntime) + "handle() { sleep 0.2; respond \"$1\" \"[$$,$2]\"; }\nloop\n",
      R"("concurrency": 2)");
  functions.bash("closed", "#!/bin/sh\n", R"("concurrency": 0)");
  PoolLimits limits;
  limits.waiting_max = 3;
  functions.run(
      [&](LocalLambda& lambda) {
        std::vector<int> order;
        std::set<std::int64_t> pids;
        int refused = 0, done = 0;
        runtime::WaitPoint finished;
        for (int i = 0; i < 6; ++i) {
          REQUIRE(functions.shard().spawn([&, i] {
            Invocation invocation;
            invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
            invocation.payload = std::to_string(i);
            invocation.idempotency_key = std::to_string(i);
            const InvocationOutcome outcome = lambda.invoke(invocation, nullptr);
            if (const auto* answer = std::get_if<InvocationAnswer>(&outcome)) {
              const asl::Value value = json(answer->payload);
              pids.insert(value.items()[0].as_int());
              order.push_back(static_cast<int>(value.items()[1].as_int()));
            } else {
              const auto& error = std::get<ServiceError>(outcome);
              CHECK(error.name == "TooManyRequestsException");
              CHECK(error.status == 429);
              ++refused;
            }
            ++done;
            finished.wake();
          }));
        }
        runtime::yield();
        while (lambda.stats("f").waiting < 3 && done == 0)
          runtime::sleep_for(std::chrono::milliseconds(5));
        CHECK(lambda.stats("f").running == 2);
        while (done < 6) finished.wait();
        CHECK(refused == 1);
        CHECK(pids.size() == 2);
        REQUIRE(order.size() == 5);
        CHECK(std::set<int>(order.begin(), order.begin() + 2) == std::set<int>{0, 1});
        CHECK(std::set<int>(order.begin() + 2, order.begin() + 4) == std::set<int>{2, 3});
        CHECK(order[4] == 4);

        const auto outcome = functions.task(lambda, direct_resource("closed"), "{}");
        CHECK(std::get<TaskFailed>(outcome).failure.error == "Lambda.TooManyRequestsException");
      },
      limits);
}

TEST_CASE("a cancelled call ends at once, its function does not", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f",
                 std::string(kBashRuntime) +
                     "handle() { sleep 0.4; echo done >> done; respond \"$1\" $$; }\nloop\n",
                 R"("concurrency": 1)");
  functions.run([&](LocalLambda& lambda) {
    const std::string pid = functions.call(lambda, "f", "{}").payload;
    const auto cancelled_after = [&](std::chrono::milliseconds delay) {
      engine::Cancellation cancellation;
      REQUIRE(functions.shard().spawn([&] {
        runtime::sleep_for(delay);
        cancellation.cancel();
      }));
      Invocation invocation;
      invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
      invocation.payload = "{}";
      const auto before = std::chrono::steady_clock::now();
      const InvocationOutcome outcome = lambda.invoke(invocation, &cancellation);
      CHECK(std::holds_alternative<InvocationCancelled>(outcome));
      CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(300));
    };
    cancelled_after(std::chrono::milliseconds(50));  // while it runs
    CHECK(lambda.stats("f").running == 1);
    cancelled_after(std::chrono::milliseconds(50));  // while it waits for the first
    CHECK(lambda.stats("f").waiting == 0);
    // The process of the first is used again, after it has finished.
    CHECK(functions.call(lambda, "f", "{}").payload == pid);
    CHECK(lambda.stats("f").started == 1);
  });
  std::ifstream done(functions.directory().path() + "/f/done");
  const std::string text((std::istreambuf_iterator<char>(done)), std::istreambuf_iterator<char>());
  CHECK(text == "done\ndone\ndone\n");
}

TEST_CASE("Event answers at once, DryRun runs nothing", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) +
                          "handle() { echo \"$2\" > seen; respond \"$1\" 1; }\nloop\n");
  functions.run([&](LocalLambda& lambda) {
    Invocation invocation;
    invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
    invocation.payload = "\"hello\"";
    invocation.type = InvocationType::kDryRun;
    CHECK(std::get<InvocationAnswer>(lambda.invoke(invocation, nullptr)).status == 204);
    CHECK(lambda.stats("f").started == 0);
    invocation.type = InvocationType::kEvent;
    CHECK(std::get<InvocationAnswer>(lambda.invoke(invocation, nullptr)).status == 202);
    while (lambda.stats("f").running > 0) runtime::sleep_for(std::chrono::milliseconds(5));
    CHECK(std::filesystem::exists(functions.directory().path() + "/f/seen"));
  });
}

TEST_CASE("idle processes are ended after a while", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + "handle() { respond \"$1\" $$; }\nloop\n");
  PoolLimits limits;
  limits.idle_timeout = std::chrono::milliseconds(200);
  functions.run(
      [&](LocalLambda& lambda) {
        const int pid = std::stoi(functions.call(lambda, "f", "{}").payload);
        runtime::sleep_for(std::chrono::milliseconds(100));
        CHECK(functions.call(lambda, "f", "{}").payload == std::to_string(pid));
        while (lambda.stats("f").running > 0) runtime::sleep_for(std::chrono::milliseconds(1));
        CHECK(lambda.stats("f").idle == 1);
        for (int i = 0; i < 100 && kill(pid, 0) == 0; ++i)
          runtime::sleep_for(std::chrono::milliseconds(10));
        CHECK(lambda.stats("f").idle == 0);
        CHECK(kill(pid, 0) != 0);
      },
      limits);
}

TEST_CASE("virtual time stands still while a function runs", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  runtime::VirtualClock clock(runtime::WallTime(std::chrono::milliseconds(1'700'000'000'000)));
  Functions functions(&clock);
  functions.bash("f", std::string(kBashRuntime) + R"bash(
handle() { [[ $2 == 1 ]] && sleep 600; sleep 0.1; respond "$1" $$; }
loop
)bash",
                 R"("timeout": 1)");
  functions.run([&](LocalLambda& lambda) {
    bool fired = false;
    const auto start = clock.steady_now();
    functions.shard().at(clock.after(std::chrono::seconds(5)), [&] { fired = true; });
    const std::string pid = functions.call(lambda, "f", "0").payload;
    CHECK_FALSE(fired);
    CHECK(clock.steady_now() == start);
    // Its own timeout is of real time.
    CHECK(functions.call(lambda, "f", "1", "k").payload ==
          timeout_document(request_id_of("k"), std::chrono::seconds(1)));
    CHECK_FALSE(fired);
    const std::string next = functions.call(lambda, "f", "0").payload;
    CHECK(next != pid);
    // An hour passes at once, and the process is still there after it.
    runtime::sleep_for(std::chrono::hours(1));
    CHECK(fired);
    CHECK(functions.call(lambda, "f", "0").payload == next);
  });
}

TEST_CASE("another shard's tasks run on the functions' shard", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) +
                          "handle() { [[ $2 == 1 ]] && sleep 2; respond \"$1\" \"$2\"; }\nloop\n");
  functions.run([&](LocalLambda& lambda) {
    runtime::WaitPoint done;
    bool ended = false;
    std::string payload;
    bool cancelled = false;
    std::thread thread([&, box = functions.shard().mailbox()] {
      runtime::RealClock clock;
      runtime::Shard shard({.clock = clock, .name = "other"});
      test::run_on(shard, [&] {
        Invocation invocation;
        invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
        invocation.payload = "7";
        const InvocationOutcome outcome = lambda.invoke(invocation, nullptr);
        if (const auto* answer = std::get_if<InvocationAnswer>(&outcome)) payload = answer->payload;

        engine::Cancellation cancellation;
        static_cast<void>(shard.spawn([&] {
          runtime::sleep_for(std::chrono::milliseconds(50));
          cancellation.cancel();
        }));
        invocation.payload = "1";
        cancelled =
            std::holds_alternative<InvocationCancelled>(lambda.invoke(invocation, &cancellation));
      });
      box->post([&] {
        ended = true;
        done.wake();
      });
    });
    while (!ended) done.wait();
    thread.join();
    CHECK(payload == "7");
    CHECK(cancelled);
  });
}

TEST_CASE("the functions' processes end with the shard", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f",
                 std::string(kBashRuntime) +
                     "handle() { [[ $2 == 1 ]] && sleep 600; respond \"$1\" $$; }\nloop\n",
                 R"("timeout": 600)");
  int idle_pid = 0;
  bool unanswered = false;
  const auto before = std::chrono::steady_clock::now();
  functions.run([&](LocalLambda& lambda) {
    idle_pid = std::stoi(functions.call(lambda, "f", "0").payload);
    REQUIRE(functions.shard().spawn([&] {
      Invocation invocation;
      invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
      invocation.payload = "1";
      unanswered = std::holds_alternative<InvocationCancelled>(lambda.invoke(invocation, nullptr));
    }));
    runtime::sleep_for(std::chrono::milliseconds(100));
  });
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
  CHECK(unanswered);
  CHECK(kill(idle_pid, 0) != 0);
}

TEST_CASE("the functions of the example answer", "[connectors][lambda][process]") {
  if (!installed("python3") || !installed("node") || !installed("bash")) return;
  Functions functions;
  auto loaded =
      load_functions(std::string(PAWL_SOURCE_DIR) + "/examples/order-fulfilment/functions");
  REQUIRE(loaded);
  LocalLambda lambda(functions.shard(), {*std::move(loaded), path_variable(), {}});
  test::run_on(functions.shard(), [&] {
    const auto answer = [&](const char* name, const char* event) {
      return functions.call(lambda, name, event).payload;
    };
    CHECK(answer("check-inventory", R"({"sku":"BOOK-01","quantity":1,"line":0})") ==
          R"({"status": "reserved", "warehouse": "Manchester"})");
    CHECK(member(answer("check-inventory", R"({"sku":"LAMP-99","quantity":1,"line":1})"),
                 "errorType") == "OutOfStock");
    CHECK(
        answer(
            "price-order",
            R"({"country":"GB","items":[{"sku":"MUG-07","quantity":2,"stock":{"status":"reserved"}}]})") ==
        R"({"net":15.5,"tax":3.1,"total":18.6,"currency":"EUR"})");
    CHECK(answer("print-label", R"({"order_id":"A-1","name":"Ada","country":"GB"})") ==
          R"({"tracking": "PW-GB-A-1", "carrier": "Pigeon Post"})");
    CHECK(member(answer("print-label", "{}"), "errorType") == "Runtime.ExitError");
    CHECK(
        member(answer("send-confirmation",
                      R"({"order_id":"A-1","items":[],"customer":{"name":"Ada","email":"a@b.c"}})"),
               "to") == "a@b.c");
  });
}

TEST_CASE("a function declared anew is used from the next call on",
          "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f",
                 std::string(kBashRuntime) + "handle() { respond \"$1\" \"\\\"$V\\\"\"; }\nloop\n",
                 R"("environment": {"V": "one"})");
  functions.run([&](LocalLambda& lambda) {
    CHECK(functions.call(lambda, "f", "0").payload == "\"one\"");
    auto config = load_function(functions.directory().path() + "/f");
    REQUIRE(config);
    config->environment = {{"V", "two"}};
    lambda.add(*std::move(config));
    CHECK(functions.call(lambda, "f", "0").payload == "\"two\"");
  });
}

}  // namespace
}  // namespace pawl::connectors
