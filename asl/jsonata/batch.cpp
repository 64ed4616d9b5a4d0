#include "asl/jsonata/batch.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/jsonata/library.h"

#include <cmath>

namespace pawl::asl::jsonata {
namespace {

// Depth and steps of the reference dialect where the question says nothing: every evaluation ends.
constexpr int kReferenceDepth = 5'000;
constexpr std::uint64_t kReferenceSteps = 50'000'000;
constexpr int kAwsDepth = 100;
constexpr std::int64_t kTimeLimitMs = 10'000;

// Numbers beyond JSON become what AWS writes, the strings "Infinity", "-Infinity" and "NaN", or
// null as JSON.stringify in the reference.
void write(const Value& value, Dialect dialect, std::string& out) {
  if (value.is_double()) {
    const double number = value.as_double();
    if (!std::isfinite(number) && dialect == Dialect::kReference) {
      out += "null";
    } else if (!std::isfinite(number)) {
      write_json_string(number_to_string(number), out);
    } else {
      out += number_to_string(number);
    }
  } else if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      write(value.items()[i], dialect, out);
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      write_json_string(value.members()[i].key.as_string(), out);
      out += ':';
      write(value.members()[i].value, dialect, out);
    }
    out += '}';
  } else {
    write_json(value, out);
  }
}

// A lone surrogate, three bytes in our text, is \\udxxx in JSON. All of them are in strings.
std::string escape_surrogates(std::string text) {
  for (std::size_t at = text.find('\xED'); at != std::string::npos;
       at = text.find('\xED', at + 1)) {
    if (at + 2 >= text.size()) break;
    const unsigned second = static_cast<unsigned char>(text[at + 1]);
    const unsigned third = static_cast<unsigned char>(text[at + 2]);
    if (second < 0xA0) continue;
    static constexpr char kHex[] = "0123456789abcdef";
    const unsigned unit = 0xD000u | ((second & 0x3Fu) << 6) | (third & 0x3Fu);
    const char escape[] = {'\\',           'u', 'd', kHex[(unit >> 8) & 15], kHex[(unit >> 4) & 15],
                           kHex[unit & 15]};
    text.replace(at, 3, escape, sizeof escape);
  }
  return text;
}

std::string error_answer(const Failure& failure) {
  ObjectBuilder error;
  error.set("code", Value::string(failure.code));
  if (failure.position >= 0) error.set("position", Value::integer(failure.position));
  if (!failure.token.empty()) error.set("token", Value::string(failure.token));
  error.set("message", Value::string(failure.message));
  ObjectBuilder answer;
  answer.set("error", std::move(error).build());
  return escape_surrogates(to_json(std::move(answer).build()));
}

}  // namespace

std::optional<std::string> answer_jsonata_line(std::string_view line, Dialect dialect,
                                               const BatchEnvironment& environment) {
  const Result<Value> question = read_json(line);
  if (!question || !question->is_object()) return std::nullopt;
  const Value* kind = question->find("kind");
  if (kind != nullptr && !(kind->is_string() && kind->as_string() == "jsonata")) {
    return std::nullopt;
  }
  const Value* text = question->find("expr");
  if (text == nullptr || !text->is_string()) return std::nullopt;

  Failure failure;
  const std::optional<Expression> expression =
      Expression::parse(text->as_string(), dialect, failure);
  if (!expression) return error_answer(failure);

  EvaluateOptions options;
  if (const Value* data = question->find("data")) options.input = *data;
  if (const Value* bindings = question->find("bindings"); bindings && bindings->is_object()) {
    options.bindings.assign(bindings->members().begin(), bindings->members().end());
  }
  options.max_depth = dialect == Dialect::kAws ? kAwsDepth : kReferenceDepth;
  if (const Value* depth = question->find("depth"); depth && depth->is_int()) {
    options.max_depth = static_cast<int>(depth->as_int());
  }
  std::int64_t limit = kTimeLimitMs;
  if (const Value* time = question->find("timelimit"); time && time->is_int()) {
    limit = time->as_int();
  }
  options.max_steps = kReferenceSteps;
  options.stack_bytes = environment.stack_bytes;
  options.now_ms = environment.now_ms;
  options.random = environment.random;
  if (environment.elapsed_ms) {
    const std::int64_t start = environment.elapsed_ms();
    options.tick = [&environment, start, limit] {
      return environment.elapsed_ms() - start <= limit;
    };
  }
  const Evaluation evaluation = expression->evaluate(options);
  if (evaluation.failure) return error_answer(*evaluation.failure);
  if (evaluation.is_function) return "{\"result\":\"\",\"function\":true}";
  if (evaluation.value.is_undefined()) return "{\"undefined\":true}";
  std::string answer = "{\"result\":";
  write(evaluation.value, dialect, answer);
  return escape_surrogates(answer + "}");
}

}  // namespace pawl::asl::jsonata
