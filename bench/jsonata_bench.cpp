// JSONata in process: microseconds per evaluation of each expression of a file.
//
//   jsonata_bench [FILE [SECONDS]]     every case: parsed once; parse and evaluate together
//   jsonata_bench --answer FILE        asks on standard input: `CASE evaluate|both SECONDS` a line,
//                                      answers microseconds a line (bench/jsonata_compare.mjs)
//
// FILE (default bench/jsonata_cases.json) is a list of {name, expr, data} or, instead of data,
// `make`: an expression that makes it.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/jsonata/jsonata.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace pawl {
namespace {

using asl::Value;
namespace jsonata = asl::jsonata;

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "jsonata_bench: %s\n", message.c_str());
  std::exit(1);
}

Value evaluate(const jsonata::Expression& expression, const Value& input) {
  jsonata::EvaluateOptions options;
  options.input = input;
  options.stack_bytes = std::size_t{1} << 20;
  jsonata::Evaluation evaluation = expression.evaluate(options);
  if (evaluation.failure) fail(evaluation.failure->code + ": " + evaluation.failure->message);
  return std::move(evaluation.value);
}

jsonata::Expression parse(std::string_view text) {
  jsonata::Failure failure;
  auto expression = jsonata::Expression::parse(text, jsonata::Dialect::kAws, failure);
  if (!expression) fail(std::string(text) + ": " + failure.message);
  return *expression;
}

struct Case {
  std::string name;
  std::string text;
  Value data;
};

std::vector<Case> load(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const Result<Value> list = asl::read_json(text);
  if (!list || !list->is_array()) fail(path + " is no list of cases");
  std::vector<Case> cases;
  for (const Value& each : list->items()) {
    Case made{std::string(each.find("name")->as_string()),
              std::string(each.find("expr")->as_string()), Value()};
    if (const Value* data = each.find("data")) made.data = *data;
    if (const Value* make = each.find("make")) {
      made.data = evaluate(parse(make->as_string()), Value());
    }
    const Value result = evaluate(parse(made.text), made.data);
    const Value* expected = each.find("result");
    if (expected != nullptr && !asl::equal(result, *expected)) {
      fail(made.name + " gives " + asl::to_json(result));
    }
    cases.push_back(std::move(made));
  }
  return cases;
}

// Microseconds of one evaluation, the mean over `seconds`.
double measure(const Case& each, bool with_parse, double seconds) {
  const jsonata::Expression expression = parse(each.text);
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::size_t done = 0;
  for (std::size_t batch = 1;; batch = batch < 256 ? batch * 2 : batch) {
    for (std::size_t i = 0; i < batch; ++i) {
      evaluate(with_parse ? parse(each.text) : expression, each.data);
    }
    done += batch;
    const double spent = std::chrono::duration<double>(Clock::now() - start).count();
    if (spent >= seconds) return spent / static_cast<double>(done) * 1e6;
  }
}

void answer(const std::vector<Case>& cases) {
  std::size_t index = 0;
  std::string mode;
  double seconds = 0;
  while (std::cin >> index >> mode >> seconds) {
    if (index >= cases.size()) fail("there is no such case");
    std::cout << measure(cases[index], mode == "both", seconds) << std::endl;
  }
}

int run(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "--answer") {
    if (arguments.size() != 2) fail("--answer needs a file");
    answer(load(arguments[1]));
    return 0;
  }
  const std::string path = arguments.empty() ? "bench/jsonata_cases.json" : arguments[0];
  const double seconds = arguments.size() > 1 ? std::strtod(arguments[1].c_str(), nullptr) : 0.5;
  for (const Case& each : load(path)) {
    std::printf("%-40s %12.2f us evaluate %12.2f us parse and evaluate\n", each.name.c_str(),
                measure(each, false, seconds), measure(each, true, seconds));
  }
  return 0;
}

}  // namespace
}  // namespace pawl

int main(int argc, char** argv) { return pawl::run(argc, argv); }
