// Finds the functions declared below a directory: DIR/NAME/function.json, or DIR/NAME with a file
// that tells what it is.
#pragma once

#include "base/result.h"
#include "connectors/lambda/function_config.h"

#include <string>
#include <vector>

namespace pawl::connectors {

// Functions one directory may declare.
inline constexpr std::size_t kFunctionsMax = 10000;

// The function in `directory`; its name is the directory's. kNotFound: nothing there looks like a
// function. kInvalid: a bad function.json or a name Lambda would not accept.
Result<FunctionConfig> load_function(const std::string& directory);

// All functions below `directory`, sorted by name. Folders that hold nothing known, and those that
// begin with a dot or an underscore, are passed over. kInvalid lists the problems of all of them, a
// line each. Blocks on the disk; call it before serving.
Result<std::vector<FunctionConfig>> load_functions(const std::string& directory);
// The same for several directories; of equal names the one in the first of them counts.
Result<std::vector<FunctionConfig>> load_functions(const std::vector<std::string>& directories);

}  // namespace pawl::connectors
