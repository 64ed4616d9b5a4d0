#include "asl/model/definition.h"

#include <cstddef>

namespace pawl::asl {

StateIndex Machine::find(std::string_view name) const {
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i].name == name) return static_cast<StateIndex>(i);
  }
  return kNoState;
}

}  // namespace pawl::asl
