// pawl eval: one expression of the language, without a state machine around it.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/jsonata/batch.h"
#include "asl/path/batch.h"
#include "cli/command.h"
#include "cli/commands/eval_prompt.h"
#include "cli/json_lines.h"
#include "cli/outcome.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "runtime/clock/clock.h"
#include "runtime/clock/random.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <unistd.h>
#include <utility>

namespace pawl::cli {
namespace {

using asl::Value;

constexpr const char* kHelp = R"help(Examples:
  pawl eval --jsonata '$sum(items.(price * quantity))' --input @order.json
  pawl eval --jsonpath '$.items[?(@.quantity > 1)].sku' --input @order.json
  pawl eval --jsonpath '$$.Execution.Name' --context '{"Execution": {"Name": "first"}}'
  pawl eval --intrinsic "States.Format('{} of {}', \$.done, \$.all)" --input '{"done": 3, "all": 4}'
  pawl eval --input @order.json             at a terminal: try JSONata expressions one by one
  echo '{"kind": "jsonpath", "selector": "$.a", "document": {"a": 1}}' | pawl eval --batch

Exit codes: 0 there is a value, 1 there is none (the path finds nothing, the function refuses its
arguments), 2 the expression or the input is not valid. --batch answers each line with {"result"} or
{"error": {"code", "message"}}; docs in asl/path/batch.h and asl/jsonata/batch.h.)help";

struct EvalOptions {
  std::string jsonpath;
  std::string intrinsic;
  std::string jsonata;
  std::string dialect = "aws";
  std::string bindings;
  std::string input = "{}";
  std::string context;
  bool batch = false;
};

// What the language may not ask for itself: time and chance, as the program has them.
class JsonataWorld final : public asl::jsonata::RandomSource {
 public:
  asl::jsonata::BatchEnvironment environment() {
    asl::jsonata::BatchEnvironment made;
    made.now_ms = clock_.wall_now().time_since_epoch().count();
    made.elapsed_ms = [this] {
      return std::chrono::duration_cast<std::chrono::milliseconds>(
                 clock_.steady_now().time_since_epoch())
          .count();
    };
    made.random = this;
    return made;
  }
  std::uint64_t next() override { return random_.next_u64(); }

 private:
  runtime::RealClock clock_;
  runtime::SystemRandom random_;
};

asl::jsonata::Dialect dialect_of(const EvalOptions& options) {
  return options.dialect == "reference" ? asl::jsonata::Dialect::kReference
                                        : asl::jsonata::Dialect::kAws;
}

std::string answer_line(const EvalOptions& options, JsonataWorld& world, std::string_view line) {
  const Result<Value> question = asl::read_json(line);
  const Value* kind = question ? question->find("kind") : nullptr;
  if (kind != nullptr && kind->is_string() && kind->as_string() == "jsonata") {
    if (auto answer =
            asl::jsonata::answer_jsonata_line(line, dialect_of(options), world.environment())) {
      return *std::move(answer);
    }
  }
  return asl::answer_path_line(line);
}

int usage(std::string_view message) {
  show_error(message);
  return kUsage;
}

// The question of the batch that asks the same. Shown and answered: usage errors.
Result<Value> make_question(const EvalOptions& options) {
  asl::ObjectBuilder question;
  const std::pair<std::string_view, const std::string*> documents[] = {
      {"input", &options.input}, {"context", &options.context}};
  for (const auto& [name, argument] : documents) {
    if (argument->empty()) continue;
    Result<std::string> text = read_json_argument(fmt::format("--{}", name), *argument);
    if (!text) return std::move(text).error();
    question.set(name, *asl::read_json(*text));
  }
  if (!options.intrinsic.empty()) {
    runtime::SystemRandom random;
    const auto seed = static_cast<std::int64_t>(random.next_u64() >> 1U);
    question.set("kind", Value::string("intrinsic"));
    question.set("call", Value::string(options.intrinsic));
    question.set("random", Value::integer(seed));
    return std::move(question).build();
  }
  const bool on_context = options.jsonpath.starts_with("$$");
  if (on_context && options.context.empty()) {
    return Error{ErrorCode::kInvalid,
                 "a path that begins with $$ looks into the context object: give it with --context",
                 ""};
  }
  const Value given = std::move(question).build();
  asl::ObjectBuilder asked;
  asked.set("kind", Value::string("jsonpath"));
  asked.set("selector", Value::string(options.jsonpath));
  asked.set("document", *given.find(on_context ? "context" : "input"));
  if (on_context) asked.set("root", Value::string("context"));
  return std::move(asked).build();
}

int evaluate_jsonata(const EvalOptions& options) {
  asl::ObjectBuilder question;
  question.set("kind", Value::string("jsonata"));
  question.set("expr", Value::string(options.jsonata));
  const std::pair<std::string_view, const std::string*> documents[] = {
      {"data", &options.input}, {"bindings", &options.bindings}};
  for (const auto& [name, argument] : documents) {
    if (argument->empty()) continue;
    Result<std::string> text =
        read_json_argument(fmt::format("--{}", name == "data" ? "input" : name), *argument);
    if (!text) return usage(text.error().message);
    question.set(name, *asl::read_json(*text));
  }
  JsonataWorld world;
  const auto line = asl::jsonata::answer_jsonata_line(asl::to_json(std::move(question).build()),
                                                      dialect_of(options), world.environment());
  PAWL_ASSERT(line.has_value());
  const Result<Value> answer = asl::read_json(*line);
  PAWL_ASSERT(answer.has_value());
  if (const Value* result = answer->find("result")) {
    return write_out(output_text(*result)) ? kOk : kEngineFailed;
  }
  const Value* error = answer->find("error");
  if (error == nullptr) {
    show_error("the expression found nothing (undefined)");
    return kFailed;
  }
  const std::string_view code = error->find("code")->as_string();
  const Value* position = error->find("position");
  show_error(fmt::format("{}{}: {}", code,
                         position != nullptr ? fmt::format(" at {}", position->as_int()) : "",
                         error->find("message")->as_string()));
  return code.starts_with('S') ? kUsage : kFailed;
}

// Expressions on one document until the terminal ends.
int prompt(const EvalOptions& options) {
  Value documents[2];
  const std::pair<std::string_view, const std::string*> given[] = {
      {"--input", &options.input}, {"--bindings", &options.bindings}};
  for (std::size_t i = 0; i < 2; ++i) {
    if (given[i].second->empty()) continue;
    Result<std::string> text = read_json_argument(given[i].first, *given[i].second);
    if (!text) return usage(text.error().message);
    documents[i] = *asl::read_json(*text);
  }
  JsonataWorld world;
  const asl::jsonata::BatchEnvironment environment = world.environment();
  return run_eval_prompt(dialect_of(options), documents[0], documents[1], environment);
}

int evaluate(const EvalOptions& options) {
  const bool nothing =
      options.jsonata.empty() && options.jsonpath.empty() && options.intrinsic.empty();
  if (nothing && isatty(STDIN_FILENO) == 1 && out().interactive()) return prompt(options);
  if (!options.jsonata.empty()) {
    if (!options.jsonpath.empty() || !options.intrinsic.empty()) {
      return usage("give one of --jsonata, --jsonpath and --intrinsic; see pawl help eval");
    }
    return evaluate_jsonata(options);
  }
  if (options.jsonpath.empty() == options.intrinsic.empty()) {
    return usage("give one of --jsonata, --jsonpath and --intrinsic; see pawl help eval");
  }
  if (!options.jsonpath.empty() && !options.jsonpath.starts_with('$')) {
    return usage("a path begins with $");
  }
  const Result<Value> question = make_question(options);
  if (!question) return usage(question.error().message);
  const Value answer = asl::answer_path_question(*question);
  if (const Value* result = answer.find("result")) {
    return write_out(output_text(*result)) ? kOk : kEngineFailed;
  }
  const Value* error = answer.find("error");
  PAWL_ASSERT(error != nullptr);
  show_error(error->find("message")->as_string());
  return error->find("code")->as_string() == "INVALID_PATH" ? kUsage : kFailed;
}

}  // namespace

Command add_eval(CLI::App& program) {
  CLI::App* parser =
      program.add_subcommand("eval", "Evaluate JSONata, a JSONPath or an intrinsic function");
  auto options = std::make_shared<EvalOptions>();
  parser->add_option("--jsonpath", options->jsonpath, "A path: $.a.b, $$.Execution.Id")
      ->option_text("PATH");
  parser->add_option("--intrinsic", options->intrinsic, "A call: States.Format('{}', $.a)")
      ->option_text("CALL");
  parser->add_option("--jsonata", options->jsonata, "An expression; $ is the input")
      ->option_text("EXPRESSION");
  parser->add_option("--bindings", options->bindings, "JSONata: an object of variables")
      ->option_text("JSON");
  parser
      ->add_option("--dialect", options->dialect,
                   "JSONata: aws, or reference (without AWS's limits; with $eval)")
      ->option_text("NAME")
      ->check(CLI::IsMember({"aws", "reference"}));
  parser->add_option("--input", options->input, "JSON, @FILE, or - for standard input")
      ->option_text("JSON");
  parser->add_option("--context", options->context, "The context object, given likewise")
      ->option_text("JSON");
  parser->add_flag("--batch", options->batch, "JSON lines in, JSON lines out");
  parser->footer(kHelp);
  return {parser, [options]() -> int {
            if (!options->batch) return evaluate(*options);
            JsonataWorld world;
            return answer_lines(
                [&](std::string_view line) { return answer_line(*options, world, line); });
          }};
}

}  // namespace pawl::cli
