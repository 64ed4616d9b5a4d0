// SigV4 in front of the API.
#include "runtime/aws/sigv4.h"
#include "tests/service/world.h"

namespace pawl::service::test {
namespace {

const runtime::aws::Credentials kKnown{"AKIDEXAMPLE", "secret", ""};

ServiceOptions with_credentials() {
  ServiceOptions options{.port = 0};
  runtime::aws::CredentialSet set;
  PAWL_ASSERT(set.add("default", kKnown).has_value());
  options.credentials = std::move(set);
  return options;
}

runtime::HttpCall list_machines(std::uint16_t port) {
  runtime::HttpCall call;
  call.method = "POST";
  call.headers = {{"Host", "127.0.0.1:" + std::to_string(port)},
                  {"Content-Type", "application/x-amz-json-1.0"},
                  {"X-Amz-Target", "AWSStepFunctions.ListStateMachines"}};
  call.body = "{}";
  return call;
}

runtime::HttpCall signed_call(std::uint16_t port, const runtime::aws::Credentials& credentials,
                              const std::string& service = "states") {
  runtime::HttpCall call = list_machines(port);
  runtime::RealClock clock;
  runtime::aws::sign(call.method, "/", call.headers, call.body, credentials,
                     {"eu-central-1", service, clock.wall_now()});
  return call;
}

}  // namespace

TEST_CASE("with credentials only signed requests are answered", "[service][authentication]") {
  World().run(
      [](Client& client, Service& service) {
        const std::uint16_t port = service.port();
        CHECK(client.send(signed_call(port, kKnown)).status == 200);

        const Reply unsigned_one = client.send(list_machines(port));
        CHECK(unsigned_one.status == 400);
        CHECK(unsigned_one.text ==
              R"({"__type":"com.amazon.coral.service#MissingAuthenticationTokenException",)"
              R"("message":"Missing Authentication Token"})");
        CHECK(unsigned_one.headers.get("x-amzn-ErrorType") ==
              "MissingAuthenticationTokenException");

        runtime::aws::Credentials other = kKnown;
        other.access_key_id = "OTHER";
        CHECK(client.send(signed_call(port, other)).error() == "UnrecognizedClientException");
        other = kKnown;
        other.secret_access_key = "guess";
        CHECK(client.send(signed_call(port, other)).error() == "InvalidSignatureException");

        const Reply scoped = client.send(signed_call(port, kKnown, "sqs"));
        CHECK(scoped.error() == "InvalidSignatureException");
        CHECK(scoped.message() == "Credential should be scoped to correct service: 'states'. ");

        runtime::HttpCall changed = signed_call(port, kKnown);
        changed.headers.set("X-Amz-Target", "AWSStepFunctions.ListActivities");
        CHECK(client.send(changed).error() == "InvalidSignatureException");

        runtime::HttpCall control{.method = "POST", .url = {}, .headers = {}, .body = "{}"};
        control.headers.add("Content-Type", "application/json");
        CHECK(client.send(control, "/_pawl/control/pauses").error() ==
              "MissingAuthenticationTokenException");

        // Probes carry no signature.
        CHECK(client.send({}, "/_pawl/health").status == 200);
      },
      with_credentials());
}

TEST_CASE("without credentials nobody is asked for a signature", "[service][authentication]") {
  World().run([](Client& client, Service& service) {
    CHECK(client.send(list_machines(service.port())).status == 200);
    runtime::aws::Credentials nobody{"NOBODY", "any", ""};
    CHECK(client.send(signed_call(service.port(), nobody)).status == 200);
  });
}

}  // namespace pawl::service::test
