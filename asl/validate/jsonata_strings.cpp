#include "asl/validate/jsonata_strings.h"

#include <string>

namespace pawl::asl {
namespace {

constexpr std::string_view kOpen = "{%";
constexpr std::string_view kClose = "%}";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

bool has_jsonata_marker(std::string_view text) {
  return text.starts_with(kOpen) || text.ends_with(kClose);
}

bool is_jsonata_string(std::string_view text) {
  return text.size() >= kOpen.size() + kClose.size() && text.starts_with(kOpen) &&
         text.ends_with(kClose);
}

void check_jsonata_string(const Context& context, std::string_view text, const Place& place) {
  if (!is_jsonata_string(text)) {
    context.report.schema_error(
        "A JSONata expression must start with '{%' and end with '%}', without space outside",
        place);
    return;
  }
  const std::string_view expression = text.substr(2, text.size() - 4);
  if (is_blank(expression)) {
    context.report.error(code::kInvalidJsonata, "The JSONata expression is empty", place);
  }
}

}  // namespace pawl::asl
