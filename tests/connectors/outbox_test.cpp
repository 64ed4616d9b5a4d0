#include "connectors/embedded/outbox.h"

#include "runtime/clock/clock.h"
#include "tests/connectors/embedded_world.h"

#include <vector>

namespace pawl::connectors::test {
namespace {

struct Carried {
  std::vector<std::string> bodies;
  std::vector<std::uint32_t> failures;
};

class OutboxWorld {
 public:
  void run(EmbeddedWorld& world, const Outbox::Carry& carry,
           const std::function<void(Ledger&, Outbox&)>& body) {
    world.run([&](EmbeddedWorld& running) {
      Ledger& ledger = running.services().ledger();
      Outbox& outbox = running.services().outbox();
      outbox.connect("test", carry);
      body(ledger, outbox);
    });
  }
};

Delivery delivery(std::string body) {
  Delivery made;
  made.carrier = "test";
  made.target = "somebody";
  made.body = std::move(body);
  return made;
}

void promise(Ledger& ledger, Outbox& outbox, const std::string& body) {
  REQUIRE(ledger.commit([&](Change& change) { outbox.put(change, delivery(body)); }).has_value());
}

void wait_until_empty(Outbox& outbox) {
  for (int i = 0; i < 2000 && outbox.pending() > 0; ++i) {
    runtime::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(outbox.pending() == 0);
}

}  // namespace

TEST_CASE("a delivery is made once, after its decision", "[connectors][outbox]") {
  EmbeddedWorld world;
  Carried seen;
  OutboxWorld().run(
      world,
      [&](const Delivery& made) {
        seen.bodies.push_back(made.body);
        return Attempt::done();
      },
      [&](Ledger& ledger, Outbox& outbox) {
        promise(ledger, outbox, "one");
        // A decision that takes everything back promises nothing.
        REQUIRE(ledger
                    .commit([&](Change& change) {
                      outbox.put(change, delivery("never"));
                      change.fail({ErrorCode::kInvalid, "no", ""});
                    })
                    .has_value() == false);
        wait_until_empty(outbox);
      });
  CHECK(seen.bodies == std::vector<std::string>{"one"});
}

TEST_CASE("a delivery that fails is tried again, and what follows is one decision with its end",
          "[connectors][outbox]") {
  EmbeddedWorld world;
  Carried seen;
  std::optional<std::string> followed;
  OutboxWorld().run(
      world,
      [&](const Delivery& made) {
        seen.failures.push_back(made.failures);
        if (made.failures < 2) return Attempt::later(std::chrono::milliseconds(1), "not yet");
        return Attempt::given_up("enough", [](Change& change) { change.put("Sz", "letter"); });
      },
      [&](Ledger& ledger, Outbox& outbox) {
        promise(ledger, outbox, "x");
        wait_until_empty(outbox);
        REQUIRE(ledger.read([&](Change& change) { followed = change.get("Sz"); }).has_value());
      });
  CHECK(seen.failures == std::vector<std::uint32_t>{0, 1, 2});
  CHECK(followed == std::optional<std::string>("letter"));
}

TEST_CASE("a delivery of which nobody knows is made by the next process", "[connectors][outbox]") {
  EmbeddedWorld world;
  Carried seen;
  OutboxWorld().run(
      world, [](const Delivery&) { return Attempt::kept(); },
      [&](Ledger& ledger, Outbox& outbox) {
        promise(ledger, outbox, "kept");
        runtime::sleep_for(std::chrono::milliseconds(20));
        CHECK(outbox.pending() == 1);
      });
  world.run([&](EmbeddedWorld& running) {
    CHECK(running.services().outbox().pending() == 1);  // it has no such carrier, and keeps the row
    Outbox again(running.services().ledger());
    again.connect("test", [&](const Delivery& made) {
      seen.bodies.push_back(made.body);
      return Attempt::done();
    });
    REQUIRE(again.open().has_value());
    wait_until_empty(again);
  });
  world.run([&](EmbeddedWorld& running) { CHECK(running.services().outbox().pending() == 0); });
  CHECK(seen.bodies == std::vector<std::string>{"kept"});
}

}  // namespace pawl::connectors::test
