// "Did you mean --fast-forward?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pawl::cli {

// The candidate most like `given`, or empty if none is like enough to be meant.
std::string nearest(std::string_view given, const std::vector<std::string>& candidates);

}  // namespace pawl::cli
