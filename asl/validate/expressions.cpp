#include "asl/validate/expressions.h"

#include "asl/jsonata/analysis.h"
#include "asl/parse/resource.h"

#include <optional>
#include <unordered_set>
#include <utility>

namespace pawl::asl {
namespace {

constexpr std::string_view kOpen = "{%";
constexpr std::string_view kClose = "%}";

// `$states.result` is there once the work of a Task, Parallel or Map is done; a catcher may name it
// as well (the editor's templates do), it is undefined there. `$states.errorOutput` exists in a
// catcher alone.
bool is_available(const Context& context, std::string_view member) {
  if (member == "result") return context.moment != Moment::kEntry && context.works;
  if (member == "errorOutput") return context.moment == Moment::kCatch;
  return true;
}

}  // namespace

bool has_jsonata_marker(std::string_view text) {
  return text.starts_with(kOpen) || text.ends_with(kClose);
}

bool is_jsonata_string(std::string_view text) {
  return text.size() >= kOpen.size() + kClose.size() && text.starts_with(kOpen) &&
         text.ends_with(kClose);
}

std::string_view jsonata_of(std::string_view text) {
  return text.substr(kOpen.size(), text.size() - kOpen.size() - kClose.size());
}

std::vector<ExpressionProblem> jsonata_problems(const Context& context, std::string_view text) {
  if (!is_jsonata_string(text)) {
    return {{code::kSchema,
             "A JSONata expression must start with '{%' and end with '%}', without space outside"}};
  }
  if (context.options.placeholders && has_placeholder(text)) return {};
  jsonata::Failure failure;
  const std::optional<jsonata::Expression> expression =
      jsonata::Expression::parse(jsonata_of(text), jsonata::Dialect::kAws, failure);
  if (!expression) return {{code::kInvalidJsonata, std::move(failure.message)}};

  const jsonata::Analysis analysis = jsonata::analyse(*expression);
  std::vector<ExpressionProblem> problems;
  std::unordered_set<std::string_view> reported;
  for (const jsonata::Reference& reference : analysis.unsupported) {
    if (!reported.insert(reference.name).second) continue;
    problems.push_back({code::kUnsupportedJsonata, jsonata::unsupported_text(reference)});
  }
  for (const jsonata::Reference& member : analysis.states_members) {
    if (is_available(context, member.name)) continue;
    problems.push_back({code::kUnsupportedJsonata,
                        "Reference to '$states." + member.name + "' is not supported here."});
  }
  return problems;
}

void check_jsonata_string(const Context& context, std::string_view text, const Place& place) {
  for (ExpressionProblem& problem : jsonata_problems(context, text)) {
    context.report.error(problem.code, std::move(problem.message), place);
  }
}

}  // namespace pawl::asl
