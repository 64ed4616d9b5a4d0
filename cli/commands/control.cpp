// pawl control: asks a server to pause, resume, stop or redrive.
#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "runtime/aws/sigv4.h"
#include "runtime/fiber/shard.h"
#include "runtime/http/client.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <vector>

namespace pawl::cli {
namespace {

using asl::Value;

constexpr const char* kHelp = R"help(Actions:
  pause, resume   --machine NAME or --execution ARN. While paused no state is entered and no Task is
                  tried again; what is under way ends and is recorded. It holds over restarts.
  pauses          what is paused
  stop            the running executions that the filter matches
  redrive         the failed, timed out and stopped executions that the filter matches; or one
                  --execution, if need be from another --state, with another --input

Filter: --machine NAME (or '*' for all), --status, --error, --started-after, --started-before, --max.
--dry-run only counts.

Examples:
  pawl control pause --machine order-fulfilment
  pawl control stop --machine order-fulfilment --started-before 2026-11-20T00:00:00Z --dry-run
  pawl control redrive --machine order-fulfilment --status FAILED --error Payment.Declined
  pawl control redrive --execution arn:...:order-1 --state Charge --input '{"total": 40}'

The server is that of --endpoint, PAWL_ENDPOINT or AWS_ENDPOINT_URL (http://127.0.0.1:8083). Requests
are signed when AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set; AWS_CA_BUNDLE names the
authorities of an https endpoint. The answer is JSON on standard output.)help";

struct ControlOptions {
  std::string action;
  std::string endpoint;
  std::string machine, execution;
  std::vector<std::string> statuses;
  std::string error, cause, started_after, started_before;
  std::uint32_t max = 0;
  std::string state, input;
  bool dry_run = false;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string first_of(std::initializer_list<std::string> values) {
  for (const std::string& value : values) {
    if (!value.empty()) return value;
  }
  return {};
}

void set_text(asl::ObjectBuilder& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object.set(name, Value::string(text));
}

Result<Value> body_of(const ControlOptions& options) {
  asl::ObjectBuilder body;
  const bool many =
      (options.action == "stop" || options.action == "redrive") && options.execution.empty();
  if (many) {
    asl::ObjectBuilder filter;
    set_text(filter, "stateMachine", options.machine);
    set_text(filter, "startedAfter", options.started_after);
    set_text(filter, "startedBefore", options.started_before);
    if (options.action == "redrive") set_text(filter, "error", options.error);
    if (options.max > 0) filter.set("max", Value::integer(options.max));
    if (!options.statuses.empty()) {
      std::vector<Value> statuses;
      for (const std::string& one : options.statuses) statuses.push_back(Value::string(one));
      filter.set("statuses", Value::array(std::move(statuses)));
    }
    body.set("filter", std::move(filter).build());
    if (options.dry_run) body.set("dryRun", Value::boolean(true));
    if (options.action == "stop") {
      set_text(body, "error", options.error);
      set_text(body, "cause", options.cause);
    }
    return std::move(body).build();
  }
  if (options.action == "stop") {
    return Error{
        ErrorCode::kInvalid,
        "one execution is stopped with `aws stepfunctions stop-execution`; this stops many", ""};
  }
  set_text(body, "stateMachine", options.machine);
  set_text(body, "execution", options.execution);
  set_text(body, "state", options.state);
  if (!options.input.empty()) {
    const Result<std::string> input = read_json_argument("--input", options.input);
    if (!input) return input.error();
    body.set("input", *asl::read_json(*input));
  }
  return std::move(body).build();
}

// On a fiber of `shard`.
Result<runtime::HttpResponse> ask(runtime::Shard& shard, const ControlOptions& options,
                                  const Value& body) {
  runtime::HttpCall call;
  call.method = "POST";
  std::string endpoint = first_of({options.endpoint, environment("PAWL_ENDPOINT"),
                                   environment("AWS_ENDPOINT_URL"), "http://127.0.0.1:8083"});
  while (endpoint.ends_with('/')) endpoint.pop_back();
  call.url = endpoint + "/_pawl/control/" + options.action;
  call.body = asl::to_json(body);
  const Result<runtime::Url> url = runtime::Url::parse(call.url);
  if (!url) return url.error();
  call.headers = {{"Host", url->authority()}, {"Content-Type", "application/json"}};
  const runtime::aws::Credentials credentials{environment("AWS_ACCESS_KEY_ID"),
                                              environment("AWS_SECRET_ACCESS_KEY"),
                                              environment("AWS_SESSION_TOKEN")};
  if (!credentials.access_key_id.empty() && !credentials.secret_access_key.empty()) {
    const std::string region =
        first_of({environment("AWS_REGION"), environment("AWS_DEFAULT_REGION"), "us-east-1"});
    runtime::aws::sign(call.method, url->target, call.headers, call.body, credentials,
                       {region, "states", shard.clock().wall_now()});
  }
  runtime::HttpClientOptions client_options;
  if (url->scheme == "https") {
    auto context = runtime::TlsContext::client(environment("AWS_CA_BUNDLE"));
    if (!context) return std::move(context).error();
    client_options.wrap_tls = runtime::tls_with(*std::move(context));
  }
  runtime::HttpClient client(shard, client_options);
  return client.call(call);
}

int control(const ControlOptions& options) {
  const Result<Value> body = body_of(options);
  if (!body) {
    show_error(body.error().message);
    return kUsage;
  }
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  std::optional<Result<runtime::HttpResponse>> response;
  shard.run([&] {
    response = ask(shard, options, *body);
    shard.stop();
  });
  if (!*response) {
    show_error(response->error().message);
    return kEngineFailed;
  }
  const runtime::HttpResponse& answer = **response;
  if (answer.status != 200) {
    const Result<Value> refusal = asl::read_json(answer.body);
    const Value* message = refusal ? refusal->find("message") : nullptr;
    show_error(message != nullptr && message->is_string()
                   ? one_line(message->as_string(), 2000)
                   : fmt::format("the server answered {}", answer.status));
    return answer.status < 500 ? kUsage : kEngineFailed;
  }
  return write_out(answer.body) ? kOk : kEngineFailed;
}

}  // namespace

Command add_control(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("control", "Pause, resume, stop and redrive what a server runs");
  auto options = std::make_shared<ControlOptions>();
  parser->add_option("ACTION", options->action, "pause, resume, pauses, stop or redrive")
      ->required()
      ->option_text(" ")
      ->check(CLI::IsMember({"pause", "resume", "pauses", "stop", "redrive"}));
  const auto text = [&](const char* name, std::string& value, const char* help, const char* what) {
    parser->add_option(name, value, help)->option_text(what);
  };
  text("--endpoint", options->endpoint, "The server (http://127.0.0.1:8083)", "URL");
  text("--machine", options->machine, "State machine: name or ARN; '*' in filters", "NAME");
  text("--execution", options->execution, "One execution", "ARN");
  parser->add_option("--status", options->statuses, "Of these statuses only")
      ->option_text("STATUS");
  text("--error", options->error, "redrive: that failed with it; stop: to show as", "NAME");
  text("--cause", options->cause, "stop: to show as", "TEXT");
  text("--started-after", options->started_after, "Started later than this", "TIME");
  text("--started-before", options->started_before, "Started earlier than this", "TIME");
  parser->add_option("--max", options->max, "At most so many (10000)")->option_text("N");
  text("--state", options->state, "redrive: begin with this state", "NAME");
  text("--input", options->input, "redrive: with this input (JSON, @FILE or -)", "JSON");
  parser->add_flag("--dry-run", options->dry_run, "Only count");
  parser->footer(kHelp);
  return {parser, [options] { return control(*options); }};
}

}  // namespace pawl::cli
