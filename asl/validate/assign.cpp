#include "asl/validate/context.h"
#include "asl/validate/names.h"
#include "asl/validate/scopes.h"
#include "asl/validate/states.h"

#include <string>

namespace pawl::asl {

void check_assign(const Context& context, const Value& assign, const Place& place) {
  if (!assign.is_object()) return;
  for (const Member& member : assign.members()) {
    std::string_view name = member.key.as_string();
    if (!context.jsonata() && name.ends_with(".$")) name.remove_suffix(2);
    if (name == "states") {
      context.report.schema_error("The variable name 'states' is reserved", place);
    } else if (!is_variable_name(name)) {
      context.report.schema_error("The variable name '" + std::string(name) +
                                      "' must be a Unicode identifier of at most 80 characters",
                                  place);
    } else {
      check_assigned_name(context, name, place);
    }
  }
  check_template(context, assign, place);
}

}  // namespace pawl::asl
