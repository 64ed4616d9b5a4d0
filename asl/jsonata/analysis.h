// What can be said of an expression without evaluating it: which references AWS refuses when a
// definition is made, which variables it reads, which members of $states it looks at. Pure.
//
// Source: asl-facts section 4 (there is no context item; $states), UNSUPPORTED_JSONATA_EXPRESSION.
#pragma once

#include "asl/jsonata/jsonata.h"

#include <string>
#include <vector>

namespace pawl::asl::jsonata {

struct Reference {
  std::string name;   // as it is written: `phone`, `$`, `$$`, or a member's name
  int position = -1;  // UTF-16 offset behind it, as the reference counts
};

struct Analysis {
  // Bare names, `$` and `$$` where there is no context item: AWS refuses the definition with
  // "Reference to 'phone' at the top level is not supported.", see unsupported_text(). Later steps
  // of a path, predicates, sort terms and groupings have a context; a lambda's body has that of
  // the expression that defines it.
  std::vector<Reference> unsupported;

  // Free variables that it reads, each once, in order of appearance, without `$`. Neither `states`
  // nor what the expression binds itself nor the names of built-in functions are among them.
  std::vector<std::string> variables;
  // Names of built-in functions that it reads. A variable of that name would hide the function.
  std::vector<std::string> builtins;

  // Members of $states in order of appearance: `$states.input.a` is `input`. Names that $states
  // does not have are among them.
  std::vector<Reference> states_members;
  // $states is used in another way than `$states.name`: all members may matter.
  bool states_whole = false;

  bool reads_states(std::string_view member) const;  // by name, or as part of the whole
};

Analysis analyse(const Expression& expression);

// "Reference to 'phone' at the top level is not supported."
std::string unsupported_text(const Reference& reference);

}  // namespace pawl::asl::jsonata
