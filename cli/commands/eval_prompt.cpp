#include "cli/commands/eval_prompt.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "cli/outcome.h"
#include "cli/terminal.h"
#include "cli/text_input.h"

#include <fmt/format.h>

#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::cli {
namespace {

using asl::Value;

constexpr std::string_view kHelp = R"(An expression is evaluated on the document; $ is the document.
An expression goes on over lines until its brackets are closed; an empty line ends it as well.

  :input          show the document
  :input JSON     take another one; also @FILE
  :help           this text
  :quit           end (so does Ctrl-D))";

constexpr std::size_t kExpressionBytesMax = std::size_t{1} << 20;

// Brackets that are open at the end of `text`, outside of texts, quoted names and comments.
bool has_open_bracket(std::string_view text) {
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'' || c == '`') {
      for (++i; i < text.size() && text[i] != c; ++i) {
        if (text[i] == '\\' && c != '`') ++i;
      }
      if (i >= text.size()) return false;  // the parser will say so
    } else if (text.substr(i, 2) == "/*") {
      i = text.find("*/", i + 2);
      if (i == std::string_view::npos) return true;
      ++i;
    } else if (c == '(' || c == '[' || c == '{') {
      ++open;
    } else if (c == ')' || c == ']' || c == '}') {
      --open;
    }
  }
  return open > 0;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

class Prompt {
 public:
  Prompt(asl::jsonata::Dialect dialect, Value input, Value bindings,
         const asl::jsonata::BatchEnvironment& environment)
      : dialect_(dialect),
        input_(std::move(input)),
        bindings_(std::move(bindings)),
        environment_(environment) {}

  int run() {
    out().line("JSONata. :help lists the commands, :quit ends.");
    std::string expression;
    std::string line;
    for (;;) {
      std::cout << (expression.empty() ? "> " : "... ") << std::flush;
      if (!std::getline(std::cin, line)) break;
      const std::string_view given = trim(line);
      if (expression.empty() && given.starts_with(':')) {
        if (!command(given)) return kOk;
        continue;
      }
      if (expression.empty() && given.empty()) continue;
      expression += line;
      expression += '\n';
      if (expression.size() > kExpressionBytesMax) {
        show_error("the expression is longer than 1 MiB");
        expression.clear();
        continue;
      }
      if (!given.empty() && has_open_bracket(expression)) continue;
      evaluate(expression);
      expression.clear();
    }
    out().line("");
    return kOk;
  }

 private:
  static constexpr int kOk = 0;

  // False: the end.
  bool command(std::string_view line) {
    const std::size_t space = line.find(' ');
    const std::string_view name = line.substr(0, space);
    const std::string_view rest =
        space == std::string_view::npos ? std::string_view() : trim(line.substr(space));
    if (name == ":quit" || name == ":q" || name == ":exit") return false;
    if (name == ":help" || name == ":h" || name == ":?") {
      out().line(kHelp);
    } else if (name == ":input" || name == ":i") {
      take_input(rest);
    } else {
      show_error(fmt::format("there is no command {}; :help lists them", name));
    }
    return true;
  }

  void take_input(std::string_view text) {
    if (text.empty()) {
      (void)write_out(output_text(input_));
      return;
    }
    const Result<std::string> json = read_json_argument(":input", std::string(text));
    if (!json) {
      show_error(json.error().message);
      return;
    }
    input_ = *asl::read_json(*json);
  }

  void evaluate(const std::string& expression) {
    asl::ObjectBuilder question;
    question.set("kind", Value::string("jsonata"));
    question.set(
        "expr",
        Value::string(
            trim(std::string_view(expression).substr(0, expression.find_last_not_of('\n') + 1))));
    question.set("data", input_);
    if (!bindings_.is_undefined()) question.set("bindings", bindings_);
    const auto answer = asl::jsonata::answer_jsonata_line(asl::to_json(std::move(question).build()),
                                                          dialect_, environment_);
    const Result<Value> read = asl::read_json(answer ? *answer : "{}");
    if (!read) {
      show_error(read.error().message);
      return;
    }
    show_answer(*read);
  }

  static void show_answer(const Value& answer) {
    if (const Value* error = answer.find("error")) {
      const Value* position = error->find("position");
      show_error(fmt::format(
          "{}{}: {}", error->find("code")->as_string(),
          position != nullptr ? fmt::format(" at {}", position->as_int()) : std::string(),
          error->find("message")->as_string()));
    } else if (const Value* result = answer.find("result")) {
      const bool function = answer.find("function") != nullptr;
      (void)write_out(function ? std::string("(a function)") : output_text(*result));
    } else {
      out().line(out().paint(Style::kDim, "undefined"));
    }
  }

  const asl::jsonata::Dialect dialect_;
  Value input_;
  const Value bindings_;
  const asl::jsonata::BatchEnvironment& environment_;
};

}  // namespace

int run_eval_prompt(asl::jsonata::Dialect dialect, Value input, Value bindings,
                    const asl::jsonata::BatchEnvironment& environment) {
  return Prompt(dialect, std::move(input), std::move(bindings), environment).run();
}

}  // namespace pawl::cli
