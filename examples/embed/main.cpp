// A program that runs a state machine inside itself and does one of its Tasks in C++.
//
//   embed [DIRECTORY]     with a directory the order survives a crash: start it again, and it goes
//   on
#include <pawl/engine/embedded.h>

#include <cstdio>
#include <string>

namespace {

using pawl::engine::EmbeddedEngine;
using pawl::engine::Outcome;
using pawl::engine::TaskFailed;
using pawl::engine::TaskRequest;
using pawl::engine::TaskSucceeded;

constexpr const char* kCharge = "arn:aws:lambda:us-east-1:123456789012:function:charge";

constexpr const char* kOrder = R"({
  "StartAt": "Charge",
  "States": {
    "Charge": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge",
      "ResultPath": "$.receipt",
      "Retry": [{"ErrorEquals": ["CardTerminalBusy"], "IntervalSeconds": 1}],
      "Next": "Pack"
    },
    "Pack": {"Type": "Wait", "Seconds": 1, "End": true}
  }
})";

// The first attempt finds the terminal busy; Retry calls again. request.idempotency_key names the
// attempt: hand it on to whatever must not happen twice.
Outcome charge(const TaskRequest& request) {
  std::printf("charging for %s (attempt %lld)\n", request.execution_name.c_str(),
              static_cast<long long>(request.attempt));
  if (request.attempt == 0) return TaskFailed{{"CardTerminalBusy", "try again"}};
  return TaskSucceeded{pawl::asl::Payload::of_text(R"({"paid":true})"), {}};
}

int fail(const pawl::Error& error) {
  std::fprintf(stderr, "embed: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  auto made = EmbeddedEngine::make({.data = argc > 1 ? argv[1] : ""});
  if (!made) return fail(made.error());
  EmbeddedEngine& engine = **made;
  engine.on_task(kCharge, charge);
  if (auto opened = engine.open(); !opened) return fail(opened.error());
  if (auto put = engine.put_machine("order", kOrder); !put) return fail(put.error());

  pawl::engine::StartRequest order;
  order.machine = "order";
  order.name = "order-1";
  order.input = R"({"total":42})";
  const auto started = engine.start(order);
  if (!started) return fail(started.error());

  const auto ended = engine.wait(started->number, std::chrono::seconds(30));
  if (!ended) return fail(ended.error());
  std::printf("%s: %s\n", std::string(status_name(ended->record.status)).c_str(),
              ended->output.value_or("").c_str());
  return 0;
}
