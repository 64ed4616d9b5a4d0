// variableReferences: which variables each state of a definition reads.
//
// State name -> sorted names; states that read none are left out, and so is the member when no
// state reads any.
//
// Source: recorded cases sfn_api_variable_references.
#include "asl/json/reader.h"
#include "asl/validate/references.h"
#include "service/actions/actions.h"

namespace pawl::service {

void put_variable_references(std::string_view definition, asl::ObjectBuilder& out) {
  const Result<asl::Value> root = asl::read_json(definition);
  if (!root) return;
  const auto states = asl::variable_references(*root);
  if (states.empty()) return;
  asl::ObjectBuilder references;
  for (const auto& [state, names] : states) {
    std::vector<asl::Value> list;
    list.reserve(names.size());
    for (const std::string& name : names) list.push_back(asl::Value::string(name));
    references.set(state, asl::Value::array(std::move(list)));
  }
  out.set("variableReferences", std::move(references).build());
}

}  // namespace pawl::service
