// Where the states of a definition are: for messages, which know a state by its name.
#pragma once

#include "asl/json/value.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::cli {

struct StatePlace {
  std::string name;
  std::string pointer;   // "/States/Outer/ItemProcessor/States/Name"
  std::string type;      // "Task"
  std::string resource;  // of a Task
  asl::Value json;
  int depth = 0;  // 0 in the root machine
  int maps = 0;   // of the states around it, how many are Maps
};

// Names are unique in a whole definition, so that a name is a key.
class DefinitionIndex {
 public:
  DefinitionIndex() = default;
  explicit DefinitionIndex(const asl::Value& definition);

  const StatePlace* find(std::string_view state) const;              // nullptr if unknown
  const std::vector<StatePlace>& states() const { return states_; }  // in document order

 private:
  void add_machine(const asl::Value& machine, const std::string& pointer, int depth, int maps);

  std::vector<StatePlace> states_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace pawl::cli
